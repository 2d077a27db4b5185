// Any bytes as a key message: parsed or refused; what parses writes back the same header.
#include "e2ee/key_message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace v100;
  using namespace v100::e2ee;
  Buffer bytes(data, data + size);
  const RoomHash room = RoomId::parse("abcd-efgh-jkmn")->hash();
  if (bytes.size() >= 33) {
    copy(MutBytes(bytes).subspan(1, 32), room.value());
  }
  if (const Result<KeyMessage> message = KeyMessage::parse(bytes, room)) {
    const auto bound = key_message_bound(message->fields(), message->kem_ciphertext());
    CHECK(same(bound, message->bound()));
  }
  return 0;
}
