// What every file of exports uses: the C ABI of v100.wasm.
//
// All pointers are offsets into the module's memory, each with its length in bytes beside it; the
// module checks every length it knows and trusts none. Functions return 0, or 1 + Errc for an
// expected refusal, or `bad_argument` where the caller (core.ts) is wrong. On any refusal outputs
// are unchanged.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

#define V100_EXPORT(name) extern "C" __attribute__((export_name(#name))) auto name

namespace v100::wasm {

inline constexpr std::int32_t ok = 0;
inline constexpr std::int32_t bad_argument = 100;

inline std::int32_t code(const Error& error) { return 1 + static_cast<std::int32_t>(error.code); }

// A span for (pointer, length); an empty one for length 0, whatever the pointer.
inline Bytes in(const std::uint8_t* p, std::size_t size) {
  return size == 0 ? Bytes() : Bytes(p, size);
}
inline MutBytes out(std::uint8_t* p, std::size_t size) {
  return size == 0 ? MutBytes() : MutBytes(p, size);
}

}  // namespace v100::wasm
