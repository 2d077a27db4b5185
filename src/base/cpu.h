// Which instruction sets this process may use. Read once; V100_KERNEL=portable|avx2|avx512 lowers
// it.
#pragma once

namespace v100 {

enum class Isa : unsigned char { portable, avx2, avx512 };

// The widest usable set: what the processor and the operating system allow, capped by V100_KERNEL.
// avx512 means F, BW, DQ, VL, VBMI, VBMI2 and IFMA together (Ice Lake, Zen 4 and newer).
// A name in V100_KERNEL that is unknown or that this machine lacks aborts: a forced choice is never
// silently another one.
Isa cpu_isa() noexcept;

const char* name(Isa isa) noexcept;

}  // namespace v100
