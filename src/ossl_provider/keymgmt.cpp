// Key management, provider-keymgmt(7): making, importing, exporting, comparing keys.
#include <cstring>
#include <new>
#include <openssl/core_names.h>
#include <openssl/params.h>

#include "crypto/tls/drawn_random.h"
#include "crypto/tls/library_scope.h"
#include "ossl_provider/key.h"
#include "ossl_provider/tables.h"

namespace v100::ossl {
namespace {

constexpr const char* param_seed = "seed";  // OpenSSL 3.5's OSSL_PKEY_PARAM_ML_DSA_SEED

Key* key_of(void* key) noexcept { return static_cast<Key*>(key); }
const Key* key_of(const void* key) noexcept { return static_cast<const Key*>(key); }

template <keys::Algorithm A>
void* key_new(void* provider) {
  return new (std::nothrow) Key(*provider_of(provider), A);
}
void key_free(void* key) {
  if (key != nullptr) {
    key_of(key)->release();
  }
}

// Keys never change once others see them: a duplicate is the same key.
void* key_dup(const void* key, int /*selection*/) {
  auto* self = const_cast<Key*>(key_of(key));
  self->retain();
  return self;
}

int key_has(const void* key, int selection) {
  const Key* self = key_of(key);
  if (self == nullptr ||
      ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 && self->private_key() == nullptr)) {
    return 0;
  }
  return (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) == 0 || !self->empty() ? 1 : 0;
}

// Private keys are equal when their public keys are: one that exists has its own.
int key_match(const void* left, const void* right, int selection) {
  const Key *a = key_of(left), *b = key_of(right);
  if (a->algorithm() != b->algorithm()) {
    return 0;
  }
  if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0) {
    return 1;
  }
  return !a->empty() && !b->empty() && same(a->public_key()->bytes, b->public_key()->bytes) ? 1 : 0;
}

// Parts were compared when they were set.
int key_validate(const void* key, int selection, int /*check*/) { return key_has(key, selection); }

// ---- Import and export ----

const OSSL_PARAM* key_types(int selection) {
  static const OSSL_PARAM pair[] = {OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, nullptr, 0),
                                    OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, nullptr, 0),
                                    OSSL_PARAM_octet_string(param_seed, nullptr, 0),
                                    OSSL_PARAM_END};
  static const OSSL_PARAM public_alone[] = {
      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, nullptr, 0), OSSL_PARAM_END};
  return (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0  ? pair
         : (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0 ? public_alone
                                                             : nullptr;
}

int key_import(void* key, int selection, const OSSL_PARAM params[]) {
  Key& self = *key_of(key);
  const Error wrong = {Errc::malformed, "key: a parameter that is not an octet string"};
  KeyParts parts;
  const OSSL_PARAM* p = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PUB_KEY);
  if (p != nullptr && !octets(p, parts.public_key)) {
    return raise(self.provider(), wrong);
  }
  if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0) {
    p = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PRIV_KEY);
    if (p != nullptr && !octets(p, parts.expanded)) {
      return raise(self.provider(), wrong);
    }
    p = OSSL_PARAM_locate_const(params, param_seed);
    if (p != nullptr && !octets(p, parts.seed)) {
      return raise(self.provider(), wrong);
    }
  }
  const Result<void> filled = fill(self, parts);
  return filled ? 1 : raise(self.provider(), filled.error());
}

OSSL_PARAM octet_param(const char* name, Bytes bytes) noexcept {
  return OSSL_PARAM_construct_octet_string(name, const_cast<std::uint8_t*>(bytes.data()),
                                           bytes.size());
}

int key_export(void* key, int selection, OSSL_CALLBACK* callback, void* arg) {
  const Key& self = *key_of(key);
  if (key_has(key, selection) == 0 || self.empty()) {
    return 0;
  }
  OSSL_PARAM params[4];
  std::size_t count = 0;
  if ((selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0) {
    params[count++] = octet_param(OSSL_PKEY_PARAM_PUB_KEY, self.public_key()->bytes);
  }
  if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0) {
    params[count++] = octet_param(OSSL_PKEY_PARAM_PRIV_KEY, self.private_key()->expanded());
    if (!self.private_key()->seed().empty()) {
      params[count++] = octet_param(param_seed, self.private_key()->seed());
    }
  }
  params[count] = OSSL_PARAM_construct_end();
  return callback(params, arg);
}

