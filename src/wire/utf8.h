// UTF-8 (RFC 3629): is it, how long is the first character, and writing one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace v100::wire {

// Bytes of the well-formed character at the start of `text`; 0 where there is none.
std::size_t utf8_length(std::string_view text) noexcept;
bool is_utf8(std::string_view text) noexcept;
void append_utf8(std::string& out, std::uint32_t point);  // a Unicode scalar value

}  // namespace v100::wire
