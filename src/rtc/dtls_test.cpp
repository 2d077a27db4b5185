// If this fails, another DTLS stack cannot shake hands with us, or comes to other SRTP keys. The
// peer is OpenSSL's own client, run as another program would run it.
#include "rtc/dtls.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "base/text.h"
#include "wire/dtls_record.h"

namespace v100::rtc {
namespace {

constexpr std::int64_t some_day = 1790000000;

DtlsContext& server_context() {
  static const std::unique_ptr<DtlsContext> context = *DtlsContext::make(some_day);
  return *context;
}

Instant at_ms(std::int64_t ms) { return Instant::from_ns(0) + Duration::milliseconds(ms); }

struct OpensslClient {
  OpensslClient(const char* srtp, int version, long mtu, bool rsa) {
    context = SSL_CTX_new(DTLS_client_method());
    EVP_PKEY* const key = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    X509* const certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
    X509_set_pubkey(certificate, key);
    X509_sign(certificate, key, EVP_sha256());
    unsigned bytes = 0;
    X509_digest(certificate, EVP_sha256(), fingerprint.data(), &bytes);
    SSL_CTX_use_certificate(context, certificate);
    SSL_CTX_use_PrivateKey(context, key);
    EVP_PKEY_free(key);
    X509_free(certificate);
    SSL_CTX_set_max_proto_version(context, version);
    SSL_CTX_set_min_proto_version(context, version);
    SSL_CTX_set_security_level(context, version == DTLS1_2_VERSION ? 1 : 0);
    SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU);
    if (srtp != nullptr) {
      SSL_CTX_set_tlsext_use_srtp(context, srtp);
    }
    ssl = SSL_new(context);
    in = BIO_new(BIO_s_mem());
    sent = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(in, -1);
    SSL_set_bio(ssl, in, sent);
    SSL_set_mtu(ssl, mtu);
    SSL_set_connect_state(ssl);
  }
  ~OpensslClient() {
    SSL_free(ssl);
    SSL_CTX_free(context);
  }

  // One record a datagram.
  std::vector<Buffer> take() {
    Buffer all(static_cast<std::size_t>(BIO_pending(sent)));
    BIO_read(sent, all.data(), static_cast<int>(all.size()));
    std::vector<Buffer> records;
    Bytes rest = all;
    while (const Result<wire::DtlsRecord> record = wire::parse_dtls_record(rest)) {
      records.push_back(to_buffer(rest.first(record->bytes)));
      rest = rest.subspan(record->bytes);
    }
    return records;
  }

  // Handshakes with `session` without a network. Returns the number of datagrams sent first.
  std::size_t run(DtlsSession& session) {
    DtlsSession::Out out;
    std::size_t first = 0;
    for (int round = 0; round < 10; ++round) {
      SSL_do_handshake(ssl);
      const std::vector<Buffer> datagrams = take();
      first = round == 0 ? datagrams.size() : first;
      for (const Buffer& datagram : datagrams) {
        session.on_datagram(at_ms(round), datagram, out);
      }
      for (const Buffer& datagram : out) {
        BIO_write(in, datagram.data(), static_cast<int>(datagram.size()));
        SSL_do_handshake(ssl);  // a memory BIO has no datagram borders: one at a time
      }
      out.clear();
    }
    return first;
  }

  SSL_CTX* context;
  SSL* ssl;
  BIO* in;
  BIO* sent;
  Fingerprint fingerprint{};
};

TEST(Dtls, EachProfileGivesBothSidesTheSameKeys) {
  for (const auto& [text, profile] :
       {std::pair("SRTP_AEAD_AES_256_GCM", SrtpProfile::aead_aes_256_gcm),
        std::pair("SRTP_AEAD_AES_128_GCM", SrtpProfile::aead_aes_128_gcm),
        std::pair("SRTP_AES128_CM_SHA1_80", SrtpProfile::aes128_cm_sha1_80),
        std::pair("SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_128_GCM:SRTP_AEAD_AES_256_GCM",
                  SrtpProfile::aead_aes_256_gcm)}) {  // ours is the preference
    OpensslClient client(text, DTLS1_2_VERSION, 1200, false);
    const auto session = make_dtls_session(server_context(), DtlsRole::passive, client.fingerprint);
    client.run(*session);
    ASSERT_EQ(session->state(), DtlsState::connected) << text;
    EXPECT_EQ(session->info().srtp, profile);
    EXPECT_EQ(SSL_is_init_finished(client.ssl), 1);
    Buffer ours(2 * (srtp_key_bytes(profile) + srtp_salt_bytes(profile)));
    Buffer theirs(ours.size());
    session->export_srtp(ours);
    SSL_export_keying_material(client.ssl, theirs.data(), theirs.size(), "EXTRACTOR-dtls_srtp", 19,
                               nullptr, 0, 0);
    EXPECT_EQ(ours, theirs);
  }
}

// Today's browsers' ClientHello does not fit one datagram; several stacks broke on that.
TEST(Dtls, AClientHelloInPiecesIsPutTogether) {
  OpensslClient client("SRTP_AEAD_AES_128_GCM", DTLS1_2_VERSION, 300, false);
  const Buffer long_offer(500, 1);  // ALPN names "\1", to make it as long as a key share would
  SSL_set_alpn_protos(client.ssl, long_offer.data(), static_cast<unsigned>(long_offer.size()));
  const auto session = make_dtls_session(server_context(), DtlsRole::passive, client.fingerprint);
  EXPECT_GE(client.run(*session), 2u);
  EXPECT_EQ(session->state(), DtlsState::connected);
}

TEST(Dtls, AnRsaClientIsFine) {
  OpensslClient client("SRTP_AES128_CM_SHA1_80", DTLS1_2_VERSION, 1200, true);
  const auto session = make_dtls_session(server_context(), DtlsRole::passive, client.fingerprint);
  client.run(*session);
  EXPECT_EQ(session->state(), DtlsState::connected);
}

TEST(Dtls, NoSrtpOrAnOldVersionIsRefused) {
  OpensslClient plain(nullptr, DTLS1_2_VERSION, 1200, false);
  const auto first = make_dtls_session(server_context(), DtlsRole::passive, plain.fingerprint);
  plain.run(*first);
  EXPECT_EQ(first->state(), DtlsState::failed);
  EXPECT_EQ(first->error().code, Errc::unsupported);

  OpensslClient old("SRTP_AES128_CM_SHA1_80", DTLS1_VERSION, 1200, false);
  const auto second = make_dtls_session(server_context(), DtlsRole::passive, old.fingerprint);
  old.run(*second);
  EXPECT_EQ(second->state(), DtlsState::failed);
}

TEST(Dtls, GarbageDoesNotEndAHandshake) {
  OpensslClient client("SRTP_AEAD_AES_128_GCM", DTLS1_2_VERSION, 1200, false);
  const auto session = make_dtls_session(server_context(), DtlsRole::passive, client.fingerprint);
  DtlsSession::Out out;
  for (const std::string_view junk :
       {"16", "16fefd0000000000000001ffff00", "14fefd00010000000000010001",
        "3f00112233445566778899aabbccddeeff"}) {
    session->on_datagram(at_ms(0), *from_hex(junk), out);
    EXPECT_EQ(session->state(), DtlsState::handshaking) << junk;
  }
  client.run(*session);
  EXPECT_EQ(session->state(), DtlsState::connected);
}

}  // namespace
}  // namespace v100::rtc
