// SLH-DSA (FIPS 205), all twelve parameter sets: key generation, signing and verification, pure and
// pre-hashed. A signature rests on nothing but a hash function, which makes it the choice for roots
// of trust; it is large (7.7 to 49 KB) and slow to make. Everything here is free of system calls
// and allocates nothing; signing uses up to 96 KiB of stack.
// All functions may run on several threads at once as long as nobody writes the same object.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/world.h"
#include "crypto/mldsa/mldsa.h"

namespace v100::slhdsa {

inline constexpr std::size_t context_bytes_max = 255;

// The hash functions inside, FIPS 205 §11.
enum class Family : std::uint8_t { shake, sha2 };

// FIPS 205, table 2. All sizes in bytes.
struct Params {
  const char* name;  // as ACVP, OpenSSL and RFC 9909 write it
  Family family;
  unsigned n;       // security parameter: the size of a node
  unsigned h;       // height of the hypertree
  unsigned d;       // its layers
  unsigned a;       // height of a FORS tree
  unsigned k;       // FORS trees
  unsigned digest;  // m, the message digest

  constexpr unsigned tree_height() const { return h / d; }  // h' of one XMSS tree
  constexpr unsigned chains() const { return 2 * n + 3; }   // WOTS+ chains, len
  constexpr unsigned words() const { return n / 8; }
  constexpr std::size_t fors_bytes() const { return std::size_t{k} * (a + 1) * n; }
  constexpr std::size_t xmss_bytes() const { return std::size_t{chains() + tree_height()} * n; }
  constexpr std::size_t public_key_bytes() const { return 2 * n; }
  constexpr std::size_t private_key_bytes() const { return 4 * n; }
  constexpr std::size_t signature_bytes() const { return n + fors_bytes() + d * xmss_bytes(); }
};

struct Shake128s {
  static constexpr Params params{"SLH-DSA-SHAKE-128s", Family::shake, 16, 63, 7, 12, 14, 30};
};
struct Shake128f {
  static constexpr Params params{"SLH-DSA-SHAKE-128f", Family::shake, 16, 66, 22, 6, 33, 34};
};
struct Shake192s {
  static constexpr Params params{"SLH-DSA-SHAKE-192s", Family::shake, 24, 63, 7, 14, 17, 39};
};
struct Shake192f {
  static constexpr Params params{"SLH-DSA-SHAKE-192f", Family::shake, 24, 66, 22, 8, 33, 42};
};
struct Shake256s {
  static constexpr Params params{"SLH-DSA-SHAKE-256s", Family::shake, 32, 64, 8, 14, 22, 47};
};
struct Shake256f {
  static constexpr Params params{"SLH-DSA-SHAKE-256f", Family::shake, 32, 68, 17, 9, 35, 49};
};
struct Sha2_128s {
  static constexpr Params params{"SLH-DSA-SHA2-128s", Family::sha2, 16, 63, 7, 12, 14, 30};
};
struct Sha2_128f {
  static constexpr Params params{"SLH-DSA-SHA2-128f", Family::sha2, 16, 66, 22, 6, 33, 34};
};
struct Sha2_192s {
  static constexpr Params params{"SLH-DSA-SHA2-192s", Family::sha2, 24, 63, 7, 14, 17, 39};
};
struct Sha2_192f {
  static constexpr Params params{"SLH-DSA-SHA2-192f", Family::sha2, 24, 66, 22, 8, 33, 42};
};
struct Sha2_256s {
  static constexpr Params params{"SLH-DSA-SHA2-256s", Family::sha2, 32, 64, 8, 14, 22, 47};
};
struct Sha2_256f {
  static constexpr Params params{"SLH-DSA-SHA2-256f", Family::sha2, 32, 68, 17, 9, 35, 49};
};

// A message's digest with the name of its hash, for HashSLH-DSA: FIPS 205 knows the same hash
// functions and object identifiers as FIPS 204.
using mldsa::Digest;
using mldsa::Hash;

// The n bytes opt_rand of FIPS 205, Algorithm 19: fresh for hedged signatures (use this unless you
// know better), PK.seed for deterministic ones.
class Hedge {
 public:
  static Hedge fresh(Random& random);
  static Hedge deterministic() { return Hedge(); }
  static Hedge from(Bytes opt_rand);  // for test vectors; 32 bytes at most

