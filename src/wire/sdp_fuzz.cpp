// Any text as a session description: what reads must read again after being written.
#include "wire/sdp.h"

using namespace v100;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto session = sdp::parse(as_text(Bytes(data, size)));
  if (session) {
    const std::string text = sdp::write(*session);
    if (const auto back = sdp::parse(text)) {
      CHECK(back->media.size() == session->media.size());
      CHECK(sdp::write(*back) == text);
    }
    for (const sdp::Media& m : session->media) {
      (void)sdp::simulcast_ids(m.simulcast_send);
      for (const sdp::Codec& c : m.codecs) {
        (void)sdp::format_value(c.format, "apt");
      }
    }
  }
  return 0;
}
