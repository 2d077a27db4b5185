// FIPS 204, section 7.1: keys and hints as bytes. z and w1 are packed by the kernels.
#include "crypto/mldsa/internal.h"

namespace v100::mldsa {
namespace {

void pack_some(int bits, const std::int32_t* c, std::uint8_t* out, int count) {
  kernel().pack(bits, c, out, 256 * static_cast<std::size_t>(count));
}
// BitPack stores top - c; the same brings it back. All ones if no field is above field_max.
ct::Mask unpack_from(int bits, std::int32_t top, std::int32_t field_max, const std::uint8_t* in,
                     std::int32_t* c, int count) {
  std::int32_t above = 0;
  kernel().unpack(bits, in, c, 256 * static_cast<std::size_t>(count));
  for (int i = 0; i < 256 * count; ++i) {
    above |= field_max - c[i];
    c[i] = top - c[i];
  }
  return ~ct::Mask::from_bit(static_cast<std::uint32_t>(above) >> 31);
}

}  // namespace

void pack_t1(const std::int32_t* t1, std::uint8_t* out, int count) {
  pack_some(10, t1, out, count);
}
void unpack_t1(const std::uint8_t* in, std::int32_t* t1, int count) {
  kernel().unpack(10, in, t1, 256 * static_cast<std::size_t>(count));
}

void pack_t0(const std::int32_t* t0, std::uint8_t* out, int count) {
  pack_some(13, t0, out, count);
}
void unpack_t0(const std::uint8_t* in, std::int32_t* t0, int count) {
  (void)unpack_from(13, 1 << 12, (1 << 13) - 1, in, t0, count);
}

void pack_eta(int eta, const std::int32_t* s, std::uint8_t* out, int count) {
  pack_some(eta == 2 ? 3 : 4, s, out, count);
}
ct::Mask unpack_eta(int eta, const std::uint8_t* in, std::int32_t* s, int count) {
  return unpack_from(eta == 2 ? 3 : 4, eta, 2 * eta, in, s, count);
}

void pack_hint(const std::uint8_t* hint, int k, int omega, std::uint8_t* out) {
  std::memset(out, 0, static_cast<std::size_t>(omega) + static_cast<std::size_t>(k));
  int index = 0;
  for (int row = 0; row < k; ++row) {
    for (int i = 0; i < 256; i += 8) {  // eight bytes of 0 or 1 at a time, most of them 0
      std::uint64_t bits = load_le<std::uint64_t>(hint + 256 * row + i);
      for (; bits != 0; bits &= bits - 1) {
        out[index++] = static_cast<std::uint8_t>(i + __builtin_ctzll(bits) / 8);
      }
    }
    out[omega + row] = static_cast<std::uint8_t>(index);
  }
}

bool unpack_hint(const std::uint8_t* in, int k, int omega, std::uint8_t* hint) {
  if (hint != nullptr) {
    std::memset(hint, 0, static_cast<std::size_t>(k) * 256);
  }
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
      if (hint != nullptr) {
        hint[256 * row + in[i]] = 1;
      }
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

template <class P>
bool hint_is_encoded(Bytes signature) noexcept {
  return signature.size() == P::signature_bytes &&
         unpack_hint(signature.data() + Shape<P>::hint_at, P::k, P::omega, nullptr);
}

template bool hint_is_encoded<Mldsa44>(Bytes) noexcept;
template bool hint_is_encoded<Mldsa65>(Bytes) noexcept;
template bool hint_is_encoded<Mldsa87>(Bytes) noexcept;

}  // namespace v100::mldsa
