// ML-KEM-512/768/1024 (FIPS 203). A key or ciphertext that exists has passed every input check of
// section 7: parse once at the border, then nothing can fail. Secrets are wiped when they die.
// Nothing allocates. Values are not shared between threads while they change; const use may be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"

namespace v100 {
class Random;
}

namespace v100::mlkem {

// The kernel in use: "portable", "avx2", "avx512" or "simd128".
const char* kernel_name() noexcept;

// FIPS 203, table 2, with the sizes of table 3 derived.
template <std::size_t K, unsigned Eta1, unsigned Du, unsigned Dv>
struct Params {
  static constexpr std::size_t k = K;
  static constexpr unsigned eta1 = Eta1;
  static constexpr unsigned eta2 = 2;
  static constexpr unsigned du = Du;
  static constexpr unsigned dv = Dv;
  static constexpr std::size_t ek_bytes = 384 * k + 32;
  static constexpr std::size_t dk_bytes = 768 * k + 96;
  static constexpr std::size_t ct_bytes = 32 * (du * k + dv);
};
struct Mlkem512 : Params<2, 3, 10, 4> {};
struct Mlkem768 : Params<3, 2, 10, 4> {};
struct Mlkem1024 : Params<4, 2, 11, 5> {};
static_assert(Mlkem512::ek_bytes == 800 && Mlkem512::dk_bytes == 1632 && Mlkem512::ct_bytes == 768);
static_assert(Mlkem768::ek_bytes == 1184 && Mlkem768::dk_bytes == 2400 &&
              Mlkem768::ct_bytes == 1088);
static_assert(Mlkem1024::ek_bytes == 1568 && Mlkem1024::dk_bytes == 3168 &&
              Mlkem1024::ct_bytes == 1568);

using Seed = Secret<64, struct SeedTag>;        // d || z: a private key in 64 bytes
using Message = Secret<32, struct MessageTag>;  // m: the encapsulator's randomness
using SharedSecret = Secret<32, struct SharedSecretTag>;

template <class P>
struct KeyPair;
template <class P>
struct Engine;  // engine.h: the operations, on up to eight at a time

// A public key whose coefficients are all below q.
template <class P>
class EncapsulationKey {
 public:
  // FIPS 203 §7.2: malformed unless ek_bytes long and equal to its re-encoding.
  static Result<EncapsulationKey> parse(Bytes raw) noexcept;
  FixedBytes<P::ek_bytes> bytes() const noexcept { return bytes_; }

 private:
  friend struct Engine<P>;
  EncapsulationKey() noexcept = default;
  ByteArray<P::ek_bytes> bytes_;
};

// A private key in the expanded form of FIPS 203 (store the Seed instead where you can).
template <class P>
class DecapsulationKey {
 public:
  // FIPS 203 §7.3: malformed unless dk_bytes long and holding the hash of its own ek.
  static Result<DecapsulationKey> parse(Bytes raw) noexcept;
  DecapsulationKey(DecapsulationKey&&) noexcept = default;
  DecapsulationKey& operator=(DecapsulationKey&&) noexcept = default;

  FixedBytes<P::dk_bytes> expose() const noexcept { return bytes_.expose(); }

 private:
  friend struct Engine<P>;
  DecapsulationKey() noexcept = default;
  Secret<P::dk_bytes, struct DkTag> bytes_;
};

// Any ct_bytes bytes are a ciphertext; a wrong one decapsulates to a key that nobody else has.
template <class P>
class Ciphertext {
 public:
  Ciphertext() noexcept : bytes_{} {}
  explicit Ciphertext(FixedBytes<P::ct_bytes> raw) noexcept { copy(bytes_, raw); }
  static Result<Ciphertext> parse(Bytes raw) noexcept;  // malformed unless ct_bytes long
  FixedBytes<P::ct_bytes> bytes() const noexcept { return bytes_; }
  FixedMutBytes<P::ct_bytes> fill() noexcept { return bytes_; }

 private:
  ByteArray<P::ct_bytes> bytes_;
};

template <class P>
struct KeyPair {
  EncapsulationKey<P> ek;
  DecapsulationKey<P> dk;

  // FIPS 203, Algorithm 16 (ML-KEM.KeyGen_internal): the same seed always gives the same pair.
  static KeyPair from_seed(const Seed& seed) noexcept;
  // Algorithm 19 (ML-KEM.KeyGen)
  static KeyPair generate(Random& random) noexcept;
};

template <class P>
struct Encapsulated {
  Ciphertext<P> ciphertext;  // to send
  SharedSecret secret;       // to keep
};

// The polynomials of one key and its hash, expanded once. Made only from checked keys: an expanded
// key from outside would forge anything, so there is no other way to get one, and no way to read
// one. 512/768/1024: 3.1/6.2/10.3 KiB; expanding costs most of an encapsulation.
template <class P>
class PreparedEncapsulator {
 public:
  explicit PreparedEncapsulator(const EncapsulationKey<P>& ek) noexcept;
  // FIPS 203, Algorithm 20 (ML-KEM.Encaps)
  Encapsulated<P> encapsulate(Random& random) const noexcept;
  // Algorithm 17 (ML-KEM.Encaps_internal): for vectors and for X-Wing.
  Encapsulated<P> encapsulate_internal(const Message& m) const noexcept;

