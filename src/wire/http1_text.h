// What the reader of http1.h asks of characters. Not a front door.
#pragma once

#include <cstdint>
#include <string_view>

namespace v100::wire {

enum HttpCharKind : std::uint8_t { is_token = 1, is_value = 2, is_target = 4, is_host = 8 };

bool all_of_kind(std::string_view text, std::uint8_t kind) noexcept;  // true for an empty text
bool is_field_value(std::string_view text) noexcept;                  // fast, for long ones
std::string_view trim(std::string_view text) noexcept;                // spaces and tabs
char lower(char c) noexcept;                                          // ASCII

}  // namespace v100::wire
