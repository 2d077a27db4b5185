// X25519MLKEM768 (draft-ietf-tls-ecdhe-mlkem), TLS group 0x11EC: key shares and the concatenated
// secret, ML-KEM first in all three. It binds nothing by itself: use it inside a handshake whose
// transcript is hashed, never elsewhere (X-Wing is for that). Native builds only.
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/hybrid/xwing.h"
#include "crypto/mlkem/mlkem.h"

namespace v100 {
class Random;
}

namespace v100::x25519mlkem768 {

using Mlkem = mlkem::Mlkem768;

inline constexpr std::uint16_t group_id = 0x11ec;
inline constexpr std::size_t client_share_bytes = Mlkem::ek_bytes + 32;  // ek || X25519: 1216
inline constexpr std::size_t server_share_bytes = Mlkem::ct_bytes + 32;  // ct || X25519: 1120
inline constexpr std::size_t secret_bytes = 64;                          // ML-KEM || X25519

using SharedSecret = Secret<secret_bytes, struct SharedSecretTag>;

// The client's half: made before the ClientHello, finished with the ServerHello, used once.
class Client {
 public:
  explicit Client(Random& random) noexcept;

  FixedBytes<client_share_bytes> share() const noexcept { return share_; }
  // malformed: wrong length; forbidden: an X25519 point of small order.
  Result<SharedSecret> finish(Bytes server_share) const noexcept;

 private:
  Client(Random& random, mlkem::KeyPair<Mlkem> pair) noexcept;

  mlkem::DecapsulationKey<Mlkem> dk_;
  xwing::X25519Scalar scalar_;
  ByteArray<client_share_bytes> share_;
};

struct Answer {
  ByteArray<server_share_bytes> share;  // to send
  SharedSecret secret;                  // to keep
};

// The server's half. malformed: wrong length or an encapsulation key that fails FIPS 203 §7.2;
// forbidden: an X25519 point of small order.
Result<Answer> answer(Bytes client_share, Random& random) noexcept;

}  // namespace v100::x25519mlkem768
