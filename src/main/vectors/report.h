// What came of all files on all kernels, merged and printed.
#pragma once

#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "main/vectors/files.h"
#include "main/vectors/vectors.h"

namespace v100::vectors {

struct FileReport {
  std::string path;
  std::string error;  // why the file could not be run at all; empty otherwise
  std::map<std::string, Tally> by_kernel;

  // A case counts once: failed if any kernel failed it, passed if all passed it.
  std::set<std::string> failures() const;  // "avx2: tgId 1 tcId 5"
  std::size_t failed() const;
  std::size_t passed() const;
  const std::map<std::string, std::size_t>& skipped() const;
  std::size_t skips() const;
};

// The files of a listing on the kernel of this process. Files in folders that no reader knows are
// gathered into one entry a folder.
std::vector<FileReport> run_here(const Listing& listing, const std::string& kernel,
                                 const Options& options);

// A child's results as text, and back: one item a line, fields separated by tabs.
std::string encode(const std::vector<FileReport>& reports);
// Adds a child's results to the entries of the same files. malformed: not what encode() wrote.
Result<void> merge(std::vector<FileReport>& reports, const std::string& kernel,
                   std::string_view encoded);

struct Totals {
  std::size_t passed = 0;
  std::size_t failed = 0;
  std::size_t skipped = 0;
  std::size_t unreadable = 0;
};
Totals print_text(const std::vector<FileReport>& reports, std::FILE* out);
Totals print_json(const std::vector<FileReport>& reports, std::FILE* out);

}  // namespace v100::vectors
