// Hex and base64url: how bytes look in logs, JSON and links. Strict decoders: one spelling a value.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace v100 {

std::string to_hex(Bytes bytes);                       // lower case
Result<Buffer> from_hex(std::string_view text);        // either case, even length
std::string to_base64url(Bytes bytes);                 // RFC 4648 §5, no padding
Result<Buffer> from_base64url(std::string_view text);  // no padding, zero tail bits, else malformed
std::string to_base64(Bytes bytes);                    // RFC 4648 §4, padded
Result<Buffer> from_base64(std::string_view text);     // padded, zero tail bits, else malformed

}  // namespace v100
