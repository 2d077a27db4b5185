// The operations of ML-KEM on a group of one to eight keys, which share one queue of hashes. Single
// calls are groups of one. Internal to mlkem.
#pragma once

#include <span>

#include "crypto/mlkem/hash_queue.h"
#include "crypto/mlkem/mlkem.h"
#include "crypto/mlkem/parts.h"

namespace v100::mlkem {

inline constexpr std::size_t group_max = 8;
// Raw keys in a group: what they expand to stays in the first-level cache and on a small stack.
inline constexpr std::size_t raw_max = 4;

template <class P>
struct Engine {
  struct Encapsulation {
    const PreparedEncapsulator<P>* key;
    const std::uint8_t* m;  // 32 bytes
    Encapsulated<P>* out;
  };
  struct Decapsulation {
    const PreparedDecapsulator<P>* key;
    const Ciphertext<P>* ciphertext;
    SharedSecret* out;
  };

  // FIPS 203, Algorithm 16 (ML-KEM.KeyGen_internal), for a group of N at most.
  template <std::size_t N>
  static void keygen(std::span<KeyPair<P>* const> outs,
                     std::span<const Seed* const> seeds) noexcept;
  // Algorithm 17 (ML-KEM.Encaps_internal). What is in the queue is done first: it may be what the
  // keys still need.
  template <std::size_t N>
  static void encapsulate(HashQueue& queue, std::span<const Encapsulation> group) noexcept;
  // Algorithm 18 (ML-KEM.Decaps_internal). `expand` adds to the queue, behind the long hashes, what
  // the keys still need.
  template <std::size_t N, class Expand>
  static void decapsulate(HashQueue& queue, std::span<const Decapsulation> group,
                          const Expand& expand) noexcept;

  // Prepare a key but for the matrix (and of an encapsulation key the hash), which the queue gets.
  // The bytes must outlive its run.
  static void expand_matrix(HashQueue& queue, PreparedEncapsulator<P>& out,
                            FixedBytes<P::ek_bytes> ek) noexcept;
  static void take_secrets(PreparedDecapsulator<P>& out, const DkParts<P>& dk) noexcept;

  // One group of a batch; how many of the items it took. `ms` has 32 bytes for each item.
  static std::size_t encapsulate_some(std::span<Encapsulated<P>> outs,
                                      std::span<const Recipient<P>> to, Bytes ms) noexcept;
  static std::size_t decapsulate_some(std::span<SharedSecret> outs,
                                      std::span<const Received<P>> received) noexcept;
  static void decapsulate_some_raw(std::span<SharedSecret> outs,
                                   std::span<const Received<P>> received) noexcept;

  static void keygen_some(std::span<std::optional<KeyPair<P>>> outs,
                          std::span<const Seed> seeds) noexcept;  // eight at most

  static KeyPair<P> keygen_once(const Seed& seed) noexcept;
  static Encapsulated<P> encapsulate_prepared(const PreparedEncapsulator<P>& key,
                                              const Message& m) noexcept;
  static SharedSecret decapsulate_prepared(const PreparedDecapsulator<P>& key,
                                           const Ciphertext<P>& ciphertext) noexcept;
  // With a raw key, once. `h` gets H(ek) unless null.
  static Encapsulated<P> encapsulate_once(const EncapsulationKey<P>& ek, const Message& m) noexcept;
  static SharedSecret decapsulate_once(FixedBytes<P::dk_bytes> dk, const Ciphertext<P>& ciphertext,
                                       std::uint8_t* h) noexcept;

  static KeyPair<P> empty_pair() noexcept { return {EncapsulationKey<P>(), DecapsulationKey<P>()}; }
  static Result<EncapsulationKey<P>> parse_ek(Bytes raw) noexcept;
  static Result<DecapsulationKey<P>> parse_dk(Bytes raw) noexcept;
};

}  // namespace v100::mlkem
