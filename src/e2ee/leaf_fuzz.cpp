// Any bytes as a leaf or a statement of a room: parsed or refused, never a crash; a statement that
// parses writes back the same bytes.
#include "e2ee/statement.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace v100;
  using namespace v100::e2ee;
  Buffer bytes(data, data + size);
  const RoomHash room = RoomId::parse("abcd-efgh-jkmn")->hash();
  for (const std::size_t at : {std::size_t{1}, std::size_t{2}}) {  // room_hash of leaf, statement
    Buffer ours = bytes;
    if (ours.size() >= at + 32) {
      copy(MutBytes(ours).subspan(at, 32), room.value());
    }
    (void)Leaf::parse(ours, room);
    if (const Result<Statement> statement = Statement::parse(ours, room)) {
      const auto body = statement_body(statement->fields());
      CHECK(same(body, Bytes(ours).first(body.size())));
    }
  }
  (void)RoomId::parse(as_text(bytes));
  return 0;
}
