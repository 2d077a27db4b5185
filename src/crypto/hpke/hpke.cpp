#include "crypto/hpke/hpke.h"

#include <limits>

#include "base/world.h"
#include "crypto/aead/aead.h"
#include "crypto/hpke/kdf.h"
#include "crypto/hpke/kem.h"

namespace v100::hpke {
namespace {

ByteArray<10> suite_id(const Suite& suite) noexcept {
  ByteArray<10> id = {'H', 'P', 'K', 'E'};
  store_be(id.data() + 4, static_cast<std::uint16_t>(suite.kem));
  store_be(id.data() + 6, static_cast<std::uint16_t>(suite.kdf));
  store_be(id.data() + 8, static_cast<std::uint16_t>(suite.aead));
  return id;
}

bool one_stage(Kdf kdf) noexcept { return kdf == Kdf::shake128 || kdf == Kdf::shake256; }
Shake shake_of(Kdf kdf) noexcept {
  return kdf == Kdf::shake128 ? Shake::shake128 : Shake::shake256;
}
crypto::Digest digest_of(Kdf kdf) noexcept {
  return kdf == Kdf::hkdf_sha256   ? crypto::Digest::sha256
         : kdf == Kdf::hkdf_sha384 ? crypto::Digest::sha384
                                   : crypto::Digest::sha512;
}
std::size_t hash_bytes(Kdf kdf) noexcept {
  return kdf == Kdf::shake128   ? 32
         : kdf == Kdf::shake256 ? 64
                                : crypto::digest_bytes(digest_of(kdf));
}

crypto::AeadAlgorithm algorithm_of(Aead aead) noexcept {
  return aead == Aead::aes_128_gcm   ? crypto::AeadAlgorithm::aes_128_gcm
         : aead == Aead::aes_256_gcm ? crypto::AeadAlgorithm::aes_256_gcm
                                     : crypto::AeadAlgorithm::chacha20_poly1305;
}
std::size_t key_bytes(Aead aead) noexcept {
  return aead == Aead::export_only ? 0 : crypto::key_bytes(algorithm_of(aead));
}

// RFC 9180 §5.1 (VerifyPSKInputs) and table 1. The limit is that of two-byte lengths.
Result<std::uint8_t> mode_of(const Suite& suite, const Terms& terms) noexcept {
  constexpr std::size_t most = 65535;
  if (terms.psk.empty() != terms.psk_id.empty()) {
    return fail(Errc::malformed, "hpke: a pre-shared key and its id come together");
  }
  if (!terms.psk.empty() && terms.psk.size() < 32) {
    return fail(Errc::malformed, "hpke: a pre-shared key has 32 bytes or more");
  }
  if (terms.psk.size() > most || terms.psk_id.size() > most || terms.info.size() > most) {
    return fail(Errc::too_large, "hpke: info, pre-shared key or its id is over 65,535 bytes");
  }
  if (!terms.sender_key.empty() && !has_auth(suite.kem)) {
    return fail(Errc::unsupported, "hpke: this KEM does not name the sender");
  }
  return static_cast<std::uint8_t>((terms.psk.empty() ? 0 : 1) |
                                   (terms.sender_key.empty() ? 0 : 2));
}

struct Secrets {
  SecretBytes key;
  SecretBytes base_nonce;
  SecretBytes exporter;
};

// RFC 9180 §5.1 (KeySchedule)
Secrets schedule_in_two(const Suite& suite, std::uint8_t mode, Bytes shared, const Terms& terms) {
  const ByteArray<10> id = suite_id(suite);
  const LabeledHkdf kdf(digest_of(suite.kdf), id);
  const SecretBytes psk_id_hash = kdf.extract({}, "psk_id_hash", terms.psk_id);
  const SecretBytes info_hash = kdf.extract({}, "info_hash", terms.info);
  const SecretBytes context = join({{&mode, 1}, psk_id_hash.expose(), info_hash.expose()});
  const SecretBytes secret = kdf.extract(shared, "secret", terms.psk);
  const auto part = [&](std::string_view label, std::size_t size) {
    return size == 0 ? SecretBytes() : kdf.expand(secret.expose(), label, context.expose(), size);
  };
  return {part("key", key_bytes(suite.aead)),
          part("base_nonce", suite.aead == Aead::export_only ? 0 : 12),
          part("exp", hash_bytes(suite.kdf))};
}

// draft-ietf-hpke-hpke (CombineSecrets_OneStage)
Secrets schedule_in_one(const Suite& suite, std::uint8_t mode, Bytes shared, const Terms& terms) {
  const ByteArray<10> id = suite_id(suite);
  const SecretBytes secrets =
      join({two_bytes(terms.psk.size()), terms.psk, two_bytes(shared.size()), shared});
  const SecretBytes context = join({{&mode, 1},
                                    two_bytes(terms.psk_id.size()),
                                    terms.psk_id,
                                    two_bytes(terms.info.size()),
                                    terms.info});
  const std::size_t key = key_bytes(suite.aead);
  const std::size_t nonce = suite.aead == Aead::export_only ? 0 : 12;
  const SecretBytes all = labeled_derive(shake_of(suite.kdf), id, secrets.expose(), "secret",
                                         context.expose(), key + nonce + hash_bytes(suite.kdf));
  return {SecretBytes(all.expose().first(key)), SecretBytes(all.expose().subspan(key, nonce)),
          SecretBytes(all.expose().subspan(key + nonce))};
}

}  // namespace

Result<Suite> Suite::from_ids(std::uint16_t kem, std::uint16_t kdf, std::uint16_t aead) noexcept {
  constexpr Kem kems[] = {Kem::p256,          Kem::p384,     Kem::p521,     Kem::x25519,
                          Kem::x448,          Kem::mlkem512, Kem::mlkem768, Kem::mlkem1024,
                          Kem::mlkem768_p256, Kem::xwing};
  constexpr Kdf kdfs[] = {Kdf::hkdf_sha256, Kdf::hkdf_sha384, Kdf::hkdf_sha512, Kdf::shake128,
                          Kdf::shake256};
  constexpr Aead aeads[] = {Aead::aes_128_gcm, Aead::aes_256_gcm, Aead::chacha20_poly1305,
                            Aead::export_only};
  const auto known = [](const auto& list, std::uint16_t id) {
    for (const auto one : list) {
      if (static_cast<std::uint16_t>(one) == id) {
        return true;
      }
    }
    return false;
  };
  if (!known(kems, kem) || !known(kdfs, kdf) || !known(aeads, aead)) {
    return fail(Errc::unsupported, "hpke: a KEM, KDF or AEAD that we do not have");
  }
  return Suite{static_cast<Kem>(kem), static_cast<Kdf>(kdf), static_cast<Aead>(aead)};
}

Context::Context(Context&&) noexcept = default;
Context& Context::operator=(Context&&) noexcept = default;
Context::~Context() = default;

Result<Context> schedule(const Suite& suite, std::uint8_t mode, Bytes shared_secret,
                         const Terms& terms) {
  Secrets secrets = one_stage(suite.kdf) ? schedule_in_one(suite, mode, shared_secret, terms)
                                         : schedule_in_two(suite, mode, shared_secret, terms);
  Context context;
  context.suite_ = suite;
  context.exporter_secret_ = std::move(secrets.exporter);
  if (suite.aead != Aead::export_only) {
    context.key_ = std::move(secrets.key);
    copy(context.base_nonce_, secrets.base_nonce.expose());
    context.aead_.emplace(algorithm_of(suite.aead), context.key_.expose());
  }
  return context;
}

// RFC 9180 §5.2 (ComputeNonce)
Result<ByteArray<12>> Context::next_nonce() const noexcept {
  if (!aead_.has_value()) {
    return fail(Errc::unsupported, "hpke: this suite exports secrets and encrypts nothing");
  }
  if (sequence_ == std::numeric_limits<std::uint64_t>::max()) {
    return fail(Errc::too_large, "hpke: no message numbers are left");
  }
  ByteArray<12> nonce = base_nonce_;
  for (std::size_t i = 0; i < 8; ++i) {
    nonce[11 - i] = static_cast<std::uint8_t>(nonce[11 - i] ^ (sequence_ >> (8 * i)));
  }
  return nonce;
}

Result<Buffer> Context::seal(Bytes additional, Bytes plaintext) {
  const ByteArray<12> nonce = TRY(next_nonce());
  Buffer out(plaintext.size() + crypto::aead_tag_bytes);
  const MutBytes text = MutBytes(out).first(plaintext.size());
  copy(text, plaintext);
  aead_->seal(MutBytes(out).last<crypto::aead_tag_bytes>(), text, nonce, additional);
  ++sequence_;
  return out;
}

Result<Buffer> Context::open(Bytes additional, Bytes ciphertext) {
  const ByteArray<12> nonce = TRY(next_nonce());
  if (ciphertext.size() < crypto::aead_tag_bytes) {
    return fail(Errc::malformed, "hpke: a ciphertext shorter than its tag");
  }
  Buffer out = to_buffer(ciphertext.first(ciphertext.size() - crypto::aead_tag_bytes));
  TRY(aead_->open(out, ciphertext.last<crypto::aead_tag_bytes>(), nonce, additional));
  ++sequence_;
  return out;
}

Result<SecretBytes> Context::export_secret(Bytes exporter_context, std::size_t size) const {
  const ByteArray<10> id = suite_id(suite_);
  if (size > (one_stage(suite_.kdf) ? 65535 : 255 * hash_bytes(suite_.kdf))) {
    return fail(Errc::too_large, "hpke: more bytes than this KDF gives");
  }
  if (one_stage(suite_.kdf)) {
    return labeled_derive(shake_of(suite_.kdf), id, exporter_secret_.expose(), "sec",
                          exporter_context, size);
  }
  return LabeledHkdf(digest_of(suite_.kdf), id)
      .expand(exporter_secret_.expose(), "sec", exporter_context, size);
}

Result<Sender> setup_sender_internal(const Suite& suite, Bytes public_key, const Terms& terms,
                                     Bytes randomness) {
  const std::uint8_t mode = TRY(mode_of(suite, terms));
  KemOutput kem = TRY(encapsulate(suite.kem, public_key, terms.sender_key, randomness));
  Context context = TRY(schedule(suite, mode, kem.shared_secret.expose(), terms));
  return Sender{std::move(kem.enc), std::move(context)};
}

Result<Sender> setup_sender(const Suite& suite, Bytes public_key, const Terms& terms,
                            Random& random) {
  SecretBytes randomness(randomness_bytes(suite.kem));
  random.fill(randomness.fill());
  return setup_sender_internal(suite, public_key, terms, randomness.expose());
}

Result<Context> setup_receiver(const Suite& suite, Bytes enc, Bytes private_key,
                               const Terms& terms) {
  const std::uint8_t mode = TRY(mode_of(suite, terms));
  const SecretBytes shared = TRY(decapsulate(suite.kem, enc, private_key, terms.sender_key));
  return schedule(suite, mode, shared.expose(), terms);
}

}  // namespace v100::hpke
