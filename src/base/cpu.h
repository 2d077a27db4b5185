// Which instruction sets this process may use. Read once; V100_KERNEL lowers it to the set it
// names: portable, avx2, avx512, neon or neon-sha3.
#pragma once

namespace v100 {

// Of each architecture from the narrowest set to the widest.
enum class Isa : unsigned char { portable, avx2, avx512, neon, neon_sha3 };
inline constexpr Isa every_isa[] = {Isa::portable, Isa::avx2, Isa::avx512, Isa::neon,
                                    Isa::neon_sha3};

// The widest usable set: what the processor and the operating system allow, capped by V100_KERNEL.
// avx512 means F, BW, DQ, VL, VBMI, VBMI2 and IFMA together (Ice Lake, Zen 4 and newer); neon is
// all of AArch64, neon_sha3 has its SHA-3 instructions besides. A name in V100_KERNEL that is
// unknown or that this machine lacks aborts: a forced choice is never silently another one.
Isa cpu_isa() noexcept;

// Whether the machine has it, whatever V100_KERNEL says.
bool cpu_has(Isa isa) noexcept;

const char* name(Isa isa) noexcept;

}  // namespace v100
