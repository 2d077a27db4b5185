// Meeting's bus messages.
#include "svc/meeting/api.h"

#include "base/limits.h"
#include "svc/codec.h"

namespace v100::meeting {

namespace {

constexpr std::size_t slot_bytes_max = 160;
constexpr std::size_t statement_bytes_max = 4096;
constexpr std::size_t room_bytes_max = 32;

void put(Encoder& out, const std::vector<KeptStatement>& statements,
         const std::vector<Buffer>& issuers) {
  out.count(statements.size());
  for (const KeptStatement& statement : statements) {
    out.text(statement.slot).bytes(statement.bytes);
  }
  out.count(issuers.size());
  for (const Buffer& issuer : issuers) {
    out.bytes(issuer);
  }
}

void get(Decoder& in, std::vector<KeptStatement>& statements, std::vector<Buffer>& issuers) {
  for (std::size_t n = in.count(limits::room_statements); n > 0 && in.ok(); --n) {
    KeptStatement& statement = statements.emplace_back();
    statement.slot = in.text(slot_bytes_max);
    statement.bytes = to_buffer(in.bytes(statement_bytes_max));
  }
  for (std::size_t n = in.count(limits::room_statements); n > 0 && in.ok(); --n) {
    issuers.push_back(to_buffer(in.bytes(e2ee::device_key_bytes)));
  }
}

}  // namespace

Buffer encode(const RoomState& m) {
  Encoder out;
  out.raw(m.host.value()).flag(m.lobby);
  put(out, m.statements, m.issuers);
  return out.take();
}

Result<RoomState> decode_room_state(Bytes bytes) {
  Decoder in(bytes);
  RoomState m;
  m.host = e2ee::Fingerprint(in.fixed<32>());
  m.lobby = in.flag();
  get(in, m.statements, m.issuers);
  if (!in.done()) {
    return fail(Errc::malformed, "meeting: message breaks its format");
  }
  return m;
}

Buffer encode(const Keep& m) {
  Encoder out;
  out.text(m.room);
  put(out, m.statements, m.issuers);
  return out.take();
}

Result<Keep> decode_keep(Bytes bytes) {
  Decoder in(bytes);
  Keep m;
  m.room = in.text(room_bytes_max);
  get(in, m.statements, m.issuers);
  if (!in.done()) {
    return fail(Errc::malformed, "meeting: message breaks its format");
  }
  return m;
}

Buffer encode(const Presence& m) {
  return Encoder().text(m.room).put(m.members).flag(m.lobby).flag(m.locked).flag(m.open).take();
}

Result<Presence> decode_presence(Bytes bytes) {
  Decoder in(bytes);
  Presence m;
  m.room = in.text(room_bytes_max);
  m.members = in.get<std::uint32_t>();
  m.lobby = in.flag();
  m.locked = in.flag();
  m.open = in.flag();
  if (!in.done()) {
    return fail(Errc::malformed, "meeting: message breaks its format");
  }
  return m;
}

}  // namespace v100::meeting
