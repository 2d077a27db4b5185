// K-PKE (FIPS 203 §5), the encryption scheme inside ML-KEM. Internal to mlkem: never of use alone.
#pragma once

#include "crypto/mlkem/mlkem.h"
#include "crypto/mlkem/poly.h"

namespace v100::mlkem {

template <class P>
struct Kpke {
  // The public polynomials of a key: A transposed (k x k, row by row) and t.
  struct PublicPolys {
    const Poly* a_transposed;
    const Poly* t_hat;
  };

  // FIPS 203, Algorithm 13 (K-PKE.KeyGen). Writes ek and the 384 k bytes of s.
  static void keygen(FixedMutBytes<P::ek_bytes> ek, FixedMutBytes<384 * P::k> dk,
                     FixedBytes<32> d) noexcept;
  // Algorithm 14 (K-PKE.Encrypt), with steps 2-8 done before.
  static void encrypt(FixedMutBytes<P::ct_bytes> out, const PublicPolys& key, FixedBytes<32> m,
                      FixedBytes<32> r) noexcept;
  // Algorithm 15 (K-PKE.Decrypt), with s decoded and prepared before.
  static void decrypt(FixedMutBytes<32> m, const Multiplier* s_hat,
                      FixedBytes<P::ct_bytes> ciphertext) noexcept;
};

// Decodes k polynomials of 384 bytes.
void decode_vector(Poly* out, Bytes in) noexcept;

}  // namespace v100::mlkem
