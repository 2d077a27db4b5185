// Falcon in plain C++: every target has it, and the others are tested against it.
#include <cstddef>
#include <cstdint>

#include "crypto/falcon/kernel.h"

namespace v100::falcon {
namespace {

using V = std::int16_t;
constexpr int lanes = 1, steps = 0, block = 16;

inline V load(const V* p) { return *p; }
inline void store(V* p, V a) { *p = a; }
inline V splat(V a) { return a; }
inline V add(V a, V b) { return static_cast<V>(a + b); }
inline V sub(V a, V b) { return static_cast<V>(a - b); }
inline V mullo(V a, V b) { return static_cast<V>(a * b); }
inline V mulhi(V a, V b) { return static_cast<V>((a * b) >> 16); }
inline V round_shift_12(V a) { return static_cast<V>((a + 2048) >> 12); }
inline V centre_once(V a) { return static_cast<V>(a > q / 2 ? a - q : a < -(q / 2) ? a + q : a); }
struct Squares {
  std::uint64_t sum = 0;
  void add(V a) { sum += static_cast<std::uint64_t>(a * a); }
  std::uint64_t total() const { return sum; }
};
template <int>
[[maybe_unused]] inline void split(V&, V&) {}
template <int>
[[maybe_unused]] inline void join(V&, V&) {}
[[maybe_unused]] constexpr int source(int, int second, int lane) { return second + lane; }

// 63 or 64 for 0.
inline unsigned leading_zeros(unsigned long long a) {
  return static_cast<unsigned>(__builtin_clzll(a | 1));
}

}  // namespace
}  // namespace v100::falcon

#include "crypto/falcon/ring.inl.h"
// decode and points
#include "crypto/falcon/decode.inl.h"

namespace v100::falcon {
namespace {

using D = double __attribute__((vector_size(16)));
constexpr int doubles = 2, stream_lanes = 8;
inline u32 sign_bits(I8 mask) {
  u32 bits = 0;
  for (int lane = 0; lane < 8; ++lane) {
    bits |= (static_cast<u32>(mask[lane]) & 1u) << lane;
  }
  return bits;
}

}  // namespace
}  // namespace v100::falcon

#include "crypto/falcon/signing.inl.h"

namespace v100::falcon {

extern const FalconKernel kernel_portable = {
    .name = "portable",
    .prepare = prepare,
    .norm = norm,
    .points = points_scalar,
    .decode = decode,
    .decode_two = decode_two,
    .random = fill_random,
    .fft = fft,
    .ifft = ifft,
    .sample = sample,
};

}  // namespace v100::falcon
