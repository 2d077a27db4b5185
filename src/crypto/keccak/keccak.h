// Keccak: SHA3-256/512, SHAKE128/256 (FIPS 202), cSHAKE and KMAC256 (SP 800-185), one message at a
// time or several side by side. Nothing allocates; every state is wiped when it dies. Objects are
// not shared between threads; free functions may be called from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>

#include "base/bytes.h"

namespace v100::keccak {

// The kernel in use: "portable", "avx2", "avx512" or "simd128". Picked once, from base/cpu.h.
const char* kernel_name() noexcept;

inline constexpr std::size_t rate_128 = 168;  // SHAKE128, cSHAKE128: bytes a permutation
inline constexpr std::size_t rate_256 = 136;  // SHA3-256, SHAKE256, cSHAKE256, KMAC256
inline constexpr std::size_t rate_512 = 72;   // SHA3-512

// One Keccak sponge. Absorb any number of times, then squeeze any number of times; the first
// squeeze ends the input, after which absorb is a bug (CHECK). Copying one forks the computation,
// so that a shared prefix is absorbed once.
class Sponge {
 public:
  // Domain bits with the first padding bit, FIPS 202 §6 and SP 800-185 §3.
  enum class Domain : std::uint8_t { cshake = 0x04, sha3 = 0x06, shake = 0x1f };

  Sponge(std::size_t rate, Domain domain) noexcept;
  Sponge(const Sponge&) noexcept = default;
  Sponge& operator=(const Sponge&) noexcept = default;
  ~Sponge();

  void absorb(Bytes in) noexcept;
  void squeeze(MutBytes out) noexcept;
  // Ends the input with `count` (0..7) more bits, the low bits of `bits`. Messages that are not
  // whole bytes exist in test vectors only.
  void absorb_last_bits(std::uint8_t bits, unsigned count) noexcept;

 private:
  alignas(64) std::uint64_t words_[25] = {};
  std::size_t rate_;
  std::size_t position_ = 0;  // bytes absorbed into, or squeezed out of, the current block
  Domain domain_;
  bool squeezing_ = false;
};

// SHA3-256 (N = 32) and SHA3-512 (N = 64), incrementally: update, then finish once.
template <std::size_t N>
class Sha3 {
  static_assert(N == 32 || N == 64);

 public:
  Sha3() noexcept : sponge_(200 - 2 * N, Sponge::Domain::sha3) {}
  void update(Bytes in) noexcept { sponge_.absorb(in); }
  void finish(FixedMutBytes<N> out) noexcept { sponge_.squeeze(out); }
  void update_last_bits(std::uint8_t bits, unsigned count) noexcept {
    sponge_.absorb_last_bits(bits, count);
  }

 private:
  Sponge sponge_;
};
using Sha3_256 = Sha3<32>;
using Sha3_512 = Sha3<64>;

// SHAKE128 and SHAKE256, incrementally.
class Shake128 : public Sponge {
 public:
  Shake128() noexcept : Sponge(rate_128, Domain::shake) {}
};
class Shake256 : public Sponge {
 public:
  Shake256() noexcept : Sponge(rate_256, Domain::shake) {}
};

// SP 800-185 §3: cSHAKE with a function name N and a customization string S, both public. With both
// empty it is SHAKE. Absorb and squeeze as above.
class CShake128 : public Sponge {
 public:
  CShake128(Bytes function_name, Bytes customization) noexcept;
};
class CShake256 : public Sponge {
 public:
  CShake256(Bytes function_name, Bytes customization) noexcept;
};

// SP 800-185 §4: KMAC256. Update, then either finish (the length of `out` is bound into the tag) or
// finish_xof (KMACXOF256: any length, squeezed at will), once.
class Kmac256 {
 public:
  Kmac256(Bytes key, Bytes customization) noexcept;
  void update(Bytes in) noexcept { sponge_.absorb(in); }
  void finish(MutBytes out) noexcept;
  void finish_xof(MutBytes out) noexcept;

 private:
  CShake256 sponge_;
};

// One call: the parts are hashed as if they stood in one buffer.
void sha3_256(FixedMutBytes<32> out, std::initializer_list<Bytes> parts) noexcept;
void sha3_512(FixedMutBytes<64> out, std::initializer_list<Bytes> parts) noexcept;
void shake128(MutBytes out, std::initializer_list<Bytes> parts) noexcept;
void shake256(MutBytes out, std::initializer_list<Bytes> parts) noexcept;
void kmac256(MutBytes out, Bytes key, Bytes customization,
             std::initializer_list<Bytes> parts) noexcept;

// Up to eight SHAKE sponges side by side in one state group: what lattice schemes expand their
// matrices and noise with. All lanes absorb inputs of one length and squeeze the same number of
// bytes. Lanes cost next to nothing beside each other (8 for the price of 1 with AVX-512).
class ShakeBatch {
 public:
  static constexpr std::size_t lanes_max = 8;

  // `rate` is rate_128 (SHAKE128) or rate_256 (SHAKE256); `lanes` is 1..8.
  ShakeBatch(std::size_t rate, std::size_t lanes) noexcept;
  ShakeBatch(const ShakeBatch&) = delete;
  ShakeBatch& operator=(const ShakeBatch&) = delete;
  ~ShakeBatch();

  std::size_t lanes() const noexcept { return lanes_; }
  std::size_t rate() const noexcept { return rate_; }

  // One input a lane, all of one length. May be called again for more input until the first
  // squeeze.
  void absorb(std::span<const Bytes> inputs) noexcept;
  // One output a lane, all of one length; any length, as often as wanted. Whole blocks (multiples
  // of rate()) are fastest.
  void squeeze(std::span<const MutBytes> outs) noexcept;
  // Empties all lanes for a next set of inputs.
  void reset() noexcept;

 private:
  void permute() noexcept;
  void read_whole_words(std::span<const MutBytes> outs, std::size_t at, std::size_t count) noexcept;

  alignas(64) std::uint64_t words_[25 * lanes_max];
  std::size_t rate_;
  std::size_t lanes_;
  std::size_t width_;  // 1, 4 or 8: the group that holds the lanes
  std::size_t position_ = 0;
  bool squeezing_ = false;
};

// A batch of independent hashes over messages of any lengths. outs[i] gets the hash of messages[i];
// sizes of the two spans are equal. A lane that has finished its message takes the next one.
void sha3_256_batch(std::span<const FixedMutBytes<32>> outs,
                    std::span<const Bytes> messages) noexcept;
void sha3_512_batch(std::span<const FixedMutBytes<64>> outs,
                    std::span<const Bytes> messages) noexcept;
// Outputs of any lengths.
void shake256_batch(std::span<const MutBytes> outs, std::span<const Bytes> messages) noexcept;

// Hashes of several kinds at once, each with its own message and output (32 bytes for sha3_256, 64
// for sha3_512, any number for SHAKE). Spans outlive the call.
enum class Hash : std::uint8_t { sha3_256, sha3_512, shake128, shake256 };
struct HashItem {
  Hash hash;
  Bytes message;
  MutBytes out;
};
void hash_batch(std::span<const HashItem> items) noexcept;

}  // namespace v100::keccak
