// NIST ACVP: prompt and expected results are joined by test group and case.
#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <utility>

#include "main/vectors/json.h"

namespace v100::vectors {
namespace {

using Ids = std::pair<std::uint64_t, std::uint64_t>;

template <class Visit>
Result<void> for_each_test(const Json& set, const Visit& visit) {
  simdjson::dom::array groups;
  if (set["testGroups"].get(groups) != simdjson::SUCCESS) {
    return fail(Errc::malformed, "acvp: no testGroups");
  }
  for (const Json group : groups) {
    simdjson::dom::array tests;
    if (group["tests"].get(tests) != simdjson::SUCCESS) {
      return fail(Errc::malformed, "acvp: a group without tests");
    }
    for (const Json test : tests) {
      visit(group, test, Ids(number(group, "tgId"), number(test, "tcId")));
    }
  }
  return {};
}

Result<Verdict> run_case(const Json& set, const AcvpCase& c, const Options& options) {
  const std::string_view algorithm = text(set, "algorithm");
  if (algorithm == "ML-KEM") {
    return acvp_mlkem(text(set, "mode"), c);
  }
  if (algorithm == "ML-DSA") {
    return acvp_mldsa(text(set, "mode"), c);
  }
  if (algorithm == "SLH-DSA") {
    return acvp_slhdsa(text(set, "mode"), c);
  }
  if (algorithm.starts_with("SHA3-") || algorithm.starts_with("SHAKE-") ||
      algorithm.starts_with("cSHAKE-")) {
    return acvp_sha3(algorithm, c, options);
  }
  return skip("acvp: this build does not have the algorithm");
}

}  // namespace

Result<void> run_acvp(const Json& prompt, const Json& expected, const Options& options,
                      Tally& tally) {
  std::map<Ids, Json> answers;
  TRY(for_each_test(expected, [&](const Json&, const Json& test, const Ids& ids) {
    answers.emplace(ids, test);
  }));
  return for_each_test(prompt, [&](const Json& group, const Json& test, const Ids& ids) {
    const auto answer = answers.find(ids);
    const std::string label = fmt::format("tgId {} tcId {}", ids.first, ids.second);
    if (answer == answers.end()) {
      tally.add(label, skip("acvp: no expected result stands beside the prompt"));
      return;
    }
    tally.add(label, run_case(prompt, {group, test, answer->second}, options));
  });
}

}  // namespace v100::vectors
