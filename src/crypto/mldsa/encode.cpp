// FIPS 204, section 7.1: keys and hints as bytes. z and w1 are packed by the kernels.
#include "crypto/mldsa/internal.h"

namespace v100::mldsa {
namespace {

// Little-endian fields of `Bits` bits, through a 64-bit window.
template <int Bits>
void pack_fields(const std::uint32_t* fields, std::uint8_t* out, std::size_t n) {
  std::uint64_t window = 0;
  int held = 0;
  for (std::size_t i = 0; i < n; ++i) {
    window |= static_cast<std::uint64_t>(fields[i]) << held;
    for (held += Bits; held >= 8; held -= 8) {
      *out++ = static_cast<std::uint8_t>(window);
      window >>= 8;
    }
  }
}
template <int Bits>
void unpack_fields(const std::uint8_t* in, std::uint32_t* fields, std::size_t n) {
  std::uint64_t window = 0;
  int held = 0;
  for (std::size_t i = 0; i < n; ++i) {
    for (; held < Bits; held += 8) {
      window |= static_cast<std::uint64_t>(*in++) << held;
    }
    fields[i] = static_cast<std::uint32_t>(window) & ((1u << Bits) - 1);
    window >>= Bits;
    held -= Bits;
  }
}

// fields = top - c, which is how BitPack stores centred coefficients; top - fields brings them
// back.
template <int Bits>
void pack_from(std::int32_t top, const std::int32_t* c, std::uint8_t* out, int count) {
  std::uint32_t fields[256];
  for (int p = 0; p < count; ++p) {
    for (std::size_t i = 0; i < 256; ++i) {
      fields[i] = static_cast<std::uint32_t>(top - c[i]);
    }
    pack_fields<Bits>(fields, out, 256);
    c += 256;
    out += 32 * Bits;
  }
  wipe_object(fields);
}
// The largest field is given back, so that the caller may check the range.
template <int Bits>
ct::Mask unpack_from(std::int32_t top, std::uint32_t field_max, const std::uint8_t* in,
                     std::int32_t* c, int count) {
  std::uint32_t fields[256];
  std::uint32_t above = 0;
  for (int p = 0; p < count; ++p) {
    unpack_fields<Bits>(in, fields, 256);
    for (std::size_t i = 0; i < 256; ++i) {
      above |= field_max - fields[i];
      c[i] = top - static_cast<std::int32_t>(fields[i]);
    }
    c += 256;
    in += 32 * Bits;
  }
  wipe_object(fields);
  return ~ct::Mask::from_bit(above >> 31);
}

}  // namespace

void pack_t1(const std::int32_t* t1, std::uint8_t* out, int count) {
  for (int p = 0; p < count; ++p) {
    std::uint32_t fields[256];
    for (std::size_t i = 0; i < 256; ++i) {
      fields[i] = static_cast<std::uint32_t>(t1[i]);
    }
    pack_fields<10>(fields, out, 256);
    t1 += 256;
    out += 320;
  }
}
void unpack_t1(const std::uint8_t* in, std::int32_t* t1, int count) {
  for (int i = 0; i < 64 * count; ++i) {
    t1[0] = in[0] | (in[1] & 0x03) << 8;
    t1[1] = in[1] >> 2 | (in[2] & 0x0f) << 6;
    t1[2] = in[2] >> 4 | (in[3] & 0x3f) << 4;
    t1[3] = in[3] >> 6 | in[4] << 2;
    t1 += 4;
    in += 5;
  }
}

void pack_t0(const std::int32_t* t0, std::uint8_t* out, int count) {
  pack_from<13>(1 << 12, t0, out, count);
}
void unpack_t0(const std::uint8_t* in, std::int32_t* t0, int count) {
  unpack_from<13>(1 << 12, (1u << 13) - 1, in, t0, count);
}

void pack_eta(int eta, const std::int32_t* s, std::uint8_t* out, int count) {
  eta == 2 ? pack_from<3>(2, s, out, count) : pack_from<4>(4, s, out, count);
}
ct::Mask unpack_eta(int eta, const std::uint8_t* in, std::int32_t* s, int count) {
  return eta == 2 ? unpack_from<3>(2, 4, in, s, count) : unpack_from<4>(4, 8, in, s, count);
}

void pack_hint(const std::uint8_t* hint, int k, int omega, std::uint8_t* out) {
  std::memset(out, 0, static_cast<std::size_t>(omega + k));
  int index = 0;
  for (int row = 0; row < k; ++row) {
    for (int i = 0; i < 256; ++i) {
      if (hint[256 * row + i] != 0) {
        out[index++] = static_cast<std::uint8_t>(i);
      }
    }
    out[omega + row] = static_cast<std::uint8_t>(index);
  }
}

bool unpack_hint(const std::uint8_t* in, int k, int omega, std::uint8_t* hint) {
  std::memset(hint, 0, static_cast<std::size_t>(k) * 256);
  int index = 0;
  for (int row = 0; row < k; ++row) {
    const int end = in[omega + row];
    if (end < index || end > omega) {
      return false;
    }
    for (int i = index; i < end; ++i) {
      if (i > index && in[i] <= in[i - 1]) {
        return false;  // positions rise strictly, or one hint would have many encodings
      }
      hint[256 * row + in[i]] = 1;
    }
    index = end;
  }
  for (; index < omega; ++index) {
    if (in[index] != 0) {
      return false;
    }
  }
  return true;
}

}  // namespace v100::mldsa
