// Falcon-512 and Falcon-1024 signatures, as submitted to round 3 of NIST's project. A DRAFT: the
// standard that will follow from it (FN-DSA, FIPS 206) is not published and will differ, so that
// keys and signatures made here will not be FN-DSA's. Whoever shows these names to a person shows
// draft_notice with them.
// Everything here is free of system calls and allocates nothing; prepared signers are large (88 KiB
// and 192 KiB), so put them on the heap or in a static place. All functions may run on several
// threads at once as long as nobody writes the same object.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/world.h"

namespace v100::falcon {

inline constexpr const char* draft_notice =
    "draft: Falcon as of round 3; FN-DSA (FIPS 206) is not published yet and will differ";

inline constexpr std::size_t salt_bytes = 40;
inline constexpr std::size_t seed_bytes = 48;
// A signature is too long or does not fit with a chance below 2^-10 an attempt; sign() gives
// `unavailable` after this many.
inline constexpr unsigned sign_attempts_max = 64;

struct Falcon512 {
  static constexpr const char* name = "Falcon-512 (draft)";
  static constexpr int logn = 9;
  static constexpr std::size_t public_key_bytes = 897, private_key_bytes = 1281;
  static constexpr std::size_t signature_bytes_max = 752, padded_bytes = 666;
};
struct Falcon1024 {
  static constexpr const char* name = "Falcon-1024 (draft)";
  static constexpr int logn = 10;
  static constexpr std::size_t public_key_bytes = 1793, private_key_bytes = 2305;
  static constexpr std::size_t signature_bytes_max = 1462, padded_bytes = 1280;
};

// The seed from which a key pair follows, as the reference code's key generation takes it. The same
// seed gives the same key in this version of the draft.
using Seed = Secret<seed_bytes, struct SeedTag>;

// How a signature is written. Both have the header byte 0x30 + logn and the salt; then s2 in
// Golomb-Rice form, as short as it is (compressed) or followed by zeros up to one size (padded).
enum class Encoding : std::uint8_t { compressed, padded };

// A signature as it travels. parse() looks at the length and the header; that s2 is in its one
// encoding and short enough is verify()'s to find. Of P::padded_bytes it may be of either encoding,
// else it is compressed and has no byte to spare.
template <class P>
class Signature {
 public:
  static constexpr std::size_t size_max = P::signature_bytes_max;
  static Result<Signature> parse(Bytes bytes);  // malformed: length or header
  Bytes bytes() const noexcept { return Bytes(bytes_).first(size_); }

 private:
  template <class Q>
  friend class PreparedSigner;
  Signature() : bytes_{} {}
  ByteArray<size_max> bytes_;
  std::size_t size_ = 0;
};

// A public key as it travels. verify() errors: `unauthenticated` for a signature that is not this
// key's over this message. Each call transforms the key anew; see PreparedVerifier.
template <class P>
class PublicKey {
 public:
  static constexpr std::size_t size = P::public_key_bytes;
  // malformed: wrong length, header, or a coefficient that is not below q.
  static Result<PublicKey> parse(Bytes bytes);
  FixedBytes<size> bytes() const noexcept { return bytes_; }

  [[nodiscard]] Result<void> verify(Bytes message, const Signature<P>& signature) const;

 private:
  template <class Q>
  friend class PrivateKey;
  PublicKey() : bytes_{} {}
  ByteArray<size> bytes_;
};

// A public key ready for use (1 or 2 KiB). Made only from a PublicKey and never readable: a
// prepared key from outside could be made to accept anything.
template <class P>
class PreparedVerifier {
 public:
  explicit PreparedVerifier(const PublicKey<P>& key) noexcept;
  [[nodiscard]] Result<void> verify(Bytes message, const Signature<P>& signature) const;

