#include "crypto/aead/aead.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/check.h"
#include "base/cpu.h"
#include "base/ct.h"
#include "crypto/aead/gcm_kernel.h"

namespace v100::crypto {
namespace {

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;  // freeing wipes the key

struct FreeMac {
  void operator()(EVP_MAC_CTX* context) const noexcept { EVP_MAC_CTX_free(context); }
};

const EVP_CIPHER* cipher_of(AeadAlgorithm algorithm) noexcept {
  switch (algorithm) {
    case AeadAlgorithm::aes_128_gcm:
      return EVP_aes_128_gcm();
    case AeadAlgorithm::aes_256_gcm:
      return EVP_aes_256_gcm();
    case AeadAlgorithm::chacha20_poly1305:
      return EVP_chacha20_poly1305();
  }
  return nullptr;
}

const char* digest_name(Digest digest) noexcept {
  switch (digest) {
    case Digest::sha1:
      return "SHA1";
    case Digest::sha256:
      return "SHA256";
    case Digest::sha384:
      return "SHA384";
    case Digest::sha512:
      return "SHA512";
  }
  return nullptr;
}

int as_int(std::size_t bytes) noexcept {
  CHECK(bytes < (1u << 30));
  return static_cast<int>(bytes);
}

CipherContext keyed(const EVP_CIPHER* cipher, Bytes key, int encrypt) {
  CipherContext context(EVP_CIPHER_CTX_new());
  CHECK(context != nullptr);
  CHECK(EVP_CipherInit_ex(context.get(), cipher, nullptr, key.data(), nullptr, encrypt) == 1);
  return context;
}

}  // namespace

// The kernel for AES-GCM that this processor has, or none: then libcrypto does it.
static const GcmKernel* gcm_kernel() noexcept {
#if defined(__x86_64__)
  static const bool usable = cpu_isa() == Isa::avx512 && __builtin_cpu_supports("vaes") != 0 &&
                             __builtin_cpu_supports("vpclmulqdq") != 0;
  return usable ? &gcm_avx512 : nullptr;
#else
  return nullptr;
#endif
}

const char* gcm_kernel_name() noexcept {
  const GcmKernel* const kernel = gcm_kernel();
  return kernel != nullptr ? kernel->name : "openssl";
}

struct Aead::State {
  virtual ~State() = default;
  virtual void seal(MutBytes tag, MutBytes text, FixedBytes<aead_nonce_bytes> nonce,
                    Bytes additional) noexcept = 0;
  // False: the tag is wrong. `text` may hold anything then.
  virtual bool open(MutBytes text, Bytes tag, FixedBytes<aead_nonce_bytes> nonce,
                    Bytes additional) noexcept = 0;
};

namespace {

struct KernelState final : Aead::State {
  KernelState(const GcmKernel& k, Bytes bytes) noexcept : kernel(k) {
    kernel.expand(key, bytes.data(), bytes.size());
  }
  ~KernelState() override { wipe_object(key); }

  void seal(MutBytes tag, MutBytes text, FixedBytes<aead_nonce_bytes> nonce,
            Bytes additional) noexcept override {
    kernel.crypt(key, nonce.data(), text.data(), text.size());
    kernel.tag(key, nonce.data(), additional.data(), additional.size(), text.data(), text.size(),
               tag.data());
  }
  bool open(MutBytes text, Bytes tag, FixedBytes<aead_nonce_bytes> nonce,
            Bytes additional) noexcept override {
    ByteArray<aead_tag_bytes> right;
    kernel.tag(key, nonce.data(), additional.data(), additional.size(), text.data(), text.size(),
               right.data());
    if (!ct::declassify(ct::equal(right, tag), "whether a message is authentic is visible")) {
      return false;
    }
    kernel.crypt(key, nonce.data(), text.data(), text.size());
    return true;
  }

  const GcmKernel& kernel;
  GcmKey key;
};

// One context a direction: switching a context between sealing and opening would key it again.
struct OpensslState final : Aead::State {
  OpensslState(AeadAlgorithm algorithm, Bytes key)
      : sealing(keyed(cipher_of(algorithm), key, 1)),
        opening(keyed(cipher_of(algorithm), key, 0)) {}

