// Fields of a JSON test case, by simdjson's error codes. Views live as long as the document.
#pragma once

#include <optional>
#include <simdjson.h>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "main/vectors/vectors.h"

namespace v100::vectors {

using Json = simdjson::dom::element;

std::optional<Json> member(const Json& object, std::string_view key);
std::string_view text(const Json& object, std::string_view key);  // empty where absent
std::uint64_t number(const Json& object, std::string_view key);   // 0 where absent
bool flag(const Json& object, std::string_view key);              // false where absent
bool has(const Json& object, std::string_view key);
Result<Buffer> hex(const Json& object, std::string_view key);           // malformed where absent
Result<Buffer> hex_or_empty(const Json& object, std::string_view key);  // empty where absent

// The readers of JSON formats.
Result<void> run_acvp(const Json& prompt, const Json& expected, const Options& options,
                      Tally& tally);
Result<void> run_wycheproof(const Json& root, Tally& tally);
Result<void> run_xwing(const Json& root, Tally& tally);
Result<void> run_hpke(const Json& root, Tally& tally);
// Merkle proofs, signed notes and tlog-proofs. not_found: none of them.
Result<void> run_tlog(const Json& root, Tally& tally);
// Falcon's sampler cases, signing cases and hashes of known-answer files. not_found: none of them.
Result<void> run_falcon(const Json& root, Tally& tally);

// One ACVP case: its group, itself, and the expected result with the same ids.
struct AcvpCase {
  const Json& group;
  const Json& test;
  const Json& expected;
};
Result<Verdict> acvp_sha3(std::string_view algorithm, const AcvpCase& c, const Options& options);
Result<Verdict> acvp_mlkem(std::string_view mode, const AcvpCase& c);
Result<Verdict> acvp_mldsa(std::string_view mode, const AcvpCase& c);
Result<Verdict> acvp_slhdsa(std::string_view mode, const AcvpCase& c);

}  // namespace v100::vectors
