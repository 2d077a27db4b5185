// Any bytes: the reader stays in bounds, and what it accepts keeps its own promises. Also the
// datagram classifier and the DTLS record reader, which see the same bytes.
#include "base/check.h"
#include "wire/dtls_record.h"
#include "wire/stun.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace v100;
  const Bytes datagram(data, size);
  (void)wire::classify(datagram);
  Bytes rest = datagram;
  while (const Result<wire::DtlsRecord> record = wire::parse_dtls_record(rest)) {
    CHECK(record->bytes >= wire::dtls_record_header_bytes && record->bytes <= rest.size());
    rest = rest.subspan(record->bytes);
  }
  const Result<wire::StunMessage> message = wire::parse_stun(datagram);
  if (!message) {
    CHECK(message.error().code == Errc::malformed);
    return 0;
  }
  CHECK(wire::looks_like_stun(datagram));
  CHECK(!message->username || message->username->size() < wire::stun_username_bytes_max);
  CHECK(!message->error_code || (*message->error_code >= 300 && *message->error_code <= 699));
  if (message->has_integrity) {
    CHECK(message->integrity_mac.size() == wire::stun_mac_bytes);
    CHECK(wire::stun_header_bytes + message->integrity_body.size() + 4 + wire::stun_mac_bytes <=
          size);
  }
  return 0;
}
