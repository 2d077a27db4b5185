// ML-DSA-44/65/87 (FIPS 204): key generation, signing and verification, pure and pre-hashed, with
// external mu, streaming mu, prepared keys and batches. Everything here is free of system calls and
// allocates nothing; objects are as large as their arrays (PreparedSigner<Mldsa87> is 81 KiB), so
// put prepared keys on the heap or in a static place, not in a small thread's stack.
// All functions may run on several threads at once as long as nobody writes the same object.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/world.h"
#include "crypto/keccak/keccak.h"

namespace v100::mldsa {

inline constexpr std::size_t seed_bytes = 32;
inline constexpr std::size_t mu_bytes = 64;
inline constexpr std::size_t context_bytes_max = 255;
// FIPS 204, Appendix C: 814 attempts all fail with a chance below 2^-256. After that sign() gives
// `unavailable`; no correct key reaches it.
inline constexpr unsigned sign_attempts_max = 814;

// FIPS 204, tables 1 and 2.
struct Mldsa44 {
  static constexpr const char* name = "ML-DSA-44";
  static constexpr int k = 4, l = 4, eta = 2, tau = 39, omega = 80, gamma1_bits = 17;
  static constexpr std::int32_t gamma2 = (8380417 - 1) / 88;
  static constexpr std::size_t challenge_bytes = 32;
  static constexpr std::size_t public_key_bytes = 1312, private_key_bytes = 2560;
  static constexpr std::size_t signature_bytes = 2420;
};
struct Mldsa65 {
  static constexpr const char* name = "ML-DSA-65";
  static constexpr int k = 6, l = 5, eta = 4, tau = 49, omega = 55, gamma1_bits = 19;
  static constexpr std::int32_t gamma2 = (8380417 - 1) / 32;
  static constexpr std::size_t challenge_bytes = 48;
  static constexpr std::size_t public_key_bytes = 1952, private_key_bytes = 4032;
  static constexpr std::size_t signature_bytes = 3309;
};
struct Mldsa87 {
  static constexpr const char* name = "ML-DSA-87";
  static constexpr int k = 8, l = 7, eta = 2, tau = 60, omega = 75, gamma1_bits = 19;
  static constexpr std::int32_t gamma2 = (8380417 - 1) / 32;
  static constexpr std::size_t challenge_bytes = 64;
  static constexpr std::size_t public_key_bytes = 2592, private_key_bytes = 4896;
  static constexpr std::size_t signature_bytes = 4627;
};

// The seed xi from which a key pair follows; the shortest form of a private key.
using Seed = Secret<seed_bytes, struct SeedTag>;

// The 32 bytes `rnd` of FIPS 204, Algorithm 2: fresh for hedged signatures (use this unless you
// know better), zeros for deterministic ones.
class Hedge {
 public:
  static Hedge fresh(Random& random);
  static Hedge deterministic() { return Hedge(); }
  static Hedge from(FixedBytes<32> rnd) { return Hedge(rnd); }  // for test vectors
  FixedBytes<32> expose() const noexcept { return rnd_.expose(); }

 private:
  Hedge() = default;
  explicit Hedge(FixedBytes<32> rnd) : rnd_(rnd) {}
  Secret<32, struct RndTag> rnd_;
};

// Hash functions that HashML-DSA knows. Digests of SHA-2 are computed by the caller and handed in.
enum class Hash : std::uint8_t {
  sha2_224,
  sha2_256,
  sha2_384,
  sha2_512,
  sha2_512_224,
  sha2_512_256,
  sha3_224,
  sha3_256,
  sha3_384,
  sha3_512,
  shake128,  // 32 bytes of output
  shake256,  // 64 bytes of output
};
std::size_t digest_bytes(Hash hash) noexcept;
Result<Hash> hash_by_name(std::string_view acvp_name);  // "SHA2-256", "SHAKE-128", …; unsupported

// A message's digest with the name of its hash, for the pre-hash variant.
class Digest {
 public:
  static Result<Digest> from(Hash hash, Bytes digest);  // malformed: wrong length
  static Result<Digest> of(Hash hash, Bytes message);   // SHA-3 and SHAKE; unsupported: SHA-2
  Hash hash() const noexcept { return hash_; }
  Bytes bytes() const noexcept { return Bytes(bytes_).first(digest_bytes(hash_)); }

 private:
  explicit Digest(Hash hash) : hash_(hash), bytes_{} {}
  Hash hash_;
  ByteArray<64> bytes_;
};

// The message representative mu = H(tr || M', 64). It binds the public key it was made for: a
// signature over it verifies under no other key.
class Mu {
 public:
  static Mu external(FixedBytes<mu_bytes> bytes) { return Mu(bytes); }
  FixedBytes<mu_bytes> bytes() const noexcept { return bytes_; }

