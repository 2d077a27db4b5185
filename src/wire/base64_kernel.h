// Base64Kernel: what base64.cpp asks of an instruction set. No code stands here.
#pragma once

#include <cstddef>
#include <cstdint>

namespace v100::wire {

struct Base64Kernel {
  const char* name;
  // Decodes whole groups of four characters from the front, as many as it likes, but for the last
  // two groups, and stops before a character outside the alphabet. Returns the characters taken, a
  // multiple of 4; writes below out + chars / 4 * 3 only.
  std::size_t (*decode)(const std::uint8_t* in, std::size_t chars, std::uint8_t* out);
};

extern const Base64Kernel base64_portable;
#if defined(__x86_64__)
extern const Base64Kernel base64_avx2;
extern const Base64Kernel base64_avx512;
#endif

}  // namespace v100::wire
