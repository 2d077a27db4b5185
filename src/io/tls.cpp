#include "io/tls.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>
#include <utility>

#include "base/check.h"
#include "crypto/tls/pq_group.h"
#include "io/tls_context.h"

namespace v100::io {
namespace {

constexpr const char* strict_groups = "X25519MLKEM768";
// OpenSSL 3.5 reads "/" as a border between tiers: a client that knows a group of the first tier
// gets it, by HelloRetryRequest if need be. For 3.0 on_client_hello does the same.
#if OPENSSL_VERSION_NUMBER >= 0x30500000L
constexpr const char* default_groups = "X25519MLKEM768/X25519:P-256:P-384";
#else
constexpr const char* default_groups = "X25519MLKEM768:X25519:P-256:P-384";
#endif

struct GroupName {
  int id;  // IANA TLS Supported Groups
  int nid;
  std::string_view name;
};
constexpr GroupName group_names[] = {
    {crypto::pq_group_id, 0, "X25519MLKEM768"},
    {0x001d, NID_X25519, "X25519"},
    {0x0017, NID_X9_62_prime256v1, "secp256r1"},
    {0x0018, NID_secp384r1, "secp384r1"},
};

// RFC 8446 §4.2.7: a list of two-byte group ids behind its length.
bool client_knows_hybrid(SSL* ssl) noexcept {
  const unsigned char* body = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_supported_groups, &body, &size) != 1) {
    return false;
  }
  for (std::size_t i = 2; i + 1 < size; i += 2) {
    if (load_be<std::uint16_t>(body + i) == crypto::pq_group_id) {
      return true;
    }
  }
  return false;
}

// OpenSSL 3.0 would take a classical key share that is there over a hybrid one it has to ask for.
int on_client_hello(SSL* ssl, int* /*alert*/, void* /*arg*/) {
  if (client_knows_hybrid(ssl)) {
    SSL_set1_groups_list(ssl, strict_groups);
  }
  return SSL_CLIENT_HELLO_SUCCESS;
}

