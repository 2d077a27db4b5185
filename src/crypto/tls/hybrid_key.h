// One side's X25519MLKEM768 key as OpenSSL sees it: empty, the peer's share, or our own pair. What
// is computed is crypto/hybrid's.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "crypto/hybrid/x25519mlkem768.h"

namespace v100 {
class Random;
}

namespace v100::crypto {

inline constexpr std::size_t hybrid_client_share_bytes = x25519mlkem768::client_share_bytes;
inline constexpr std::size_t hybrid_server_share_bytes = x25519mlkem768::server_share_bytes;
inline constexpr std::size_t hybrid_secret_bytes = x25519mlkem768::secret_bytes;
// What generate() and encapsulate() draw: ML-KEM's seed or message, and an X25519 scalar.
inline constexpr std::size_t hybrid_generate_random_bytes = 64 + 32;
inline constexpr std::size_t hybrid_encapsulate_random_bytes = 32 + 32;

// Used by one handshake, on one thread.
class HybridKey {
 public:
  bool has_public() const noexcept { return peer_share_.has_value() || pair_.has_value(); }
  bool has_private() const noexcept { return pair_.has_value(); }

  void generate(Random& random) noexcept;  // a client's pair
  // FIPS 203 §7.2: false unless 1,216 bytes whose ML-KEM half passes the modulus check.
  bool set_public(Bytes client_share) noexcept;
  bool public_share(FixedMutBytes<hybrid_client_share_bytes> out) const noexcept;

  // The server's part. False: no share was set, or its X25519 point is of small order.
  bool encapsulate(FixedMutBytes<hybrid_server_share_bytes> server_share,
                   FixedMutBytes<hybrid_secret_bytes> secret, Random& random) const noexcept;
  // The client's part. False: no pair, a wrong size, or a point of small order.
  bool decapsulate(FixedMutBytes<hybrid_secret_bytes> secret, Bytes server_share) const noexcept;

 private:
  std::optional<ByteArray<hybrid_client_share_bytes>> peer_share_;
  std::optional<x25519mlkem768::Client> pair_;
};

}  // namespace v100::crypto
