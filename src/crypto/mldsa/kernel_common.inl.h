// Short names and constants that every kernel file and body uses; internal linkage.
#pragma once

namespace v100::mldsa {
namespace {

using i32 = std::int32_t;
using i64 = std::int64_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using u8 = std::uint8_t;
using std::size_t;

// q^-1 mod 2^32, for Montgomery reduction: (a - (a q^-1 mod 2^32) q) / 2^32 is a 2^-32 mod q, below
// |a| / 2^32 + q / 2 for |a| < 2^31 q.
constexpr u32 q_inverse = 58728449;
static_assert(q_inverse * static_cast<u32>(q) == 1);

}  // namespace
}  // namespace v100::mldsa
