// The provider as a whole, provider-base(7): what it offers, its settings, its end.
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#include "ossl_provider/ossl_provider.h"
#include "ossl_provider/tables.h"

namespace v100::ossl {
namespace {

constexpr const char* version_text = "0.1.0";
constexpr OSSL_ALGORITHM last_algorithm{nullptr, nullptr, nullptr, nullptr};

// Rows and the end's. Without a destructor: OpenSSL may look into it until the process is gone.
template <std::size_t Rows>
struct AlgorithmTable {
  OSSL_ALGORITHM rows[Rows + 1];
  std::size_t used = 0;
  void push_back(const OSSL_ALGORITHM& row) noexcept { rows[used++] = row; }
};
constexpr std::size_t kem_count = 3;

AlgorithmTable<algorithm_count + 1> make_keymgmt() {
  AlgorithmTable<algorithm_count + 1> out;
  for (const keys::Info& info : keys::algorithms()) {
    out.push_back({algorithm_names(info.algorithm), "provider=v100", keymgmt_table(info.algorithm),
                   info.name});
  }
  out.push_back(
      {"X25519MLKEM768", "provider=v100", crypto::hybrid_tables().keymgmt, "X25519MLKEM768"});
  out.push_back(last_algorithm);
  return out;
}

AlgorithmTable<kem_count + 1> make_kem() {
  AlgorithmTable<kem_count + 1> out;
  for (const keys::Info& info : keys::algorithms()) {
    if (info.kind == keys::Kind::mlkem) {
      out.push_back({algorithm_names(info.algorithm), "provider=v100", kem_table(), info.name});
    }
  }
  out.push_back({"X25519MLKEM768", "provider=v100", crypto::hybrid_tables().kem, "X25519MLKEM768"});
  out.push_back(last_algorithm);
  return out;
}

AlgorithmTable<algorithm_count - kem_count> make_signature() {
  AlgorithmTable<algorithm_count - kem_count> out;
  for (const keys::Info& info : keys::algorithms()) {
    if (info.kind != keys::Kind::mlkem) {
      out.push_back(
          {algorithm_names(info.algorithm), "provider=v100", signature_table(), info.name});
    }
  }
  out.push_back(last_algorithm);
  return out;
}

AlgorithmTable<7 * algorithm_count> make_encoders() {
  struct Kind {
    Structure structure;
    Output output;
    const char* properties;
  };
  static constexpr Kind kinds[] = {
      {Structure::private_key_info, Output::der,
       "provider=v100,output=der,structure=PrivateKeyInfo"},
      {Structure::private_key_info, Output::pem,
       "provider=v100,output=pem,structure=PrivateKeyInfo"},
      {Structure::encrypted_private_key_info, Output::der,
       "provider=v100,output=der,structure=EncryptedPrivateKeyInfo"},
      {Structure::encrypted_private_key_info, Output::pem,
       "provider=v100,output=pem,structure=EncryptedPrivateKeyInfo"},
      {Structure::spki, Output::der, "provider=v100,output=der,structure=SubjectPublicKeyInfo"},
      {Structure::spki, Output::pem, "provider=v100,output=pem,structure=SubjectPublicKeyInfo"},
      {Structure::text, Output::text, "provider=v100,output=text"},
  };
  AlgorithmTable<7 * algorithm_count> out;
  for (const keys::Info& info : keys::algorithms()) {
    for (const Kind& kind : kinds) {
      out.push_back({algorithm_names(info.algorithm), kind.properties,
                     encoder_table(info.algorithm, kind.structure, kind.output), info.name});
    }
  }
  out.push_back(last_algorithm);
  return out;
}

AlgorithmTable<2 * algorithm_count> make_decoders() {
  AlgorithmTable<2 * algorithm_count> out;
  for (const keys::Info& info : keys::algorithms()) {
    const char* names = algorithm_names(info.algorithm);
    out.push_back({names, "provider=v100,input=der,structure=PrivateKeyInfo",
                   decoder_table(info.algorithm, Structure::private_key_info), info.name});
    out.push_back({names, "provider=v100,input=der,structure=SubjectPublicKeyInfo",
                   decoder_table(info.algorithm, Structure::spki), info.name});
  }
  out.push_back(last_algorithm);
  return out;
}

// Tables live as long as the module; OpenSSL keeps pointers into them.
const OSSL_ALGORITHM* query(void* /*provider*/, int operation, int* no_store) {
  static const auto keymgmt = make_keymgmt();
  static const auto kem = make_kem();
  static const auto signature = make_signature();
  static const auto encoders = make_encoders();
  static const auto decoders = make_decoders();
  *no_store = 0;
  switch (operation) {
    case OSSL_OP_KEYMGMT:
      return keymgmt.rows;
    case OSSL_OP_KEM:
      return kem.rows;
    case OSSL_OP_SIGNATURE:
      return signature.rows;
    case OSSL_OP_ENCODER:
      return encoders.rows;
    case OSSL_OP_DECODER:
      return decoders.rows;
    default:
      return nullptr;
  }
}

int get_capabilities(void* provider, const char* capability, OSSL_CALLBACK* callback, void* arg) {
  if (std::strcmp(capability, "TLS-GROUP") == 0) {
    return announce_groups(*provider_of(provider), callback, arg);
  }
  if (std::strcmp(capability, "TLS-SIGALG") == 0) {  // OpenSSL 3.2 and later ask
    return announce_signatures(*provider_of(provider), callback, arg);
  }
  return 0;
}

int get_params(void* /*provider*/, OSSL_PARAM params[]) {
  OSSL_PARAM* p = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_NAME);
  if (p != nullptr && OSSL_PARAM_set_utf8_ptr(p, "V100 post-quantum provider") != 1) {
    return 0;
  }
  p = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_VERSION);
  if (p != nullptr && OSSL_PARAM_set_utf8_ptr(p, version_text) != 1) {
    return 0;
  }
  p = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_BUILDINFO);
  if (p != nullptr && OSSL_PARAM_set_utf8_ptr(p, version_text) != 1) {
    return 0;
  }
  p = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_STATUS);
  return p == nullptr || OSSL_PARAM_set_int(p, 1) == 1 ? 1 : 0;
}

