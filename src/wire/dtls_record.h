// Telling apart what shares one UDP port (RFC 7983), and the outside of DTLS 1.2 records
// (RFC 6347 §4.1): enough to split a flight into datagrams. Nothing inside a record is read here.
//
//   | type (8) | version (16) | epoch (16) | sequence number (48) | length (16) | fragment ...
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace v100::wire {

enum class DatagramKind : std::uint8_t { stun, dtls, turn_channel, rtp, rtcp, unknown };

// RFC 7983 §7 by the first byte, RFC 5761 §4 by the second. Looks at no more than two bytes.
DatagramKind classify(Bytes datagram) noexcept;

inline constexpr std::size_t dtls_record_header_bytes = 13;

enum class DtlsContent : std::uint8_t {
  change_cipher_spec = 20,
  alert = 21,
  handshake = 22,
  application_data = 23,
};

struct DtlsRecord {
  DtlsContent content{};  // any value from the wire
  std::uint16_t version = 0;
  std::uint16_t epoch = 0;
  std::uint64_t sequence = 0;  // 48 bits
  std::size_t bytes = 0;       // with the header: where the next record begins
};

// The first record of `bytes`. Errors: malformed (cut off).
Result<DtlsRecord> parse_dtls_record(Bytes bytes) noexcept;

}  // namespace v100::wire
