// Eight lanes in plain C++: the reference, and what runs where there is no IFMA.
#include <cstddef>
#include <cstdint>

#include "he/ring64/kernel.h"

namespace v100::he {
namespace {

struct V {
  std::uint64_t lane[8];
};
constexpr std::uint64_t mask52 = (1ull << 52) - 1;

template <class Op>
inline V each(Op op) {
  V out;
  for (std::size_t i = 0; i < 8; ++i) {
    out.lane[i] = op(i);
  }
  return out;
}

inline V load(const std::uint64_t* p) {
  return each([&](std::size_t i) { return p[i]; });
}
inline void store(std::uint64_t* p, const V& v) {
  for (std::size_t i = 0; i < 8; ++i) {
    p[i] = v.lane[i];
  }
}
inline V splat(std::uint64_t x) {
  return each([&](std::size_t) { return x; });
}
inline std::uint64_t lane0(const V& v) { return v.lane[0]; }
inline V add(const V& a, const V& b) {
  return each([&](std::size_t i) { return a.lane[i] + b.lane[i]; });
}
inline V sub(const V& a, const V& b) {
  return each([&](std::size_t i) { return a.lane[i] - b.lane[i]; });
}
inline V least(const V& a, const V& b) {  // without a branch: values may be secret
  return each([&](std::size_t i) {
    const std::uint64_t below = 0 - static_cast<std::uint64_t>(a.lane[i] < b.lane[i]);
    return b.lane[i] ^ ((a.lane[i] ^ b.lane[i]) & below);
  });
}
inline V low52(const V& a) {
  return each([&](std::size_t i) { return a.lane[i] & mask52; });
}
__extension__ typedef unsigned __int128 Wide;
inline Wide product(std::uint64_t b, std::uint64_t c) {
  return static_cast<Wide>(b & mask52) * (c & mask52);
}
inline V muladd_low(const V& a, const V& b, const V& c) {
  return each([&](std::size_t i) {
    return a.lane[i] + (static_cast<std::uint64_t>(product(b.lane[i], c.lane[i])) & mask52);
  });
}
inline V muladd_high(const V& a, const V& b, const V& c) {
  return each([&](std::size_t i) {
    return a.lane[i] + static_cast<std::uint64_t>(product(b.lane[i], c.lane[i]) >> 52);
  });
}
inline void transpose(V* v) {
  for (std::size_t i = 0; i < 8; ++i) {
    for (std::size_t k = i + 1; k < 8; ++k) {
      const std::uint64_t held = v[i].lane[k];
      v[i].lane[k] = v[k].lane[i];
      v[k].lane[i] = held;
    }
  }
}

#include "he/ring64/ntt.inl.h"

}  // namespace

const Ring64Kernel ring64_portable{"portable", forward, inverse, multiply, multiply_add};

}  // namespace v100::he
