// Repeatable randomness for tests of this folder: SHAKE256 of a seed.
#pragma once

#include "base/world.h"
#include "crypto/keccak/keccak.h"

namespace v100::he::bfv {

class TestRandom final : public Random {
 public:
  explicit TestRandom(std::uint64_t seed) {
    ByteArray<8> bytes;
    store_be(bytes.data(), seed);
    stream_.absorb(bytes);
  }
  void fill(MutBytes out) override { stream_.squeeze(out); }
  std::uint64_t next() {
    ByteArray<8> bytes;
    fill(bytes);
    return load_le<std::uint64_t>(bytes.data());
  }

 private:
  keccak::Shake256 stream_;
};

}  // namespace v100::he::bfv