const OSSL_PARAM* gettable(void* /*provider*/) {
  static const OSSL_PARAM table[] = {OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_NAME, nullptr, 0),
                                     OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_VERSION, nullptr, 0),
                                     OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_BUILDINFO, nullptr, 0),
                                     OSSL_PARAM_int(OSSL_PROV_PARAM_STATUS, nullptr),
                                     OSSL_PARAM_END};
  return table;
}

void close(Provider* provider) noexcept {
  if (provider->standard != nullptr) {
    OSSL_PROVIDER_unload(provider->standard);
  }
  OSSL_LIB_CTX_free(provider->base.library);
  delete provider;
}
void teardown(void* provider) { close(provider_of(provider)); }

const OSSL_ITEM* get_reasons(void* /*provider*/) { return reason_strings(); }

const OSSL_DISPATCH provider_table[] = {
    row(OSSL_FUNC_PROVIDER_TEARDOWN, teardown),
    row(OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, gettable),
    row(OSSL_FUNC_PROVIDER_GET_PARAMS, get_params),
    row(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query),
    row(OSSL_FUNC_PROVIDER_GET_CAPABILITIES, get_capabilities),
    row(OSSL_FUNC_PROVIDER_GET_REASON_STRINGS, get_reasons),
    last_row,
};

template <class F>
void take(F*& out, const OSSL_DISPATCH* from) noexcept {
  out = reinterpret_cast<F*>(from->function);
}

