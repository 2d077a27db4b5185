// Eight lanes in plain C++: the reference, and what runs where there is no IFMA.
#include <cstddef>
#include <cstdint>

#include "he/ring64/kernel.h"

namespace v100::he {
namespace {

struct V {
  std::uint64_t lane[8];
};
constexpr std::uint64_t mask52 = (1ull << 52) - 1;

template <class Op>
inline V each(Op op) {
  V out;
  for (std::size_t i = 0; i < 8; ++i) {
    out.lane[i] = op(i);
  }
  return out;
}

inline V load(const std::uint64_t* p) {
  return each([&](std::size_t i) { return p[i]; });
}
inline void store(std::uint64_t* p, const V& v) {
  for (std::size_t i = 0; i < 8; ++i) {
    p[i] = v.lane[i];
  }
}
inline V splat(std::uint64_t x) {
  return each([&](std::size_t) { return x; });
}
inline V add(const V& a, const V& b) {
  return each([&](std::size_t i) { return a.lane[i] + b.lane[i]; });
}
inline V sub(const V& a, const V& b) {
  return each([&](std::size_t i) { return a.lane[i] - b.lane[i]; });
}
inline V least(const V& a, const V& b) {  // without a branch: values may be secret
  return each([&](std::size_t i) {
    const std::uint64_t below = 0 - static_cast<std::uint64_t>(a.lane[i] < b.lane[i]);
    return b.lane[i] ^ ((a.lane[i] ^ b.lane[i]) & below);
  });
}
inline V low52(const V& a) {
  return each([&](std::size_t i) { return a.lane[i] & mask52; });
}
inline V shift_right(const V& a, unsigned count) {
  return each([&](std::size_t i) { return a.lane[i] >> count; });
}
inline V both(const V& a, const V& b) {
  return each([&](std::size_t i) { return a.lane[i] & b.lane[i]; });
}
inline V sign(const V& a) {
  return each([&](std::size_t i) { return 0 - (a.lane[i] >> 63); });
}
inline V load_small(const std::int8_t* p) {
  return each([&](std::size_t i) { return static_cast<std::uint64_t>(std::int64_t{p[i]}); });
}
inline V load_int(const std::int32_t* p) {
  return each([&](std::size_t i) { return static_cast<std::uint64_t>(std::int64_t{p[i]}); });
}
__extension__ typedef unsigned __int128 Wide;
inline Wide product(std::uint64_t b, std::uint64_t c) {
  return static_cast<Wide>(b & mask52) * (c & mask52);
}
inline V muladd_low(const V& a, const V& b, const V& c) {
  return each([&](std::size_t i) {
    return a.lane[i] + (static_cast<std::uint64_t>(product(b.lane[i], c.lane[i])) & mask52);
  });
}
inline V muladd_high(const V& a, const V& b, const V& c) {
  return each([&](std::size_t i) {
    return a.lane[i] + static_cast<std::uint64_t>(product(b.lane[i], c.lane[i]) >> 52);
  });
}
inline void transpose(V* v) {
  for (std::size_t i = 0; i < 8; ++i) {
    for (std::size_t k = i + 1; k < 8; ++k) {
      const std::uint64_t held = v[i].lane[k];
      v[i].lane[k] = v[k].lane[i];
      v[k].lane[i] = held;
    }
  }
}

inline V sum_transposed(const V* v) {
  return each([&](std::size_t i) {
    std::uint64_t sum = 0;
    for (std::size_t k = 0; k < 8; ++k) {
      sum += v[i].lane[k];
    }
    return sum;
  });
}

#include "he/ring64/ntt.inl.h"
#include "he/ring64/pointwise.inl.h"

void permute(std::uint64_t* out, const std::uint64_t* in, const std::uint32_t* index,
             std::size_t n) {
  for (std::size_t j = 0; j < n; ++j) {
    out[j] = in[index[j]];
  }
}

void pack(std::uint8_t* out, const std::uint64_t* in, std::size_t n, unsigned width) {
  std::uint64_t held = 0;
  unsigned bits = 0;
  for (std::size_t j = 0; j < n; ++j) {
    held |= in[j] << bits;  // fewer than 8 bits are held: 57 at most together
    for (bits += width; bits >= 8; bits -= 8) {
      *out++ = static_cast<std::uint8_t>(held);
      held >>= 8;
    }
  }
}

void unpack(std::uint64_t* out, const std::uint8_t* in, std::size_t n, unsigned width) {
  std::uint64_t held = 0;
  unsigned bits = 0;
  for (std::size_t j = 0; j < n; ++j) {
    for (; bits < width; bits += 8) {
      held |= static_cast<std::uint64_t>(*in++) << bits;
    }
    out[j] = held & ((1ull << width) - 1);
    held >>= width;
    bits -= width;
  }
}

std::size_t count_outside(const std::uint64_t* x, std::size_t n, std::uint64_t q) {
  std::size_t count = 0;
  for (std::size_t j = 0; j < n; ++j) {
    count += x[j] >= q ? 1u : 0u;
  }
  return count;
}

}  // namespace

const Ring64Kernel ring64_portable{
    "portable",   forward,     forward_loose, inverse,           multiply,
    multiply_add, add_all,     subtract,      subtract_scale,    recentre,
    scale,        scale_small, sums,          multiply_add_sums, matrix,
    permute,      pack,        unpack,        count_outside};

}  // namespace v100::he