// ---- Parameters ----

bool set_octets(OSSL_PARAM params[], const char* name, Bytes bytes) noexcept {
  OSSL_PARAM* p = OSSL_PARAM_locate(params, name);
  return p == nullptr || bytes.empty() ||
         OSSL_PARAM_set_octet_string(p, bytes.data(), bytes.size()) == 1;
}

bool set_int(OSSL_PARAM params[], const char* name, std::size_t value) noexcept {
  OSSL_PARAM* p = OSSL_PARAM_locate(params, name);
  return p == nullptr || OSSL_PARAM_set_int(p, static_cast<int>(value)) == 1;
}

int key_get_params(void* key, OSSL_PARAM params[]) {
  const Key& self = *key_of(key);
  const keys::Info& info = self.info();
  if (!set_int(params, OSSL_PKEY_PARAM_BITS, 8 * info.public_bytes) ||
      !set_int(params, OSSL_PKEY_PARAM_SECURITY_BITS,
               static_cast<std::size_t>(security_bits(info))) ||
      !set_int(params, OSSL_PKEY_PARAM_MAX_SIZE, info.output_bytes)) {
    return 0;
  }
  // Empty: signatures are over messages, and a digest must not be named.
  OSSL_PARAM* p = OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_MANDATORY_DIGEST);
  if (p != nullptr && info.kind != keys::Kind::mlkem && OSSL_PARAM_set_utf8_string(p, "") != 1) {
    return 0;
  }
  if (!self.empty() &&
      (!set_octets(params, OSSL_PKEY_PARAM_PUB_KEY, self.public_key()->bytes) ||
       !set_octets(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, self.public_key()->bytes))) {
    return 0;
  }
  if (const keys::PrivateKey* secret = self.private_key(); secret != nullptr) {
    return set_octets(params, OSSL_PKEY_PARAM_PRIV_KEY, secret->expanded()) &&
                   set_octets(params, param_seed, secret->seed())
               ? 1
               : 0;
  }
  return 1;
}

const OSSL_PARAM* key_gettable(void* /*provider*/) {
  static const OSSL_PARAM table[] = {
      OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, nullptr),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, nullptr),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, nullptr),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_MANDATORY_DIGEST, nullptr, 0),
      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, nullptr, 0),
      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, nullptr, 0),
      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, nullptr, 0),
      OSSL_PARAM_octet_string(param_seed, nullptr, 0),
      OSSL_PARAM_END};
  return table;
}

// What a TLS server sets into an empty key: the client's share.
int key_set_params(void* key, const OSSL_PARAM params[]) {
  Key& self = *key_of(key);
  const OSSL_PARAM* p = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY);
  if (p == nullptr) {
    return 1;
  }
  KeyParts parts;
  if (!octets(p, parts.public_key)) {
    return 0;
  }
  const Result<void> filled = fill(self, parts);
  return filled ? 1 : raise(self.provider(), filled.error());
}

const OSSL_PARAM* key_settable(void* /*provider*/) {
  static const OSSL_PARAM table[] = {
      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, nullptr, 0), OSSL_PARAM_END};
  return table;
}

// ---- Generation ----

struct Generation {
  const Provider& provider;
  keys::Algorithm algorithm;
  bool pair = false;
  keys::SecretBytes seed;  // empty: fresh
};

int gen_set_params(void* generation, const OSSL_PARAM params[]) {
  auto& self = *static_cast<Generation*>(generation);
  const OSSL_PARAM* p = OSSL_PARAM_locate_const(params, param_seed);
  if (p == nullptr) {
    return 1;
  }
  Bytes seed;
  if (!octets(p, seed) || seed.empty() || seed.size() != keys::info(self.algorithm).seed_bytes) {
    return raise(self.provider, {Errc::malformed, "key: a seed of a wrong length"});
  }
  self.seed = keys::SecretBytes(seed);
  return 1;
}

