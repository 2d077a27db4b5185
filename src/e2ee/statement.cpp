// Statements: parsing, verification and making (docs/spec/e2ee.md §4).
#include "e2ee/statement.h"

namespace v100::e2ee {

namespace {

constexpr std::uint8_t version = 1;
constexpr std::uint8_t track_max = 4;
static_assert(Statement::body_bytes + signature_bytes == Statement::size);

bool subject_fits(StatementKind kind, const Hash& subject) noexcept {
  const bool zero = subject == Hash{};
  return (kind == StatementKind::policy || kind == StatementKind::end) ? zero : !zero;
}

bool argument_fits(StatementKind kind, std::uint8_t argument) noexcept {
  switch (kind) {
    case StatementKind::policy:
      return (argument & ~(policy_lobby | policy_locked)) == 0;
    case StatementKind::grant:
      return argument == grant_guest || argument == grant_cohost;
    case StatementKind::ask_to_mute:
      return argument >= 1 && argument <= track_max;
    case StatementKind::admit:
    case StatementKind::remove:
    case StatementKind::end:
      return argument == 0;
  }
  return false;
}

}  // namespace

Result<Statement> Statement::parse(Bytes bytes, const RoomHash& room) {
  if (bytes.size() != size || bytes[0] != version) {
    return fail(Errc::malformed, "statement: size or version");
  }
  if (bytes[1] < 1 || bytes[1] > 6) {
    return fail(Errc::malformed, "statement: unknown kind");
  }
  if (!same(bytes.subspan(2, 32), room.value())) {
    return fail(Errc::forbidden, "statement: of another room");
  }
  Statement statement;
  StatementFields& fields = statement.fields_;
  fields.kind = static_cast<StatementKind>(bytes[1]);
  fields.room = room;
  fields.issuer = Fingerprint(TRY(hash_from(bytes.subspan(34, 32))));
  fields.seq = load_be<std::uint64_t>(bytes.data() + 66);
  copy(fields.subject, bytes.subspan(74, 32));
  fields.argument = bytes[106];
  if (!subject_fits(fields.kind, fields.subject) || !argument_fits(fields.kind, fields.argument)) {
    return fail(Errc::malformed, "statement: subject or argument does not fit the kind");
  }
  copy(statement.bytes_, bytes);
  return statement;
}

Result<void> Statement::verify(const DeviceKey& key) const {
  if (fingerprint(key.bytes()) != fields_.issuer) {
    return fail(Errc::unauthenticated, "statement: not this device's");
  }
  const Bytes all = bytes_;
  const DeviceSignature signature = TRY(DeviceSignature::parse(all.subspan(body_bytes)));
  return key.verify(all.first(body_bytes), as_bytes(context_statement), signature);
}

ByteArray<Statement::body_bytes> statement_body(const StatementFields& fields) noexcept {
  ByteArray<Statement::body_bytes> body;
  const MutBytes out = body;
  out[0] = version;
  out[1] = static_cast<std::uint8_t>(fields.kind);
  copy(out.subspan(2, 32), fields.room.value());
  copy(out.subspan(34, 32), fields.issuer.value());
  store_be(body.data() + 66, fields.seq);
  copy(out.subspan(74, 32), fields.subject);
  out[106] = fields.argument;
  return body;
}

}  // namespace v100::e2ee
