// Number theory for the transform's tables: slow and plain, run once a prime.
#pragma once

#include <cstddef>
#include <cstdint>

#include "he/ring64/ring64.h"

namespace v100::he {

// A prime below 2^50 that is 1 mod 2n.
bool is_ntt_prime(std::uint64_t q, std::size_t n) noexcept;

Factor make_factor(std::uint64_t w, std::uint64_t q) noexcept;  // w is taken mod q

// Words that fill_tables needs, on a 64-byte border.
std::size_t table_words(std::size_t n) noexcept;
NttTables fill_tables(std::uint64_t* storage, std::size_t n, std::uint64_t q) noexcept;

}  // namespace v100::he
