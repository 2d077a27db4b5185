// Keccak-f[1600] in plain C++: groups are done state by state.
#include <cstdint>

#include "crypto/keccak/kernel.h"
#include "crypto/keccak/permute.inl.h"

namespace v100::keccak {
namespace {

void permute_x1(std::uint64_t* words) {
  permute_alone(reinterpret_cast<std::uint64_t(&)[25]>(*words));
}

void permute_x4(std::uint64_t* words) {
  for (int s = 0; s < 4; ++s) {
    permute_alone(words + s, 4);
  }
}

void permute_x8(std::uint64_t* words) {
  for (int s = 0; s < 8; ++s) {
    permute_alone(words + s, 8);
  }
}

void read_x4(std::uint8_t* const* outs, const std::uint64_t* words, int count) {
  read_words<4>(outs, words, 0, count);
}
void read_x8(std::uint8_t* const* outs, const std::uint64_t* words, int count) {
  read_words<8>(outs, words, 0, count);
}

void absorb_x4(std::uint64_t* words, const std::uint8_t* const* ins, const std::uint8_t* counts,
               unsigned fresh) {
  absorb_words<4>(words, ins, counts, fresh);
}
void absorb_x8(std::uint64_t* words, const std::uint8_t* const* ins, const std::uint8_t* counts,
               unsigned fresh) {
  absorb_words<8>(words, ins, counts, fresh);
}

}  // namespace

extern const KeccakKernel kernel_portable{"portable", 1,       permute_x1, permute_x4, permute_x8,
                                          read_x4,    read_x8, absorb_x4,  absorb_x8};

}  // namespace v100::keccak
