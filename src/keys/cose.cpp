// COSE_Key of kty AKP (RFC 9964), in deterministic CBOR (RFC 8949, section 4.2.1).
#include "keys/codec.h"
#include "keys/single_form.h"
#include "wire/cbor.h"

namespace v100::keys {

namespace {

constexpr std::int64_t label_kty = 1, label_alg = 3, label_pub = -1, label_priv = -2;
constexpr std::int64_t kty_akp = 7;
constexpr unsigned members_max = 16;  // kid, key_ops and the like may stand beside

// Labels and algorithm numbers are small.
Result<std::int64_t> small_integer(wire::CborReader& reader) noexcept {
  const std::int64_t value = TRY(reader.integer());
  if (value > INT32_MAX || value < INT32_MIN) {
    return fail(Errc::malformed, "key: a CBOR value that is no small integer");
  }
  return value;
}

Result<Buffer> write(const PublicKey& key, Bytes secret) {
  const std::int32_t number = info(key.algorithm).cose;
  if (number == 0) {
    return fail(Errc::unsupported, "key: no COSE algorithm number is registered for it");
  }
  Buffer out;
  out.reserve(key.bytes.size() + secret.size() + 32);
  wire::CborWriter writer(out);
  writer.map(secret.empty() ? 3 : 4).integer(label_kty).integer(kty_akp);
  writer.integer(label_alg).integer(number).integer(label_pub).bytes(key.bytes);
  if (!secret.empty()) {
    writer.integer(label_priv).bytes(secret);
  }
  return out;
}

struct Members {
  std::int64_t kty = 0, alg = 0;
  Bytes pub, priv;
  bool has_priv = false;
};

// Labels stand once each; the ones we do not know are passed over.
Result<Members> read_members(wire::CborReader& reader) {
  const std::uint64_t count = TRY(reader.map());
  if (count > members_max) {
    return fail(Errc::malformed, "key: not a COSE_Key");
  }
  Members members;
  std::int64_t seen[members_max];
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::int64_t label = TRY(small_integer(reader));
    for (std::uint64_t j = 0; j < i; ++j) {
      if (seen[j] == label) {
        return fail(Errc::malformed, "key: a COSE label that stands twice");
      }
    }
    seen[i] = label;
    if (label == label_kty) {
      members.kty = TRY(small_integer(reader));
    } else if (label == label_alg) {
      members.alg = TRY(small_integer(reader));
    } else if (label == label_pub) {
      members.pub = TRY(reader.bytes());
    } else if (label == label_priv) {
      members.priv = TRY(reader.bytes());
      members.has_priv = true;
    } else {
      TRY(reader.skip());
    }
  }
  return members;
}

}  // namespace

Result<Key> read_cose(Bytes cbor) {
  if (cbor.size() > key_file_bytes_max) {
    return fail(Errc::too_large, "key: the file is too large for a key");
  }
  wire::CborReader reader(cbor);
  const Members members = TRY(read_members(reader));
  if (!reader.empty()) {
    return fail(Errc::malformed, "key: bytes after the COSE_Key");
  }
  if (members.kty != kty_akp) {
    return fail(Errc::unsupported, "key: a COSE_Key that is not of kty AKP");
  }
  for (const Info& row : algorithms()) {
    if (row.cose == 0 || row.cose != members.alg) {
      continue;
    }
    PublicKey key = TRY(PublicKey::from(row.algorithm, members.pub));
    if (!members.has_priv) {
      return Key{std::move(key), std::nullopt};
    }
    PrivateKey secret = TRY(from_single_form(row.algorithm, members.priv));
    if (!same(secret.public_key().bytes, key.bytes)) {
      return fail(Errc::malformed, "key: the public key beside it is not its own");
    }
    return Key{std::move(key), std::move(secret)};
  }
  return fail(Errc::unsupported, "key: an algorithm that this build does not have");
}

Result<Buffer> write_cose(const PublicKey& key) { return write(key, {}); }

Result<SecretBytes> write_cose(const PrivateKey& key) {
  return SecretBytes(TRY(write(key.public_key(), TRY(single_form(key)))));
}

}  // namespace v100::keys
