// The hash functions of SLH-DSA with AVX-512: eight lanes in one register, rotations in one
// instruction. Chains, which are nearly all of the work, stay in registers from step to step: all
// but eight of a state's words are constants that no step has to load.
#include <cstdint>

#include "crypto/keccak/permute_avx512.inl.h"
#include "crypto/keccak/round_constants.inl.h"
#include "crypto/slhdsa/lanes.inl.h"

namespace v100::slhdsa {
namespace {

constexpr u64 pads[2] = {shake_domain, shake_end};

asm(R"(
# Registers `words` from the lanes at `base`, the first of them from its start.
.macro v100_slhdsa_load base, first, words:vararg
.irp w, \words
  vmovdqa64 (64*(\w-\first))(%\base), %zmm\w
.endr
.endm
.macro v100_slhdsa_store words:vararg
.irp w, \words
  vmovdqa64 %zmm\w, (64*\w)(%rdi)
.endr
.endm
.macro v100_slhdsa_seed words:vararg
.irp w, \words
  vpbroadcastq (8*\w)(%rcx), %zmm\w
.endr
.endm
.macro v100_slhdsa_zero words:vararg
.irp w, \words
  vpxorq %zmm\w, %zmm\w, %zmm\w
.endr
.endm
)");

// node = SHAKE256(seed || address || node), once: which registers hold the seed (and the result),
// the address, the node, the padding's first bit and nothing.
#define V100_SHAKE_STEP(seeds, addresses, nodes, pad, zeros)                                      \
  asm volatile("v100_slhdsa_seed " seeds "\n\tv100_slhdsa_load rdx, " addresses                   \
               "\n\tv100_slhdsa_load rdi, " nodes "\n\tvpbroadcastq (%%r8), %%zmm" pad            \
               "\n\tvpbroadcastq 8(%%r8), %%zmm16\n\tv100_slhdsa_zero " zeros                     \
               "\n\tv100_keccak_f1600 zmm, %{1to8%}\n\tv100_slhdsa_store " seeds                  \
               : "+S"(constants)                                                                  \
               : "D"(node), "d"(address), "c"(seed), "r"(pads_at)                                 \
               : "memory", "cc", "rax", "zmm0", "zmm1", "zmm2", "zmm3", "zmm4", "zmm5", "zmm6",   \
                 "zmm7", "zmm8", "zmm9", "zmm10", "zmm11", "zmm12", "zmm13", "zmm14", "zmm15",    \
                 "zmm16", "zmm17", "zmm18", "zmm19", "zmm20", "zmm21", "zmm22", "zmm23", "zmm24", \
                 "zmm25", "zmm26", "zmm27", "zmm28", "zmm29", "zmm30", "zmm31")

void shake_steps_in_registers(PermuteX8, const u64* seed, int n, u64* address, u64* node,
                              int steps) {
  register const u64* pads_at asm("r8") = pads;
  for (int s = 0; s < steps; ++s) {
    const u64* constants = keccak::round_constants;
    if (n == 2) {
      V100_SHAKE_STEP("0,1", "2, 2,3,4,5", "6, 6,7", "8",
                      "9,10,11,12,13,14,15,17,18,19,20,21,22,23,24");
    } else if (n == 3) {
      V100_SHAKE_STEP("0,1,2", "3, 3,4,5,6", "7, 7,8,9", "10",
                      "11,12,13,14,15,17,18,19,20,21,22,23,24");
    } else {
      V100_SHAKE_STEP("0,1,2,3", "4, 4,5,6,7", "8, 8,9,10,11", "12",
                      "13,14,15,17,18,19,20,21,22,23,24");
    }
    vectors(address)[address_words - 1] += shake_next;
  }
}

}  // namespace

extern const SlhKernel kernel_avx512{
    "avx512",        put,         shake_hash,   shake_steps_in_registers,
    shake_step_with, sha256_hash, sha256_steps, sha512_hash};

}  // namespace v100::slhdsa
