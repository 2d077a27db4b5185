// The plaintext layout: slots, their roots, and the two encodings.
#include <bit>

#include "base/cpu.h"
#include "svc/match/engine.h"

namespace v100::match {
namespace {

constexpr std::uint64_t t = 65537;

const MatchKernel& pick() noexcept {
#if defined(__x86_64__)
  static const MatchKernel& kernel = cpu_isa() == Isa::avx512 ? match_avx512 : match_portable;
  return kernel;
#else
  return match_portable;
#endif
}

std::size_t reverse_bits(std::size_t x, int bits) noexcept {
  std::size_t out = 0;
  for (int i = 0; i < bits; ++i) {
    out = (out << 1) | ((x >> i) & 1);
  }
  return out;
}

std::int32_t centred(std::uint64_t x) noexcept {
  return static_cast<std::int32_t>(x) - (x > t / 2 ? static_cast<std::int32_t>(t) : 0);
}

using Pointers = std::array<const std::int8_t*, slots_max>;

Pointers pointers(std::span<const Row* const> rows) {
  Pointers out{};
  for (std::size_t u = 0; u < rows.size(); ++u) {
    out[u] = rows[u]->data();
  }
  return out;
}

}  // namespace

const char* kernel_name() noexcept { return pick().name; }

Packing::Packing(const bfv::Params& params) {
  CHECK(params.t() == t);
  tables_.slots = params.n() / dimensions;
  const std::size_t slots = tables_.slots;
  const int bits = std::countr_zero(slots);
  // 3 generates the units modulo 65537.
  const std::uint64_t zeta = he::mod_power(3, (t - 1) / (2 * slots), t);
  const std::uint64_t inverse = he::mod_inverse(zeta, t);
  for (std::size_t i = 0; i < slots; ++i) {
    tables_.inverse_roots[i] = centred(he::mod_power(inverse, reverse_bits(i, bits), t));
    roots_.push_back(he::mod_power(zeta, 2 * reverse_bits(i, bits) + 1, t));
    tables_.slot_inverses[i] = centred(he::mod_inverse(roots_[i], t));
  }
  tables_.scale = centred(he::mod_inverse(slots, t));
}

void Packing::encode_template(std::span<std::int32_t> out, std::span<const Row* const> rows) const {
  CHECK(rows.size() == slots() && out.size() == slots() * dimensions);
  pick().encode_template(out.data(), pointers(rows).data(), tables_);
}

void Packing::encode_probe(std::span<std::int32_t> out, std::span<const Row* const> rows) const {
  CHECK(rows.size() == slots() && out.size() == slots() * dimensions);
  pick().encode_probe(out.data(), pointers(rows).data(), tables_);
}

}  // namespace v100::match