 private:
  explicit Mu(FixedBytes<mu_bytes> bytes) { copy(bytes_, bytes); }
  ByteArray<mu_bytes> bytes_;
};

// mu of a message that comes in pieces. Made by a key's mu_hasher().
class MuHasher {
 public:
  void update(Bytes piece) noexcept;
  Mu finish() noexcept;  // once

 private:
  template <class P>
  friend class PublicKey;
  template <class P>
  friend class PrivateKey;
  template <class P>
  friend class PreparedVerifier;
  template <class P>
  friend class PreparedSigner;
  explicit MuHasher(FixedBytes<64> tr) noexcept;
  static Result<MuHasher> pure(FixedBytes<64> tr, Bytes context);
  static Result<MuHasher> prehash(FixedBytes<64> tr, const Digest& digest, Bytes context);
  keccak::Shake256 hash_;
};

// The right length is all that parse() asks; hint order, norms and the rest are verify()'s.
template <class P>
class Signature {
 public:
  static constexpr std::size_t size = P::signature_bytes;
  static Result<Signature> parse(Bytes bytes);  // malformed: wrong length
  FixedBytes<size> bytes() const noexcept { return bytes_; }

 private:
  template <class Q>
  friend class PreparedSigner;
  Signature() : bytes_{} {}
  ByteArray<size> bytes_;
};

// A public key as it travels. verify() errors: `unauthenticated` for a signature that is not this
// key's over this message and context, `malformed` for a context above 255 bytes.
// Each call expands the matrix anew; for the second signature of a key use PreparedVerifier.
template <class P>
class PublicKey {
 public:
  static constexpr std::size_t size = P::public_key_bytes;
  static Result<PublicKey> parse(Bytes bytes);  // malformed: wrong length
  FixedBytes<size> bytes() const noexcept { return bytes_; }

  [[nodiscard]] Result<void> verify(Bytes message, Bytes context, const Signature<P>& sig) const;
  [[nodiscard]] Result<void> verify(const Digest& digest, Bytes context,
                                    const Signature<P>& sig) const;
  [[nodiscard]] Result<void> verify(const Mu& mu, const Signature<P>& sig) const;

  Result<MuHasher> mu_hasher(Bytes context) const;  // malformed: context above 255 bytes
  MuHasher internal_mu_hasher() const;              // takes M' itself (FIPS 204, Algorithm 7)

 private:
  template <class Q>
  friend class PrivateKey;
  template <class Q>
  friend class KeygenRun;
  PublicKey() : bytes_{} {}
  ByteArray<size> bytes_;
};

// A private key, its public key, and its seed where that is known. Wiped when it dies or moves.
// sign() prepares the key anew each time; for many signatures use PreparedSigner.
template <class P>
class PrivateKey {
 public:
  static constexpr std::size_t size = P::private_key_bytes;
  // FIPS 204, Algorithm 1. The same seed gives the same key, for ever.
  static PrivateKey from_seed(const Seed& xi);
  static PrivateKey generate(Random& random);
  // From the expanded form of FIPS 204. The public key is computed anew and everything compared:
  // malformed for a wrong length, coefficients out of range, a t0 or tr that does not belong.
  static Result<PrivateKey> parse(Bytes bytes);

  PrivateKey(PrivateKey&&) noexcept = default;
  PrivateKey& operator=(PrivateKey&&) noexcept = default;

  const PublicKey<P>& public_key() const noexcept { return public_key_; }
  FixedBytes<size> expose() const noexcept { return bytes_.expose(); }
  const Seed* seed() const noexcept { return has_seed_ ? &seed_ : nullptr; }

  [[nodiscard]] Result<Signature<P>> sign(Bytes message, Bytes context, const Hedge& hedge) const;
  [[nodiscard]] Result<Signature<P>> sign(const Digest& digest, Bytes context,
                                          const Hedge& hedge) const;
  [[nodiscard]] Result<Signature<P>> sign(const Mu& mu, const Hedge& hedge) const;

  Result<MuHasher> mu_hasher(Bytes context) const;
  MuHasher internal_mu_hasher() const;

 private:
  template <class Q>
  friend class KeygenRun;
  PrivateKey() = default;
  PublicKey<P> public_key_;
  Secret<size, struct PrivateKeyTag> bytes_;
  Seed seed_;
  bool has_seed_ = false;
};

// A public key with its matrix, t1 and tr computed once (36 KiB for ML-DSA-65). Made only from a
// PublicKey and never readable: an expanded key from outside could be made to accept anything.
template <class P>
class PreparedVerifier {
 public:
  explicit PreparedVerifier(const PublicKey<P>& key) noexcept;

