#include "svc/attest/batch_record.h"

#include "svc/codec.h"

namespace v100::attest {
namespace {

constexpr std::uint32_t magic = 0x56415231;  // "VAR1"
constexpr std::size_t checksum_bytes = 8;

}  // namespace

void append_record(Buffer& out, const BatchRecord& r) {
  Encoder encoder;
  encoder.put(magic).put(r.claim.time_ms).put(r.claim.start).put(r.end).put(r.durable);
  const Buffer body = encoder.raw(r.claim.sha3_root).raw(r.root).raw(r.signature).take();
  const merkle::Hash sum = merkle::sha256({body});
  append(out, body);
  append(out, Bytes(sum).first(checksum_bytes));
}

Result<BatchRecord> parse_record(FixedBytes<BatchRecord::size> bytes) {
  const Bytes body = bytes.first<BatchRecord::size - checksum_bytes>();
  const merkle::Hash sum = merkle::sha256({body});
  Decoder in(body);
  if (in.get<std::uint32_t>() != magic ||
      !same(Bytes(sum).first(checksum_bytes), bytes.last<checksum_bytes>())) {
    return fail(Errc::malformed, "attest: a batch record that is torn");
  }
  BatchRecord out;
  out.claim.time_ms = in.get<std::uint64_t>();
  out.claim.start = in.get<std::uint64_t>();
  out.end = in.get<std::uint64_t>();
  out.durable = in.get<std::uint64_t>();
  out.claim.sha3_root = in.fixed<32>();
  out.root = in.fixed<32>();
  out.signature = in.fixed<mldsa::Mldsa65::signature_bytes>();
  if (!in.done() || out.claim.start >= out.end || out.durable >= out.end) {
    return fail(Errc::malformed, "attest: a batch record that contradicts itself");
  }
  return out;
}

}  // namespace v100::attest
