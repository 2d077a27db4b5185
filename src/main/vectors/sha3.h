// Hashing as SHA-3 test files want it: any length in bits, and the Monte Carlo chains. Shared by
// the ACVP and the CAVP reader.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace v100::vectors {

enum class Sha3Function : unsigned char { sha3_256, sha3_512, shake128, shake256 };

// "SHA3-256", "SHAKE-128", "SHAKE128" …; nothing for functions that this build lacks.
std::optional<Sha3Function> sha3_function(std::string_view name);

bool is_xof(Sha3Function function);

// Longest output that a reader asks for, in bits: no file has more than 64 Ki.
inline constexpr std::uint64_t out_bits_max = std::uint64_t{1} << 16;

// `bits` of `message`, low bits of the last byte first; `out_bits` of output (ignored by SHA-3),
// the unused high bits of the last byte zero.
Buffer sha3_hash(Sha3Function function, Bytes message, std::uint64_t bits, std::uint64_t out_bits);

// One step of a Monte Carlo test: a thousand hashes of hashes. For the XOFs the next output length
// follows from the last output.
class Sha3Monte {
 public:
  struct Range {
    std::size_t min_bytes;  // at least 2 for an XOF
    std::size_t max_bytes;
    bool valid() const {
      return min_bytes >= 2 && min_bytes <= max_bytes && max_bytes <= out_bits_max / 8;
    }
  };
  Sha3Monte(Sha3Function function, Bytes seed, const Range& range);
  Buffer next();

 private:
  Sha3Function function_;
  Buffer last_;
  Range range_;
  std::size_t out_bytes_;
};

}  // namespace v100::vectors
