// Base64 (RFC 4648 §4, padded) into a buffer of the caller's, as fast as the processor can: a
// request's signature is 4,412 characters of it. base/text.h has the forms for everything else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace v100::wire {

// Room that decoding `chars` characters needs.
constexpr std::size_t base64_room(std::size_t chars) noexcept { return chars / 4 * 3; }

// The number of bytes written to the front of `out`, which has base64_room(). One spelling a value:
// malformed are a length that is no multiple of 4, characters outside the alphabet, padding
// elsewhere than at the end, and tail bits that are not zero. On error out's content is undefined.
Result<std::size_t> decode_base64(std::string_view text, MutBytes out) noexcept;

const char* base64_kernel_name() noexcept;  // "portable", "avx2" or "avx512"

}  // namespace v100::wire
