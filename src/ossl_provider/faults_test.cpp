// Broken if this fails: a program that loads v100.so dies, leaks or gets weak keys when randomness
// fails, when the provider is unloaded, or when its certificates are used.
#include <gtest/gtest.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string>
#include <thread>
#include <vector>

#include "ossl_provider/test_library.h"

// RAND_set_rand_method is the only way to a failing generator that reaches every context.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#include <openssl/rand.h>

namespace v100::ossl {
namespace {

const Bytes message = as_bytes("what is signed");

// Fails at the nth draw and after it.
int draws_left = 0;
int drawn = 0;
int draw(unsigned char* out, int size) {
  ++drawn;
  if (draws_left-- <= 0) {
    return 0;
  }
  std::memset(out, 0x5a + drawn, static_cast<std::size_t>(size));
  return 1;
}
const RAND_METHOD failing = {nullptr, draw, nullptr, nullptr, draw, nullptr};

class Failing {
 public:
  explicit Failing(int good) {
    draws_left = good;
    drawn = 0;
    RAND_set_rand_method(&failing);
  }
  Failing(const Failing&) = delete;
  Failing& operator=(const Failing&) = delete;
  ~Failing() { RAND_set_rand_method(nullptr); }
};

Buffer sign(const Library& library, EVP_PKEY* key) {
  const DigestContext context(EVP_MD_CTX_new());
  Buffer out(50000);
  std::size_t size = out.size();
  EVP_DigestSignInit_ex(context.get(), nullptr, nullptr, library.get(), nullptr, key, nullptr);
  if (EVP_DigestSign(context.get(), out.data(), &size, message.data(), message.size()) != 1) {
    return {};
  }
  out.resize(size);
  return out;
}

// Every operation that draws, with the generator failing at the first draw, the second, and so on
// until it goes through: a plain failure each time, never an abort, never a result.
TEST(OsslProviderFaults, RandomnessFailsAtEveryCall) {
  const Library library;
  for (const char* name : {"ML-DSA-44", "ML-KEM-768", "SLH-DSA-SHAKE-128f", "X25519MLKEM768"}) {
    for (int good = 0;; ++good) {
      SCOPED_TRACE(std::string(name) + " after " + std::to_string(good));
      const Failing source(good);
      const PKey key = library.generate(name);
      if (key != nullptr) {
        EXPECT_EQ(good, 1);
        break;
      }
      ASSERT_LT(good, 9);
    }
  }
  for (const char* name : {"ML-DSA-65", "SLH-DSA-SHA2-128f"}) {
    const PKey key = library.generate(name);
    const Failing source(0);
    EXPECT_TRUE(sign(library, key.get()).empty());
    EXPECT_EQ(drawn, 1);
  }
  for (const char* name : {"ML-KEM-512", "MLKEM1024"}) {
    const PKey key = library.generate(name);
    const PKeyContext to(EVP_PKEY_CTX_new_from_pkey(library.get(), key.get(), nullptr));
    ASSERT_EQ(EVP_PKEY_encapsulate_init(to.get(), nullptr), 1);
    Buffer sent(1568), secret(32);
    std::size_t size = sent.size(), secret_size = secret.size();
    const Failing source(0);
    EXPECT_NE(EVP_PKEY_encapsulate(to.get(), sent.data(), &size, secret.data(), &secret_size), 1);
    EXPECT_EQ(secret, Buffer(32));
  }
  EXPECT_NE(ERR_peek_error(), 0U);
  ERR_clear_error();
}

// As a module from its file, again and again, on several threads at once.
TEST(OsslProviderFaults, UnloadsAndLoadsAgain) {
  const auto work = [] {
    for (int i = 0; i < 8; ++i) {
      OSSL_LIB_CTX* context = OSSL_LIB_CTX_new();
      OSSL_PROVIDER_set_default_search_path(context, V100_MODULE_DIR);
      OSSL_PROVIDER* standard = OSSL_PROVIDER_load(context, "default");
      OSSL_PROVIDER* ours = OSSL_PROVIDER_load(context, "v100");
      ASSERT_NE(ours, nullptr);
      PKey key = generate(context, i % 2 == 0 ? "ML-DSA-44" : "MLKEM768");
      EXPECT_NE(key, nullptr);
      EXPECT_NE(generate(context, "X25519MLKEM768"), nullptr);
      // The key may outlive what loaded its provider.
      OSSL_PROVIDER_unload(ours);
      key.reset();
      OSSL_PROVIDER_unload(standard);
      OSSL_LIB_CTX_free(context);
    }
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back(work);
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

Certificate self_signed(const Library& library, EVP_PKEY* key) {
  Certificate made(X509_new_ex(library.get(), nullptr));
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 7);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 1000);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("root"), -1, -1, 0);
  X509_set_issuer_name(made.get(), X509_get_subject_name(made.get()));
  EXPECT_EQ(X509_set_pubkey(made.get(), key), 1);
  EXPECT_GT(X509_sign(made.get(), key, nullptr), 0);
  return made;
}

TEST(OsslProviderFaults, CertificatesVerifyUntilAByteChanges) {
  const Library library;
  for (const char* name : {"ML-DSA-44", "ML-DSA-87", "SLH-DSA-SHA2-192f", "SLH-DSA-SHAKE-256f"}) {
    SCOPED_TRACE(name);
    const PKey key = library.generate(name);
    const Certificate made = self_signed(library, key.get());
    unsigned char* der = nullptr;
    const int size = i2d_X509(made.get(), &der);
    ASSERT_GT(size, 0);
    const unsigned char* at = der;
    X509* empty = X509_new_ex(library.get(), nullptr);
    const Certificate back(d2i_X509(&empty, &at, size));
    ASSERT_NE(back, nullptr);
    EXPECT_EQ(X509_verify(back.get(), X509_get0_pubkey(back.get())), 1);
    EXPECT_EQ(X509_check_private_key(back.get(), key.get()), 1);
    OPENSSL_free(der);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 8);
    i2d_re_X509_tbs(made.get(), nullptr);
    EXPECT_NE(X509_verify(made.get(), key.get()), 1);
    ERR_clear_error();
  }
}

