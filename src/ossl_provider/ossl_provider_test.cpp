// Broken if this fails: post-quantum keys, signatures, key encapsulation and certificates of
// programs on OpenSSL 3.0 that load v100.so.
#include <atomic>
#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/encoder.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <string>
#include <thread>

#include "keys/codec.h"
#include "ossl_provider/test_library.h"

namespace v100::ossl {
namespace {

// Signing with the slow sets takes seconds in debug builds; one of each shape is enough there.
bool is_quick(const keys::Info& info) {
  return info.kind != keys::Kind::slhdsa || info.name[std::strlen(info.name) - 1] == 'f';
}

Buffer encode(EVP_PKEY* key, int selection, const char* structure) {
  OSSL_ENCODER_CTX* encoder =
      OSSL_ENCODER_CTX_new_for_pkey(key, selection, "DER", structure, nullptr);
  unsigned char* data = nullptr;
  std::size_t size = 0;
  Buffer out;
  if (OSSL_ENCODER_to_data(encoder, &data, &size) == 1) {
    out.assign(data, data + size);
  }
  OPENSSL_free(data);
  OSSL_ENCODER_CTX_free(encoder);
  return out;
}

// Named an algorithm, OpenSSL tries its decoders alone; else it tries all, which takes it 60 ms.
PKey decode(const Library& library, Bytes der, const char* algorithm) {
  EVP_PKEY* key = nullptr;
  OSSL_DECODER_CTX* decoder =
      OSSL_DECODER_CTX_new_for_pkey(&key, "DER", nullptr, algorithm, 0, library.get(), nullptr);
  const unsigned char* at = der.data();
  std::size_t left = der.size();
  OSSL_DECODER_from_data(decoder, &at, &left);
  OSSL_DECODER_CTX_free(decoder);
  ERR_clear_error();
  return PKey(key);
}

Buffer sign(const Library& library, EVP_PKEY* key, Bytes message, const OSSL_PARAM* params) {
  const DigestContext context(EVP_MD_CTX_new());
  std::size_t size = 0;
  if (EVP_DigestSignInit_ex(context.get(), nullptr, nullptr, library.get(), nullptr, key, params) !=
          1 ||
      EVP_DigestSign(context.get(), nullptr, &size, message.data(), message.size()) != 1) {
    return {};
  }
  Buffer out(size);
  return EVP_DigestSign(context.get(), out.data(), &size, message.data(), message.size()) == 1
             ? out
             : Buffer();
}

bool verify(const Library& library, EVP_PKEY* key, Bytes message, Bytes signature,
            const OSSL_PARAM* params) {
  const DigestContext context(EVP_MD_CTX_new());
  const bool good = EVP_DigestVerifyInit_ex(context.get(), nullptr, nullptr, library.get(), nullptr,
                                            key, params) == 1 &&
                    EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                                     message.data(), message.size()) == 1;
  ERR_clear_error();
  return good;
}

const Bytes message = as_bytes("what is signed");

TEST(OsslProvider, KeysOfEveryAlgorithmGoOutAndIn) {
  const Library library;
  ASSERT_TRUE(library.loaded());
  for (const keys::Info& info : keys::algorithms()) {
    SCOPED_TRACE(info.name);
    const PKey key = library.generate(info.name);
    ASSERT_NE(key, nullptr);
    EXPECT_EQ(EVP_PKEY_is_a(key.get(), info.name), 1);
    EXPECT_EQ(EVP_PKEY_get_size(key.get()), static_cast<int>(info.output_bytes));
    const Buffer spki = encode(key.get(), EVP_PKEY_PUBLIC_KEY, "SubjectPublicKeyInfo");
    const Buffer pkcs8 = encode(key.get(), EVP_PKEY_KEYPAIR, "PrivateKeyInfo");
    const auto ours = keys::read_pkcs8(pkcs8);
    ASSERT_TRUE(ours);
    EXPECT_EQ(spki, keys::write_spki(ours->public_key()));
    const PKey public_key = decode(library, spki, nullptr);
    const PKey back = decode(library, pkcs8, nullptr);
    ASSERT_NE(public_key, nullptr);
    ASSERT_NE(back, nullptr);
    EXPECT_EQ(EVP_PKEY_eq(key.get(), public_key.get()), 1);
    EXPECT_EQ(EVP_PKEY_eq(key.get(), back.get()), 1);
    EXPECT_EQ(encode(back.get(), EVP_PKEY_KEYPAIR, "PrivateKeyInfo"), pkcs8);
    const PKey other = library.generate(info.name);
    EXPECT_EQ(EVP_PKEY_eq(key.get(), other.get()), 0);
  }
}

// RFC 9881 and 9935: the seed, the expanded key, or both.
TEST(OsslProvider, TakesEachFormOfAPrivateKey) {
  const Library library;
  for (const char* name : {"ML-DSA-44", "ML-DSA-65", "ML-DSA-87", "ML-KEM-768"}) {
    SCOPED_TRACE(name);
    const PKey key = library.generate(name);
    const auto ours = keys::read_pkcs8(encode(key.get(), EVP_PKEY_KEYPAIR, "PrivateKeyInfo"));
    ASSERT_TRUE(ours);
    for (const keys::Form form : {keys::Form::seed, keys::Form::expanded, keys::Form::both}) {
      const auto written = keys::write_pkcs8(*ours, form);
      ASSERT_TRUE(written);
      const PKey back = decode(library, written->expose(), name);
      ASSERT_NE(back, nullptr);
      EXPECT_EQ(EVP_PKEY_eq(key.get(), back.get()), 1);
      // The seed where it is known, else what there is.
      EXPECT_EQ(same(encode(back.get(), EVP_PKEY_KEYPAIR, "PrivateKeyInfo"), written->expose()),
                form != keys::Form::both);
    }
  }
}

TEST(OsslProvider, RawPartsGoInAndOut) {
  const Library library;
  const PKey key = library.generate("ML-DSA-65");
  Buffer seed(32), pub(1952);
  std::size_t size = 0;
  ASSERT_EQ(EVP_PKEY_get_octet_string_param(key.get(), "seed", seed.data(), seed.size(), &size), 1);
  ASSERT_EQ(EVP_PKEY_get_octet_string_param(key.get(), "pub", pub.data(), pub.size(), &size), 1);
  EXPECT_EQ(size, pub.size());
  const auto made = [&](int selection, Buffer& s, Buffer& p) {
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_octet_string("seed", s.data(), s.size()),
                                 OSSL_PARAM_construct_octet_string("pub", p.data(), p.size()),
                                 OSSL_PARAM_construct_end()};
    const PKeyContext context(EVP_PKEY_CTX_new_from_name(library.get(), "ML-DSA-65", nullptr));
    EVP_PKEY* out = nullptr;
    EVP_PKEY_fromdata_init(context.get());
    EVP_PKEY_fromdata(context.get(), &out, selection, const_cast<OSSL_PARAM*>(params));
    ERR_clear_error();
    return PKey(out);
  };
  const PKey pair = made(EVP_PKEY_KEYPAIR, seed, pub);
  EXPECT_EQ(EVP_PKEY_eq(key.get(), pair.get()), 1);
  const PKey public_alone = made(EVP_PKEY_PUBLIC_KEY, seed, pub);
  EXPECT_EQ(EVP_PKEY_eq(key.get(), public_alone.get()), 1);
  EXPECT_TRUE(sign(library, public_alone.get(), message, nullptr).empty());
  pub[7] ^= 1;
  EXPECT_EQ(made(EVP_PKEY_KEYPAIR, seed, pub), nullptr) << "a public key that is not the seed's";
  pub.pop_back();
  EXPECT_EQ(made(EVP_PKEY_PUBLIC_KEY, seed, pub), nullptr);
}

