// Any bytes as each of the messages: refused, or written back as they came.
#include <memory>

#include "svc/match/message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace v100;
  using namespace v100::match;
  static const std::unique_ptr<bfv::Params> params = bfv::Params::make(bfv::small_spec()).value();
  const Bytes bytes(data, size);
  if (const auto m = decode_probe(bytes)) {
    CHECK(same(encode(*m), bytes));
  }
  if (const auto m = decode_answer_message(bytes)) {
    CHECK(same(encode(*m), bytes));
  }
  if (const auto m = decode_decision(bytes)) {
    CHECK(same(encode(*m), bytes));
  }
  if (const auto a = decode_answer(*params, bytes)) {
    CHECK(same(encode(*params, *a), bytes));
  }
  return 0;
}