template <keys::Algorithm A>
void* gen_init(void* provider, int selection, const OSSL_PARAM params[]) {
  auto* made = new (std::nothrow) Generation{*provider_of(provider), A, false, {}};
  if (made != nullptr) {
    made->pair = (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != 0;
    if (params != nullptr && gen_set_params(made, params) != 1) {
      delete made;
      return nullptr;
    }
  }
  return made;
}

const OSSL_PARAM* gen_settable(void* /*generation*/, void* /*provider*/) {
  static const OSSL_PARAM table[] = {OSSL_PARAM_octet_string(param_seed, nullptr, 0),
                                     OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, nullptr, 0),
                                     OSSL_PARAM_END};
  return table;
}

Result<void> generate(const Generation& how, Key& key) {
  if (!how.seed.empty()) {
    return key.set(TRY(keys::PrivateKey::from_seed(how.algorithm, how.seed.expose())));
  }
  const crypto::LibraryScope scope(how.provider.base.library);
  crypto::DrawnRandom random;
  if (!random.draw(generate_random_bytes(keys::info(how.algorithm)))) {
    return fail(Errc::unavailable, "key: there is no randomness");
  }
  return key.set(keys::PrivateKey::generate(how.algorithm, random));
}

// A TLS server generates "parameters only", which is an empty key.
void* gen(void* generation, OSSL_CALLBACK* /*progress*/, void* /*arg*/) {
  const auto& self = *static_cast<const Generation*>(generation);
  Key* key = new (std::nothrow) Key(self.provider, self.algorithm);
  if (key == nullptr || !self.pair) {
    return key;
  }
  const Result<void> made = generate(self, *key);
  if (!made) {
    raise(self.provider, made.error());
    key->release();
    return nullptr;
  }
  return key;
}

void gen_cleanup(void* generation) { delete static_cast<Generation*>(generation); }

// A decoder hands its key over by reference: ours from then on.
void* key_load(const void* reference, std::size_t size) {
  if (reference == nullptr || size != sizeof(Key*)) {
    return nullptr;
  }
  Key*& from = *static_cast<Key**>(const_cast<void*>(reference));
  Key* key = from;
  from = nullptr;
  return key;
}

template <keys::Algorithm A>
struct Make {
  static const OSSL_DISPATCH table[];
};
template <keys::Algorithm A>
const OSSL_DISPATCH Make<A>::table[] = {
    row(OSSL_FUNC_KEYMGMT_NEW, key_new<A>),
    row(OSSL_FUNC_KEYMGMT_FREE, key_free),
    row(OSSL_FUNC_KEYMGMT_DUP, key_dup),
    row(OSSL_FUNC_KEYMGMT_LOAD, key_load),
    row(OSSL_FUNC_KEYMGMT_HAS, key_has),
    row(OSSL_FUNC_KEYMGMT_MATCH, key_match),
    row(OSSL_FUNC_KEYMGMT_VALIDATE, key_validate),
    row(OSSL_FUNC_KEYMGMT_IMPORT, key_import),
    row(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, key_types),
    row(OSSL_FUNC_KEYMGMT_EXPORT, key_export),
    row(OSSL_FUNC_KEYMGMT_EXPORT_TYPES, key_types),
    row(OSSL_FUNC_KEYMGMT_GEN_INIT, gen_init<A>),
    row(OSSL_FUNC_KEYMGMT_GEN_SET_PARAMS, gen_set_params),
    row(OSSL_FUNC_KEYMGMT_GEN_SETTABLE_PARAMS, gen_settable),
    row(OSSL_FUNC_KEYMGMT_GEN, gen),
    row(OSSL_FUNC_KEYMGMT_GEN_CLEANUP, gen_cleanup),
    row(OSSL_FUNC_KEYMGMT_GET_PARAMS, key_get_params),
    row(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, key_gettable),
    row(OSSL_FUNC_KEYMGMT_SET_PARAMS, key_set_params),
    row(OSSL_FUNC_KEYMGMT_SETTABLE_PARAMS, key_settable),
    last_row,
};

}  // namespace

const OSSL_DISPATCH* keymgmt_table(keys::Algorithm algorithm) noexcept {
  return pick<Make>(algorithm);
}

}  // namespace v100::ossl