 private:
  friend struct Engine<P>;
  template <class>
  friend class PreparedDecapsulator;
  PreparedEncapsulator() noexcept {}

  alignas(64) std::int16_t a_transposed_[P::k * P::k * 256];
  alignas(64) std::int16_t t_hat_[P::k * 256];
  ByteArray<32> h_;  // H(ek)
};

template <class P>
class PreparedDecapsulator {
 public:
  explicit PreparedDecapsulator(const DecapsulationKey<P>& dk) noexcept;
  PreparedDecapsulator(const PreparedDecapsulator&) = delete;
  PreparedDecapsulator& operator=(const PreparedDecapsulator&) = delete;
  ~PreparedDecapsulator();
  // FIPS 203, Algorithm 18 (ML-KEM.Decaps_internal), implicit rejection in constant time.
  SharedSecret decapsulate(const Ciphertext<P>& ciphertext) const noexcept;

 private:
  friend struct Engine<P>;
  PreparedDecapsulator() noexcept {}

  alignas(64) std::int16_t s_hat_[P::k * 512];  // as multipliers, see kernel.h
  PreparedEncapsulator<P> encapsulator_;
  Secret<32, struct ZTag> z_;
};

// FIPS 203, Algorithms 19-21 and their internal forms in one call. Where one key is used more than
// once, keep the prepared object instead.
template <class P>
KeyPair<P> keygen(Random& random) noexcept {
  return KeyPair<P>::generate(random);
}
template <class P>
Encapsulated<P> encapsulate(const EncapsulationKey<P>& ek, Random& random) noexcept;
template <class P>
Encapsulated<P> encapsulate_internal(const EncapsulationKey<P>& ek, const Message& m) noexcept;
template <class P>
SharedSecret decapsulate(const DecapsulationKey<P>& dk, const Ciphertext<P>& ciphertext) noexcept;
// With a key as bytes, used once: its check (§7.3) runs beside the decapsulation and costs nothing.
template <class P>
Result<SharedSecret> decapsulate_raw(Bytes dk, const Ciphertext<P>& ciphertext) noexcept;

// Batches: outs[i] answers input i, and spans of one call have one size. Any size from one up;
// eight at a time share their hashing. Keys may be raw or prepared in any mix. An item's answer
// depends on that item alone. Keys and ciphertexts are referred to, not copied.
template <class P>
class Recipient {
 public:
  Recipient(const EncapsulationKey<P>& key) noexcept : raw_(&key) {}           // NOLINT: either
  Recipient(const PreparedEncapsulator<P>& key) noexcept : prepared_(&key) {}  // NOLINT: either

 private:
  friend struct Engine<P>;
  const EncapsulationKey<P>* raw_ = nullptr;
  const PreparedEncapsulator<P>* prepared_ = nullptr;
};

template <class P>
class Received {
 public:
  Received(const DecapsulationKey<P>& key, const Ciphertext<P>& ciphertext) noexcept
      : raw_(&key), ciphertext_(&ciphertext) {}
  Received(const PreparedDecapsulator<P>& key, const Ciphertext<P>& ciphertext) noexcept
      : prepared_(&key), ciphertext_(&ciphertext) {}

 private:
  friend struct Engine<P>;
  const DecapsulationKey<P>* raw_ = nullptr;
  const PreparedDecapsulator<P>* prepared_ = nullptr;
  const Ciphertext<P>* ciphertext_;
};

template <class P>
void keygen_batch(std::span<std::optional<KeyPair<P>>> outs, std::span<const Seed> seeds) noexcept;
template <class P>
void encapsulate_batch(std::span<Encapsulated<P>> outs, std::span<const Recipient<P>> to,
                       Random& random) noexcept;
template <class P>
void encapsulate_batch(std::span<Encapsulated<P>> outs, const PreparedEncapsulator<P>& to,
                       Random& random) noexcept;
// Algorithm 17 (ML-KEM.Encaps_internal): for vectors.
template <class P>
void encapsulate_batch_internal(std::span<Encapsulated<P>> outs, std::span<const Recipient<P>> to,
                                std::span<const Message> ms) noexcept;
template <class P>
void decapsulate_batch(std::span<SharedSecret> outs,
                       std::span<const Received<P>> received) noexcept;
template <class P>
void decapsulate_batch(std::span<SharedSecret> outs, const PreparedDecapsulator<P>& with,
                       std::span<const Ciphertext<P>> ciphertexts) noexcept;

}  // namespace v100::mlkem
