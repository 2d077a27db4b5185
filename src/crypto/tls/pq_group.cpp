#include "crypto/tls/pq_group.h"

#include <cstring>
#include <memory>
#include <new>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#include "crypto/tls/drawn_random.h"
#include "crypto/tls/hybrid_key.h"
#include "crypto/tls/library_scope.h"

// OpenSSL's provider interface: C functions behind tables of numbers. Names follow its manual pages
// provider-keymgmt(7), provider-kem(7) and provider-base(7).
namespace v100::crypto {
namespace {

constexpr const char* group_name = "X25519MLKEM768";
constexpr const char* properties = "provider=v100";
// What OpenSSL's security levels go by: NIST category 3, as OpenSSL 3.5 says of its own.
unsigned int group_security_bits = 192;

OSSL_LIB_CTX* library_of(void* provider) noexcept {
  return static_cast<const ProviderContext*>(provider)->library;
}

template <class F>
OSSL_DISPATCH row(int id, F* function) noexcept {
  return {id, reinterpret_cast<void (*)(void)>(function)};
}
constexpr OSSL_DISPATCH last_row{0, nullptr};

// ---- Key management ----

void* key_new(void* /*provider*/) { return new (std::nothrow) HybridKey; }
void key_free(void* key) { delete static_cast<HybridKey*>(key); }

int key_has(const void* key, int selection) {
  const auto* self = static_cast<const HybridKey*>(key);
  if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 && !self->has_private()) {
    return 0;
  }
  return (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) == 0 || self->has_public() ? 1 : 0;
}

struct Generation {
  OSSL_LIB_CTX* library = nullptr;
  bool pair = false;
};

// A server generates "parameters only" (0x84) and wants an empty key, into which it sets the
// client's share; a client generates a pair (0x03).
void* gen_init(void* provider, int selection, const OSSL_PARAM* /*params*/) {
  auto* generation = new (std::nothrow) Generation;
  if (generation != nullptr) {
    generation->library = library_of(provider);
    generation->pair = (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != 0;
  }
  return generation;
}
int gen_set_params(void* /*generation*/, const OSSL_PARAM* /*params*/) { return 1; }
const OSSL_PARAM* gen_settable(void* /*generation*/, void* /*provider*/) {
  static const OSSL_PARAM table[] = {OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, nullptr, 0),
                                     OSSL_PARAM_END};
  return table;
}
void* gen(void* generation, OSSL_CALLBACK* /*progress*/, void* /*arg*/) {
  const auto* self = static_cast<const Generation*>(generation);
  auto key = std::unique_ptr<HybridKey>(new (std::nothrow) HybridKey);
  if (key != nullptr && self->pair) {
    const LibraryScope scope(self->library);
    DrawnRandom random;
    if (!random.draw(hybrid_generate_random_bytes)) {
      return nullptr;
    }
    key->generate(random);
  }
  return key.release();
}
void gen_cleanup(void* generation) { delete static_cast<Generation*>(generation); }

int get_params(void* key, OSSL_PARAM params[]) {
  const auto* self = static_cast<const HybridKey*>(key);
  OSSL_PARAM* p = OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_BITS);
  if (p != nullptr && OSSL_PARAM_set_int(p, 768) == 0) {
    return 0;
  }
  p = OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_SECURITY_BITS);
  if (p != nullptr && OSSL_PARAM_set_uint(p, group_security_bits) == 0) {
    return 0;
  }
  p = OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_MAX_SIZE);
  if (p != nullptr && OSSL_PARAM_set_size_t(p, hybrid_server_share_bytes) == 0) {
    return 0;
  }
  p = OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY);
  if (p == nullptr) {
    return 1;
  }
  ByteArray<hybrid_client_share_bytes> share;
  return self->public_share(share) &&
                 OSSL_PARAM_set_octet_string(p, share.data(), share.size()) == 1
             ? 1
             : 0;
}
const OSSL_PARAM* gettable(void* /*provider*/) {
  static const OSSL_PARAM table[] = {
      OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, nullptr),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, nullptr),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, nullptr),
      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, nullptr, 0), OSSL_PARAM_END};
  return table;
}

