// Budgets of failed verifications. A bucket holds what may still fail; it refills with time. Only
// who failed has an entry, so those who never fail cost nothing and are never turned away.
#pragma once

#include <cstdint>
#include <vector>

#include "auth/keyed_hash.h"
#include "base/bytes.h"

namespace v100::auth {

struct BudgetRate {
  std::uint32_t burst = 20;
  std::uint32_t per_second = 1;
};

// One bucket. Times are milliseconds of any clock; one that goes back refills nothing.
class FailureBudget {
 public:
  bool spent(const BudgetRate& rate, std::int64_t now_ms) const noexcept {
    return level(rate, now_ms) >= std::int64_t{rate.burst} * 1000;
  }
  void fail(const BudgetRate& rate, std::int64_t now_ms) noexcept {
    const std::int64_t most = std::int64_t{rate.burst} * 1000;
    const std::int64_t next = level(rate, now_ms) + 1000;
    used_ = static_cast<std::uint32_t>(next < most ? next : most);
    at_ms_ = now_ms;
  }
  std::int64_t level(const BudgetRate& rate, std::int64_t now_ms) const noexcept {
    const std::int64_t passed = now_ms > at_ms_ ? now_ms - at_ms_ : 0;
    const std::int64_t left = std::int64_t{used_} - passed * rate.per_second;
    return left > 0 ? left : 0;  // thousandths of a failure
  }

 private:
  std::int64_t at_ms_ = 0;
  std::uint32_t used_ = 0;
};

// A bucket an address (IPv4) or /64 (IPv6), in memory of a fixed size. Where more addresses fail
// than there is room for, the one that failed least is forgotten.
class AddressBudgets {
 public:
  AddressBudgets(std::size_t most, BudgetRate rate);
  bool spent(std::uint64_t address, std::int64_t now_ms) const noexcept;
  void fail(std::uint64_t address, std::int64_t now_ms) noexcept;
  std::size_t memory_bytes() const noexcept { return table_.size() * sizeof(Entry); }
  static std::size_t memory_bytes(std::size_t most) noexcept;

 private:
  struct Entry {
    std::uint64_t address = 0;  // 0: empty
    FailureBudget budget;
  };
  static constexpr std::size_t ways = 4;
  std::size_t set(std::uint64_t address) const noexcept;
  BudgetRate rate_;
  std::vector<Entry> table_;
};

// What budgets know an address by: a keyed hash of IPv4, or of an IPv6 /64; never 0.
std::uint64_t address_hash(const KeyedHash& hash, const ByteArray<16>& ip) noexcept;

}  // namespace v100::auth