void take_core(Provider& provider, const OSSL_DISPATCH* from) noexcept {
  for (; from->function_id != 0; ++from) {
    switch (from->function_id) {
      case OSSL_FUNC_CORE_GET_PARAMS:
        take(provider.get_params, from);
        break;
      case OSSL_FUNC_CORE_NEW_ERROR:
        take(provider.new_error, from);
        break;
      case OSSL_FUNC_CORE_SET_ERROR_DEBUG:
        take(provider.set_error_debug, from);
        break;
      case OSSL_FUNC_CORE_VSET_ERROR:
        take(provider.vset_error, from);
        break;
      case OSSL_FUNC_CORE_OBJ_CREATE:
        take(provider.obj_create, from);
        break;
      case OSSL_FUNC_CORE_OBJ_ADD_SIGID:
        take(provider.obj_add_sigid, from);
        break;
      case OSSL_FUNC_BIO_READ_EX:
        take(provider.bio_read, from);
        break;
      case OSSL_FUNC_BIO_WRITE_EX:
        take(provider.bio_write, from);
        break;
      default:
        break;
    }
  }
}

// Object identifiers that an OpenSSL before 3.5 does not know, and that a signature's is its key's.
bool register_objects(const Provider& provider) noexcept {
  if (provider.obj_create == nullptr || provider.obj_add_sigid == nullptr) {
    return false;
  }
  for (const keys::Info& info : keys::algorithms()) {
    const ObjectNames names = object_names(info.algorithm);
    if (provider.obj_create(provider.core, names.oid, names.short_name, info.name) != 1 ||
        (info.kind != keys::Kind::mlkem &&
         provider.obj_add_sigid(provider.core, names.oid, "", names.oid) != 1)) {
      return false;
    }
  }
  return true;
}

// From OpenSSL's configuration: `private-key-form` and `digest-ignored`, docs/openssl-provider.md.
bool take_settings(Provider& provider) noexcept {
  char *version = nullptr, *form = nullptr, *digest = nullptr;
  OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_ptr(OSSL_PROV_PARAM_CORE_VERSION, &version, 0),
                         OSSL_PARAM_construct_utf8_ptr("private-key-form", &form, 0),
                         OSSL_PARAM_construct_utf8_ptr("digest-ignored", &digest, 0),
                         OSSL_PARAM_construct_end()};
  if (provider.get_params == nullptr || provider.get_params(provider.core, params) != 1) {
    return true;
  }
  if (version != nullptr) {
    char* end = nullptr;
    const unsigned long major = std::strtoul(version, &end, 10);
    const unsigned long minor = *end == '.' ? std::strtoul(end + 1, nullptr, 10) : 0;
    provider.version = static_cast<unsigned>(major << 8 | minor);
  }
  provider.digest_ignored = digest != nullptr && std::strcmp(digest, "yes") == 0;
  if (form == nullptr) {
    return true;
  }
  const std::string_view wanted = form;
  provider.form = wanted == "expanded" ? keys::Form::expanded
                  : wanted == "both"   ? keys::Form::both
                                       : keys::Form::seed;
  return wanted == "seed" || wanted == "expanded" || wanted == "both";
}

}  // namespace

int provider_init(const OSSL_CORE_HANDLE* core, const OSSL_DISPATCH* from_core,
                  const OSSL_DISPATCH** out, void** context) noexcept {
  auto* provider = new (std::nothrow) Provider;
  if (provider == nullptr) {
    return 0;
  }
  provider->core = core;
  take_core(*provider, from_core);
  provider->base.library = OSSL_LIB_CTX_new();
  if (provider->base.library != nullptr) {
    provider->standard = OSSL_PROVIDER_load(provider->base.library, "default");
  }
  if (provider->standard == nullptr || provider->bio_read == nullptr ||
      provider->bio_write == nullptr || !register_objects(*provider)) {
    raise(*provider, {Errc::unavailable, "provider: OpenSSL's core lacks a part that it needs"});
    close(provider);
    return 0;
  }
  if (!take_settings(*provider)) {
    raise(*provider, {Errc::malformed, "private-key-form is seed, expanded or both"});
    close(provider);
    return 0;
  }
  *out = provider_table;
  *context = provider;
  return 1;
}

}  // namespace v100::ossl
