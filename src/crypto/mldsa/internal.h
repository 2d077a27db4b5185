// What the files of this module share: vectors of polynomials, sampling and encoding. Not a front
// door.
#pragma once

#include "base/ct.h"
#include "base/secret.h"
#include "crypto/keccak/lanes.h"
#include "crypto/mldsa/kernel.h"
#include "crypto/mldsa/mldsa.h"

namespace v100::mldsa {

const MldsaKernel& kernel() noexcept;

// `N` polynomials one after another, uninitialised. SecretVector is wiped when it dies.
template <int N>
struct Vector {
  static constexpr std::size_t coefficients = static_cast<std::size_t>(N) * 256;
  alignas(64) std::int32_t c[coefficients];
  std::int32_t* poly(int i) noexcept { return c + 256 * i; }
  const std::int32_t* poly(int i) const noexcept { return c + 256 * i; }
};
template <int N>
struct SecretVector : Vector<N> {
  SecretVector() noexcept = default;
  SecretVector(const SecretVector&) = delete;
  SecretVector& operator=(const SecretVector&) = delete;
  ~SecretVector() { wipe_object(this->c); }
};
template <std::size_t N>
struct SecretBytes {
  ByteArray<N> bytes;
  SecretBytes() noexcept = default;
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes() { wipe(bytes); }
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

// What follows from a parameter set.
template <class P>
struct Shape {
  static constexpr int k = P::k, l = P::l;
  static constexpr std::int32_t gamma1 = 1 << P::gamma1_bits;
  static constexpr std::int32_t beta = P::tau * P::eta;
  static constexpr Rounding rounding =
      P::gamma2 == (q - 1) / 88 ? Rounding::by_88 : Rounding::by_32;
  static constexpr std::size_t z_bytes = 32 * (1 + P::gamma1_bits);  // a polynomial
  static constexpr std::size_t w1_bytes = rounding == Rounding::by_88 ? 192 : 128;
  static constexpr std::size_t eta_bytes = P::eta == 2 ? 96 : 128;
  static constexpr std::size_t t1_bytes = 320, t0_bytes = 416;
  // Offsets in the private key: rho, K, tr, s1, s2, t0.
  static constexpr std::size_t k_at = 32, tr_at = 64, s1_at = 128;
  static constexpr std::size_t s2_at = s1_at + l * eta_bytes;
  static constexpr std::size_t t0_at = s2_at + k * eta_bytes;
  // Offsets in the signature: challenge, z, hint.
  static constexpr std::size_t z_at = P::challenge_bytes;
  static constexpr std::size_t hint_at = z_at + l * z_bytes;

  static_assert(P::public_key_bytes == 32 + k * t1_bytes);
  static_assert(P::private_key_bytes == t0_at + k * t0_bytes);
  static_assert(P::signature_bytes == hint_at + P::omega + k);
};

// sample.cpp
// The stream of one matrix polynomial: five blocks give 280 candidates, of which 0.1 % fail: enough
// but for one in 10^25 polynomials, for which matrix_poly() starts again.
inline constexpr std::size_t stream_bytes = 5 * keccak::rate_128;
// Streams of the lanes that are at matrix polynomials.
struct MatrixStreams {
  alignas(64) std::uint8_t bytes[keccak::Lanes::lanes_max][stream_bytes];
  unsigned in_use = 0;
  MatrixStreams() noexcept {}  // bytes stay as they are
  unsigned take() noexcept {
    const unsigned free = static_cast<unsigned>(__builtin_ctz(~in_use));
    in_use |= 1u << free;
    return free;
  }
  void give_back(unsigned buffer) noexcept { in_use &= ~(1u << buffer); }
};
// The polynomial at (row, column) of the matrix: its stream as a job, and from the stream the
// polynomial in standard NTT order, with room for 288 coefficients.
inline constexpr std::size_t matrix_poly_room = 288;
void matrix_job(FixedBytes<32> rho, int row, int column, MutBytes stream, keccak::LaneJob& job);
void matrix_poly(FixedBytes<32> rho, int row, int column, Bytes stream, std::int32_t* poly);

// The matrix of a key that is used once, never kept: polynomials are added in the order of their
// index and a row is multiplied when it is complete. At most eight polynomials are in lanes and one
// row incomplete, so a ring of sixteen holds them, whosever they are.
class MatrixRing {
 public:
  MatrixRing() noexcept {}
  // The number of a key's first polynomial; all of a key are numbered on from it.
  unsigned reserve(int polys) noexcept {
    const unsigned first = next_;
    next_ += static_cast<unsigned>(polys);
    return first;
  }
  std::int32_t* at(unsigned number) noexcept { return polys_[number % size]; }
  // out = the row whose first polynomial is `number` times v, all in standard order.
  void multiply_row(unsigned number, const std::int32_t* v, std::int32_t* out,
                    int columns) noexcept {
    const std::int32_t* row[8];
    for (int column = 0; column < columns; ++column) {
      row[column] = at(number + static_cast<unsigned>(column));
    }
    kernel().multiply_row(row, v, out, columns);
  }

