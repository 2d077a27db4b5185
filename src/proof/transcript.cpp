#include "proof/transcript.h"

#include <array>

#include "crypto/keccak/keccak.h"

namespace v100::proof {
namespace {

bool worked_for(Bytes state, unsigned bits) noexcept {
  return (load_le<std::uint32_t>(state.data()) & ((1u << bits) - 1)) == 0;
}

}  // namespace

Transcript::Transcript(const Params& params, const Statement& statement) noexcept {
  const std::uint8_t numbers[] = {params.id,
                                  static_cast<std::uint8_t>(params.domain_log),
                                  degree_log,
                                  static_cast<std::uint8_t>(params.queries),
                                  static_cast<std::uint8_t>(params.grinding_bits),
                                  static_cast<std::uint8_t>(params.folds),
                                  cap_log,
                                  static_cast<std::uint8_t>(statement.depth),
                                  statement.level_min};
  std::uint8_t context_size[2];
  store_le(context_size, static_cast<std::uint16_t>(statement.context.size()));
  keccak::sha3_256(
      state_, {as_bytes("V100 membership proof 1\n"), numbers, statement.root, statement.pseudonym,
               context_size, statement.context, statement.message});
}

void Transcript::absorb(Sent what, Bytes bytes) noexcept {
  const std::uint8_t tag = static_cast<std::uint8_t>(what);
  const ByteArray<32> before = state_;
  keccak::sha3_256(state_, {before, Bytes(&tag, 1), bytes});
}

Fe Transcript::challenge() const noexcept {
  keccak::Shake256 shake;
  shake.absorb(state_);
  shake.absorb(as_bytes("c"));
  Fe out;
  for (Fp& c : out.c) {
    std::uint32_t word = modulus;
    while (word >= modulus) {
      ByteArray<4> bytes;
      shake.squeeze(bytes);
      word = load_le<std::uint32_t>(bytes.data()) & 0x7fffffff;
    }
    c = Fp::of(word);
  }
  return out;
}

bool Transcript::absorb_nonce(std::uint64_t nonce, unsigned bits) noexcept {
  ByteArray<8> bytes;
  store_le(bytes.data(), nonce);
  absorb(Sent::nonce, bytes);
  return worked_for(state_, bits);
}

std::uint64_t Transcript::grind(unsigned bits) const noexcept {
  constexpr std::size_t group = 32;
  std::array<ByteArray<41>, group> messages;
  std::array<ByteArray<32>, group> states;
  std::vector<Bytes> in(messages.begin(), messages.end());
  std::vector<FixedMutBytes<32>> out(states.begin(), states.end());
  for (ByteArray<41>& message : messages) {
    copy(std::span(message).first<32>(), state_);
    message[32] = static_cast<std::uint8_t>(Sent::nonce);
  }
  for (std::uint64_t first = 0;; first += group) {
    for (std::size_t i = 0; i < group; ++i) {
      store_le(messages[i].data() + 33, first + i);
    }
    keccak::sha3_256_batch(out, in);
    for (std::size_t i = 0; i < group; ++i) {
      if (worked_for(states[i], bits)) {
        return first + i;
      }
    }
  }
}

std::vector<std::uint32_t> Transcript::positions(const Params& params) const {
  keccak::Shake256 shake;
  shake.absorb(state_);
  shake.absorb(as_bytes("p"));
  std::vector<std::uint32_t> out(params.queries);
  for (std::uint32_t& position : out) {
    ByteArray<4> bytes;
    shake.squeeze(bytes);
    position =
        load_le<std::uint32_t>(bytes.data()) & static_cast<std::uint32_t>(params.domain() - 1);
  }
  return out;
}

}  // namespace v100::proof
