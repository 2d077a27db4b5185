// Days as the daily root's name writes them. Not a front door.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace v100::attest {

inline constexpr std::uint64_t ms_per_day = 86'400'000;

// "2026-11-25" for a day since 1970-01-01 (proleptic Gregorian, by the civil-from-days method).
std::string date_of(std::uint64_t day);
bool is_date(std::string_view text) noexcept;

}  // namespace v100::attest