// Two ends in memory; the group's number as both saw it.
int negotiate(const Library& library, const char* groups) {
  const PKey key(EVP_PKEY_Q_keygen(library.get(), nullptr, "EC", "P-256"));
  const Certificate certificate(X509_new_ex(library.get(), nullptr));
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 1000);
  X509_set_pubkey(certificate.get(), key.get());
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  using Settings = Owned<SSL_CTX, SSL_CTX_free>;
  using Connection = Owned<SSL, SSL_free>;
  const Settings of_server(SSL_CTX_new_ex(library.get(), nullptr, TLS_server_method()));
  const Settings of_client(SSL_CTX_new_ex(library.get(), nullptr, TLS_client_method()));
  SSL_CTX_use_certificate(of_server.get(), certificate.get());
  SSL_CTX_use_PrivateKey(of_server.get(), key.get());
  if (SSL_CTX_set1_groups_list(of_server.get(), groups) != 1 ||
      SSL_CTX_set1_groups_list(of_client.get(), groups) != 1) {
    return -1;
  }
  const Connection server(SSL_new(of_server.get())), client(SSL_new(of_client.get()));
  BIO *server_end = nullptr, *client_end = nullptr;
  BIO_new_bio_pair(&server_end, 0, &client_end, 0);
  SSL_set_bio(server.get(), server_end, server_end);
  SSL_set_bio(client.get(), client_end, client_end);
  SSL_set_accept_state(server.get());
  SSL_set_connect_state(client.get());
  for (int i = 0; i < 20; ++i) {
    SSL_do_handshake(client.get());
    SSL_do_handshake(server.get());
  }
  ERR_clear_error();
  const bool agreed =
      SSL_is_init_finished(client.get()) == 1 &&
      SSL_get_negotiated_group(server.get()) == SSL_get_negotiated_group(client.get());
  return agreed ? static_cast<int>(SSL_get_negotiated_group(client.get()) & 0xffff) : -1;
}

TEST(OsslProviderFaults, TlsTakesEachGroup) {
  const Library library;
  EXPECT_EQ(negotiate(library, "X25519MLKEM768"), 0x11ec);
  EXPECT_EQ(negotiate(library, "MLKEM512"), 0x0200);
  EXPECT_EQ(negotiate(library, "MLKEM768"), 0x0201);
  EXPECT_EQ(negotiate(library, "MLKEM1024"), 0x0202);
}

}  // namespace
}  // namespace v100::ossl
