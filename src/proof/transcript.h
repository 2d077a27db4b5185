// Fiat-Shamir: a chain of SHA3-256 over everything public and everything the prover has sent, from
// which SHAKE256 draws the challenges. docs/spec/membership-proof.md, section 6.
#pragma once

#include <cstdint>
#include <vector>

#include "proof/field.h"
#include "proof/params.h"
#include "proof/proof.h"

namespace v100::proof {

// What is absorbed, in this order; the byte stands before the bytes.
enum class Sent : std::uint8_t {
  trace = 'T',
  quotient = 'Q',
  values = 'E',
  fri = 'F',
  final = 'P',
  nonce = 'N',
};

class Transcript {
 public:
  Transcript(const Params& params, const Statement& statement) noexcept;

  void absorb(Sent what, Bytes bytes) noexcept;
  // One element of K. At most one challenge is drawn between two messages.
  Fe challenge() const noexcept;
  // Absorbs a nonce; says whether it is one that was worked for.
  bool absorb_nonce(std::uint64_t nonce, unsigned bits) noexcept;
  // The smallest nonce that absorb_nonce says yes to.
  std::uint64_t grind(unsigned bits) const noexcept;
  std::vector<std::uint32_t> positions(const Params& params) const;
  Bytes state() const noexcept { return state_; }

 private:
  ByteArray<32> state_;
};

}  // namespace v100::proof
