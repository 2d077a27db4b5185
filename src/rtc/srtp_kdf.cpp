#include "rtc/srtp_kdf.h"

namespace v100::rtc {

// RFC 3711 §4.3.1, §4.3.3: x = (label || r) XOR salt, key = AES-CM(master key, x * 2^16)
void srtp_derive(MutBytes out, crypto::AesCtr& prf, FixedBytes<14> salt, SrtpLabel label,
                 std::uint64_t r) noexcept {
  ByteArray<16> counter{};
  copy(MutBytes(counter).first(14), salt);
  counter[7] = static_cast<std::uint8_t>(counter[7] ^ static_cast<std::uint8_t>(label));
  for (std::size_t i = 0; i < 6; ++i) {
    counter[8 + i] = static_cast<std::uint8_t>(counter[8 + i] ^ (r >> (8 * (5 - i))));
  }
  wipe(out);  // the key stream is XORed into zeros
  prf.apply(out, counter);
}

}  // namespace v100::rtc
