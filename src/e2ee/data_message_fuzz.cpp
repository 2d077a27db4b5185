// Any bytes as a data message: refused, or what it says survives writing and reading again.
#include "e2ee/data_message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace v100;
  using namespace v100::e2ee;
  const Result<DataMessage> message = parse_data(Bytes(data, size));
  if (!message) {
    return 0;
  }
  if (const StateMessage* const state = std::get_if<StateMessage>(&*message)) {
    const Result<DataMessage> again = parse_data(write_data(*state));
    CHECK(again && std::get<StateMessage>(*again) == *state);
  } else if (const ChatText* const chat = std::get_if<ChatText>(&*message)) {
    const Result<DataMessage> again = parse_data(write_data(*chat));
    CHECK(again || again.error().code == Errc::too_large);  // control characters grow
  }
  return 0;
}
