// Diffie-Hellman on the curves of RFC 9180 §7.1, by libcrypto. Internal to hpke.
#pragma once

#include <optional>

#include "crypto/hpke/hpke.h"

namespace v100::hpke {

// Sizes of RFC 9180 §7.1. `nist_curve` is libcrypto's number of a NIST curve, or 0.
struct Curve {
  int nist_curve;
  int x_curve;  // libcrypto's number of X25519 or X448, or 0
  std::size_t private_bytes;
  std::size_t public_bytes;
  std::size_t shared_bytes;
};
const Curve& curve_of(Kem kem) noexcept;  // p256 .. x448

// Whether bytes are a private key: on a NIST curve a number from 1 to the order - 1.
bool is_scalar(const Curve& curve, Bytes scalar) noexcept;
// The public key of a private one. malformed: not a private key.
Result<Buffer> public_of(const Curve& curve, Bytes scalar);
// malformed: not a point of the curve, or not a private key; forbidden: the result is zero.
Result<SecretBytes> diffie_hellman(const Curve& curve, Bytes scalar, Bytes point);

}  // namespace v100::hpke
