// Broken if this fails: the key agreement of every HTTPS connection on OpenSSL 3.0.
#include "crypto/tls/pq_group.h"

#include <gtest/gtest.h>
#include <memory>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>

#include "crypto/tls/drawn_random.h"
#include "crypto/tls/hybrid_key.h"

namespace v100::crypto {
namespace {

TEST(HybridKey, BothSidesFindTheSameSecret) {
  HybridKey client;
  DrawnRandom random;
  ASSERT_TRUE(random.draw(hybrid_generate_random_bytes));
  client.generate(random);
  ByteArray<hybrid_client_share_bytes> share;
  ASSERT_TRUE(client.public_share(share));
  HybridKey server;
  ASSERT_TRUE(server.set_public(share));
  ByteArray<hybrid_server_share_bytes> answer;
  ByteArray<hybrid_secret_bytes> ours, theirs;
  ASSERT_TRUE(random.draw(hybrid_encapsulate_random_bytes));
  ASSERT_TRUE(server.encapsulate(answer, ours, random));
  ASSERT_TRUE(client.decapsulate(theirs, answer));
  EXPECT_TRUE(same(ours, theirs));
  answer[5] ^= 1;  // implicit rejection: another secret, no error
  ASSERT_TRUE(client.decapsulate(theirs, answer));
  EXPECT_FALSE(same(Bytes(ours).first(32), Bytes(theirs).first(32)));
  EXPECT_TRUE(same(Bytes(ours).last(32), Bytes(theirs).last(32)));
}

TEST(HybridKey, RefusesBadShares) {
  HybridKey client;
  DrawnRandom random;
  ASSERT_TRUE(random.draw(hybrid_generate_random_bytes));
  client.generate(random);
  ByteArray<hybrid_client_share_bytes> share;
  ASSERT_TRUE(client.public_share(share));
  HybridKey server;
  EXPECT_FALSE(server.set_public(Bytes(share).first(1215)));
  ByteArray<hybrid_client_share_bytes> large = share;
  large[0] = 0xff;  // the first coefficient becomes 4095, over q
  large[1] |= 0x0f;
  EXPECT_FALSE(server.set_public(large));
  ByteArray<hybrid_client_share_bytes> zero_point = share;
  for (std::size_t i = mlkem::Mlkem768::ek_bytes; i < zero_point.size(); ++i) {
    zero_point[i] = 0;
  }
  ByteArray<hybrid_server_share_bytes> answer;
  ByteArray<hybrid_secret_bytes> secret;
  ASSERT_TRUE(random.draw(hybrid_encapsulate_random_bytes));
  EXPECT_FALSE(server.encapsulate(answer, secret, random)) << "no share was set";
  ASSERT_TRUE(server.set_public(zero_point));
  EXPECT_FALSE(server.encapsulate(answer, secret, random)) << "a point of small order";
  EXPECT_FALSE(client.decapsulate(secret, Bytes(answer).first(1119)));
}

// Two OpenSSL ends in memory, both on our provider.
TEST(PqGroup, OpensslNegotiatesIt) {
  OSSL_LIB_CTX* library = OSSL_LIB_CTX_new();
  OSSL_PROVIDER* standard = OSSL_PROVIDER_load(library, "default");
  OSSL_PROVIDER* ours = load_pq_group(library);
  ASSERT_NE(ours, nullptr);
  EVP_PKEY* key = EVP_PKEY_Q_keygen(library, nullptr, "EC", "P-256");
  X509* certificate = X509_new_ex(library, nullptr);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 1000);
  X509_set_pubkey(certificate, key);
  ASSERT_GT(X509_sign(certificate, key, EVP_sha256()), 0);
  SSL_CTX* server_settings = SSL_CTX_new_ex(library, nullptr, TLS_server_method());
  SSL_CTX* client_settings = SSL_CTX_new_ex(library, nullptr, TLS_client_method());
  SSL_CTX_use_certificate(server_settings, certificate);
  SSL_CTX_use_PrivateKey(server_settings, key);
  ASSERT_EQ(SSL_CTX_set1_groups_list(server_settings, "X25519MLKEM768"), 1);
  ASSERT_EQ(SSL_CTX_set1_groups_list(client_settings, "X25519MLKEM768:X25519"), 1);
  SSL* server = SSL_new(server_settings);
  SSL* client = SSL_new(client_settings);
  BIO *server_end = nullptr, *client_end = nullptr;
  ASSERT_EQ(BIO_new_bio_pair(&server_end, 0, &client_end, 0), 1);
  SSL_set_bio(server, server_end, server_end);
  SSL_set_bio(client, client_end, client_end);
  SSL_set_accept_state(server);
  SSL_set_connect_state(client);
  int server_done = 0, client_done = 0;
  for (int i = 0; i < 20 && (server_done != 1 || client_done != 1); ++i) {
    client_done = SSL_do_handshake(client);
    server_done = SSL_do_handshake(server);
  }
  EXPECT_EQ(server_done, 1);
  EXPECT_EQ(client_done, 1);
  EXPECT_EQ(SSL_get_negotiated_group(server), TLSEXT_nid_unknown | pq_group_id);
  EXPECT_EQ(SSL_get_negotiated_group(client), TLSEXT_nid_unknown | pq_group_id);
  SSL_free(server);
  SSL_free(client);
  SSL_CTX_free(server_settings);
  SSL_CTX_free(client_settings);
  X509_free(certificate);
  EVP_PKEY_free(key);
  OSSL_PROVIDER_unload(ours);
  OSSL_PROVIDER_unload(standard);
  OSSL_LIB_CTX_free(library);
}

}  // namespace
}  // namespace v100::crypto
