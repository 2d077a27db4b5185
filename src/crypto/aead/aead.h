// AEAD and the small symmetric pieces around it (AES-GCM, ChaCha20-Poly1305, HKDF, HMAC), natively
// on libcrypto. Contexts are kept: keying costs about a microsecond, a packet a third of one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"

namespace v100::crypto {

enum class AeadAlgorithm : std::uint8_t { aes_128_gcm, aes_256_gcm, chacha20_poly1305 };

inline constexpr std::size_t aead_tag_bytes = 16;
inline constexpr std::size_t aead_nonce_bytes = 12;
constexpr std::size_t key_bytes(AeadAlgorithm a) noexcept {
  return a == AeadAlgorithm::aes_128_gcm ? 16 : 32;
}

// One key, ready for use. Movable, one thread at a time. The caller never repeats a nonce.
class Aead {
 public:
  // `key` must be key_bytes(algorithm) long (CHECK). The key schedule is wiped when it dies.
  Aead(AeadAlgorithm algorithm, Bytes key);
  ~Aead();
  Aead(Aead&&) noexcept;
  Aead& operator=(Aead&&) noexcept;

  // Encrypts `text` in place and writes the tag. `text` may be empty.
  void seal(FixedMutBytes<aead_tag_bytes> tag, MutBytes text, FixedBytes<aead_nonce_bytes> nonce,
            Bytes additional) noexcept;
  // Decrypts `text` in place when the tag is right; else unauthenticated, and `text` is zeroed.
  Result<void> open(MutBytes text, FixedBytes<aead_tag_bytes> tag,
                    FixedBytes<aead_nonce_bytes> nonce, Bytes additional) noexcept;

  struct State;  // for the implementations

 private:
  std::unique_ptr<State> state_;
};

// Which code does AES-GCM in this process: "avx512" (ours) or "openssl". V100_KERNEL lowers it.
const char* gcm_kernel_name() noexcept;

// AES in counter mode (SP 800-38A §6.5), for AES-CM of RFC 3711 and its key derivation.
class AesCtr {
 public:
  explicit AesCtr(Bytes key);  // 16, 24 or 32 bytes (CHECK)
  ~AesCtr();
  AesCtr(AesCtr&&) noexcept;
  AesCtr& operator=(AesCtr&&) noexcept;
  void apply(MutBytes text, FixedBytes<16> counter) noexcept;  // XORs the key stream

 private:
  struct State;
  std::unique_ptr<State> state_;
};

enum class Digest : std::uint8_t { sha1, sha256, sha384, sha512 };
constexpr std::size_t digest_bytes(Digest d) noexcept {
  return d == Digest::sha1 ? 20 : d == Digest::sha256 ? 32 : d == Digest::sha384 ? 48 : 64;
}

// HMAC (RFC 2104) with the key kept. `mac` is at most digest_bytes long: truncated from the left.
class Hmac {
 public:
  Hmac(Digest digest, Bytes key);
  ~Hmac();
  Hmac(Hmac&&) noexcept;
  Hmac& operator=(Hmac&&) noexcept;
  // The MAC over a followed by b (either may be empty).
  void compute(MutBytes mac, Bytes a, Bytes b) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// SHA-1/2 of one message; `out` is exactly digest_bytes long (CHECK).
void hash(MutBytes out, Digest digest, Bytes message) noexcept;

// HKDF (RFC 5869). `prk` is exactly digest_bytes long (CHECK); `out` at most 255 times that
// (CHECK).
void hkdf_extract(MutBytes prk, Digest digest, Bytes salt, Bytes input) noexcept;
void hkdf_expand(MutBytes out, Digest digest, Bytes prk, Bytes info) noexcept;

}  // namespace v100::crypto
