// arrange and restore (see vector.inl.h) for kernels that have nothing quicker than one exchange
// after the other.
#pragma once

namespace v100::mlkem {
namespace {

template <int G = lanes / 2>
inline void arrange(Vec& a, Vec& b) {
  if constexpr (G >= 2) {
    exchange<G>(a, b);
    arrange<G / 2>(a, b);
  }
}

template <int G = 2>
inline void restore(Vec& a, Vec& b) {
  if constexpr (G < lanes) {
    exchange<G>(a, b);
    restore<G * 2>(a, b);
  }
}

}  // namespace
}  // namespace v100::mlkem