 private:
  static constexpr unsigned size = 16;
  unsigned next_ = 0;
  alignas(64) std::int32_t polys_[size][matrix_poly_room];
};
// FIPS 204, Algorithm 32 (ExpandA): k by l polynomials, tiled into a matrix of `columns` columns,
// with another job beside them if there is one.
void expand_a(FixedBytes<32> rho, int k, int l, std::int32_t* matrix, int columns,
              const keccak::LaneJob* beside = nullptr);
// One polynomial of ExpandS or ExpandMask (FIPS 204, Algorithms 33 and 34): its SHAKE256 stream as
// a job over seed and nonce, at least one block long.
void seeded_job(FixedBytes<64> seed, unsigned nonce, MutBytes stream, keccak::LaneJob& job);
// FIPS 204, Algorithm 31 (RejBoundedPoly): a centred polynomial of s1 or s2 from its stream.
inline constexpr std::size_t noise_bytes = 2 * keccak::rate_256;
void noise_poly(FixedBytes<64> rho_prime, unsigned nonce, int eta, Bytes stream,
                std::int32_t* poly);
// FIPS 204, Algorithm 29 (SampleInBall). The challenge is public. `first` is the first block of
// its SHAKE256 stream.
void sample_in_ball(Bytes challenge, FixedBytes<keccak::rate_256> first, int tau,
                    std::int32_t* poly);
void sample_in_ball(Bytes challenge, int tau, std::int32_t* poly);

// mu.cpp
// What stands before the message in M': domain, length of the context, and a digest's OID.
struct MuHead {
  std::uint8_t bytes[13];
};
// The hash that gives mu (64 bytes, into `mu`), as a job: of a message or, if set, of its digest.
// The context has at most 255 bytes; all spans and `head` outlive the job.
void mu_job(FixedBytes<64> tr, Bytes context, Bytes message, const Digest* digest, MuHead& head,
            FixedMutBytes<mu_bytes> mu, keccak::LaneJob& job);

// encode.cpp
// Each packs or unpacks `count` polynomials. FIPS 204, Algorithms 16 to 19.
void pack_t1(const std::int32_t* t1, std::uint8_t* out, int count);
void unpack_t1(const std::uint8_t* in, std::int32_t* t1, int count);
void pack_t0(const std::int32_t* t0, std::uint8_t* out, int count);
void unpack_t0(const std::uint8_t* in, std::int32_t* t0, int count);
void pack_eta(int eta, const std::int32_t* s, std::uint8_t* out, int count);
// All ones if every coefficient is within -eta..eta.
ct::Mask unpack_eta(int eta, const std::uint8_t* in, std::int32_t* s, int count);
// FIPS 204, Algorithms 20 and 21. hint has k * 256 bytes of 0 or 1; unpacking is false for an
// encoding that is not the one and only of its hint. hint may be null: only the check.
void pack_hint(const std::uint8_t* hint, int k, int omega, std::uint8_t* out);
bool unpack_hint(const std::uint8_t* in, int k, int omega, std::uint8_t* hint);

}  // namespace v100::mldsa
