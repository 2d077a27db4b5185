// A repeatable source of randomness for the tests of mlkem.
#pragma once

#include <string_view>

#include "base/world.h"
#include "crypto/keccak/keccak.h"

namespace v100::mlkem {

class StreamRandom final : public Random {
 public:
  explicit StreamRandom(std::string_view label) { stream_.absorb(as_bytes(label)); }
  void fill(MutBytes out) override { stream_.squeeze(out); }
  int number(int bound) {  // bias is harmless here
    ByteArray<4> bytes;
    fill(bytes);
    return static_cast<int>(load_le<std::uint32_t>(bytes.data()) %
                            static_cast<std::uint32_t>(bound));
  }

 private:
  keccak::Shake128 stream_;
};

}  // namespace v100::mlkem
