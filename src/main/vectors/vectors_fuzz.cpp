// Any bytes as a vector file: readers may refuse them, never break.
#include <cstddef>
#include <cstdint>

#include "main/vectors/vectors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  // A zero byte parts a prompt from its expected results.
  const std::size_t cut = text.find('\0');
  v100::vectors::File file{.path = "fuzz", .content = text.substr(0, cut), .expected = {}};
  if (cut != text.npos) {
    file.expected = text.substr(cut + 1);
  }
  v100::vectors::Tally tally;
  (void)v100::vectors::run_file(file, {}, tally);
  return 0;
}
