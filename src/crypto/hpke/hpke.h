// HPKE (RFC 9180) with the post-quantum and hybrid KEMs and the one-stage KDFs of
// draft-ietf-hpke-pq and draft-ietf-hpke-hpke: encrypt to a public key, with or without a
// pre-shared key, and (for the KEMs of RFC 9180) with the sender's key. Native, on libcrypto. A
// context belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/aead/aead.h"
#include "crypto/hpke/secret_bytes.h"

namespace v100 {
class Random;
}

namespace v100::hpke {

// Code points of the IANA registry. Take X-Wing where the choice is yours.
enum class Kem : std::uint16_t {
  p256 = 0x0010,
  p384 = 0x0011,
  p521 = 0x0012,
  x25519 = 0x0020,
  x448 = 0x0021,
  mlkem512 = 0x0040,
  mlkem768 = 0x0041,
  mlkem1024 = 0x0042,
  mlkem768_p256 = 0x0050,
  xwing = 0x647a,
};
enum class Kdf : std::uint16_t {
  hkdf_sha256 = 0x0001,
  hkdf_sha384 = 0x0002,
  hkdf_sha512 = 0x0003,
  shake128 = 0x0010,
  shake256 = 0x0011,
};
enum class Aead : std::uint16_t {
  aes_128_gcm = 0x0001,
  aes_256_gcm = 0x0002,
  chacha20_poly1305 = 0x0003,
  export_only = 0xffff,
};
struct Suite {
  Kem kem;
  Kdf kdf;
  Aead aead;
  // unsupported: an id that is none of the above.
  static Result<Suite> from_ids(std::uint16_t kem, std::uint16_t kdf, std::uint16_t aead) noexcept;
};

struct KeyPair {
  Buffer public_key;
  SecretBytes private_key;
};
// DeriveKeyPair of each KEM. malformed: fewer bytes of ikm than a private key has.
Result<KeyPair> derive_key_pair(Kem kem, Bytes ikm);
KeyPair generate_key_pair(Kem kem, Random& random);

// What both sides know beside the keys. A pre-shared key is at least 32 bytes and comes with an id;
// both empty means there is none. `sender_key` is the sender's private key at the sender and its
// public key at the receiver; empty means the sender stays unnamed.
struct Terms {
  Bytes info = {};
  Bytes psk = {};
  Bytes psk_id = {};
  Bytes sender_key = {};
};

// One direction of messages, numbered from 0. Both sides must keep the same order.
class Context {
 public:
  Context(Context&&) noexcept;
  Context& operator=(Context&&) noexcept;
  ~Context();

  // The ciphertext with its tag: 16 bytes more. unsupported: the suite only exports.
  Result<Buffer> seal(Bytes additional, Bytes plaintext);
  // unauthenticated: not what the sender sealed as its next message; the number then stays.
  Result<Buffer> open(Bytes additional, Bytes ciphertext);
  // A secret of `size` bytes bound to the context. too_large: more than the KDF gives.
  Result<SecretBytes> export_secret(Bytes exporter_context, std::size_t size) const;

  // For vectors.
  Bytes exporter_secret() const noexcept { return exporter_secret_.expose(); }
  Bytes key() const noexcept { return key_.expose(); }
  FixedBytes<12> base_nonce() const noexcept { return base_nonce_; }

 private:
  friend Result<Context> schedule(const Suite& suite, std::uint8_t mode, Bytes shared_secret,
                                  const Terms& terms);
  Context() = default;
  Result<ByteArray<12>> next_nonce() const noexcept;

  Suite suite_{};
  SecretBytes key_;
  ByteArray<12> base_nonce_{};
  SecretBytes exporter_secret_;
  std::optional<crypto::Aead> aead_;
  std::uint64_t sequence_ = 0;
};

struct Sender {
  Buffer enc;  // to send before the first message
  Context context;
};

// malformed: a key of the wrong length or that its KEM refuses, or half a pre-shared key;
// forbidden: a point of small order; unsupported: sender_key with a KEM that has no such mode.
Result<Sender> setup_sender(const Suite& suite, Bytes public_key, const Terms& terms,
                            Random& random);
// The same with the KEM's randomness given (ikmE): for vectors.
Result<Sender> setup_sender_internal(const Suite& suite, Bytes public_key, const Terms& terms,
                                     Bytes randomness);
// Errors as above. A wrong `enc` of a post-quantum KEM shows with the first message only.
Result<Context> setup_receiver(const Suite& suite, Bytes enc, Bytes private_key,
                               const Terms& terms);

}  // namespace v100::hpke
