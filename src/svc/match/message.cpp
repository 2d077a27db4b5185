#include "svc/match/message.h"

#include <array>

#include "crypto/keccak/keccak.h"
#include "he/bfv/serial.h"
#include "svc/codec.h"

namespace v100::match {
namespace {

constexpr std::uint8_t version = 1;
constexpr std::size_t signature_bytes = mldsa::Mldsa65::signature_bytes;
// The largest ciphertext: N = 8192, three parts of 138 bits a coefficient.
constexpr std::size_t payload_max = 512 * 1024;
constexpr std::uint8_t answer_magic[4] = {'V', '1', 'M', 'A'};

ByteArray<32> sha3(Bytes bytes) {
  ByteArray<32> out;
  keccak::sha3_256(out, {bytes});
  return out;
}

void put(Encoder& out, const Header& h) {
  out.put(version).raw(h.params).raw(h.key).raw(h.batch);
  out.put(static_cast<std::uint64_t>(h.time.value())).put(h.policy);
  out.count(h.users.size());
  for (const UserId& user : h.users) {
    out.raw(user);
  }
  out.raw(h.ciphertext);
}

Header get_header(Decoder& in, bool& good) {
  Header h;
  good = good && in.get<std::uint8_t>() == version;
  h.params = in.fixed<8>();
  h.key = in.fixed<32>();
  h.batch = in.fixed<16>();
  h.time = WallTime(static_cast<std::int64_t>(in.get<std::uint64_t>()));
  h.policy = in.get<std::uint32_t>();
  const std::size_t count = in.count(slots_max);
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    h.users.push_back(in.fixed<16>());
  }
  h.ciphertext = in.fixed<32>();
  good = good && h.time.value() >= 0;
  return h;
}

std::unexpected<Error> not_one() { return fail(Errc::malformed, "match: not such a message"); }

}  // namespace

KeyId key_id(const bfv::Params& params, const bfv::PublicKey& key) {
  return sha3(bfv::encode(params, key));
}

ByteArray<32> wide_hash(Bytes bytes) {
  constexpr std::size_t pieces = 8;
  const std::size_t each = (bytes.size() + pieces - 1) / pieces;
  std::array<ByteArray<32>, pieces> hashes;
  std::array<Bytes, pieces> messages;
  std::vector<FixedMutBytes<32>> outs(hashes.begin(), hashes.end());
  for (std::size_t i = 0; i < pieces; ++i) {
    const std::size_t from = std::min(i * each, bytes.size());
    messages[i] = bytes.subspan(from, std::min(each, bytes.size() - from));
  }
  keccak::sha3_256_batch(outs, messages);
  ByteArray<8> size;
  store_be(size.data(), static_cast<std::uint64_t>(bytes.size()));
  ByteArray<32> out;
  keccak::sha3_256(out, {size, Bytes(hashes[0].data(), sizeof hashes)});
  return out;
}

Buffer Header::bytes() const {
  Encoder out;
  put(out, *this);
  return out.take();
}

Buffer Decision::signed_bytes() const {
  Encoder out;
  out.put(version).raw(header).put(accepted).put(locked);
  return out.take();
}

Buffer encode(const ProbeMessage& m) {
  Encoder out;
  put(out, m.header);
  out.raw(m.signature).bytes(m.ciphertext);
  return out.take();
}

Result<ProbeMessage> decode_probe(Bytes bytes) {
  Decoder in(bytes);
  bool good = true;
  ProbeMessage m;
  m.header = get_header(in, good);
  m.signature = in.raw(signature_bytes);
  m.ciphertext = in.bytes(payload_max);
  if (!good || !in.done()) {
    return not_one();
  }
  return m;
}

Buffer encode(const AnswerMessage& m) {
  Encoder out;
  put(out, m.header);
  out.raw(m.packer_signature).raw(m.matcher_signature).bytes(m.answer);
  return out.take();
}

