#include "wire/dtls_record.h"

namespace v100::wire {

DatagramKind classify(Bytes datagram) noexcept {
  if (datagram.size() < 2) {
    return DatagramKind::unknown;
  }
  const std::uint8_t first = datagram[0];
  if (first <= 3) {
    return DatagramKind::stun;
  }
  if (first >= 20 && first <= 63) {
    return DatagramKind::dtls;
  }
  if (first >= 64 && first <= 79) {
    return DatagramKind::turn_channel;
  }
  if (first >= 128 && first <= 191) {
    // RTCP types 192..223 are payload types 64..95 with the marker bit, which RTP leaves free
    return datagram[1] >= 192 && datagram[1] <= 223 ? DatagramKind::rtcp : DatagramKind::rtp;
  }
  return DatagramKind::unknown;
}

Result<DtlsRecord> parse_dtls_record(Bytes bytes) noexcept {
  if (bytes.size() < dtls_record_header_bytes) {
    return fail(Errc::malformed, "dtls: record header is cut off");
  }
  DtlsRecord record;
  record.content = static_cast<DtlsContent>(bytes[0]);
  record.version = load_be<std::uint16_t>(&bytes[1]);
  record.epoch = load_be<std::uint16_t>(&bytes[3]);
  record.sequence = load_be<std::uint64_t>(&bytes[3]) & 0xffffffffffff;
  record.bytes = dtls_record_header_bytes + load_be<std::uint16_t>(&bytes[11]);
  if (record.bytes > bytes.size()) {
    return fail(Errc::malformed, "dtls: record runs over the end");
  }
  return record;
}

}  // namespace v100::wire
