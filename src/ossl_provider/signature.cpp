// ML-DSA and SLH-DSA signatures, provider-signature(7): over whole messages, in one call or in
// pieces. ML-DSA hashes the pieces; SLH-DSA needs the message twice and keeps it.
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

// OpenSSL 3.5's names for what 3.0's headers lack.
constexpr const char* param_context = "context-string";
constexpr const char* param_deterministic = "deterministic";
constexpr const char* param_mu = "mu";

constexpr std::size_t kept_message_bytes_max = std::size_t{1} << 30;

// One operation, on one thread.
struct Context {
  const Provider& provider;
  KeyRef key;
  Buffer context;  // FIPS 204's and 205's ctx, up to 255 bytes
  bool deterministic = false;
  bool is_mu = false;  // what comes is ML-DSA's mu, computed elsewhere
  bool failed = false;
  std::optional<mldsa::MuHasher> mu;  // pieces so far; set by the first
  Buffer message;                     // or the pieces themselves
};

Context& context_of(void* context) noexcept { return *static_cast<Context*>(context); }

void* signature_new(void* provider, const char* /*properties*/) {
  return new (std::nothrow) Context{*provider_of(provider), {}, {}, false, false, false, {}, {}};
}
void signature_free(void* context) { delete static_cast<Context*>(context); }
void* signature_dup(void* context) { return new (std::nothrow) Context(context_of(context)); }

// ---- Parameters ----

int set_params(void* context, const OSSL_PARAM params[]) {
  Context& self = context_of(context);
  if (params == nullptr) {
    return 1;
  }
  const OSSL_PARAM* p = OSSL_PARAM_locate_const(params, param_context);
  if (p != nullptr) {
    Bytes given;
    if (!octets(p, given) || given.size() > mldsa::context_bytes_max) {
      return raise(self.provider, {Errc::malformed, "signature: a context above 255 bytes"});
    }
    if (self.mu || !self.message.empty()) {
      return raise(self.provider, {Errc::conflict, "signature: a context after the message"});
    }
    self.context = to_buffer(given);
  }
  int flag = 0;
  p = OSSL_PARAM_locate_const(params, param_deterministic);
  if (p != nullptr) {
    if (OSSL_PARAM_get_int(p, &flag) != 1) {
      return 0;
    }
    self.deterministic = flag != 0;
  }
  p = OSSL_PARAM_locate_const(params, param_mu);
  if (p != nullptr) {
    if (OSSL_PARAM_get_int(p, &flag) != 1) {
      return 0;
    }
    self.is_mu = flag != 0;
  }
  return 1;
}

const OSSL_PARAM* settable(void* /*context*/, void* /*provider*/) {
  static const OSSL_PARAM table[] = {OSSL_PARAM_octet_string(param_context, nullptr, 0),
                                     OSSL_PARAM_int(param_deterministic, nullptr),
                                     OSSL_PARAM_int(param_mu, nullptr), OSSL_PARAM_END};
  return table;
}

// What X.509 writes beside a signature.
int get_params(void* context, OSSL_PARAM params[]) {
  const Context& self = context_of(context);
  OSSL_PARAM* p = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_ALGORITHM_ID);
  if (p == nullptr) {
    return 1;
  }
  if (self.key.get() == nullptr) {
    return 0;
  }
  const Buffer identifier = keys::write_algorithm(self.key->algorithm());
  return OSSL_PARAM_set_octet_string(p, identifier.data(), identifier.size());
}

const OSSL_PARAM* gettable(void* /*context*/, void* /*provider*/) {
  static const OSSL_PARAM table[] = {
      OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, nullptr, 0), OSSL_PARAM_END};
  return table;
}

// ---- Init ----

// A null key means the one from before.
int start(Context& self, void* key, const OSSL_PARAM params[], bool signs) {
  if (key != nullptr) {
    self.key.reset(static_cast<Key*>(key));
  }
  self.mu.reset();
  self.message.clear();
  self.failed = false;
  if (self.key.get() == nullptr ||
      (signs ? self.key->private_key() == nullptr : self.key->empty())) {
    return raise(self.provider, {Errc::conflict, "signature: the key that it takes is not set"});
  }
  return set_params(&self, params);
}

int sign_init(void* context, void* key, const OSSL_PARAM params[]) {
  return start(context_of(context), key, params, true);
}
int verify_init(void* context, void* key, const OSSL_PARAM params[]) {
  return start(context_of(context), key, params, false);
}

// These schemes sign messages. To hash first and sign the digest as if it were the message would be
// a scheme that nobody else verifies.
bool digest_is_named(const Context& self, const char* digest) {
  if (digest == nullptr || digest[0] == 0 || self.provider.digest_ignored) {
    return false;
  }
  raise(self.provider, {Errc::unsupported, "signature: a digest was named; it takes messages"});
  return true;
}
int digest_sign_init(void* context, const char* digest, void* key, const OSSL_PARAM params[]) {
  return digest_is_named(context_of(context), digest) ? 0 : sign_init(context, key, params);
}
int digest_verify_init(void* context, const char* digest, void* key, const OSSL_PARAM params[]) {
  return digest_is_named(context_of(context), digest) ? 0 : verify_init(context, key, params);
}

// ---- The message ----

Result<mldsa::Mu> given_mu(const Context& self, Bytes bytes) {
  if (bytes.size() != mldsa::mu_bytes || self.key->info().kind != keys::Kind::mldsa) {
    return fail(Errc::malformed, "signature: mu has 64 bytes, and only ML-DSA has it");
  }
  return mldsa::Mu::external(bytes.first<mldsa::mu_bytes>());
}

