#include "auth/session_mac.h"

#include "auth/signature_base.h"
#include "base/text.h"
#include "wire/base64.h"

namespace v100::auth {
namespace {

constexpr std::size_t text_bytes_max = 0xffff;

// Gathers small pieces, so that the sponge is fed by the block.
class Feed {
 public:
  explicit Feed(keccak::Kmac256& mac) noexcept : mac_(mac) {}
  void add(Bytes bytes) noexcept {
    if (bytes.size() > sizeof held_ - size_) {
      flush();
      if (bytes.size() > sizeof held_) {
        mac_.update(bytes);
        return;
      }
    }
    if (!bytes.empty()) {
      std::memcpy(held_ + size_, bytes.data(), bytes.size());
      size_ += bytes.size();
    }
  }
  template <class U>
  void number(U value) noexcept {
    std::uint8_t bytes[sizeof(U)];
    store_be(bytes, value);
    add(bytes);
  }
  void text(std::string_view value) noexcept {
    number(static_cast<std::uint16_t>(value.size()));
    add(as_bytes(value));
  }
  void flush() noexcept {
    mac_.update({held_, size_});
    size_ = 0;
  }

 private:
  keccak::Kmac256& mac_;
  std::uint8_t held_[272];
  std::size_t size_ = 0;
};

}  // namespace

SessionToken unpack_token(FixedBytes<session_token_bytes> bytes) noexcept {
  SessionToken token;
  copy(token.id, bytes.first<16>());
  token.sequence = load_be<std::uint64_t>(bytes.data() + 16);
  token.created = static_cast<std::int64_t>(load_be<std::uint64_t>(bytes.data() + 24));
  copy(token.mac, bytes.last<mac_bytes>());
  return token;
}

ByteArray<session_token_bytes> pack_token(const SessionToken& token) noexcept {
  ByteArray<session_token_bytes> out;
  std::memcpy(out.data(), token.id.data(), 16);
  store_be(out.data() + 16, token.sequence);
  store_be(out.data() + 24, static_cast<std::uint64_t>(token.created));
  std::memcpy(out.data() + 32, token.mac.data(), mac_bytes);
  return out;
}

Result<SessionToken> read_session_token(std::string_view authorization) noexcept {
  constexpr std::size_t chars = (session_token_bytes + 2) / 3 * 4;
  if (authorization.size() != session_scheme.size() + chars) {
    return fail(Errc::malformed, "session: a token of a wrong length");
  }
  std::uint8_t room[wire::base64_room(chars)];
  if (TRY(wire::decode_base64(authorization.substr(session_scheme.size()), room)) !=
      session_token_bytes) {
    return fail(Errc::malformed, "session: a token of a wrong length");
  }
  return unpack_token(Bytes(room).first<session_token_bytes>());
}

std::string write_session_token(const SessionToken& token) {
  return std::string(session_scheme) + to_base64(pack_token(token));
}

Result<SessionFrame> read_session_frame(Bytes frame) noexcept {
  if (frame.size() < sizeof frame_begin + session_token_bytes ||
      !same(frame.first(sizeof frame_begin), frame_begin)) {
    return fail(Errc::malformed, "session: not a frame");
  }
  SessionFrame out;
  out.token = unpack_token(frame.subspan<sizeof frame_begin, session_token_bytes>());
  Bytes rest = frame.subspan(sizeof frame_begin + session_token_bytes);
  std::string_view* const texts[] = {&out.method, &out.target, &out.meaning[0], &out.meaning[1],
                                     &out.meaning[2]};
  static_assert(meanings == 3);
  for (std::string_view* text : texts) {
    const std::size_t size = rest.size() < 2 ? rest.size() : load_be<std::uint16_t>(rest.data());
    if (rest.size() < 2 + size) {
      return fail(Errc::malformed, "session: a frame that ends too early");
    }
    *text = as_text(rest.subspan(2, size));
    rest = rest.subspan(2 + size);
  }
  out.content = rest;
  return out;
}

Result<Buffer> write_session_frame(const SessionFrame& frame) {
  Buffer out;
  append(out, frame_begin);
  append(out, pack_token(frame.token));
  for (const std::string_view text :
       {frame.method, frame.target, frame.meaning[0], frame.meaning[1], frame.meaning[2]}) {
    if (text.size() > text_bytes_max) {
      return fail(Errc::too_large, "session: a text over 65,535 bytes");
    }
    std::uint8_t size[2];
    store_be(size, static_cast<std::uint16_t>(text.size()));
    append(out, size);
    append(out, as_bytes(text));
  }
  append(out, frame.content);
  return out;
}

SessionKey derive_session_key(const xwing::SharedSecret& secret, const SessionId& id,
                              const KeyId& key, Bytes exporter) noexcept {
  SessionKey out;
  keccak::kmac256(out.fill(), secret.expose(), as_bytes("v100 session key"), {id, key, exporter});
  return out;
}

keccak::Kmac256 start_session_mac(const SessionKey& key) noexcept {
  return keccak::Kmac256(key.expose(), as_bytes("v100 session request"));
}

ByteArray<mac_bytes> session_mac(const keccak::Kmac256& started, const MacClaims& claims) noexcept {
  keccak::Kmac256 mac = started;
  Feed feed(mac);
  feed.add(claims.token.id);
  feed.number(claims.token.sequence);
  feed.number(static_cast<std::uint64_t>(claims.token.created));
  feed.add(claims.digest);
  feed.text(claims.method);
  std::uint8_t room[512];
  BoundedText authority(room);
  append_authority(authority, claims.scheme, claims.authority);
  feed.text(as_text(authority.written()));
  feed.text(claims.target);
  for (const std::string_view value : claims.meaning) {
    feed.text(value);
  }
  feed.flush();
  ByteArray<mac_bytes> out;
  mac.finish(out);
  return out;
}

}  // namespace v100::auth
