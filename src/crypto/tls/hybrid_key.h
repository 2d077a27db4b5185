// The two halves of X25519MLKEM768 as TLS 1.3 carries them (draft-ietf-tls-ecdhe-mlkem §4): shares
// are ML-KEM first, X25519 behind it, and so is the secret.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/secret.h"
#include "crypto/mlkem/mlkem.h"

namespace v100::crypto {

inline constexpr std::size_t x25519_bytes = 32;
inline constexpr std::size_t hybrid_client_share_bytes = mlkem::Mlkem768::ek_bytes + x25519_bytes;
inline constexpr std::size_t hybrid_server_share_bytes = mlkem::Mlkem768::ct_bytes + x25519_bytes;
inline constexpr std::size_t hybrid_secret_bytes = 64;
static_assert(hybrid_client_share_bytes == 1216 && hybrid_server_share_bytes == 1120);

// One side's key: empty, the peer's public half, or our own pair. Used by one handshake.
class HybridKey {
 public:
  bool has_public() const noexcept { return public_.has_value(); }
  bool has_private() const noexcept { return private_.has_value(); }

  bool generate() noexcept;  // a client's pair; false: OpenSSL's generator failed
  // FIPS 203 §7.2: false unless 1,216 bytes whose ML-KEM half passes the modulus check.
  bool set_public(Bytes client_share) noexcept;
  bool public_share(FixedMutBytes<hybrid_client_share_bytes> out) const noexcept;

  // The server's part. False: no public half, or an X25519 point of small order (all-zero result).
  bool encapsulate(FixedMutBytes<hybrid_server_share_bytes> server_share,
                   FixedMutBytes<hybrid_secret_bytes> secret) const noexcept;
  // The client's part. False: no pair, a wrong size, or an all-zero X25519 result.
  bool decapsulate(FixedMutBytes<hybrid_secret_bytes> secret, Bytes server_share) const noexcept;

 private:
  struct Public {
    mlkem::EncapsulationKey<mlkem::Mlkem768> ek;
    ByteArray<x25519_bytes> x25519;
  };
  struct Private {
    mlkem::DecapsulationKey<mlkem::Mlkem768> dk;
    Secret<x25519_bytes, struct X25519Tag> x25519;
  };
  std::optional<Public> public_;
  std::optional<Private> private_;
};

}  // namespace v100::crypto
