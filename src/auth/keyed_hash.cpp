#include "auth/keyed_hash.h"

namespace v100::auth {
namespace {

struct State {
  std::uint64_t v0, v1, v2, v3;

  void round() noexcept {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }
  void word(std::uint64_t m) noexcept {
    v3 ^= m;
    round();
    round();
    v0 ^= m;
  }
};

}  // namespace

std::uint64_t KeyedHash::operator()(Bytes first, Bytes second) const noexcept {
  State s{k0_ ^ 0x736f6d6570736575u, k1_ ^ 0x646f72616e646f6du, k0_ ^ 0x6c7967656e657261u,
          k1_ ^ 0x7465646279746573u};  // "somepseudorandomlygeneratedbytes"
  std::uint8_t tail[8];
  std::size_t held = 0;
  for (Bytes part : {first, second}) {
    while (held != 0 && !part.empty()) {
      tail[held++] = part[0];
      part = part.subspan(1);
      if (held == 8) {
        s.word(load_le<std::uint64_t>(tail));
        held = 0;
      }
    }
    for (; part.size() >= 8; part = part.subspan(8)) {
      s.word(load_le<std::uint64_t>(part.data()));
    }
    for (const std::uint8_t byte : part) {
      tail[held++] = byte;
    }
  }
  std::uint64_t last = static_cast<std::uint64_t>(first.size() + second.size()) << 56;
  for (std::size_t i = 0; i < held; ++i) {
    last |= static_cast<std::uint64_t>(tail[i]) << (8 * i);
  }
  s.word(last);
  s.v2 ^= 0xff;
  for (int i = 0; i < 4; ++i) {
    s.round();
  }
  return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

}  // namespace v100::auth
