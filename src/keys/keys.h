// Keys of any post-quantum algorithm that we have, chosen at run time: what files, tokens and
// command lines hold. A PrivateKey is checked when it is made, so one that exists is whole. Formats
// are in codec.h. Functions may run on several threads at once as long as nobody writes the same
// object.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/world.h"
#include "crypto/mldsa/mldsa.h"

namespace v100::keys {

enum class Algorithm : std::uint8_t {
  mldsa44,
  mldsa65,
  mldsa87,
  mlkem512,
  mlkem768,
  mlkem1024,
  slhdsa_sha2_128s,
  slhdsa_sha2_128f,
  slhdsa_sha2_192s,
  slhdsa_sha2_192f,
  slhdsa_sha2_256s,
  slhdsa_sha2_256f,
  slhdsa_shake_128s,
  slhdsa_shake_128f,
  slhdsa_shake_192s,
  slhdsa_shake_192f,
  slhdsa_shake_256s,
  slhdsa_shake_256f,
};

enum class Kind : std::uint8_t { mldsa, mlkem, slhdsa };

struct Info {
  Algorithm algorithm;
  const char* name;  // as FIPS and JOSE write it: "ML-DSA-65"
  Kind kind;
  std::uint8_t oid[2];       // the last two arcs of 2.16.840.1.101.3.4.x.y
  std::size_t public_bytes;  // all sizes in bytes
  std::size_t seed_bytes;    // 0: no seed form
  std::size_t expanded_bytes;
  std::size_t output_bytes;  // a signature's or a ciphertext's size
  std::int32_t cose;         // COSE algorithm (RFC 9964), 0: none registered
};
const Info& info(Algorithm algorithm) noexcept;
std::span<const Info> algorithms() noexcept;
Result<Algorithm> algorithm_by_name(std::string_view name) noexcept;  // any case; unsupported

// Bytes of any length that are wiped when they die. Moves, never copies.
class SecretBytes {
 public:
  SecretBytes() noexcept = default;
  explicit SecretBytes(Bytes bytes) : bytes_(bytes.begin(), bytes.end()) {}
  explicit SecretBytes(Buffer&& bytes) noexcept : bytes_(std::move(bytes)) {}
  SecretBytes(SecretBytes&& other) noexcept : bytes_(std::move(other.bytes_)) {}
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  ~SecretBytes();
  Bytes expose() const noexcept { return bytes_; }
  bool empty() const noexcept { return bytes_.empty(); }

 private:
  Buffer bytes_;
};

struct PublicKey {
  Algorithm algorithm;
  Buffer bytes;
  // malformed: of a wrong length, or an ML-KEM key with coefficients out of range.
  static Result<PublicKey> from(Algorithm algorithm, Bytes bytes);
};

// The seed where it is known, and always the expanded form (for SLH-DSA the only one).
class PrivateKey {
 public:
  static PrivateKey generate(Algorithm algorithm, Random& random);
  // malformed: of a wrong length; unsupported: the algorithm has no seed form.
  static Result<PrivateKey> from_seed(Algorithm algorithm, Bytes seed);
  // malformed: of a wrong length, or parts that do not belong together.
  static Result<PrivateKey> from_expanded(Algorithm algorithm, Bytes expanded);
  static Result<PrivateKey> from_both(Algorithm algorithm, Bytes seed, Bytes expanded);

  Algorithm algorithm() const noexcept { return public_key_.algorithm; }
  const PublicKey& public_key() const noexcept { return public_key_; }
  Bytes seed() const noexcept { return seed_.expose(); }  // empty: not known
  Bytes expanded() const noexcept { return expanded_.expose(); }

 private:
  PrivateKey(Algorithm algorithm, Bytes public_key, Bytes seed, Bytes expanded);
  PublicKey public_key_;
  SecretBytes seed_;
  SecretBytes expanded_;
};

// ---- Signatures, ML-DSA and SLH-DSA. unsupported: a key of another kind; malformed: a context
// above 255 bytes; unauthenticated: verification said no. `hedge` null: deterministic.
Result<Buffer> sign(const PrivateKey& key, Bytes message, Bytes context, Random* hedge);
Result<Buffer> sign(const PrivateKey& key, const mldsa::Digest& digest, Bytes context,
                    Random* hedge);
Result<void> verify(const PublicKey& key, Bytes message, Bytes context, Bytes signature);
Result<void> verify(const PublicKey& key, const mldsa::Digest& digest, Bytes context,
                    Bytes signature);
// A message in pieces, ML-DSA only: hash, then sign or verify what came out.
Result<mldsa::MuHasher> mu_hasher(const PublicKey& key, Bytes context);
Result<Buffer> sign(const PrivateKey& key, const mldsa::Mu& mu, Random* hedge);
Result<void> verify(const PublicKey& key, const mldsa::Mu& mu, Bytes signature);

// ---- Key encapsulation, ML-KEM.
struct Encapsulated {
  Buffer ciphertext;
  SecretBytes secret;  // 32 bytes
};
Result<Encapsulated> encapsulate(const PublicKey& key, Random& random);
Result<SecretBytes> decapsulate(const PrivateKey& key, Bytes ciphertext);

}  // namespace v100::keys
