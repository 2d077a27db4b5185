// The little DER that key files need: definite lengths in their one shortest form, low tags.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace v100::keys {

namespace tag {
inline constexpr std::uint8_t integer = 0x02, bit_string = 0x03, octet_string = 0x04, oid = 0x06,
                              sequence = 0x30;
inline constexpr std::uint8_t seed = 0x80;        // [0] IMPLICIT OCTET STRING
inline constexpr std::uint8_t public_key = 0x81;  // [1] IMPLICIT BIT STRING
inline constexpr std::uint8_t attributes = 0xa0;  // [0] IMPLICIT SET OF
}  // namespace tag

// Reads values one after another. All errors are malformed.
class DerReader {
 public:
  explicit DerReader(Bytes in) noexcept : rest_(in) {}
  Result<Bytes> take(std::uint8_t tag) noexcept;  // the contents
  bool at(std::uint8_t tag) const noexcept { return !rest_.empty() && rest_[0] == tag; }
  bool empty() const noexcept { return rest_.empty(); }
  Result<void> end() const noexcept;  // nothing may follow

 private:
  Bytes rest_;
};

// Appends a value.
void put_der(Buffer& out, std::uint8_t tag, Bytes contents);

}  // namespace v100::keys
