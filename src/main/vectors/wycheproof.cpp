// Wycheproof (version 1 files): groups of one parameter set whose tests say valid, invalid or
// acceptable. What a test asks for follows from the fields that it has.
#include <fmt/format.h>

#include "main/vectors/json.h"
#include "main/vectors/mlkem_cases.h"
#include "main/vectors/wycheproof_mldsa.h"

namespace v100::vectors {
namespace {

// The outcome of a test against its `result`: an invalid one must be refused or answered otherwise,
// an acceptable one may go either way.
Verdict judge(const Json& test, const Result<bool>& agrees) {
  const std::string_view result = text(test, "result");
  const bool good = agrees.has_value() && *agrees;
  if (result == "acceptable") {
    return pass_if(true);
  }
  return pass_if(good == (result == "valid"));
}

// Whether every answer that the file gives is ours.
Result<bool> matches(const Json& test, std::string_view key, Bytes ours) {
  return !has(test, key) || same(TRY(hex(test, key)), ours);
}

Result<bool> mlkem_agrees(const MlkemSet& set, const Json& test) {
  if (has(test, "seed")) {
    const MlkemKeys keys = TRY(set.keygen(TRY(hex(test, "seed"))));
    bool good = TRY(matches(test, "ek", keys.ek)) && TRY(matches(test, "dk", keys.dk));
    if (has(test, "c")) {
      const Buffer k = TRY(set.decapsulate(keys.dk, TRY(hex(test, "c"))));
      good = good && TRY(matches(test, "K", k));
    }
    return good;
  }
  if (has(test, "m")) {
    const MlkemSent sent = TRY(set.encapsulate(TRY(hex(test, "ek")), TRY(hex(test, "m"))));
    return TRY(matches(test, "c", sent.c)) && TRY(matches(test, "K", sent.k));
  }
  if (has(test, "dk")) {
    if (!has(test, "c")) {
      TRY(set.check_dk(TRY(hex(test, "dk"))));
      return true;
    }
    const Buffer k = TRY(set.decapsulate(TRY(hex(test, "dk")), TRY(hex(test, "c"))));
    return matches(test, "K", k);
  }
  TRY(set.check_ek(TRY(hex(test, "ek"))));
  return true;
}

Result<Verdict> run_case(std::string_view algorithm, const Json& group, const Json& test) {
  const std::string_view result = text(test, "result");
  if (result != "valid" && result != "invalid" && result != "acceptable") {
    return fail(Errc::malformed, "wycheproof: unknown result");
  }
  std::string_view set_name = text(group, "parameterSet");
  if (set_name.empty()) {
    set_name = algorithm;
  }
  if (const auto set = MlkemSet::by_name(set_name)) {
    return judge(test, mlkem_agrees(*set, test));
  }
  if (set_name.starts_with("ML-DSA-")) {
    return wycheproof_mldsa(set_name, group, test);
  }
  return skip("wycheproof: this build does not have the algorithm");
}

}  // namespace

Result<void> run_wycheproof(const Json& root, Tally& tally) {
  simdjson::dom::array groups;
  if (root["testGroups"].get(groups) != simdjson::SUCCESS) {
    return fail(Errc::malformed, "wycheproof: no testGroups");
  }
  for (const Json group : groups) {
    simdjson::dom::array tests;
    if (group["tests"].get(tests) != simdjson::SUCCESS) {
      return fail(Errc::malformed, "wycheproof: a group without tests");
    }
    for (const Json test : tests) {
      tally.add(fmt::format("tcId {}", number(test, "tcId")),
                run_case(text(root, "algorithm"), group, test));
    }
  }
  return {};
}

}  // namespace v100::vectors
