// For known answers only: Falcon's reference order of randomness, byte by byte. Signatures for use
// come from PreparedSigner::sign, which draws its randomness in batches.
#pragma once

#include <vector>

#include "crypto/falcon/falcon.h"

namespace v100::falcon {

// Signs with a given salt, the sampler seeded by SHAKE256(sampler_seed), as NIST's known answers
// do. Declared in falcon.h too, which befriends it.
template <class P>
Result<Signature<P>> sign_as_reference(const PreparedSigner<P>& signer, FixedBytes<salt_bytes> salt,
                                       Bytes sampler_seed, Bytes message, Encoding encoding);

// Falcon §3.9.3, Algorithm 15 (SamplerZ) fed with `octets`. malformed: they do not suffice or some
// are left.
struct SamplerParameters {
  double mu;
  double sigma;
  double sigma_min;
};
Result<int> sampler_z(const SamplerParameters& parameters, Bytes octets);

// One attempt at signing with a basis of any size (n a power of two, 2 to 1024), the sampler's
// ChaCha20 seeded by 56 bytes. malformed: sizes.
struct SmallKey {
  std::span<const std::int8_t> f;
  std::span<const std::int8_t> g;
  std::span<const std::int8_t> big_f;
  std::span<const std::int8_t> big_g;
};
Result<std::vector<std::int16_t>> sign_small(const SmallKey& key, Bytes salt, Bytes stream_seed,
                                             Bytes message);

}  // namespace v100::falcon