TEST(OsslProvider, SignsAndVerifies) {
  const Library library;
  for (const keys::Info& info : keys::algorithms()) {
    if (info.kind == keys::Kind::mlkem || !is_quick(info)) {
      continue;
    }
    SCOPED_TRACE(info.name);
    const PKey key = library.generate(info.name);
    char text[] = "a context";
    int one = 1;
    const OSSL_PARAM with_context[] = {
        OSSL_PARAM_construct_octet_string("context-string", text, sizeof text - 1),
        OSSL_PARAM_construct_int("deterministic", &one), OSSL_PARAM_construct_end()};
    const Buffer plain = sign(library, key.get(), message, nullptr);
    const Buffer inside = sign(library, key.get(), message, with_context);
    ASSERT_EQ(plain.size(), info.output_bytes);
    EXPECT_TRUE(verify(library, key.get(), message, plain, nullptr));
    EXPECT_TRUE(verify(library, key.get(), message, inside, with_context));
    EXPECT_FALSE(verify(library, key.get(), message, inside, nullptr));
    EXPECT_FALSE(verify(library, key.get(), message, plain, with_context));
    EXPECT_FALSE(verify(library, key.get(), message.first(3), plain, nullptr));
    EXPECT_FALSE(verify(library, key.get(), message, Bytes(plain).first(9), nullptr));
    EXPECT_NE(plain, sign(library, key.get(), message, nullptr)) << "hedged";
    EXPECT_EQ(inside, sign(library, key.get(), message, with_context)) << "deterministic";
    Buffer changed = plain;
    changed[changed.size() / 2] ^= 1;
    EXPECT_FALSE(verify(library, key.get(), message, changed, nullptr));
  }
}