  [[nodiscard]] Result<void> verify(Bytes message, Bytes context, const Signature<P>& sig) const;
  [[nodiscard]] Result<void> verify(const Digest& digest, Bytes context,
                                    const Signature<P>& sig) const;
  [[nodiscard]] Result<void> verify(const Mu& mu, const Signature<P>& sig) const;
  Result<MuHasher> mu_hasher(Bytes context) const;

 private:
  template <class Q>
  friend class VerifyRun;
  // [A | -t1 2^13] in the NTT domain, so that Az - ct1 2^13 is one product with (z, c).
  alignas(64) std::int32_t matrix_[static_cast<std::size_t>(P::k * (P::l + 1)) * 256];
  ByteArray<64> tr_;
};

template <class P>
struct SignItem;

// A private key with matrix and secret vectors in NTT form. Wiped when it dies; stays where it is.
template <class P>
class PreparedSigner {
 public:
  explicit PreparedSigner(const PrivateKey<P>& key) noexcept;
  ~PreparedSigner();
  PreparedSigner(const PreparedSigner&) = delete;
  PreparedSigner& operator=(const PreparedSigner&) = delete;

  [[nodiscard]] Result<Signature<P>> sign(Bytes message, Bytes context, const Hedge& hedge) const;
  [[nodiscard]] Result<Signature<P>> sign(const Digest& digest, Bytes context,
                                          const Hedge& hedge) const;
  [[nodiscard]] Result<Signature<P>> sign(const Mu& mu, const Hedge& hedge) const;
  Result<MuHasher> mu_hasher(Bytes context) const;

 private:
  template <class Q>
  friend class SignRun;
  Result<Signature<P>> sign(const SignItem<P>& item) const;
  alignas(64) std::int32_t matrix_[static_cast<std::size_t>(P::k * P::l) * 256];
  std::int32_t s1_[static_cast<std::size_t>(P::l) * 256];
  std::int32_t s2_[static_cast<std::size_t>(P::k) * 256];
  std::int32_t t0_[static_cast<std::size_t>(P::k) * 256];
  ByteArray<32> key_;  // K, the secret that hedges a bad rnd
  ByteArray<64> tr_;
};

// Batches. Results stand per item; one bad item does not touch the others.
enum class Verdict : std::uint8_t { valid, invalid, malformed };

// One signature to check. Exactly one of `prepared` and `key` is set. What is signed is `mu` if
// set, else `digest` if set, else `message`; the latter two in `context`. All pointers and spans
// outlive the call.
template <class P>
struct VerifyItem {
  const PreparedVerifier<P>* prepared = nullptr;
  const PublicKey<P>* key = nullptr;
  Bytes message = {};
  Bytes context = {};
  Bytes signature = {};  // of any length: a wrong one is `malformed`
  const Digest* digest = nullptr;
  const Mu* mu = nullptr;
};
// Any mix of keys and message lengths, from one item up; out[i] is what items[i] alone would get.
// Hashes of up to eight items run side by side. Needs 90 KiB of stack.
template <class P>
void verify_batch(std::span<const VerifyItem<P>> items, std::span<Verdict> out);

// Whether a signature's length is right and its hint has the one encoding that FIPS 204, Algorithm
// 21 accepts: some 50 ns that refuse most of what was never a signature. verify_batch() checks it
// again.
template <class P>
bool hint_is_encoded(Bytes signature) noexcept;

// One message to sign: `mu` if set, else `digest` if set, else `message`, the latter two in
// `context`. All pointers and spans outlive the call.
template <class P>
struct SignItem {
  const PreparedSigner<P>* signer = nullptr;
  Bytes message = {};
  Bytes context = {};
  const Hedge* hedge = nullptr;
  MutBytes out = {};  // P::signature_bytes; written when the verdict is `valid`, else untouched
  const Digest* digest = nullptr;
  const Mu* mu = nullptr;
};
// Any mix of keys and messages, from one item up; each gets the signature that it would get alone.
// Needs 128 KiB of stack.
template <class P>
void sign_batch(std::span<const SignItem<P>> items, std::span<Verdict> out);

// One key pair a seed, in order; the same as from_seed() gives. Needs 80 KiB of stack.
template <class P>
void keygen_batch(std::span<const Seed> seeds, std::span<std::optional<PrivateKey<P>>> out);

// The kernel in use: "portable", "avx2", "avx512" or "wasm".
const char* kernel_name() noexcept;

}  // namespace v100::mldsa
