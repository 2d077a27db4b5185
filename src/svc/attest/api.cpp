#include "svc/attest/api.h"

#include "crypto/keccak/keccak.h"
#include "svc/codec.h"

namespace v100::attest {

using merkle::Reference;

merkle::Leaf key_event(std::uint8_t service, Bytes state, const merkle::Hash& key) {
  merkle::Leaf out;
  out.kind = merkle::LeafKind::key_event;
  out.service = service;
  out.key = key;
  keccak::sha3_256(out.request, {state});
  return out;
}

Buffer encode(const Append& m) {
  Encoder out;
  out.put(static_cast<std::uint8_t>(m.leaf.kind)).put(static_cast<std::uint8_t>(m.leaf.lane));
  out.put(m.leaf.service).put(static_cast<std::uint64_t>(m.leaf.time.value()));
  out.raw(m.leaf.request).raw(m.leaf.answer).raw(m.leaf.key).flag(m.wait);
  return out.take();
}

Result<Append> decode_append(Bytes bytes) {
  Decoder in(bytes);
  Append out;
  const auto kind = in.get<std::uint8_t>();
  const auto lane = in.get<std::uint8_t>();
  out.leaf.service = in.get<std::uint8_t>();
  const auto time = in.get<std::uint64_t>();
  out.leaf.request = in.fixed<32>();
  out.leaf.answer = in.fixed<32>();
  out.leaf.key = in.fixed<32>();
  out.wait = in.flag();
  if (!in.done() || kind < 1 || kind > static_cast<std::uint8_t>(merkle::LeafKind::record) ||
      lane > static_cast<std::uint8_t>(merkle::Lane::internal) || time >> 63 != 0) {
    return fail(Errc::malformed, "attest: not an append");
  }
  out.leaf.kind = static_cast<merkle::LeafKind>(kind);
  out.leaf.lane = static_cast<merkle::Lane>(lane);
  out.leaf.time = WallTime(static_cast<std::int64_t>(time));
  return out;
}

Buffer encode(const Reference& m) {
  return Encoder().put(m.shard).put(m.sequence).raw(m.entry).raw(m.salt).take();
}

Result<Reference> decode_reference(Bytes bytes) {
  Decoder in(bytes);
  Reference out;
  out.shard = in.get<std::uint16_t>();
  out.sequence = in.get<std::uint64_t>();
  out.entry = in.fixed<32>();
  out.salt = in.fixed<merkle::salt_bytes>();
  if (!in.done()) {
    return fail(Errc::malformed, "attest: not a reference");
  }
  return out;
}

}  // namespace v100::attest
