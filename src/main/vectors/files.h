// Which files a command line means, and what is in them.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "main/vectors/vectors.h"

namespace v100::vectors {

struct Listing {
  struct Entry {
    std::string path;
    bool named;  // by the user, not found in a folder
  };
  std::vector<Entry> entries;        // sorted within each folder; companions left out
  std::vector<std::string> missing;  // paths that are neither a file nor a folder
};

// Walks folders. A prompt's companions (expectedResults, reasons) are no entries of their own.
Listing list_files(const std::vector<std::string>& paths);

// Reads and, by its name, decompresses a file, and the expected results beside a prompt.
// unavailable: cannot be read. too_large: over the bound.
Result<File> load_file(const std::string& path);

}  // namespace v100::vectors