TEST(OsslProvider, TakesAMessageInPieces) {
  const Library library;
  for (const char* name : {"ML-DSA-44", "SLH-DSA-SHA2-128f"}) {
    SCOPED_TRACE(name);
    const PKey key = library.generate(name);
    const DigestContext context(EVP_MD_CTX_new());
    ASSERT_EQ(EVP_DigestSignInit_ex(context.get(), nullptr, nullptr, library.get(), nullptr,
                                    key.get(), nullptr),
              1);
    std::size_t size = 0;
    EVP_DigestSignUpdate(context.get(), message.data(), 4);
    EVP_DigestSignUpdate(context.get(), message.data() + 4, message.size() - 4);
    ASSERT_EQ(EVP_DigestSignFinal(context.get(), nullptr, &size), 1);
    Buffer made(size);
    ASSERT_EQ(EVP_DigestSignFinal(context.get(), made.data(), &size), 1);
    EXPECT_TRUE(verify(library, key.get(), message, made, nullptr));
    ASSERT_EQ(EVP_DigestVerifyInit_ex(context.get(), nullptr, nullptr, library.get(), nullptr,
                                      key.get(), nullptr),
              1);
    EVP_DigestVerifyUpdate(context.get(), message.data(), message.size());
    EXPECT_EQ(EVP_DigestVerifyFinal(context.get(), made.data(), made.size()), 1);
  }
}

// mu, computed elsewhere, is what a pure signature signs.
TEST(OsslProvider, SignsMuAndRefusesDigests) {
  const Library library;
  const PKey key = library.generate("ML-DSA-65");
  const auto ours = keys::read_spki(encode(key.get(), EVP_PKEY_PUBLIC_KEY, "SubjectPublicKeyInfo"));
  ASSERT_TRUE(ours);
  auto hasher = keys::mu_hasher(*ours, {});
  ASSERT_TRUE(hasher);
  hasher->update(message);
  const mldsa::Mu mu = hasher->finish();
  int one = 1;
  const OSSL_PARAM is_mu[] = {OSSL_PARAM_construct_int("mu", &one), OSSL_PARAM_construct_end()};
  const Buffer made = sign(library, key.get(), mu.bytes(), is_mu);
  EXPECT_TRUE(verify(library, key.get(), message, made, nullptr));
  EXPECT_TRUE(verify(library, key.get(), mu.bytes(), made, is_mu));
  EXPECT_TRUE(sign(library, key.get(), message, is_mu).empty()) << "mu has 64 bytes";
  const DigestContext context(EVP_MD_CTX_new());
  EXPECT_EQ(EVP_DigestSignInit_ex(context.get(), nullptr, "SHA256", library.get(), nullptr,
                                  key.get(), nullptr),
            0);
  ERR_clear_error();
}