// RFC 7301. Who offers protocols but not ours is refused, so that nobody talks past another.
int on_alpn(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_bytes,
            const unsigned char* in, unsigned int in_bytes, void* /*arg*/) {
  static constexpr unsigned char ours[] = "\x02h2\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_bytes, ours, sizeof ours - 1, in, in_bytes) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

struct TlsServer::Context {
  OSSL_LIB_CTX* library = nullptr;
  OSSL_PROVIDER* standard = nullptr;
  OSSL_PROVIDER* hybrid = nullptr;  // ours, or null where OpenSSL has the group
  SSL_CTX* settings = nullptr;
  TlsOptions options;

  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() {
    SSL_CTX_free(settings);
    if (hybrid != nullptr) {
      OSSL_PROVIDER_unload(hybrid);
    }
    if (standard != nullptr) {
      OSSL_PROVIDER_unload(standard);
    }
    OSSL_LIB_CTX_free(library);
  }
};

namespace {

Result<void> open_library(TlsServer::Context& c) {
  c.library = OSSL_LIB_CTX_new();
  CHECK(c.library != nullptr);
  c.standard = OSSL_PROVIDER_load(c.library, "default");
  if (c.standard == nullptr) {
    return fail(Errc::unavailable, "tls: OpenSSL's default provider does not load");
  }
  if (EVP_KEYMGMT* own = EVP_KEYMGMT_fetch(c.library, strict_groups, nullptr)) {
    EVP_KEYMGMT_free(own);
    return {};
  }
  ERR_clear_error();
  c.hybrid = crypto::load_pq_group(c.library);
  if (c.hybrid == nullptr) {
    return fail(Errc::unavailable, "tls: the X25519MLKEM768 provider does not load");
  }
  return {};
}

Result<void> use_identity(SSL_CTX* settings, OSSL_LIB_CTX* library, const TlsIdentity& identity) {
  BIO* bio = BIO_new_mem_buf(identity.key_pem.data(), static_cast<int>(identity.key_pem.size()));
  EVP_PKEY* key = PEM_read_bio_PrivateKey_ex(bio, nullptr, nullptr, nullptr, library, nullptr);
  BIO_free(bio);
  if (key == nullptr) {
    return fail(Errc::malformed, "tls: the key file holds no PEM private key without a passphrase");
  }
  bio = BIO_new_mem_buf(identity.certificate_pem.data(),
                        static_cast<int>(identity.certificate_pem.size()));
  bool first = true;
  bool good = true;
  while (good) {
    X509* certificate = X509_new_ex(library, nullptr);
    if (PEM_read_bio_X509(bio, &certificate, nullptr, nullptr) == nullptr) {
      X509_free(certificate);
      break;
    }
    good = first ? SSL_CTX_use_certificate(settings, certificate) == 1
                 : SSL_CTX_add1_chain_cert(settings, certificate) == 1;
    X509_free(certificate);
    first = false;
  }
  BIO_free(bio);
  ERR_clear_error();  // the end of the file is reported as an error
  const bool used = !first && good && SSL_CTX_use_PrivateKey(settings, key) == 1;
  EVP_PKEY_free(key);
  if (first || !good) {
    return fail(Errc::malformed, "tls: the certificate file holds no PEM certificate to use");
  }
  if (!used || SSL_CTX_check_private_key(settings) != 1) {
    ERR_clear_error();
    return fail(Errc::conflict, "tls: the key does not belong to the certificate");
  }
  return {};
}

Result<SSL_CTX*> make_settings(TlsServer::Context& c, const TlsIdentity& identity) {
  SSL_CTX* settings = SSL_CTX_new_ex(c.library, nullptr, TLS_server_method());
  CHECK(settings != nullptr);
  SSL_CTX_set_min_proto_version(settings, TLS1_3_VERSION);
  SSL_CTX_set_options(settings, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                    SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(settings, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                 SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(settings, 1);
  SSL_CTX_set_num_tickets(settings, 1);
  SSL_CTX_set_alpn_select_cb(settings, on_alpn, nullptr);
#if OPENSSL_VERSION_NUMBER < 0x30500000L
  SSL_CTX_set_client_hello_cb(settings, on_client_hello, nullptr);
#endif
  const char* groups = c.options.strict ? strict_groups : default_groups;
  Result<void> result = {};
  if (SSL_CTX_set1_groups_list(settings, groups) != 1) {
    result = fail(Errc::unavailable, "tls: OpenSSL does not take the list of groups");
  } else {
    result = use_identity(settings, c.library, identity);
  }
  if (!result) {
    SSL_CTX_free(settings);
    return std::unexpected(result.error());
  }
  return settings;
}

}  // namespace

TlsServer::TlsServer(std::unique_ptr<Context> context) noexcept : context_(std::move(context)) {}
TlsServer::~TlsServer() = default;

Result<std::unique_ptr<TlsServer>> TlsServer::create(const TlsIdentity& identity,
                                                     TlsOptions options) {
  auto context = std::make_unique<Context>();
  context->options = options;
  TRY(open_library(*context));
  context->settings = TRY(make_settings(*context, identity));
  return std::unique_ptr<TlsServer>(new TlsServer(std::move(context)));
}

Result<void> TlsServer::replace_identity(const TlsIdentity& identity) {
  SSL_CTX* settings = TRY(make_settings(*context_, identity));
  SSL_CTX_free(std::exchange(context_->settings, settings));
  return {};
}

const char* TlsServer::group_provider() const noexcept {
  return context_->hybrid != nullptr ? "v100" : "openssl";
}

SSL* new_connection(TlsServer::Context& context, int fd) {
  SSL* ssl = SSL_new(context.settings);
  CHECK(ssl != nullptr && SSL_set_fd(ssl, fd) == 1);
  SSL_set_accept_state(ssl);
  return ssl;
}

TlsAgreement agreement_of(const SSL* ssl) noexcept {
  TlsAgreement agreement;
  agreement.cipher = SSL_get_cipher_name(ssl);
  agreement.group = "other";
  const unsigned char* protocol = nullptr;
  unsigned int protocol_bytes = 0;
  SSL_get0_alpn_selected(ssl, &protocol, &protocol_bytes);
  if (protocol_bytes == 2) {
    agreement.protocol = "h2";
  }
  // The call only reads; its first parameter is not const in 3.0.
  const int group = static_cast<int>(SSL_get_negotiated_group(const_cast<SSL*>(ssl)));
  for (const GroupName& known : group_names) {
    // A provider's group has no NID: OpenSSL gives its TLS id with a mark.
    if ((known.nid != 0 && group == known.nid) || group == (TLSEXT_nid_unknown | known.id)) {
      agreement.group = known.name;
      agreement.post_quantum = known.id == crypto::pq_group_id;
    }
  }
  return agreement;
}

}  // namespace v100::io
