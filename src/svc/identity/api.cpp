// Identity's bus messages.
#include "svc/identity/api.h"

#include "base/limits.h"
#include "svc/codec.h"

namespace v100::identity {

Buffer encode(const Verify& m) {
  return Encoder()
      .raw(m.address)
      .flag(m.seen)
      .bytes(m.device_key)
      .bytes(m.context)
      .bytes(m.message)
      .bytes(m.signature)
      .take();
}

Result<Verify> decode_verify(Bytes bytes) {
  Decoder in(bytes);
  Verify m;
  m.address = in.fixed<16>();
  m.seen = in.flag();
  m.device_key = in.bytes(e2ee::device_key_bytes);
  m.context = in.bytes(255);
  m.message = in.bytes(limits::ws_message_bytes + 64);
  m.signature = in.bytes(e2ee::signature_bytes);
  if (!in.done() || m.device_key.size() != e2ee::device_key_bytes ||
      m.signature.size() != e2ee::signature_bytes) {
    return fail(Errc::malformed, "identity: message breaks its format");
  }
  return m;
}

Buffer encode(const Device& m) {
  return Encoder()
      .put(static_cast<std::uint64_t>(m.first_seen.value()))
      .put(static_cast<std::uint64_t>(m.last_seen.value()))
      .flag(m.revoked)
      .take();
}

Result<Device> decode_device(Bytes bytes) {
  Decoder in(bytes);
  Device m;
  m.first_seen = WallTime(static_cast<std::int64_t>(in.get<std::uint64_t>()));
  m.last_seen = WallTime(static_cast<std::int64_t>(in.get<std::uint64_t>()));
  m.revoked = in.flag();
  if (!in.done()) {
    return fail(Errc::malformed, "identity: device record breaks its format");
  }
  return m;
}

}  // namespace v100::identity
