// The OpenSSL provider "v100": ML-DSA, SLH-DSA, ML-KEM and X25519MLKEM768 for programs on OpenSSL
// 3.0 and later. As a module (v100.so) it exports this one function under OpenSSL's name for it; a
// program that links it in hands it to OSSL_PROVIDER_add_builtin.
#pragma once

#include <openssl/core.h>

namespace v100::ossl {

// provider(7). 0: the core lacks something, or memory is out.
int provider_init(const OSSL_CORE_HANDLE* core, const OSSL_DISPATCH* from_core,
                  const OSSL_DISPATCH** out, void** context) noexcept;

}  // namespace v100::ossl
