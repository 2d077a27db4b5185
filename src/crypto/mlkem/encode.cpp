// FIPS 203 §4.2.1: coefficients as bytes, D bits each, little-endian. No step depends on the
// values.
#include <type_traits>

#include "crypto/mlkem/pick.h"
#include "crypto/mlkem/poly.h"

namespace v100::mlkem {
namespace {

__extension__ using Wide = unsigned __int128;
constexpr unsigned q = 3329;

struct alignas(64) Values {
  std::uint16_t v[256];
};

// The smallest group of coefficients that is whole bytes and, but for D = 11, fits in 64 bits.
template <unsigned D>
struct Group {
  static constexpr unsigned count = D <= 8 || D == 11 ? 8 : 4;
  static constexpr unsigned bytes = count * D / 8;
  static_assert(count * D % 8 == 0);
  using Bits = std::conditional_t<D == 11, Wide, std::uint64_t>;
};

template <unsigned D>
void pack(std::uint8_t* out, const Values& in) noexcept {
  using G = Group<D>;
  for (std::size_t i = 0; i < 256; i += G::count) {
    typename G::Bits bits = 0;
    for (std::size_t j = 0; j < G::count; ++j) {
      bits |= static_cast<typename G::Bits>(in.v[i + j]) << (D * j);
    }
    for (unsigned j = 0; j < G::bytes; ++j) {
      out[j] = static_cast<std::uint8_t>(bits >> (8 * j));
    }
    out += G::bytes;
  }
}

template <unsigned D>
void unpack(Values& out, const std::uint8_t* in) noexcept {
  using G = Group<D>;
  for (std::size_t i = 0; i < 256; i += G::count) {
    typename G::Bits bits = 0;
    for (unsigned j = 0; j < G::bytes; ++j) {
      bits |= static_cast<typename G::Bits>(in[j]) << (8 * j);
    }
    for (std::size_t j = 0; j < G::count; ++j) {
      out.v[i + j] = static_cast<std::uint16_t>(bits >> (D * j) & ((1u << D) - 1));
    }
    in += G::bytes;
  }
}

}  // namespace

void encode_12(FixedMutBytes<384> out, const Poly& poly) noexcept {
  Wiped<Values> values;
  kernel().canonical(values.v, poly.c);
  pack<12>(out.data(), values);
}

void decode_12(Poly& out, FixedBytes<384> in) noexcept {
  Wiped<Values> values;
  unpack<12>(values, in.data());
  for (std::size_t i = 0; i < 256; ++i) {
    // Values are below 4096 < 2q: one conditional subtraction, by mask.
    const int reduced = static_cast<int>(values.v[i]) - static_cast<int>(q);
    out.c[i] = static_cast<std::int16_t>(reduced + (static_cast<int>(q) & (reduced >> 15)));
  }
}

bool below_q(Bytes encoded) noexcept {
  CHECK(encoded.size() % 384 == 0);
  unsigned bad = 0;
  for (std::size_t at = 0; at < encoded.size(); at += 384) {
    Values values;
    unpack<12>(values, encoded.data() + at);
    for (const std::uint16_t value : values.v) {
      bad |= value >= q ? 1u : 0u;
    }
  }
  return bad == 0;
}

void compress_encode(MutBytes out, const Poly& poly, unsigned d) noexcept {
  CHECK(out.size() == std::size_t{32} * d);
  Wiped<Values> values;
  kernel().canonical(values.v, poly.c);
  kernel().compress(values.v, static_cast<int>(d));
  switch (d) {
    case 1:
      return pack<1>(out.data(), values);
    case 4:
      return pack<4>(out.data(), values);
    case 5:
      return pack<5>(out.data(), values);
    case 10:
      return pack<10>(out.data(), values);
    case 11:
      return pack<11>(out.data(), values);
    default:
      CHECK(false);
  }
}

void decode_decompress(Poly& out, Bytes in, unsigned d) noexcept {
  CHECK(in.size() == std::size_t{32} * d);
  Wiped<Values> values;
  switch (d) {
    case 1:
      unpack<1>(values, in.data());
      break;
    case 4:
      unpack<4>(values, in.data());
      break;
    case 5:
      unpack<5>(values, in.data());
      break;
    case 10:
      unpack<10>(values, in.data());
      break;
    case 11:
      unpack<11>(values, in.data());
      break;
    default:
      CHECK(false);
  }
  kernel().decompress(out.c, values.v, static_cast<int>(d));
}

void add(Poly& out, const Poly& b) noexcept {
  for (std::size_t i = 0; i < 256; ++i) {
    out.c[i] = static_cast<std::int16_t>(out.c[i] + b.c[i]);
  }
}

}  // namespace v100::mlkem
