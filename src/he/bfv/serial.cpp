#include "he/bfv/serial.h"

#include "base/ct.h"

namespace v100::he::bfv {
namespace {

constexpr std::uint8_t version = 1;
constexpr std::uint8_t magic[4] = {'V', '1', 'B', 'F'};

void append_head(Buffer& out, const Params& params, Kind kind, std::size_t parts,
                 std::size_t limbs) {
  append(out, magic);
  out.push_back(version);
  out.push_back(static_cast<std::uint8_t>(kind));
  out.push_back(static_cast<std::uint8_t>(parts));
  out.push_back(static_cast<std::uint8_t>(limbs));
  append(out, params.id());
}

struct Head {
  Kind kind;
  std::size_t parts;
  std::size_t limbs;
  Bytes rest;
};

Result<Head> read_head(const Params& params, Bytes bytes) {
  if (bytes.size() < head_bytes || !same(bytes.first(4), magic) || bytes[4] != version ||
      bytes[5] < 1 || bytes[5] > 4) {
    return fail(Errc::malformed, "bfv: not one of our objects");
  }
  if (!same(bytes.subspan(8, 8), params.id())) {
    return fail(Errc::unsupported, "bfv: made for other parameters");
  }
  const Head head{static_cast<Kind>(bytes[5]), bytes[6], bytes[7], bytes.subspan(head_bytes)};
  if (head.limbs < 1 || head.limbs > params.limbs()) {
    return fail(Errc::malformed, "bfv: a number of primes that cannot be");
  }
  return head;
}

// Off the factor 2^52 of kept keys.
RnsPoly plain_copy(const Params& params, const RnsPoly& x) {
  RnsPoly out = x.copy();
  RnsPoly unit(params.n(), 1);
  for (std::size_t k = 0; k < params.n(); ++k) {
    unit.limb(0)[k] = 1;
  }
  for (std::size_t i = 0; i < x.limbs(); ++i) {
    params.ntt(i).multiply(out.limb(i), out.limb(i), unit.limb(0));
  }
  return out;
}

}  // namespace

std::size_t packed_bytes(const Params& params, std::size_t limbs) noexcept {
  std::size_t out = 0;
  for (std::size_t i = 0; i < limbs; ++i) {
    out += params.n() * params.width(i) / 8;
  }
  return out;
}

void append_packed(Buffer& out, const Params& params, const RnsPoly& x) {
  std::size_t at = out.size();
  out.resize(at + packed_bytes(params, x.limbs()));
  for (std::size_t i = 0; i < x.limbs(); ++i) {
    ring64_kernel().pack(out.data() + at, x.limb(i), params.n(), params.width(i));
    at += params.n() * params.width(i) / 8;
  }
}

Result<void> read_packed(RnsPoly& x, const Params& params, Bytes bytes) {
  CHECK(bytes.size() == packed_bytes(params, x.limbs()));
  std::size_t at = 0;
  for (std::size_t i = 0; i < x.limbs(); ++i) {
    ring64_kernel().unpack(x.limb(i), bytes.data() + at, params.n(), params.width(i));
    at += params.n() * params.width(i) / 8;
    if (ring64_kernel().count_outside(x.limb(i), params.n(), params.prime(i)) != 0) {
      return fail(Errc::malformed, "bfv: a residue is not below its prime");
    }
  }
  return {};
}

Buffer encode(const Params& params, const Ciphertext& c) {
  Buffer out;
  const bool seeded = c.seed.has_value() && c.limbs() == params.limbs();
  append_head(out, params, seeded ? Kind::seeded : Kind::ciphertext, c.parts.size(), c.limbs());
  if (seeded) {
    append(out, *c.seed);
    append_packed(out, params, c.parts[0]);
  } else {
    for (const RnsPoly& part : c.parts) {
      append_packed(out, params, part);
    }
  }
  return out;
}

Result<Ciphertext> decode_ciphertext(const Params& params, Bytes bytes) {
  const Head head = TRY(read_head(params, bytes));
  const bool seeded = head.kind == Kind::seeded;
  if ((!seeded && head.kind != Kind::ciphertext) || head.parts < 2 || head.parts > 3 ||
      (seeded && (head.parts != 2 || head.limbs != params.limbs()))) {
    return fail(Errc::malformed, "bfv: not a ciphertext");
  }
  const std::size_t each = packed_bytes(params, head.limbs);
  const std::size_t sent = seeded ? 1 : head.parts;
  const std::size_t lead = seeded ? sizeof(Seed) : 0;
  if (head.rest.size() != lead + sent * each) {
    return fail(Errc::malformed, "bfv: a ciphertext of the wrong length");
  }
  Ciphertext out;
  for (std::size_t k = 0; k < head.parts; ++k) {
    out.parts.emplace_back(params.n(), head.limbs);
  }
  for (std::size_t k = 0; k < sent; ++k) {
    TRY(read_packed(out.parts[k], params, head.rest.subspan(lead + k * each, each)));
  }
  if (seeded) {
    out.seed.emplace();
    copy(*out.seed, head.rest.first(sizeof(Seed)));
    expand_uniform(out.parts[1], params, *out.seed);
  }
  return out;
}

Buffer encode(const Params& params, const PublicKey& key) {
  Buffer out;
  append_head(out, params, Kind::public_key, 1, params.limbs());
  append(out, key.seed);
  append_packed(out, params, plain_copy(params, key.b));
  return out;
}

Result<PublicKey> decode_public_key(const Params& params, Bytes bytes) {
  const Head head = TRY(read_head(params, bytes));
  const std::size_t each = packed_bytes(params, params.limbs());
  if (head.kind != Kind::public_key || head.parts != 1 || head.limbs != params.limbs() ||
      head.rest.size() != sizeof(Seed) + each) {
    return fail(Errc::malformed, "bfv: not a public key");
  }
  PublicKey out;
  copy(out.seed, head.rest.first(sizeof(Seed)));
  out.a = RnsPoly(params.n(), params.limbs());
  out.b = RnsPoly(params.n(), params.limbs());
  TRY(read_packed(out.b, params, head.rest.subspan(sizeof(Seed))));
  expand_uniform(out.a, params, out.seed);
  for (std::size_t i = 0; i < params.limbs(); ++i) {
    params.ntt(i).to_montgomery(out.a.limb(i));
    params.ntt(i).to_montgomery(out.b.limb(i));
  }
  return out;
}

Buffer encode_secret(const Params& params, const SecretKey& key) {
  Buffer out;
  append_head(out, params, Kind::secret_key, 1, params.limbs());
  const std::span<const std::int8_t> c = key.expose();
  for (std::size_t i = 0; i < c.size(); i += 4) {
    unsigned byte = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      byte |= static_cast<unsigned>(c[i + k] + 1) << (2 * k);
    }
    out.push_back(static_cast<std::uint8_t>(byte));
  }
  return out;
}

Result<SecretKey> decode_secret_key(const Params& params, Bytes bytes) {
  const Head head = TRY(read_head(params, bytes));
  if (head.kind != Kind::secret_key || head.parts != 1 || head.limbs != params.limbs() ||
      head.rest.size() != params.n() / 4) {
    return fail(Errc::malformed, "bfv: not a secret key");
  }
  std::vector<std::int8_t> c(params.n());
  for (std::size_t i = 0; i < c.size(); ++i) {
    c[i] = static_cast<std::int8_t>(((head.rest[i / 4] >> (2 * (i % 4))) & 3) - 1);
  }
  Result<SecretKey> key = SecretKey::from(params, c);
  wipe({reinterpret_cast<std::uint8_t*>(c.data()), c.size()});
  return key;
}

}  // namespace v100::he::bfv
