// ML-KEM as key encapsulation, provider-kem(7).
#include <new>

#include "crypto/tls/drawn_random.h"
#include "crypto/tls/library_scope.h"
#include "ossl_provider/key.h"
#include "ossl_provider/tables.h"

namespace v100::ossl {
namespace {

constexpr std::size_t secret_size = 32;

struct Context {
  const Provider& provider;
  KeyRef key;
};

void* kem_new(void* provider) { return new (std::nothrow) Context{*provider_of(provider), {}}; }
void kem_free(void* context) { delete static_cast<Context*>(context); }
void* kem_dup(void* context) { return new (std::nothrow) Context(*static_cast<Context*>(context)); }

int kem_init(void* context, void* key, const OSSL_PARAM /*params*/[]) {
  auto& self = *static_cast<Context*>(context);
  if (key != nullptr) {
    self.key.reset(static_cast<Key*>(key));
  }
  return self.key.get() != nullptr && !self.key->empty()
             ? 1
             : raise(self.provider, {Errc::conflict, "kem: no key is set"});
}

// A null output asks for the sizes. False: something does not fit.
bool fits(unsigned char* out, std::size_t* size, std::size_t needed) noexcept {
  const bool enough = out == nullptr || size == nullptr || *size >= needed;
  if (size != nullptr) {
    *size = needed;
  }
  return enough;
}

int encapsulate(void* context, unsigned char* out, std::size_t* out_size, unsigned char* secret,
                std::size_t* secret_bytes) {
  auto& self = *static_cast<Context*>(context);
  const std::size_t ciphertext_size = self.key->info().output_bytes;
  if (!fits(out, out_size, ciphertext_size) || !fits(secret, secret_bytes, secret_size)) {
    return raise(self.provider, {Errc::too_large, "kem: the output is too small"});
  }
  if (out == nullptr || secret == nullptr) {
    return out == nullptr ? 1 : 0;
  }
  const crypto::LibraryScope scope(self.provider.base.library);
  crypto::DrawnRandom random;
  if (!random.draw(encapsulate_random_bytes)) {
    return raise(self.provider, {Errc::unavailable, "kem: there is no randomness"});
  }
  const auto made = keys::encapsulate(*self.key->public_key(), random);
  if (!made) {
    return raise(self.provider, made.error());
  }
  copy(MutBytes(out, ciphertext_size), made->ciphertext);
  copy(MutBytes(secret, secret_size), made->secret.expose());
  return 1;
}

int decapsulate(void* context, unsigned char* secret, std::size_t* secret_bytes,
                const unsigned char* in, std::size_t in_size) {
  auto& self = *static_cast<Context*>(context);
  if (!fits(secret, secret_bytes, secret_size)) {
    return raise(self.provider, {Errc::too_large, "kem: the output is too small"});
  }
  if (secret == nullptr) {
    return 1;
  }
  if (self.key->private_key() == nullptr) {
    return raise(self.provider, {Errc::conflict, "kem: no private key is set"});
  }
  const auto found = keys::decapsulate(*self.key->private_key(), Bytes(in, in_size));
  if (!found) {
    return raise(self.provider, found.error());
  }
  copy(MutBytes(secret, secret_size), found->expose());
  return 1;
}

const OSSL_DISPATCH table[] = {
    row(OSSL_FUNC_KEM_NEWCTX, kem_new),          row(OSSL_FUNC_KEM_FREECTX, kem_free),
    row(OSSL_FUNC_KEM_DUPCTX, kem_dup),          row(OSSL_FUNC_KEM_ENCAPSULATE_INIT, kem_init),
    row(OSSL_FUNC_KEM_ENCAPSULATE, encapsulate), row(OSSL_FUNC_KEM_DECAPSULATE_INIT, kem_init),
    row(OSSL_FUNC_KEM_DECAPSULATE, decapsulate), last_row,
};

}  // namespace

const OSSL_DISPATCH* kem_table() noexcept { return table; }

}  // namespace v100::ossl
