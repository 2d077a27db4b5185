// Whole files: read with a bound, written so that a crash leaves the old or the new one.
#pragma once

#include <cstddef>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace v100::io {

// Errors: not_found, forbidden, too_large, unavailable.
Result<Buffer> read_file(const std::string& path, std::size_t bytes_max);

struct WriteOptions {
  unsigned mode = 0644;  // 0600 for keys
};
// Written beside, fsynced, renamed over; then the folder is fsynced. Errors: forbidden,
// unavailable.
Result<void> write_file(const std::string& path, Bytes content, WriteOptions options);

// The folder and its parents, mode 0700 where they are new.
Result<void> make_folder(const std::string& path);
bool exists(const std::string& path) noexcept;
std::string absolute(const std::string& path);

}  // namespace v100::io
