#include "crypto/hpke/curves.h"

#include <memory>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>

#include "base/ct.h"

namespace v100::hpke {
namespace {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
using Group = std::unique_ptr<EC_GROUP, Freer<EC_GROUP_free>>;
using Point = std::unique_ptr<EC_POINT, Freer<EC_POINT_clear_free>>;
using Number = std::unique_ptr<BIGNUM, Freer<BN_clear_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freer<EVP_PKEY_CTX_free>>;

constexpr Curve curves[] = {
    {NID_X9_62_prime256v1, 0, 32, 65, 32}, {NID_secp384r1, 0, 48, 97, 48},
    {NID_secp521r1, 0, 66, 133, 66},       {0, EVP_PKEY_X25519, 32, 32, 32},
    {0, EVP_PKEY_X448, 56, 56, 56},
};

Number scalar_number(const EC_GROUP* group, Bytes scalar) noexcept {
  Number number(BN_bin2bn(scalar.data(), static_cast<int>(scalar.size()), nullptr));
  CHECK(number != nullptr);
  BN_set_flags(number.get(), BN_FLG_CONSTTIME);
  if (BN_is_zero(number.get()) || BN_cmp(number.get(), EC_GROUP_get0_order(group)) >= 0) {
    return nullptr;
  }
  return number;
}

Group group_of(const Curve& curve) noexcept {
  Group group(EC_GROUP_new_by_curve_name(curve.nist_curve));
  CHECK(group != nullptr);
  return group;
}

// A null pointer when bytes are not a point in uncompressed form.
Point point_of(const Curve& curve, const EC_GROUP* group, Bytes bytes) noexcept {
  Point point(EC_POINT_new(group));
  CHECK(point != nullptr);
  if (bytes.size() != curve.public_bytes || bytes[0] != POINT_CONVERSION_UNCOMPRESSED ||
      EC_POINT_oct2point(group, point.get(), bytes.data(), bytes.size(), nullptr) != 1) {
    ERR_clear_error();
    return nullptr;
  }
  return point;
}

Error bad_private() noexcept { return {Errc::malformed, "hpke: not a private key of this KEM"}; }
Error bad_public() noexcept { return {Errc::malformed, "hpke: not a public key of this KEM"}; }

Result<Buffer> nist_public(const Curve& curve, Bytes scalar) {
  const Group group = group_of(curve);
  const Number number = scalar_number(group.get(), scalar);
  if (number == nullptr) {
    return std::unexpected(bad_private());
  }
  const Point point(EC_POINT_new(group.get()));
  Buffer out(curve.public_bytes);
  CHECK(point != nullptr &&
        EC_POINT_mul(group.get(), point.get(), number.get(), nullptr, nullptr, nullptr) == 1 &&
        EC_POINT_point2oct(group.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED, out.data(),
                           out.size(), nullptr) == out.size());
  return out;
}

// The x coordinate (RFC 9180 §4.1). The order is prime, so no valid input gives infinity.
Result<SecretBytes> nist_shared(const Curve& curve, Bytes scalar, Bytes point) {
  const Group group = group_of(curve);
  const Number number = scalar_number(group.get(), scalar);
  if (number == nullptr) {
    return std::unexpected(bad_private());
  }
  const Point peer = point_of(curve, group.get(), point);
  if (peer == nullptr) {
    return std::unexpected(bad_public());
  }
  const Point product(EC_POINT_new(group.get()));
  const Number x(BN_new());
  SecretBytes out(curve.shared_bytes);
  CHECK(product != nullptr && x != nullptr &&
        EC_POINT_mul(group.get(), product.get(), nullptr, peer.get(), number.get(), nullptr) == 1 &&
        EC_POINT_get_affine_coordinates(group.get(), product.get(), x.get(), nullptr, nullptr) ==
            1 &&
        BN_bn2binpad(x.get(), out.fill().data(), static_cast<int>(out.size())) ==
            static_cast<int>(out.size()));
  return out;
}

Result<Buffer> x_public(const Curve& curve, Bytes scalar) {
  const Key key(EVP_PKEY_new_raw_private_key(curve.x_curve, nullptr, scalar.data(), scalar.size()));
  Buffer out(curve.public_bytes);
  std::size_t size = out.size();
  CHECK(key != nullptr && EVP_PKEY_get_raw_public_key(key.get(), out.data(), &size) == 1 &&
        size == out.size());
  return out;
}

Result<SecretBytes> x_shared(const Curve& curve, Bytes scalar, Bytes point) {
  const Key key(EVP_PKEY_new_raw_private_key(curve.x_curve, nullptr, scalar.data(), scalar.size()));
  const Key peer(EVP_PKEY_new_raw_public_key(curve.x_curve, nullptr, point.data(), point.size()));
  CHECK(key != nullptr && peer != nullptr);
  const KeyContext context(EVP_PKEY_CTX_new(key.get(), nullptr));
  CHECK(context != nullptr && EVP_PKEY_derive_init(context.get()) == 1);
  SecretBytes out(curve.shared_bytes);
  std::size_t size = out.size();
  const Buffer zeros(curve.shared_bytes);
  if (EVP_PKEY_derive_set_peer(context.get(), peer.get()) != 1 ||
      EVP_PKEY_derive(context.get(), out.fill().data(), &size) != 1 || size != out.size() ||
      ct::declassify(ct::equal(out.expose(), zeros), "an all-zero result is refused aloud")) {
    ERR_clear_error();
    return fail(Errc::forbidden, "hpke: the peer's point has small order");
  }
  return out;
}

}  // namespace

const Curve& curve_of(Kem kem) noexcept {
  switch (kem) {
    case Kem::p256:
      return curves[0];
    case Kem::p384:
      return curves[1];
    case Kem::p521:
      return curves[2];
    case Kem::x25519:
      return curves[3];
    default:
      CHECK(kem == Kem::x448);
      return curves[4];
  }
}

bool is_scalar(const Curve& curve, Bytes scalar) noexcept {
  if (scalar.size() != curve.private_bytes) {
    return false;
  }
  return curve.nist_curve == 0 || scalar_number(group_of(curve).get(), scalar) != nullptr;
}

Result<Buffer> public_of(const Curve& curve, Bytes scalar) {
  if (scalar.size() != curve.private_bytes) {
    return std::unexpected(bad_private());
  }
  return curve.nist_curve != 0 ? nist_public(curve, scalar) : x_public(curve, scalar);
}

Result<SecretBytes> diffie_hellman(const Curve& curve, Bytes scalar, Bytes point) {
  if (scalar.size() != curve.private_bytes) {
    return std::unexpected(bad_private());
  }
  if (point.size() != curve.public_bytes) {
    return std::unexpected(bad_public());
  }
  return curve.nist_curve != 0 ? nist_shared(curve, scalar, point) : x_shared(curve, scalar, point);
}

}  // namespace v100::hpke
