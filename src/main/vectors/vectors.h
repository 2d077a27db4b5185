// `v100 vectors`: public test vector files run through this build's own algorithms. Readers, one a
// format, turn cases into verdicts; this header is what they share.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace v100::vectors {

// What came of one case.
struct Verdict {
  enum class Kind : unsigned char { passed, failed, skipped };
  Kind kind;
  const char* why;  // of a skip; a literal
};
inline Verdict pass_if(bool good) {
  return {good ? Verdict::Kind::passed : Verdict::Kind::failed, ""};
}
inline Verdict skip(const char* why) { return {Verdict::Kind::skipped, why}; }

// What came of one file on one kernel.
struct Tally {
  std::size_t passed = 0;
  std::vector<std::string> failed;             // a label a case
  std::map<std::string, std::size_t> skipped;  // cases by reason

  // An error counts as a failure: the case could not even be read.
  void add(std::string_view label, const Result<Verdict>& verdict);
  std::size_t skips() const;
};

struct Options {
  bool large = false;  // also the cases that hash gigabytes
};

// One file, decompressed, and for ACVP the file of expected results beside it.
struct File {
  std::string path;
  std::string content;
  std::string expected;
};

// Runs every case of a file on the kernel that this process uses. not_found: no reader knows the
// format. malformed: a reader knows it, but the file is broken.
Result<void> run_file(const File& file, const Options& options, Tally& tally);

// The readers behind run_file, one a file vectors_*.cpp. Each takes files that it recognises.
Result<void> run_json(const File& file, const Options& options, Tally& tally);
Result<void> run_lines(const File& file, Tally& tally);

}  // namespace v100::vectors
