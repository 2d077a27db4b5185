// AES-GCM's inner work as a kernel gives it: key schedule, counter mode and GHASH. No code here.
#pragma once

#include <cstddef>
#include <cstdint>

namespace v100::crypto {

// A key made ready. Holds secrets: whoever owns one wipes it.
struct alignas(64) GcmKey {
  std::uint8_t powers[16][16];  // of the hash key, H^16 first, in the kernel's own representation
  std::uint8_t round_keys[15][16];
  std::uint32_t rounds;  // 10 or 14
};

struct GcmKernel {
  const char* name;
  // `key` is 16 or 32 bytes.
  void (*expand)(GcmKey& out, const std::uint8_t* key, std::size_t key_bytes);
  // NIST SP 800-38D §6.5: XORs the key stream of counters 2, 3, ... into `text`.
  void (*crypt)(const GcmKey& key, const std::uint8_t nonce[12], std::uint8_t* text,
                std::size_t text_bytes);
  // §7.1 steps 4 to 6: the tag over additional data and ciphertext.
  void (*tag)(const GcmKey& key, const std::uint8_t nonce[12], const std::uint8_t* additional,
              std::size_t additional_bytes, const std::uint8_t* text, std::size_t text_bytes,
              std::uint8_t out[16]);
};

#if defined(__x86_64__)
// Needs AVX-512 (Isa::avx512) and besides VAES and VPCLMULQDQ: ask for both.
extern const GcmKernel gcm_avx512;
#endif

}  // namespace v100::crypto
