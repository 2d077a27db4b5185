// What the two halves of ct_check share: data that looks random, and secrets made of it.
#pragma once

#include <cstdint>

#include "base/ct.h"
#include "crypto/keccak/keccak.h"

#if !defined(V100_CT_CHECK)
#error "build this with the preset ct: without it nothing is marked"
#endif

namespace v100::ct_check {

// Bytes that look random; public until poisoned.
template <std::size_t N>
ByteArray<N> filled(std::uint8_t start) {
  ByteArray<N> bytes;
  keccak::shake256(bytes, {Bytes(&start, 1)});
  return bytes;
}

template <class S>
S secret(std::uint8_t start) {
  S result;
  copy(result.fill(), filled<S::size>(start));
  ct::poison(result.expose());
  return result;
}

// Cases over whole protocols (ct_whole.cpp). X25519, HKDF and AES in them are libcrypto's.
void xwing_whole();
void x25519mlkem768_whole();
void hpke_xwing();
void hpke_mlkem768();
// Private keys on their way in and out of files.
void base64();
void keys_mldsa44();
void keys_mlkem768();
void keys_slhdsa();

}  // namespace v100::ct_check
