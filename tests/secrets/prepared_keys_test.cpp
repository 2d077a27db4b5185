// Broken if this fails (to compile): somebody could hand in an expanded key. One from outside can
// be made to accept any signature, so prepared keys come from raw keys alone, and nobody reads
// them.
#include <array>
#include <gtest/gtest.h>
#include <string_view>
#include <type_traits>
#include <vector>

#include "crypto/falcon/falcon.h"
#include "crypto/hybrid/xwing_native.h"
#include "crypto/mldsa/mldsa.h"
#include "crypto/mlkem/mlkem.h"

namespace v100 {
namespace {

// Names by which bytes might go in or out.
template <class T>
concept Readable = requires(T& t) { t.expose(); } || requires(T& t) { t.bytes(); } ||
                   requires(T& t) { t.data(); } || requires(T& t) { t.matrix(); } ||
                   requires(T& t) { t.write(); } || requires(T& t) { t.encode(); };
template <class T>
concept Writable = requires(T& t) { t.fill(); } || requires(Bytes b) { T::parse(b); } ||
                   requires(Bytes b) { T::from_bytes(b); } || requires(Bytes b) { T::read(b); } ||
                   requires(Bytes b) { T::from(b); } || requires(Bytes b) { T::load(b); };

template <class T, class... From>
constexpr bool none_makes = (!std::is_constructible_v<T, From> && ...);
template <class T, class... From>
constexpr bool none_assigns = (!std::is_assignable_v<T&, From> && ...);

template <class T>
using Whole = std::array<std::uint8_t, sizeof(T)>;

template <class T>
constexpr bool closed =
    !std::is_default_constructible_v<T> && !std::is_aggregate_v<T> &&
    none_makes<T, Bytes, MutBytes, FixedBytes<sizeof(T)>, Whole<T>, const Whole<T>&, Buffer,
               const Buffer&, std::string_view, const std::uint8_t*, const void*,
               const std::int32_t*, std::span<const std::int32_t>, std::span<const std::int16_t>,
               std::span<const double>> &&
    none_assigns<T, Bytes, Whole<T>, const Whole<T>&, Buffer, const void*> && !Readable<T> &&
    !Writable<T> && !std::is_polymorphic_v<T>;

// `Raw`, and of all keys only that one, explicitly.
template <class T, class Raw, class... Others>
constexpr bool made_from = std::is_constructible_v<T, const Raw&> &&
                           !std::is_convertible_v<const Raw&, T> && none_makes<T, const Others&...>;

// Secret ones also stay where they are.
template <class T>
constexpr bool stays = !std::is_copy_constructible_v<T> && !std::is_move_constructible_v<T> &&
                       !std::is_copy_assignable_v<T> && !std::is_move_assignable_v<T> &&
                       !std::is_trivially_copyable_v<T>;

template <class P>
constexpr bool mldsa_is_closed() {
  using namespace mldsa;
  using Verifier = PreparedVerifier<P>;
  using Signer = PreparedSigner<P>;
  static_assert(closed<Verifier> && closed<Signer>);
  static_assert(made_from<Verifier, PublicKey<P>, PrivateKey<P>, Signer, Signature<P>, Seed, Mu>);
  static_assert(made_from<Signer, PrivateKey<P>, PublicKey<P>, Verifier, Signature<P>, Seed, Mu>);
  static_assert(stays<Signer>);
  static_assert(!std::is_default_constructible_v<PublicKey<P>> &&
                !std::is_default_constructible_v<PrivateKey<P>> &&
                none_makes<PublicKey<P>, Bytes, FixedBytes<P::public_key_bytes>> &&
                none_makes<PrivateKey<P>, Bytes, FixedBytes<P::private_key_bytes>>);
  return true;
}

template <class P>
constexpr bool mlkem_is_closed() {
  using namespace mlkem;
  using To = PreparedEncapsulator<P>;
  using From = PreparedDecapsulator<P>;
  static_assert(closed<To> && closed<From>);
  static_assert(made_from<To, EncapsulationKey<P>, DecapsulationKey<P>, From, Ciphertext<P>, Seed>);
  static_assert(made_from<From, DecapsulationKey<P>, EncapsulationKey<P>, To, Ciphertext<P>, Seed>);
  static_assert(stays<From>);
  static_assert(none_makes<EncapsulationKey<P>, Bytes, FixedBytes<P::ek_bytes>> &&
                none_makes<DecapsulationKey<P>, Bytes, FixedBytes<P::dk_bytes>>);
  return true;
}

template <class P>
constexpr bool falcon_is_closed() {
  using namespace falcon;
  using Verifier = PreparedVerifier<P>;
  using Signer = PreparedSigner<P>;
  static_assert(closed<Verifier> && closed<Signer>);
  static_assert(made_from<Verifier, PublicKey<P>, PrivateKey<P>, Signer, Signature<P>, Seed>);
  static_assert(made_from<Signer, PrivateKey<P>, PublicKey<P>, Verifier, Signature<P>, Seed>);
  static_assert(stays<Signer>);
  return true;
}

// Of another set, no key fits.
static_assert(
    none_makes<mldsa::PreparedVerifier<mldsa::Mldsa65>, const mldsa::PublicKey<mldsa::Mldsa44>&,
               const mldsa::PreparedVerifier<mldsa::Mldsa44>&>);
static_assert(none_makes<mlkem::PreparedEncapsulator<mlkem::Mlkem768>,
                         const mlkem::EncapsulationKey<mlkem::Mlkem512>&,
                         const mlkem::PreparedEncapsulator<mlkem::Mlkem1024>&>);

TEST(PreparedKeys, ComeFromRawKeysAlone) {
  EXPECT_TRUE(mldsa_is_closed<mldsa::Mldsa44>());
  EXPECT_TRUE(mldsa_is_closed<mldsa::Mldsa65>());
  EXPECT_TRUE(mldsa_is_closed<mldsa::Mldsa87>());
  EXPECT_TRUE(mlkem_is_closed<mlkem::Mlkem512>());
  EXPECT_TRUE(mlkem_is_closed<mlkem::Mlkem768>());
  EXPECT_TRUE(mlkem_is_closed<mlkem::Mlkem1024>());
  EXPECT_TRUE(falcon_is_closed<falcon::Falcon512>());
  EXPECT_TRUE(falcon_is_closed<falcon::Falcon1024>());
  static_assert(closed<xwing::PrivateKey> &&
                std::is_constructible_v<xwing::PrivateKey, const xwing::Seed&> &&
                none_makes<xwing::PrivateKey, xwing::PublicKey, xwing::X25519Scalar>);
}

}  // namespace
}  // namespace v100
