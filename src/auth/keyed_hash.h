// SipHash-2-4 with a key of this process: table places and fingerprints that nobody outside can
// aim at.
#pragma once

#include <bit>
#include <cstdint>
#include <initializer_list>

#include "base/bytes.h"
#include "base/world.h"

namespace v100::auth {

class KeyedHash {
 public:
  explicit KeyedHash(Random& random) {
    ByteArray<16> key;
    random.fill(key);
    *this = KeyedHash(FixedBytes<16>(key));
  }
  explicit KeyedHash(FixedBytes<16> key) noexcept
      : k0_(load_le<std::uint64_t>(key.data())), k1_(load_le<std::uint64_t>(key.data() + 8)) {}

  // The parts as if they stood in one buffer: callers keep them apart by fixed lengths.
  std::uint64_t operator()(Bytes first, Bytes second = {}) const noexcept;

 private:
  std::uint64_t k0_ = 0, k1_ = 0;
};

}  // namespace v100::auth
