// ACVP ML-KEM: keyGen, and encapDecap with its key checks.
#include "main/vectors/json.h"
#include "main/vectors/mlkem_cases.h"

namespace v100::vectors {
namespace {

Result<Verdict> keygen(const MlkemSet& set, const AcvpCase& c) {
  Buffer seed = TRY(hex(c.test, "d"));
  append(seed, TRY(hex(c.test, "z")));
  const MlkemKeys keys = TRY(set.keygen(seed));
  return pass_if(same(keys.ek, TRY(hex(c.expected, "ek"))) &&
                 same(keys.dk, TRY(hex(c.expected, "dk"))));
}

Result<Verdict> decapsulation(const MlkemSet& set, const AcvpCase& c) {
  Buffer dk;
  if (has(c.test, "dk")) {
    dk = TRY(hex(c.test, "dk"));
  } else if (has(c.group, "dk")) {
    dk = TRY(hex(c.group, "dk"));
  } else {  // keyFormat "seed"
    Buffer seed = TRY(hex(c.test, "d"));
    append(seed, TRY(hex(c.test, "z")));
    dk = TRY(set.keygen(seed)).dk;
  }
  const Buffer k = TRY(set.decapsulate(dk, TRY(hex(c.test, "c"))));
  return pass_if(same(k, TRY(hex(c.expected, "k"))));
}

}  // namespace

Result<Verdict> acvp_mlkem(std::string_view mode, const AcvpCase& c) {
  const auto set = MlkemSet::by_name(text(c.group, "parameterSet"));
  if (!set) {
    return fail(Errc::malformed, "acvp: unknown ML-KEM parameter set");
  }
  if (mode == "keyGen") {
    return keygen(*set, c);
  }
  const std::string_view function = text(c.group, "function");
  if (function == "encapsulation") {
    const MlkemSent sent = TRY(set->encapsulate(TRY(hex(c.test, "ek")), TRY(hex(c.test, "m"))));
    return pass_if(same(sent.c, TRY(hex(c.expected, "c"))) &&
                   same(sent.k, TRY(hex(c.expected, "k"))));
  }
  if (function == "decapsulation") {
    return decapsulation(*set, c);
  }
  const bool good = flag(c.expected, "testPassed");
  if (function == "encapsulationKeyCheck") {
    return pass_if(set->check_ek(TRY(hex(c.test, "ek"))).has_value() == good);
  }
  if (function == "decapsulationKeyCheck") {
    return pass_if(set->check_dk(TRY(hex(c.test, "dk"))).has_value() == good);
  }
  return skip("acvp: unknown ML-KEM function");
}

}  // namespace v100::vectors