 private:
  template <class Q>
  friend class BatchVerifier;
  alignas(64) std::int16_t h_[std::size_t{1} << P::logn];  // in the kernel's transformed form
};

// A private key and its public key. Wiped when it dies or moves. sign() expands the key anew each
// time; for many signatures use PreparedSigner.
template <class P>
class PrivateKey {
 public:
  static constexpr std::size_t size = P::private_key_bytes;
  static PrivateKey from_seed(const Seed& seed);
  // unavailable: the source of randomness delivers nothing but one byte again and again.
  static Result<PrivateKey> generate(Random& random);
  // From f, g and F as they travel. The rest is computed anew: malformed for a wrong length or
  // header, coefficients out of range, parts that solve no NTRU equation.
  static Result<PrivateKey> parse(Bytes bytes);

  PrivateKey(PrivateKey&&) noexcept = default;
  PrivateKey& operator=(PrivateKey&&) noexcept = default;

  const PublicKey<P>& public_key() const noexcept { return public_key_; }
  FixedBytes<size> expose() const noexcept { return bytes_.expose(); }

  // As PreparedSigner::sign; needs twice its stack.
  [[nodiscard]] Result<Signature<P>> sign(Bytes message, Encoding encoding, Random& random) const;

 private:
  template <class Q>
  friend class PreparedSigner;
  PrivateKey() = default;
  PublicKey<P> public_key_;
  Secret<size, struct PrivateKeyTag> bytes_;
  Secret<std::size_t{1} << P::logn, struct BigGTag> g_large_;  // G, which no encoding carries
};

template <class P>
class PreparedSigner;
// For known answers only (known_answers.h).
template <class P>
Result<Signature<P>> sign_as_reference(const PreparedSigner<P>& signer, FixedBytes<salt_bytes> salt,
                                       Bytes sampler_seed, Bytes message, Encoding encoding);

// A private key expanded: its basis transformed and the tree of its orthogonalisation. Wiped when
// it dies; stays where it is.
template <class P>
class PreparedSigner {
 public:
  explicit PreparedSigner(const PrivateKey<P>& key) noexcept;
  ~PreparedSigner();
  PreparedSigner(const PreparedSigner&) = delete;
  PreparedSigner& operator=(const PreparedSigner&) = delete;

  // Draws a salt and a seed. The sampler's seed is hashed from that seed, the private key, the salt
  // and the message, so that a source that repeats itself does not give the key away.
  // unavailable: the source of randomness delivers nothing but one byte again and again.
  [[nodiscard]] Result<Signature<P>> sign(Bytes message, Encoding encoding, Random& random) const;

 private:
  template <class Q>
  friend Result<Signature<Q>> sign_as_reference(const PreparedSigner<Q>& signer,
                                                FixedBytes<salt_bytes> salt, Bytes sampler_seed,
                                                Bytes message, Encoding encoding);
  template <class Draw>
  Result<Signature<P>> sign_with(FixedBytes<salt_bytes> salt, const std::uint16_t* c,
                                 Encoding encoding, Draw& draw) const;

  static constexpr std::size_t n = std::size_t{1} << P::logn;
  alignas(64) double basis_[4 * n];
  double tree_[(P::logn + 1) * n];
  ByteArray<32> hedge_;  // a hash of the private key
};

// Batches. Results stand per item; one bad item does not touch the others.
enum class Verdict : std::uint8_t { valid, invalid, malformed };

// Exactly one of `prepared` and `key` is set; all pointers outlive the call.
template <class P>
struct VerifyItem {
  const PreparedVerifier<P>* prepared = nullptr;
  const PublicKey<P>* key = nullptr;
  Bytes message;
  Bytes signature;  // of any length: a wrong one is `malformed`
};
// Items whose messages have one length share Keccak lanes; the order is of no importance.
template <class P>
void verify_batch(std::span<const VerifyItem<P>> items, std::span<Verdict> out);

template <class P>
struct SignItem {
  const PreparedSigner<P>* signer = nullptr;
  Bytes message;
  Encoding encoding = Encoding::padded;
};
// out[i] holds no value where no signature could be made.
template <class P>
void sign_batch(std::span<const SignItem<P>> items, Random& random,
                std::span<std::optional<Signature<P>>> out);

// The kernel in use: "portable", "avx2" or "avx512".
const char* kernel_name() noexcept;

}  // namespace v100::falcon