 private:
  template <class P>
  friend class PrivateKey;
  Hedge() = default;
  Secret<32, struct OptRandTag> bytes_;
  bool given_ = false;
};

// The right length is all that parse() asks; the rest is verify()'s.
template <class P>
class Signature {
 public:
  static constexpr std::size_t size = P::params.signature_bytes();
  static Result<Signature> parse(Bytes bytes);  // malformed: wrong length
  FixedBytes<size> bytes() const noexcept { return bytes_; }

 private:
  template <class Q>
  friend class PrivateKey;
  Signature() : bytes_{} {}
  ByteArray<size> bytes_;
};

// A public key: PK.seed, PK.root. verify() errors: `unauthenticated` for a signature that is not
// this key's over this message and context, `malformed` for a context above 255 bytes.
template <class P>
class PublicKey {
 public:
  static constexpr std::size_t size = P::params.public_key_bytes();
  static Result<PublicKey> parse(Bytes bytes);  // malformed: wrong length
  FixedBytes<size> bytes() const noexcept { return bytes_; }

  [[nodiscard]] Result<void> verify(Bytes message, Bytes context, const Signature<P>& sig) const;
  [[nodiscard]] Result<void> verify(const Digest& digest, Bytes context,
                                    const Signature<P>& sig) const;
  // Takes M' itself (FIPS 205, Algorithm 20).
  [[nodiscard]] Result<void> verify_internal(Bytes message, const Signature<P>& sig) const;

 private:
  template <class Q>
  friend class PrivateKey;
  PublicKey() : bytes_{} {}
  ByteArray<size> bytes_;
};

// A private key: SK.seed, SK.prf, PK.seed, PK.root. Wiped when it dies or moves.
template <class P>
class PrivateKey {
 public:
  static constexpr std::size_t size = P::params.private_key_bytes();
  static constexpr std::size_t seeds_bytes = 3 * P::params.n;
  using Seeds = Secret<seeds_bytes, struct SlhSeedsTag>;  // SK.seed, SK.prf, PK.seed

  static PrivateKey generate(Random& random);
  // FIPS 205, Algorithm 18. The same seeds give the same key, for ever.
  static PrivateKey from_seeds(const Seeds& seeds);
  // PK.root is computed anew and compared: malformed for a wrong length or a root that does not
  // belong. Costs as much as generate().
  static Result<PrivateKey> parse(Bytes bytes);

  PrivateKey(PrivateKey&&) noexcept = default;
  PrivateKey& operator=(PrivateKey&&) noexcept = default;

  const PublicKey<P>& public_key() const noexcept { return public_key_; }
  FixedBytes<size> expose() const noexcept { return bytes_.expose(); }

  [[nodiscard]] Result<Signature<P>> sign(Bytes message, Bytes context, const Hedge& hedge) const;
  [[nodiscard]] Result<Signature<P>> sign(const Digest& digest, Bytes context,
                                          const Hedge& hedge) const;
  // Takes M' itself (FIPS 205, Algorithm 19).
  [[nodiscard]] Signature<P> sign_internal(Bytes message, const Hedge& hedge) const;

 private:
  PrivateKey() = default;
  Signature<P> sign_parts(std::span<const Bytes> message, const Hedge& hedge) const;
  PublicKey<P> public_key_;
  Secret<size, struct SlhPrivateKeyTag> bytes_;
};

// The kernel in use: "portable", "avx2" or "avx512".
const char* kernel_name() noexcept;

}  // namespace v100::slhdsa
