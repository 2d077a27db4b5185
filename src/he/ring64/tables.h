// Number theory for the transform's tables: slow and plain, run once a prime.
#pragma once

#include <cstddef>
#include <cstdint>

#include "he/ring64/kernel.h"

namespace v100::he {

std::uint64_t mod_multiply(std::uint64_t a, std::uint64_t b, std::uint64_t q) noexcept;
std::uint64_t mod_power(std::uint64_t base, std::uint64_t exponent, std::uint64_t q) noexcept;

// A prime below 2^50 that is 1 mod 2n.
bool is_ntt_prime(std::uint64_t q, std::size_t n) noexcept;

// Words that fill_tables needs, on a 64-byte border.
std::size_t table_words(std::size_t n) noexcept;
NttTables fill_tables(std::uint64_t* storage, std::size_t n, std::uint64_t q) noexcept;

}  // namespace v100::he
