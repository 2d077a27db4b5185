// Any bytes as a frame and as its payload: parsed or refused, never worse; a frame that parses is
// put together again from its parts.
#include <cstdlib>

#include "svc/signaling/client_frame.h"
#include "svc/signaling/client_message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace v100;
  const Bytes bytes(data, size);
  if (const auto frame = signaling::parse_frame(bytes)) {
    if (!same(signaling::make_frame(frame->seq, frame->signature, frame->payload), bytes)) {
      std::abort();
    }
    (void)signaling::parse_message(frame->payload);
  }
  const auto message = signaling::parse_message(bytes);
  if (message) {
    if (const auto* keys = std::get_if<signaling::KeysMessage>(&*message)) {
      if (keys->list.size() > signaling::keys_max) {
        std::abort();
      }
    }
  }
  return 0;
}
