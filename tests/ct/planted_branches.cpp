// For branches.py: functions named leak_… hold a leak that it must catch, those named clean_… none.
// Compiled with the flags of AVX-512 kernels, linked into nothing.
#include <cstddef>
#include <cstdint>
#include <immintrin.h>

extern "C" {

void leaked_to() noexcept;

// A comparison that ends at the first difference.
bool leak_compare(const std::uint8_t* a, const std::uint8_t* b) {
  for (std::size_t i = 0; i < 32; ++i) {
    if (a[i] != b[i]) {
      return false;
    }
  }
  return true;
}
// A bit of a vector decides.
void leak_mask(const std::uint8_t* key) {
  const __m512i bytes = _mm512_loadu_si512(key);
  if ((_mm512_cmpgt_epi8_mask(bytes, _mm512_setzero_si512()) & 1) != 0) {
    leaked_to();
  }
}
// A table is read where the key says.
int leak_index(const std::uint8_t* key, const int* table) { return table[key[3]]; }
// The same in sixteen lanes.
__m512i leak_gather(const std::uint8_t* key, const int* table) {
  return _mm512_i32gather_epi32(_mm512_loadu_si512(key), table, 4);
}
// As many rounds as the key says.
std::uint64_t leak_rounds(const std::uint64_t* key, std::uint64_t x) {
  for (std::uint64_t i = 0; i < key[0]; ++i) {
    x = x * x + 1;
    __asm__ volatile("" : "+r"(x));
  }
  return x;
}
// A key is spilled to the stack and comes back before it decides.
void leak_spilled(const std::uint64_t* key) {
  volatile std::uint64_t kept = key[1];
  __asm__ volatile("" ::: "memory");
  if ((kept & 1) != 0) {
    leaked_to();
  }
}

// Sums, selections and loops over lengths that depend on nothing but the length.
std::uint32_t clean_equal(const std::uint8_t* a, const std::uint8_t* b, std::size_t n) {
  std::uint32_t difference = 0;
  for (std::size_t i = 0; i < n; ++i) {
    difference |= static_cast<std::uint32_t>(a[i] ^ b[i]);
  }
  return 1u & ((difference - 1) >> 8);
}
void clean_add(std::int32_t* a, const std::int32_t* b, std::size_t n) {
  for (std::size_t i = 0; i < n; i += 16) {
    const __m512i sum = _mm512_add_epi32(_mm512_loadu_si512(a + i), _mm512_loadu_si512(b + i));
    const __mmask16 large = _mm512_cmpgt_epi32_mask(sum, _mm512_set1_epi32(1000));
    _mm512_storeu_si512(a + i, _mm512_mask_sub_epi32(sum, large, sum, _mm512_set1_epi32(1000)));
  }
}
}
