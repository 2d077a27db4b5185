// Short names that the kernel bodies share.
#pragma once

#include <cstddef>
#include <cstdint>

namespace v100::falcon {
namespace {

using i16 = std::int16_t;
using u16 = std::uint16_t;
using i32 = std::int32_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using u8 = std::uint8_t;
// Eight lanes of 64 bits, which every compiler spreads over as many registers as it takes.
using D8 = double __attribute__((vector_size(64)));
using I8 = long long __attribute__((vector_size(64)));

}  // namespace
}  // namespace v100::falcon