int set_params(void* key, const OSSL_PARAM params[]) {
  const OSSL_PARAM* p = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY);
  if (p == nullptr) {
    return 1;
  }
  const void* data = nullptr;
  std::size_t size = 0;
  if (OSSL_PARAM_get_octet_string_ptr(p, &data, &size) != 1) {
    return 0;
  }
  return static_cast<HybridKey*>(key)->set_public({static_cast<const std::uint8_t*>(data), size})
             ? 1
             : 0;
}
const OSSL_PARAM* settable(void* /*provider*/) {
  static const OSSL_PARAM table[] = {
      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, nullptr, 0), OSSL_PARAM_END};
  return table;
}

const OSSL_DISPATCH keymgmt[] = {
    row(OSSL_FUNC_KEYMGMT_NEW, key_new),
    row(OSSL_FUNC_KEYMGMT_FREE, key_free),
    row(OSSL_FUNC_KEYMGMT_HAS, key_has),
    row(OSSL_FUNC_KEYMGMT_GEN_INIT, gen_init),
    row(OSSL_FUNC_KEYMGMT_GEN_SET_PARAMS, gen_set_params),
    row(OSSL_FUNC_KEYMGMT_GEN_SETTABLE_PARAMS, gen_settable),
    row(OSSL_FUNC_KEYMGMT_GEN, gen),
    row(OSSL_FUNC_KEYMGMT_GEN_CLEANUP, gen_cleanup),
    row(OSSL_FUNC_KEYMGMT_GET_PARAMS, get_params),
    row(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, gettable),
    row(OSSL_FUNC_KEYMGMT_SET_PARAMS, set_params),
    row(OSSL_FUNC_KEYMGMT_SETTABLE_PARAMS, settable),
    last_row,
};

// ---- Key encapsulation: a context is the key it works with ----

struct KemContext {
  OSSL_LIB_CTX* library = nullptr;
  HybridKey* key = nullptr;  // OpenSSL holds a reference for as long
};

void* kem_new(void* provider) { return new (std::nothrow) KemContext{library_of(provider)}; }
void kem_free(void* context) { delete static_cast<KemContext*>(context); }
int kem_init(void* context, void* key, const OSSL_PARAM* /*params*/) {
  static_cast<KemContext*>(context)->key = static_cast<HybridKey*>(key);
  return key != nullptr ? 1 : 0;
}

// A null output asks for the sizes.
int encapsulate(void* context, unsigned char* out, std::size_t* out_bytes, unsigned char* secret,
                std::size_t* secret_bytes) {
  const bool fits = out != nullptr && secret != nullptr &&
                    (out_bytes == nullptr || *out_bytes >= hybrid_server_share_bytes) &&
                    (secret_bytes == nullptr || *secret_bytes >= hybrid_secret_bytes);
  if (out_bytes != nullptr) {
    *out_bytes = hybrid_server_share_bytes;
  }
  if (secret_bytes != nullptr) {
    *secret_bytes = hybrid_secret_bytes;
  }
  if (out == nullptr) {
    return 1;
  }
  const auto* self = static_cast<const KemContext*>(context);
  const LibraryScope scope(self->library);
  DrawnRandom random;
  return fits && random.draw(hybrid_encapsulate_random_bytes) &&
                 self->key->encapsulate(
                     FixedMutBytes<hybrid_server_share_bytes>(out, hybrid_server_share_bytes),
                     FixedMutBytes<hybrid_secret_bytes>(secret, hybrid_secret_bytes), random)
             ? 1
             : 0;
}

int decapsulate(void* context, unsigned char* secret, std::size_t* secret_bytes,
                const unsigned char* in, std::size_t in_bytes) {
  const bool fits = secret_bytes == nullptr || *secret_bytes >= hybrid_secret_bytes;
  if (secret_bytes != nullptr) {
    *secret_bytes = hybrid_secret_bytes;
  }
  if (secret == nullptr) {
    return 1;
  }
  const auto* self = static_cast<const KemContext*>(context);
  const LibraryScope scope(self->library);
  return fits && self->key->decapsulate(
                     FixedMutBytes<hybrid_secret_bytes>(secret, hybrid_secret_bytes),
                     Bytes(in, in_bytes))
             ? 1
             : 0;
}