  void seal(MutBytes tag, MutBytes text, FixedBytes<aead_nonce_bytes> nonce,
            Bytes additional) noexcept override {
    EVP_CIPHER_CTX* const context = sealing.get();
    int n = 0;
    CHECK(EVP_EncryptInit_ex(context, nullptr, nullptr, nullptr, nonce.data()) == 1);
    CHECK(additional.empty() || EVP_EncryptUpdate(context, nullptr, &n, additional.data(),
                                                  as_int(additional.size())) == 1);
    CHECK(text.empty() ||
          EVP_EncryptUpdate(context, text.data(), &n, text.data(), as_int(text.size())) == 1);
    ByteArray<aead_tag_bytes>
        rest;  // nothing is left to write; the call wants a place all the same
    CHECK(EVP_EncryptFinal_ex(context, rest.data(), &n) == 1);
    CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, as_int(tag.size()), tag.data()) == 1);
  }
  bool open(MutBytes text, Bytes tag, FixedBytes<aead_nonce_bytes> nonce,
            Bytes additional) noexcept override {
    EVP_CIPHER_CTX* const context = opening.get();
    int n = 0;
    ByteArray<aead_tag_bytes> expected;
    copy(expected, tag);
    CHECK(EVP_DecryptInit_ex(context, nullptr, nullptr, nullptr, nonce.data()) == 1);
    CHECK(additional.empty() || EVP_DecryptUpdate(context, nullptr, &n, additional.data(),
                                                  as_int(additional.size())) == 1);
    CHECK(text.empty() ||
          EVP_DecryptUpdate(context, text.data(), &n, text.data(), as_int(text.size())) == 1);
    CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, as_int(expected.size()),
                              expected.data()) == 1);
    ByteArray<aead_tag_bytes> rest;
    return EVP_DecryptFinal_ex(context, rest.data(), &n) == 1;
  }

  CipherContext sealing;
  CipherContext opening;
};

}  // namespace

Aead::Aead(AeadAlgorithm algorithm, Bytes key) {
  CHECK(key.size() == key_bytes(algorithm));
  const GcmKernel* const kernel =
      algorithm == AeadAlgorithm::chacha20_poly1305 ? nullptr : gcm_kernel();
  if (kernel != nullptr) {
    state_ = std::make_unique<KernelState>(*kernel, key);
  } else {
    state_ = std::make_unique<OpensslState>(algorithm, key);
  }
}
Aead::~Aead() = default;
Aead::Aead(Aead&&) noexcept = default;
Aead& Aead::operator=(Aead&&) noexcept = default;

void Aead::seal(FixedMutBytes<aead_tag_bytes> tag, MutBytes text,
                FixedBytes<aead_nonce_bytes> nonce, Bytes additional) noexcept {
  state_->seal(tag, text, nonce, additional);
}

Result<void> Aead::open(MutBytes text, FixedBytes<aead_tag_bytes> tag,
                        FixedBytes<aead_nonce_bytes> nonce, Bytes additional) noexcept {
  if (!state_->open(text, tag, nonce, additional)) {
    wipe(text);  // unauthenticated plaintext must not be seen
    return fail(Errc::unauthenticated, "aead: wrong tag");
  }
  return {};
}

struct AesCtr::State {
  CipherContext context;
};

AesCtr::AesCtr(Bytes key) : state_(std::make_unique<State>()) {
  CHECK(key.size() == 16 || key.size() == 24 || key.size() == 32);
  state_->context = keyed(key.size() == 16   ? EVP_aes_128_ctr()
                          : key.size() == 24 ? EVP_aes_192_ctr()
                                             : EVP_aes_256_ctr(),
                          key, 1);
}
AesCtr::~AesCtr() = default;
AesCtr::AesCtr(AesCtr&&) noexcept = default;
AesCtr& AesCtr::operator=(AesCtr&&) noexcept = default;