void encapsulation(const Library& library, const char* name) {
  SCOPED_TRACE(name);
  const PKey key = library.generate(name);
  ASSERT_NE(key, nullptr);
  const PKeyContext to(EVP_PKEY_CTX_new_from_pkey(library.get(), key.get(), nullptr));
  ASSERT_EQ(EVP_PKEY_encapsulate_init(to.get(), nullptr), 1);
  std::size_t size = 0, secret_size = 0;
  ASSERT_EQ(EVP_PKEY_encapsulate(to.get(), nullptr, &size, nullptr, &secret_size), 1);
  Buffer sent(size), ours(secret_size), theirs(secret_size);
  ASSERT_EQ(EVP_PKEY_encapsulate(to.get(), sent.data(), &size, ours.data(), &secret_size), 1);
  ASSERT_EQ(EVP_PKEY_decapsulate_init(to.get(), nullptr), 1);
  ASSERT_EQ(EVP_PKEY_decapsulate(to.get(), theirs.data(), &secret_size, sent.data(), sent.size()),
            1);
  EXPECT_EQ(ours, theirs);
  sent[0] ^= 1;
  ASSERT_EQ(EVP_PKEY_decapsulate(to.get(), theirs.data(), &secret_size, sent.data(), sent.size()),
            1);
  EXPECT_NE(ours, theirs);
  EXPECT_NE(EVP_PKEY_decapsulate(to.get(), theirs.data(), &secret_size, sent.data(), size - 1), 1);
  ERR_clear_error();
}

TEST(OsslProvider, Encapsulates) {
  const Library library;
  for (const char* name : {"ML-KEM-512", "ML-KEM-768", "MLKEM1024"}) {
    encapsulation(library, name);
  }
}

// Every cut and many changed bytes: no key, no crash, or (a changed key byte) another key.
TEST(OsslProvider, RefusesBadDer) {
  const Library library;
  const PKey key = library.generate("ML-DSA-44");
  const auto ours = keys::read_pkcs8(encode(key.get(), EVP_PKEY_KEYPAIR, "PrivateKeyInfo"));
  const Buffer seeded = encode(key.get(), EVP_PKEY_KEYPAIR, "PrivateKeyInfo");
  const Buffer whole = to_buffer(keys::write_pkcs8(*ours, keys::Form::both)->expose());
  for (std::size_t size = 0; size < seeded.size(); ++size) {
    EXPECT_EQ(decode(library, Bytes(seeded).first(size), "ML-DSA-44"), nullptr) << size;
  }
  for (std::size_t i = 0; i < whole.size(); i += i < 80 ? 1 : 97) {
    Buffer changed = whole;
    changed[i] ^= 0x21;
    EXPECT_EQ(decode(library, changed, "ML-DSA-44"), nullptr) << "byte " << i;
  }
  const Buffer spki = encode(key.get(), EVP_PKEY_PUBLIC_KEY, "SubjectPublicKeyInfo");
  for (std::size_t i = 0; i < 22; ++i) {  // all that is not key
    Buffer changed = spki;
    changed[i] ^= 0x40;
    EXPECT_EQ(decode(library, changed, "ML-DSA-44"), nullptr) << "byte " << i;
  }
  Buffer two = spki;
  append(two, spki);
  EXPECT_NE(decode(library, two, "ML-DSA-44"), nullptr)
      << "one key is read, the next stays in the stream";
}

// ---- Threads, failures, the end ----

TEST(OsslProvider, ThreadsShareAKey) {
  const Library library;
  const PKey key = library.generate("ML-DSA-44");
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        const Buffer made = sign(library, key.get(), message, nullptr);
        good += verify(library, key.get(), message, made, nullptr) ? 1 : 0;
        encapsulation(library, "ML-KEM-768");
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(good, 80);
}

}  // namespace
}  // namespace v100::ossl
