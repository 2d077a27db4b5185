// What the files of this module share. Not a front door.
#pragma once

#include "base/ct.h"
#include "base/secret.h"
#include "crypto/falcon/falcon.h"
#include "crypto/falcon/kernel.h"

namespace v100::falcon {

const FalconKernel& kernel() noexcept;

// What follows from a parameter set. Falcon §3.13, table 3.3.
template <class P>
struct Shape {
  static constexpr int logn = P::logn;
  static constexpr std::size_t n = std::size_t{1} << logn;
  static constexpr std::uint32_t norm_max = logn == 9 ? 34034726 : 70265242;  // floor(beta^2)
  static constexpr int fg_bits = logn == 9 ? 6 : 5;  // a coefficient of f or g in a private key
  static constexpr int big_f_bits = 8;
  static constexpr std::uint8_t public_header = 0x00 + logn;
  static constexpr std::uint8_t private_header = 0x50 + logn;
  static constexpr std::uint8_t signature_header = 0x30 + logn;
  static constexpr std::size_t s2_at = 1 + salt_bytes;  // in a signature
  static_assert(P::public_key_bytes == 1 + n * 14 / 8);
  static_assert(P::private_key_bytes == 1 + n * (2 * fg_bits + big_f_bits) / 8);
};

// n values; the secret kind is wiped when it dies.
template <class T, std::size_t N>
struct Values {
  alignas(64) T v[N];
};
template <class T, std::size_t N>
struct SecretValues : Values<T, N> {
  SecretValues() noexcept = default;
  SecretValues(const SecretValues&) = delete;
  SecretValues& operator=(const SecretValues&) = delete;
  ~SecretValues() { wipe_object(this->v); }
};

// Secret for the checker while this stands: inputs come from callers that have no marks.
class Poisoned {
 public:
  explicit Poisoned(Bytes secret) noexcept : secret_(secret) { ct::poison(secret_); }
  Poisoned(const Poisoned&) = delete;
  Poisoned& operator=(const Poisoned&) = delete;
  ~Poisoned() { ct::unpoison(secret_); }

 private:
  Bytes secret_;
};

// ---- encode.cpp
// Public keys: 14 bits a coefficient. False if one is not below q.
bool unpack_public(const std::uint8_t* in, std::uint16_t* h, int logn);
void pack_public(const std::uint16_t* h, std::uint8_t* out, int logn);
// Private keys: `bits` bits a coefficient, two's complement without the least value. Unpacking
// reads all and answers for all.
ct::Mask unpack_signed(const std::uint8_t* in, int bits, std::int8_t* out, int logn);
void pack_signed(const std::int8_t* in, int bits, std::uint8_t* out, int logn);
// Falcon §3.11.2, Algorithm 17 (Compress): the bytes used, 0 if they do not fit into `out`. Public.
std::size_t compress(std::span<const std::int16_t> s2, MutBytes out);

// ---- hash.cpp
// Falcon §3.7, Algorithm 3 (HashToPoint). Its time depends on the hash of salt and message, which
// whoever verifies knows.
void hash_to_point(Bytes salt, Bytes message, std::uint16_t* c, int logn);
// The same for up to eight messages of one length.
void hash_to_points(std::span<const Bytes> salts, std::span<const Bytes> messages,
                    std::uint16_t* const* cs, int logn);

// ---- expand.cpp
// What signing needs of a key: the basis [[g, -f], [G, -F]] transformed (b00, b01, b10, b11; 4n
// doubles) and the tree (Falcon §3.8.3, Algorithm 9), whose leaves are 1/sigma. scratch: 4n
// doubles.
struct Basis {
  const std::int8_t* f;
  const std::int8_t* g;
  const std::int8_t* big_f;
  const std::int8_t* big_g;
};
void expand(const Basis& key, double* basis, double* tree, double* scratch, int logn);
// Falcon §2.5.1: the standard deviation of signatures and of the smallest leaf.
double sigma_of(int logn);
double sigma_min_of(int logn);

// ---- sign.cpp
// True if all bytes are one: a source of randomness that delivers that has failed.
bool nothing_but_one_byte(Bytes bytes);
// What the sampler's stream starts from: 48 bytes of key and a counter.
inline constexpr std::size_t stream_seed_bytes = 56;
inline void start(Stream& stream, FixedBytes<stream_seed_bytes> seed) {
  for (std::size_t i = 0; i < 12; ++i) {
    stream.key[i] = load_le<std::uint32_t>(seed.data() + 4 * i);
  }
  stream.counter = load_le<std::uint64_t>(seed.data() + 48);
}
void start(SamplerState& state, FixedBytes<stream_seed_bytes> seed, int logn);
// One attempt: t from the hashed message c, the sampler's point, and what is left. Sampler is
// called as sampler(tree, t0, t1, z0, z1, scratch). Returns |(s1, s2)|^2, at most 2^32 - 1.
class Attempt {
 public:
  explicit Attempt(int logn) noexcept : logn_(logn) {}
  // c and the basis to t0 and t1.
  void aim(const double* basis, const std::uint16_t* c) noexcept;
  // z0 and z1 to s2.
  std::uint32_t finish(const double* basis, const std::uint16_t* c, std::int16_t* s2) noexcept;
  double* t0() noexcept { return values_.v; }
  double* t1() noexcept { return values_.v + n(); }
  double* z0() noexcept { return values_.v + 2 * n(); }
  double* z1() noexcept { return values_.v + 3 * n(); }
  double* scratch() noexcept { return values_.v + 4 * n(); }

 private:
  std::size_t n() const noexcept { return std::size_t{1} << logn_; }
  int logn_;
  SecretValues<double, 6 * 1024> values_;
};

}  // namespace v100::falcon
