// Constant time: masks, comparison and selection without branches on secrets, and the marks by
// which valgrind memcheck (build preset `ct`) finds a branch or an index that depends on one.
#pragma once

#include <cstdint>

#include "base/bytes.h"

#if defined(V100_CT_CHECK)
#include <valgrind/memcheck.h>
#endif

namespace v100::ct {

// All ones or all zeros. No operator bool: leaving it takes declassify and a reason.
class Mask {
 public:
  static constexpr Mask from_bit(std::uint32_t bit) noexcept {  // bit is 0 or 1
    return Mask(0u - bit);
  }
  constexpr std::uint32_t bits() const noexcept { return bits_; }
  constexpr std::uint8_t byte() const noexcept { return static_cast<std::uint8_t>(bits_); }
  friend constexpr Mask operator&(Mask a, Mask b) noexcept { return Mask(a.bits_ & b.bits_); }
  friend constexpr Mask operator|(Mask a, Mask b) noexcept { return Mask(a.bits_ | b.bits_); }
  friend constexpr Mask operator~(Mask a) noexcept { return Mask(~a.bits_); }

 private:
  explicit constexpr Mask(std::uint32_t bits) noexcept : bits_(bits) {}
  std::uint32_t bits_;
};

// Hides a value from the optimiser, so that mask arithmetic is not turned back into a branch.
inline std::uint32_t opaque(std::uint32_t value) noexcept {
#if defined(__wasm__)
  __asm__("" : "+r"(value));
#else
  __asm__ volatile("" : "+r"(value));
#endif
  return value;
}

constexpr Mask is_zero(std::uint32_t value) noexcept {
  return Mask::from_bit(1u ^ ((value | (0u - value)) >> 31));
}

// Lengths are public. Different lengths are unequal.
inline Mask equal(Bytes a, Bytes b) noexcept {
  if (a.size() != b.size()) {
    return Mask::from_bit(0);
  }
  std::uint32_t difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<std::uint32_t>(a[i] ^ b[i]);
  }
  return is_zero(opaque(difference));
}

// out = mask ? yes : no, byte by byte. All three have one size.
inline void select(MutBytes out, Mask mask, Bytes yes, Bytes no) noexcept {
  CHECK(out.size() == yes.size() && out.size() == no.size());
  const std::uint8_t m = static_cast<std::uint8_t>(opaque(mask.bits()));
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<std::uint8_t>(no[i] ^ (m & (yes[i] ^ no[i])));
  }
}

// Marks bytes as secret / as public again for the checker. Nothing in other builds.
inline void poison([[maybe_unused]] Bytes secret) noexcept {
#if defined(V100_CT_CHECK)
  VALGRIND_MAKE_MEM_UNDEFINED(secret.data(), secret.size());
#endif
}
inline void unpoison([[maybe_unused]] Bytes value) noexcept {
#if defined(V100_CT_CHECK)
  VALGRIND_MAKE_MEM_DEFINED(value.data(), value.size());
#endif
}
template <class T>
inline void unpoison_value(const T& value) noexcept {
  unpoison({reinterpret_cast<const std::uint8_t*>(&value), sizeof value});
}

// The only way from a mask to a bool. `why` says why the answer may be public.
inline bool declassify(Mask mask, [[maybe_unused]] const char* why) noexcept {
  std::uint32_t bits = mask.bits();
  unpoison_value(bits);
  return bits != 0;
}

}  // namespace v100::ct