const OSSL_DISPATCH kem[] = {
    row(OSSL_FUNC_KEM_NEWCTX, kem_new),
    row(OSSL_FUNC_KEM_FREECTX, kem_free),
    row(OSSL_FUNC_KEM_ENCAPSULATE_INIT, kem_init),
    row(OSSL_FUNC_KEM_ENCAPSULATE, encapsulate),
    row(OSSL_FUNC_KEM_DECAPSULATE_INIT, kem_init),
    row(OSSL_FUNC_KEM_DECAPSULATE, decapsulate),
    last_row,
};

// ---- The provider ----

const OSSL_ALGORITHM keymgmt_algorithms[] = {{group_name, properties, keymgmt, nullptr},
                                             {nullptr, nullptr, nullptr, nullptr}};
const OSSL_ALGORITHM kem_algorithms[] = {{group_name, properties, kem, nullptr},
                                         {nullptr, nullptr, nullptr, nullptr}};

const OSSL_ALGORITHM* query(void* /*provider*/, int operation, int* no_store) {
  *no_store = 0;
  return operation == OSSL_OP_KEYMGMT ? keymgmt_algorithms
         : operation == OSSL_OP_KEM   ? kem_algorithms
                                      : nullptr;
}

int get_capabilities(void* /*provider*/, const char* capability, OSSL_CALLBACK* callback,
                     void* arg) {
  return std::strcmp(capability, "TLS-GROUP") == 0 ? announce_hybrid_group(callback, arg) : 0;
}

void teardown(void* provider) { delete static_cast<ProviderContext*>(provider); }

const OSSL_DISPATCH provider_table[] = {
    row(OSSL_FUNC_PROVIDER_TEARDOWN, teardown),
    row(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query),
    row(OSSL_FUNC_PROVIDER_GET_CAPABILITIES, get_capabilities),
    last_row,
};

int provider_init(const OSSL_CORE_HANDLE* /*handle*/, const OSSL_DISPATCH* /*core*/,
                  const OSSL_DISPATCH** out, void** context) {
  *out = provider_table;
  *context = new (std::nothrow) ProviderContext;
  return *context != nullptr ? 1 : 0;
}

}  // namespace

HybridTables hybrid_tables() noexcept { return {keymgmt, kem}; }

int announce_hybrid_group(OSSL_CALLBACK* callback, void* arg) noexcept {
  static unsigned int id = pq_group_id;
  static unsigned int is_kem = 1;
  static int tls_min = 0x0304, tls_max = 0, dtls_min = -1, dtls_max = -1;
  static char name[] = "X25519MLKEM768";
  static const OSSL_PARAM group[] = {
      OSSL_PARAM_utf8_string(OSSL_CAPABILITY_TLS_GROUP_NAME, name, sizeof name),
      OSSL_PARAM_utf8_string(OSSL_CAPABILITY_TLS_GROUP_NAME_INTERNAL, name, sizeof name),
      OSSL_PARAM_utf8_string(OSSL_CAPABILITY_TLS_GROUP_ALG, name, sizeof name),
      OSSL_PARAM_uint(OSSL_CAPABILITY_TLS_GROUP_ID, &id),
      OSSL_PARAM_uint(OSSL_CAPABILITY_TLS_GROUP_SECURITY_BITS, &group_security_bits),
      OSSL_PARAM_uint(OSSL_CAPABILITY_TLS_GROUP_IS_KEM, &is_kem),
      OSSL_PARAM_int(OSSL_CAPABILITY_TLS_GROUP_MIN_TLS, &tls_min),
      OSSL_PARAM_int(OSSL_CAPABILITY_TLS_GROUP_MAX_TLS, &tls_max),
      OSSL_PARAM_int(OSSL_CAPABILITY_TLS_GROUP_MIN_DTLS, &dtls_min),
      OSSL_PARAM_int(OSSL_CAPABILITY_TLS_GROUP_MAX_DTLS, &dtls_max),
      OSSL_PARAM_END};
  return callback(group, arg);
}

OSSL_PROVIDER* load_pq_group(OSSL_LIB_CTX* library) noexcept {
  if (OSSL_PROVIDER_add_builtin(library, "v100", provider_init) != 1) {
    return nullptr;
  }
  return OSSL_PROVIDER_load(library, "v100");
}

}  // namespace v100::crypto
