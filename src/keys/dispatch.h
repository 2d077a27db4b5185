// From an algorithm at run time to its types. Not a front door.
#pragma once

#include "crypto/mldsa/mldsa.h"
#include "crypto/mlkem/mlkem.h"
#include "crypto/slhdsa/slhdsa.h"
#include "keys/keys.h"

namespace v100::keys {

// A parameter set as a value, so that a lambda can take it.
template <class P>
struct Set {
  using Params = P;
};

// work(Set<P>()) for the algorithm's set. The caller has looked at its kind.
template <class Work>
auto with_mldsa(Algorithm algorithm, const Work& work) {
  switch (algorithm) {
    case Algorithm::mldsa44:
      return work(Set<mldsa::Mldsa44>());
    case Algorithm::mldsa65:
      return work(Set<mldsa::Mldsa65>());
    default:
      return work(Set<mldsa::Mldsa87>());
  }
}
template <class Work>
auto with_mlkem(Algorithm algorithm, const Work& work) {
  switch (algorithm) {
    case Algorithm::mlkem512:
      return work(Set<mlkem::Mlkem512>());
    case Algorithm::mlkem768:
      return work(Set<mlkem::Mlkem768>());
    default:
      return work(Set<mlkem::Mlkem1024>());
  }
}
template <class Work>
auto with_slhdsa(Algorithm algorithm, const Work& work) {
  switch (algorithm) {
    case Algorithm::slhdsa_sha2_128s:
      return work(Set<slhdsa::Sha2_128s>());
    case Algorithm::slhdsa_sha2_128f:
      return work(Set<slhdsa::Sha2_128f>());
    case Algorithm::slhdsa_sha2_192s:
      return work(Set<slhdsa::Sha2_192s>());
    case Algorithm::slhdsa_sha2_192f:
      return work(Set<slhdsa::Sha2_192f>());
    case Algorithm::slhdsa_sha2_256s:
      return work(Set<slhdsa::Sha2_256s>());
    case Algorithm::slhdsa_sha2_256f:
      return work(Set<slhdsa::Sha2_256f>());
    case Algorithm::slhdsa_shake_128s:
      return work(Set<slhdsa::Shake128s>());
    case Algorithm::slhdsa_shake_128f:
      return work(Set<slhdsa::Shake128f>());
    case Algorithm::slhdsa_shake_192s:
      return work(Set<slhdsa::Shake192s>());
    case Algorithm::slhdsa_shake_192f:
      return work(Set<slhdsa::Shake192f>());
    case Algorithm::slhdsa_shake_256s:
      return work(Set<slhdsa::Shake256s>());
    default:
      return work(Set<slhdsa::Shake256f>());
  }
}

}  // namespace v100::keys
