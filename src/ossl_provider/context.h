// What all parts of the provider share: the core that loaded it, and a libcrypto of its own.
#pragma once

#include <initializer_list>
#include <openssl/core.h>
#include <openssl/core_dispatch.h>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/tls/pq_group.h"
#include "keys/codec.h"

namespace v100::ossl {

// One for each time that the provider is loaded; read by all threads after that. `base` comes
// first, because crypto/tls's tables take a pointer to it.
struct Provider {
  crypto::ProviderContext base;  // a library context with "default" alone, whatever the program has
  OSSL_PROVIDER* standard = nullptr;
  const OSSL_CORE_HANDLE* core = nullptr;
  OSSL_FUNC_core_get_params_fn* get_params = nullptr;
  OSSL_FUNC_core_new_error_fn* new_error = nullptr;
  OSSL_FUNC_core_set_error_debug_fn* set_error_debug = nullptr;
  OSSL_FUNC_core_vset_error_fn* vset_error = nullptr;
  OSSL_FUNC_core_obj_create_fn* obj_create = nullptr;
  OSSL_FUNC_core_obj_add_sigid_fn* obj_add_sigid = nullptr;
  OSSL_FUNC_BIO_read_ex_fn* bio_read = nullptr;
  OSSL_FUNC_BIO_write_ex_fn* bio_write = nullptr;
  keys::Form form = keys::Form::seed;  // of private keys that are written
  bool digest_ignored = false;         // sign and verify take the name of a digest and pass it over
  unsigned version = 0;                // of the OpenSSL that loaded us: 0x300 is 3.0
};

Provider* provider_of(void* context) noexcept;

// Puts the error into OpenSSL's queue and returns 0, which is what its functions return then.
int raise(const Provider& provider, Error error) noexcept;
const OSSL_ITEM* reason_strings() noexcept;

// Whether all of `bytes` went out.
bool write_all(const Provider& provider, OSSL_CORE_BIO* out, Bytes bytes) noexcept;

template <class F>
OSSL_DISPATCH row(int id, F* function) noexcept {
  return {id, reinterpret_cast<void (*)(void)>(function)};
}
inline constexpr OSSL_DISPATCH last_row{0, nullptr};

// Bytes out of a parameter of type octet string. False: another type.
bool octets(const OSSL_PARAM* param, Bytes& out) noexcept;

}  // namespace v100::ossl
