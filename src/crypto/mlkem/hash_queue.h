// Hashes and matrix polynomials side by side in the lanes of one Keccak group: a lane that is done
// takes the next job, so that long serial hashes (H(ek), J) share their permutations with the
// matrix and the noise of the same call, or of seven others. Internal to mlkem.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "crypto/keccak/keccak.h"
#include "crypto/mlkem/kernel.h"

namespace v100::mlkem {

// SHA3 or SHAKE of 32 bytes at `prefix`, then `words` 64-bit words at `data`, then `tail`, which
// holds what is left of the input, the domain bits behind it. Lengths are public, bytes may not be.
struct HashJob {
  const std::uint8_t* prefix;
  const std::uint8_t* data;
  std::uint64_t tail;
  std::uint32_t words;
  std::uint8_t rate_words;
  // `out` gets this many words; with 0 it is a polynomial and gets Algorithm 7 (SampleNTT) of the
  // output, which is then public.
  std::uint8_t out_words;
  bool done;
  void* out;
};

// FIPS 202 §6: domain bits with the first bit of the padding.
inline constexpr std::uint64_t sha3_end = 0x06;
inline constexpr std::uint64_t shake_end = 0x1f;
constexpr std::uint8_t rate(std::size_t bytes) { return static_cast<std::uint8_t>(bytes / 8); }

// The hash functions of FIPS 203 §4.1 and the matrix's, by input. Pointers must outlive the run.
inline HashJob hash_h(std::uint8_t* out, Bytes ek) noexcept {
  return {.prefix = ek.data(),
          .data = ek.data() + 32,
          .tail = sha3_end,
          .words = static_cast<std::uint32_t>(ek.size() / 8 - 4),
          .rate_words = rate(keccak::rate_256),
          .out_words = 4,
          .done = false,
          .out = out};
}

inline HashJob hash_g(std::uint8_t* out, FixedBytes<32> m, FixedBytes<32> h) noexcept {
  return {.prefix = m.data(),
          .data = h.data(),
          .tail = sha3_end,
          .words = 4,
          .rate_words = rate(keccak::rate_512),
          .out_words = 8,
          .done = false,
          .out = out};
}

inline HashJob hash_g_of_seed(std::uint8_t* out, FixedBytes<32> d, std::uint8_t k) noexcept {
  return {.prefix = d.data(),
          .data = nullptr,
          .tail = sha3_end << 8 | k,
          .words = 0,
          .rate_words = rate(keccak::rate_512),
          .out_words = 8,
          .done = false,
          .out = out};
}

inline HashJob hash_j(std::uint8_t* out, FixedBytes<32> z, Bytes ciphertext) noexcept {
  return {.prefix = z.data(),
          .data = ciphertext.data(),
          .tail = shake_end,
          .words = static_cast<std::uint32_t>(ciphertext.size() / 8),
          .rate_words = rate(keccak::rate_256),
          .out_words = 4,
          .done = false,
          .out = out};
}

inline HashJob prf(std::uint8_t* out, FixedBytes<32> s, unsigned nonce, int eta) noexcept {
  return {.prefix = s.data(),
          .data = nullptr,
          .tail = shake_end << 8 | nonce,
          .words = 0,
          .rate_words = rate(keccak::rate_256),
          .out_words = static_cast<std::uint8_t>(8 * eta),
          .done = false,
          .out = out};
}

inline HashJob sample_ntt(std::int16_t* out, FixedBytes<32> rho, unsigned b32,
                          unsigned b33) noexcept {
  return {.prefix = rho.data(),
          .data = nullptr,
          .tail = shake_end << 16 | b33 << 8 | b32,
          .words = 0,
          .rate_words = rate(keccak::rate_128),
          .out_words = 0,
          .done = false,
          .out = out};
}

// Used by one thread, for one group of operations. Wipes its states when it dies.
class HashQueue {
 public:
  HashQueue() noexcept;
  HashQueue(const HashQueue&) = delete;
  HashQueue& operator=(const HashQueue&) = delete;
  ~HashQueue();

  // Jobs start in the order in which they were added. Returns the job's number.
  std::size_t add(const HashJob& job) noexcept {
    CHECK(count_ < jobs_max);
    jobs_[count_] = job;
    return count_++;
  }
  bool done(std::size_t job) const noexcept { return jobs_[job].done; }
  void step() noexcept;  // one permutation of all lanes
  void run() noexcept;   // until every job is done

  // Eight decapsulations with raw ML-KEM-1024 keys: 16 + 1 + 1 + 1 + 9 jobs each.
  static constexpr std::size_t jobs_max = 8 * 28;

 private:
  struct Lane {
    HashJob* job;
    std::uint32_t absorbed;  // words of prefix and data
    std::uint32_t squeezed;  // words, of a polynomial those in the buffer
    int have;                // coefficients of a polynomial
    bool absorbing;
  };
  static constexpr std::size_t lanes_max = 8;
  static constexpr std::size_t block_words = 21;  // of SHAKE128
  // 504 bytes are 336 candidates of which 81 % pass: one polynomial in a hundred needs more.
  static constexpr std::size_t first_words = 3 * block_words;
  static constexpr std::size_t slack = 64;  // what MlkemKernel::reject may read beyond

  void take() noexcept;
  bool absorb_alike() noexcept;
  template <class Source>
  void absorb_row(std::uint32_t row, std::uint32_t count, const Source& source) noexcept;
  void absorb(std::size_t lane) noexcept;
  void permute() noexcept;
  void squeeze() noexcept;
  void read_lane(std::size_t lane, std::uint8_t* out, std::uint32_t count) noexcept;
  void advance(Lane& lane, std::size_t index, std::uint32_t count) noexcept;
  std::uint32_t wanted(const Lane& lane) const noexcept;

  alignas(64) std::uint64_t words_[25 * lanes_max];
  alignas(64) std::uint8_t buffer_[lanes_max][8 * first_words + slack];
  Lane lanes_[lanes_max];
  std::size_t width_;
  std::size_t active_ = 0;
  std::size_t next_ = 0;
  std::size_t count_ = 0;
  HashJob jobs_[jobs_max];
};

}  // namespace v100::mlkem