Result<void> add_piece(Context& self, Bytes piece) {
  if (self.key->info().kind == keys::Kind::mldsa && !self.is_mu) {
    if (!self.mu) {
      self.mu = TRY(keys::mu_hasher(*self.key->public_key(), self.context));
    }
    self.mu->update(piece);
    return {};
  }
  if (piece.size() > kept_message_bytes_max - self.message.size()) {
    return fail(Errc::too_large, "signature: a message above 1 GiB");
  }
  append(self.message, piece);
  return {};
}

int update(void* context, const unsigned char* data, std::size_t size) {
  Context& self = context_of(context);
  if (self.key.get() == nullptr) {
    return 0;
  }
  const Result<void> added = add_piece(self, Bytes(data, size));
  self.failed = self.failed || !added;
  return added ? 1 : raise(self.provider, added.error());
}

// ---- Signing ----

// Over the pieces where `whole` is null.
Result<Buffer> make(Context& self, const Bytes* whole, Random* hedge) {
  const keys::PrivateKey& key = *self.key->private_key();
  const Bytes message = whole != nullptr ? *whole : Bytes(self.message);
  if (self.is_mu) {
    return keys::sign(key, TRY(given_mu(self, message)), hedge);
  }
  if (whole == nullptr && self.mu) {
    mldsa::MuHasher hasher = *self.mu;
    return keys::sign(key, hasher.finish(), hedge);
  }
  return keys::sign(key, message, self.context, hedge);
}

int sign_any(Context& self, unsigned char* out, std::size_t* size, std::size_t room,
             const Bytes* whole) {
  if (self.key.get() == nullptr || self.key->private_key() == nullptr || self.failed) {
    return raise(self.provider, {Errc::conflict, "signature: not initialised for signing"});
  }
  const std::size_t needed = self.key->info().output_bytes;
  *size = needed;
  if (out == nullptr) {
    return 1;
  }
  if (room < needed) {
    return raise(self.provider, {Errc::too_large, "signature: the output is too small"});
  }
  const crypto::LibraryScope scope(self.provider.base.library);
  crypto::DrawnRandom random;
  if (!self.deterministic && !random.draw(hedge_random_bytes)) {
    return raise(self.provider, {Errc::unavailable, "signature: there is no randomness"});
  }
  const Result<Buffer> made = make(self, whole, self.deterministic ? nullptr : &random);
  if (!made) {
    return raise(self.provider, made.error());
  }
  copy(MutBytes(out, needed), *made);
  return 1;
}

int sign(void* context, unsigned char* out, std::size_t* size, std::size_t room,
         const unsigned char* message, std::size_t message_size) {
  const Bytes whole(message, message_size);
  return sign_any(context_of(context), out, size, room, &whole);
}
int sign_final(void* context, unsigned char* out, std::size_t* size, std::size_t room) {
  return sign_any(context_of(context), out, size, room, nullptr);
}

// ---- Verifying ----

Result<void> check(Context& self, Bytes signature, const Bytes* whole) {
  const keys::PublicKey& key = *self.key->public_key();
  const Bytes message = whole != nullptr ? *whole : Bytes(self.message);
  if (self.is_mu) {
    return keys::verify(key, TRY(given_mu(self, message)), signature);
  }
  if (whole == nullptr && self.mu) {
    mldsa::MuHasher hasher = *self.mu;
    return keys::verify(key, hasher.finish(), signature);
  }
  return keys::verify(key, message, self.context, signature);
}

int verify_any(Context& self, const unsigned char* signature, std::size_t size,
               const Bytes* whole) {
  if (self.key.get() == nullptr || self.key->empty() || self.failed) {
    return raise(self.provider, {Errc::conflict, "signature: not initialised for verifying"});
  }
  const Result<void> checked = check(self, Bytes(signature, size), whole);
  return checked ? 1 : raise(self.provider, checked.error());
}

int verify(void* context, const unsigned char* signature, std::size_t size,
           const unsigned char* message, std::size_t message_size) {
  const Bytes whole(message, message_size);
  return verify_any(context_of(context), signature, size, &whole);
}
int verify_final(void* context, const unsigned char* signature, std::size_t size) {
  return verify_any(context_of(context), signature, size, nullptr);
}

const OSSL_DISPATCH table[] = {
    row(OSSL_FUNC_SIGNATURE_NEWCTX, signature_new),
    row(OSSL_FUNC_SIGNATURE_FREECTX, signature_free),
    row(OSSL_FUNC_SIGNATURE_DUPCTX, signature_dup),
    row(OSSL_FUNC_SIGNATURE_SIGN_INIT, sign_init),
    row(OSSL_FUNC_SIGNATURE_SIGN, sign),
    row(OSSL_FUNC_SIGNATURE_VERIFY_INIT, verify_init),
    row(OSSL_FUNC_SIGNATURE_VERIFY, verify),
    row(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, digest_sign_init),
    row(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_UPDATE, update),
    row(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_FINAL, sign_final),
    row(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, sign),
    row(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_INIT, digest_verify_init),
    row(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_UPDATE, update),
    row(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_FINAL, verify_final),
    row(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY, verify),
    row(OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, get_params),
    row(OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, gettable),
    row(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, set_params),
    row(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, settable),
    last_row,
};

}  // namespace

const OSSL_DISPATCH* signature_table() noexcept { return table; }

}  // namespace v100::ossl
