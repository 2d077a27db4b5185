// Any bytes as an RTP packet: parsers stay in bounds, and rewriting keeps what was read.
#include "wire/rtp.h"
#include "wire/rtp_payload.h"

using namespace v100;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Buffer bytes(data, data + size);
  (void)rtp::is_rtcp(bytes);
  const auto packet = rtp::parse(bytes);
  if (!packet) {
    return 0;
  }
  CHECK(packet->header_bytes + packet->payload.size() + packet->padding_bytes == bytes.size());
  std::vector<rtp::Extension> extensions;
  rtp::ExtensionReader reader(*packet);
  for (rtp::Extension element; reader.next(element);) {
    CHECK(element.data.size() <= packet->extension.size());
    extensions.push_back(element);
  }
  Buffer again(bytes.size() + 2 * extensions.size() + 32);
  const std::size_t written = rtp::write_header(again, packet->header, extensions);
  CHECK(written > 0);
  const auto back = rtp::parse(Bytes(again).first(written));
  CHECK(back && back->header.ssrc == packet->header.ssrc);
  Buffer payload = to_buffer(packet->payload);
  if (const auto d = rtp::parse_vp8(payload)) {
    rtp::rewrite(payload, *d, {0x1234, 5, 6});
    const auto after = rtp::parse_vp8(payload);
    CHECK(after && after->bytes == d->bytes && after->keyframe == d->keyframe);
    CHECK(d->picture_id_bits != 15 || after->picture_id == 0x1234);
  }
  payload = to_buffer(packet->payload);
  if (const auto d = rtp::parse_vp9(payload)) {
    rtp::rewrite(payload, *d, {0x1234, 5, 6});
    const auto after = rtp::parse_vp9(payload);
    CHECK(after && after->bytes == d->bytes && after->keyframe == d->keyframe);
  }
  return 0;
}
