// Sixteen 32-bit lanes in plain C++: the reference, and what runs without AVX-512.
#include <cstddef>
#include <cstdint>

#include "svc/match/kernel.h"

namespace v100::match {
namespace {

struct V {
  std::int32_t lane[16];
};

template <class Op>
inline V each(Op op) {
  V out;
  for (std::size_t i = 0; i < 16; ++i) {
    out.lane[i] = op(i);
  }
  return out;
}

inline V splat(std::int32_t x) {
  return each([&](std::size_t) { return x; });
}
inline V add(const V& a, const V& b) {
  return each([&](std::size_t i) { return a.lane[i] + b.lane[i]; });
}
inline V sub(const V& a, const V& b) {
  return each([&](std::size_t i) { return a.lane[i] - b.lane[i]; });
}
inline V mul(const V& a, const V& b) {
  return each([&](std::size_t i) { return a.lane[i] * b.lane[i]; });
}
inline V low16(const V& a) {
  return each([&](std::size_t i) { return a.lane[i] & 0xffff; });
}
inline V high16(const V& a) {
  return each([&](std::size_t i) { return a.lane[i] >> 16; });
}
// a - amount where a > limit, without a branch: rows are secret
inline V above_minus(const V& a, std::int32_t limit, std::int32_t amount) {
  return each([&](std::size_t i) { return a.lane[i] - (amount & ((limit - a.lane[i]) >> 31)); });
}
inline V load_bytes(const std::int8_t* p) {
  return each([&](std::size_t i) { return std::int32_t{p[i]}; });
}
inline V load_reversed(const std::int8_t* row, std::size_t column) {
  return each([&](std::size_t i) { return std::int32_t{row[(128 - column - i) % 128]}; });
}
inline V first_lane(const V& first, const V& others) {
  V out = others;
  out.lane[0] = first.lane[0];
  return out;
}
inline void store(std::int32_t* p, const V& v) {
  for (std::size_t i = 0; i < 16; ++i) {
    p[i] = v.lane[i];
  }
}

#include "svc/match/slots.inl.h"

}  // namespace

const MatchKernel match_portable{"portable", encode_template, encode_probe};

}  // namespace v100::match
