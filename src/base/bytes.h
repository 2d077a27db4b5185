// Byte spans, the currency of every layer, and the few loads and stores the wire formats need.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"

namespace v100 {

using Bytes = std::span<const std::uint8_t>;
using MutBytes = std::span<std::uint8_t>;
template <std::size_t N>
using FixedBytes = std::span<const std::uint8_t, N>;
template <std::size_t N>
using FixedMutBytes = std::span<std::uint8_t, N>;
template <std::size_t N>
using ByteArray = std::array<std::uint8_t, N>;
using Buffer = std::vector<std::uint8_t>;

inline Bytes as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(Bytes bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Buffer to_buffer(Bytes bytes) { return Buffer(bytes.begin(), bytes.end()); }
inline void append(Buffer& out, Bytes bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

// Public data only; for secrets use ct::equal.
inline bool same(Bytes a, Bytes b) noexcept {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

inline void copy(MutBytes out, Bytes in) noexcept {
  CHECK(out.size() == in.size());
  if (!in.empty()) {
    std::memcpy(out.data(), in.data(), in.size());
  }
}

// Big-endian (network order), as RTP, STUN, TLS and our own formats use it.
template <class U>
constexpr U load_be(const std::uint8_t* p) noexcept {
  U value = 0;
  for (std::size_t i = 0; i < sizeof(U); ++i) {
    value = static_cast<U>((value << (sizeof(U) > 1 ? 8 : 0)) | p[i]);
  }
  return value;
}
template <class U>
constexpr void store_be(std::uint8_t* p, U value) noexcept {
  for (std::size_t i = 0; i < sizeof(U); ++i) {
    p[i] = static_cast<std::uint8_t>(value >> (8 * (sizeof(U) - 1 - i)));
  }
}
template <class U>
constexpr U load_le(const std::uint8_t* p) noexcept {
  U value = 0;
  for (std::size_t i = 0; i < sizeof(U); ++i) {
    value = static_cast<U>(value | (static_cast<U>(p[i]) << (8 * i)));
  }
  return value;
}
template <class U>
constexpr void store_le(std::uint8_t* p, U value) noexcept {
  for (std::size_t i = 0; i < sizeof(U); ++i) {
    p[i] = static_cast<std::uint8_t>(value >> (8 * i));
  }
}

}  // namespace v100