Result<AnswerMessage> decode_answer_message(Bytes bytes) {
  Decoder in(bytes);
  bool good = true;
  AnswerMessage m;
  m.header = get_header(in, good);
  m.packer_signature = in.raw(signature_bytes);
  m.matcher_signature = in.raw(signature_bytes);
  m.answer = in.bytes(payload_max);
  if (!good || !in.done()) {
    return not_one();
  }
  return m;
}

Buffer encode(const DecisionMessage& m) {
  Encoder out;
  out.raw(m.decision.signed_bytes()).raw(m.signature);
  return out.take();
}

Result<DecisionMessage> decode_decision(Bytes bytes) {
  Decoder in(bytes);
  DecisionMessage m;
  const bool good = in.get<std::uint8_t>() == version;
  m.decision.header = in.fixed<32>();
  m.decision.accepted = in.get<std::uint64_t>();
  m.decision.locked = in.get<std::uint64_t>();
  m.signature = in.raw(signature_bytes);
  if (!good || !in.done()) {
    return not_one();
  }
  return m;
}

Buffer answer_signed_bytes(const Header& header, Bytes answer) {
  Buffer out;
  append(out, sha3(header.bytes()));
  append(out, wide_hash(answer));
  return out;
}

namespace {

std::size_t sums_bytes(const bfv::Params& params) {
  std::size_t out = 0;
  for (std::size_t i = 0; i < params.limbs(); ++i) {
    out += params.n() / dimensions * params.width(i) / 8;
  }
  return out;
}

}  // namespace

Buffer encode(const bfv::Params& params, const Answer& answer) {
  Buffer out;
  append(out, answer_magic);
  const bool pair = answer.c2.limbs() != 0;
  append(out, ByteArray<4>{version, static_cast<std::uint8_t>(pair ? 2 : 1), 0, 0});
  append(out, params.id());
  bfv::append_packed(out, params, answer.c1);
  if (pair) {
    bfv::append_packed(out, params, answer.c2);
  }
  std::size_t at = out.size();
  const std::size_t slots = params.n() / dimensions;
  out.resize(at + sums_bytes(params));
  for (std::size_t i = 0; i < params.limbs(); ++i) {
    he::ring64_kernel().pack(out.data() + at, answer.sums.data() + i * slots, slots,
                             params.width(i));
    at += slots * params.width(i) / 8;
  }
  return out;
}

Result<Answer> decode_answer(const bfv::Params& params, Bytes bytes) {
  const std::size_t each = bfv::packed_bytes(params, params.limbs());
  if (bytes.size() < 16 || !same(bytes.first(4), answer_magic) || bytes[4] != version ||
      bytes[5] < 1 || bytes[5] > 2 || bytes[6] != 0 || bytes[7] != 0 ||
      bytes.size() != 16 + bytes[5] * each + sums_bytes(params)) {
    return fail(Errc::malformed, "match: not an answer");
  }
  if (!same(bytes.subspan(8, 8), params.id())) {
    return fail(Errc::unsupported, "match: an answer under other parameters");
  }
  Answer out;
  out.c1 = bfv::RnsPoly(params.n(), params.limbs());
  TRY(bfv::read_packed(out.c1, params, bytes.subspan(16, each)));
  if (bytes[5] == 2) {
    out.c2 = bfv::RnsPoly(params.n(), params.limbs());
    TRY(bfv::read_packed(out.c2, params, bytes.subspan(16 + each, each)));
  }
  const std::size_t slots = params.n() / dimensions;
  out.sums = he::Poly(params.limbs() * slots);
  Bytes rest = bytes.last(sums_bytes(params));
  for (std::size_t i = 0; i < params.limbs(); ++i) {
    std::uint64_t* to = out.sums.data() + i * slots;
    he::ring64_kernel().unpack(to, rest.data(), slots, params.width(i));
    rest = rest.subspan(slots * params.width(i) / 8);
    if (he::ring64_kernel().count_outside(to, slots, params.prime(i)) != 0) {
      return fail(Errc::malformed, "match: a sum is not below its prime");
    }
  }
  return out;
}

}  // namespace v100::match
