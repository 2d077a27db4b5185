#include "auth/budget.h"

#include "base/address.h"

namespace v100::auth {
namespace {

std::size_t entries_for(std::size_t most) noexcept { return (most + 3) / 4 * 4; }

}  // namespace

std::size_t AddressBudgets::memory_bytes(std::size_t most) noexcept {
  return entries_for(most) * sizeof(Entry);
}

AddressBudgets::AddressBudgets(std::size_t most, BudgetRate rate)
    : rate_(rate), table_(entries_for(most > 0 ? most : 1)) {}

std::size_t AddressBudgets::set(std::uint64_t address) const noexcept {
  return static_cast<std::size_t>(address % (table_.size() / ways)) * ways;
}

bool AddressBudgets::spent(std::uint64_t address, std::int64_t now_ms) const noexcept {
  const std::size_t from = set(address);
  for (std::size_t i = from; i < from + ways; ++i) {
    if (table_[i].address == address) {
      return table_[i].budget.spent(rate_, now_ms);
    }
  }
  return false;
}

void AddressBudgets::fail(std::uint64_t address, std::int64_t now_ms) noexcept {
  const std::size_t from = set(address);
  Entry* least = &table_[from];
  for (std::size_t i = from; i < from + ways; ++i) {
    Entry& entry = table_[i];
    if (entry.address == address) {
      entry.budget.fail(rate_, now_ms);
      return;
    }
    if (entry.budget.level(rate_, now_ms) < least->budget.level(rate_, now_ms)) {
      least = &entry;
    }
  }
  *least = {address, {}};
  least->budget.fail(rate_, now_ms);
}

std::uint64_t address_hash(const KeyedHash& hash, const ByteArray<16>& ip) noexcept {
  const Bytes whole(ip);
  const std::uint64_t h = hash(Address{ip, 0}.is_ipv4() ? whole : whole.first(8));
  return h == 0 ? 1 : h;
}

}  // namespace v100::auth