void AesCtr::apply(MutBytes text, FixedBytes<16> counter) noexcept {
  if (text.empty()) {
    return;
  }
  int n = 0;
  CHECK(EVP_EncryptInit_ex(state_->context.get(), nullptr, nullptr, nullptr, counter.data()) == 1);
  CHECK(EVP_EncryptUpdate(state_->context.get(), text.data(), &n, text.data(),
                          as_int(text.size())) == 1);
}

struct Hmac::State {
  std::unique_ptr<EVP_MAC_CTX, FreeMac> context;
  std::size_t bytes;
};

Hmac::Hmac(Digest digest, Bytes key) : state_(std::make_unique<State>()) {
  EVP_MAC* const mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  CHECK(mac != nullptr);
  state_->context.reset(EVP_MAC_CTX_new(mac));
  EVP_MAC_free(mac);  // the context keeps its own reference
  state_->bytes = digest_bytes(digest);
  CHECK(state_->context != nullptr);
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                       const_cast<char*>(digest_name(digest)), 0),
      OSSL_PARAM_construct_end()};
  constexpr std::uint8_t no_key = 0;  // a null key would mean "keep the last one"
  CHECK(EVP_MAC_init(state_->context.get(), key.empty() ? &no_key : key.data(), key.size(),
                     parameters) == 1);
}
Hmac::~Hmac() = default;
Hmac::Hmac(Hmac&&) noexcept = default;
Hmac& Hmac::operator=(Hmac&&) noexcept = default;

void Hmac::compute(MutBytes mac, Bytes a, Bytes b) noexcept {
  CHECK(mac.size() <= state_->bytes);
  EVP_MAC_CTX* const context = state_->context.get();
  ByteArray<64> full;
  std::size_t written = 0;
  CHECK(EVP_MAC_init(context, nullptr, 0, nullptr) == 1);
  CHECK(EVP_MAC_update(context, a.data(), a.size()) == 1);
  CHECK(EVP_MAC_update(context, b.data(), b.size()) == 1);
  CHECK(EVP_MAC_final(context, full.data(), &written, full.size()) == 1);
  copy(mac, Bytes(full).first(mac.size()));
  wipe(full);
}

void hash(MutBytes out, Digest digest, Bytes message) noexcept {
  CHECK(out.size() == digest_bytes(digest));
  const EVP_MD* md = digest == Digest::sha1     ? EVP_sha1()
                     : digest == Digest::sha256 ? EVP_sha256()
                     : digest == Digest::sha384 ? EVP_sha384()
                                                : EVP_sha512();
  unsigned written = 0;
  CHECK(EVP_Digest(message.data(), message.size(), out.data(), &written, md, nullptr) == 1);
}

// RFC 5869 §2.2
void hkdf_extract(MutBytes prk, Digest digest, Bytes salt, Bytes input) noexcept {
  CHECK(prk.size() == digest_bytes(digest));
  constexpr ByteArray<64> zeros{};
  Hmac hmac(digest, salt.empty() ? Bytes(zeros).first(digest_bytes(digest)) : salt);
  hmac.compute(prk, input, {});
}

// RFC 5869 §2.3
void hkdf_expand(MutBytes out, Digest digest, Bytes prk, Bytes info) noexcept {
  const std::size_t step = digest_bytes(digest);
  CHECK(prk.size() == step && out.size() <= 255 * step);
  Hmac hmac(digest, prk);
  Buffer tail(info.begin(), info.end());
  tail.push_back(0);
  ByteArray<64> block{};
  Bytes previous;  // T(0) is empty
  for (std::size_t done = 0; done < out.size(); done += step) {
    ++tail.back();
    // block is read (as T(i-1)) before it is written: compute() keeps its result apart until the
    // end
    hmac.compute(MutBytes(block).first(step), previous, tail);
    previous = Bytes(block).first(step);
    const std::size_t n = out.size() - done < step ? out.size() - done : step;
    copy(out.subspan(done, n), previous.first(n));
  }
  wipe(block);
}

}  // namespace v100::crypto
