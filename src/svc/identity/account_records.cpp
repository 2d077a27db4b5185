#include "svc/identity/account_records.h"

#include "base/text.h"
#include "svc/codec.h"

namespace v100::identity::records {
namespace {

constexpr std::uint8_t version = 1;
constexpr Error broken{Errc::malformed, "identity: a stored record breaks its format"};

Encoder& put_time(Encoder& out, WallTime time) {
  return out.put(static_cast<std::uint64_t>(time.value()));
}
WallTime get_time(Decoder& in) {
  return WallTime(static_cast<std::int64_t>(in.get<std::uint64_t>()));
}
bool finished(Decoder& in, bool good) { return good && in.done(); }

}  // namespace

std::string number_key(std::uint64_t id) {
  ByteArray<8> bytes;
  store_be(bytes.data(), id);
  return to_hex(bytes);
}

Buffer encode(const Tenant& m) {
  Encoder out;
  out.put(version).put(m.id).text(m.name);
  return put_time(out, m.made).flag(m.closed).take();
}
Result<Tenant> decode_tenant(Bytes bytes) {
  Decoder in(bytes);
  Tenant m;
  const bool known = in.get<std::uint8_t>() == version;
  m.id = in.get<std::uint64_t>();
  m.name = in.text(accounts_limit::name_bytes);
  m.made = get_time(in);
  m.closed = in.flag();
  return finished(in, known && m.id != 0) ? Result<Tenant>(std::move(m)) : std::unexpected(broken);
}

Buffer encode(const Principal& m) {
  Encoder out;
  out.put(version).put(m.id).put(m.tenant).put(m.user);
  out.put(static_cast<std::uint8_t>(m.kind)).put(m.roles).text(m.name);
  return put_time(out, m.made).flag(m.disabled).take();
}
Result<Principal> decode_principal(Bytes bytes) {
  Decoder in(bytes);
  Principal m;
  const bool known = in.get<std::uint8_t>() == version;
  m.id = in.get<std::uint64_t>();
  m.tenant = in.get<std::uint64_t>();
  m.user = in.get<std::uint64_t>();
  const auto kind = in.get<std::uint8_t>();
  m.kind = static_cast<PrincipalKind>(kind);
  m.roles = in.get<std::uint32_t>();
  m.name = in.text(accounts_limit::name_bytes);
  m.made = get_time(in);
  m.disabled = in.flag();
  const bool good = known && m.id != 0 && kind >= 1 && kind <= 3;
  return finished(in, good) ? Result<Principal>(std::move(m)) : std::unexpected(broken);
}

Buffer encode(const auth::KeyRecord& m) {
  Encoder out;
  out.put(version).text(keys::info(m.algorithm).name).bytes(m.public_key);
  put_time(put_time(out, m.not_before), m.not_after);
  return out.flag(m.revoked).put(m.owner).take();
}
Result<auth::KeyRecord> decode_key(Bytes bytes) {
  Decoder in(bytes);
  auth::KeyRecord m;
  const bool known = in.get<std::uint8_t>() == version;
  const auto algorithm = keys::algorithm_by_name(in.text(32));
  m.public_key = to_buffer(in.bytes(4096));
  m.not_before = get_time(in);
  m.not_after = get_time(in);
  m.revoked = in.flag();
  m.owner = in.get<std::uint64_t>();
  if (!finished(in, known && algorithm.has_value())) {
    return std::unexpected(broken);
  }
  m.algorithm = *algorithm;
  const bool sized = m.public_key.size() == keys::info(m.algorithm).public_bytes;
  return sized ? Result<auth::KeyRecord>(std::move(m)) : std::unexpected(broken);
}

Buffer encode(const Token& m) {
  Encoder out;
  out.put(version).put(m.principal);
  return put_time(out, m.expires).take();
}
Result<Token> decode_token(Bytes bytes) {
  Decoder in(bytes);
  Token m;
  const bool known = in.get<std::uint8_t>() == version;
  m.principal = in.get<std::uint64_t>();
  m.expires = get_time(in);
  return finished(in, known) ? Result<Token>(m) : std::unexpected(broken);
}

}  // namespace v100::identity::records
