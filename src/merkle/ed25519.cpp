#include "merkle/ed25519.h"

#include <openssl/evp.h>

namespace v100::merkle {

Result<void> verify_ed25519(Bytes public_key, Bytes message, Bytes signature) {
  if (public_key.size() != 32 || signature.size() != 64) {
    return fail(Errc::malformed, "ed25519: wrong length");
  }
  EVP_PKEY* key =
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, public_key.data(), public_key.size());
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  const bool good = key != nullptr && context != nullptr &&
                    EVP_DigestVerifyInit(context, nullptr, nullptr, nullptr, key) == 1 &&
                    EVP_DigestVerify(context, signature.data(), signature.size(), message.data(),
                                     message.size()) == 1;
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  return good ? Result<void>() : fail(Errc::unauthenticated, "ed25519: not this key's signature");
}

}  // namespace v100::merkle
