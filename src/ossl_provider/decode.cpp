// Keys from files, provider-decoder(7): SubjectPublicKeyInfo and PKCS#8 in DER. PEM and encryption
// are taken off by the default provider's decoders.
#include <new>
#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/params.h>

#include "base/secret.h"
#include "ossl_provider/key.h"
#include "ossl_provider/tables.h"

namespace v100::ossl {
namespace {

struct Decoder {
  const Provider& provider;
  keys::Algorithm algorithm;
  Structure structure;
};

template <keys::Algorithm A, Structure S>
void* decoder_new(void* provider) {
  return new (std::nothrow) Decoder{*provider_of(provider), A, S};
}
void decoder_free(void* decoder) { delete static_cast<Decoder*>(decoder); }

template <Structure S>
int does_selection(void* /*provider*/, int selection) {
  return serves(S, selection) ? 1 : 0;
}

bool read_exactly(const Provider& provider, OSSL_CORE_BIO* in, MutBytes out) noexcept {
  while (!out.empty()) {
    std::size_t got = 0;
    if (provider.bio_read(in, out.data(), out.size(), &got) != 1 || got == 0) {
      return false;
    }
    out = out.subspan(got);
  }
  return true;
}

// One DER SEQUENCE and not a byte more, so that what follows it can still be read. Empty: there is
// none, or it is larger than any key.
keys::SecretBytes read_sequence(const Provider& provider, OSSL_CORE_BIO* in) {
  ByteArray<5> head;
  std::size_t head_size = 2;
  if (!read_exactly(provider, in, MutBytes(head).first(2)) || head[0] != 0x30) {
    return {};
  }
  std::size_t length = head[1];
  if (length >= 0x80) {
    const std::size_t count = length & 0x7f;
    if (count < 1 || count > 3 || !read_exactly(provider, in, MutBytes(head).subspan(2, count))) {
      return {};
    }
    head_size += count;
    length = 0;
    for (std::size_t i = 0; i < count; ++i) {
      length = (length << 8) | head[2 + i];
    }
  }
  if (length > keys::key_file_bytes_max) {
    return {};
  }
  Buffer whole(head_size + length);
  copy(MutBytes(whole).first(head_size), Bytes(head).first(head_size));
  const bool complete = read_exactly(provider, in, MutBytes(whole).subspan(head_size));
  keys::SecretBytes kept(std::move(whole));
  return complete ? std::move(kept) : keys::SecretBytes();
}

Result<void> parse(const Decoder& self, Bytes der, Key& key) {
  if (self.structure == Structure::spki) {
    return key.set(TRY(keys::read_spki(der)));
  }
  return key.set(TRY(keys::read_pkcs8(der)));
}

int hand_over(const Decoder& self, Key* key, OSSL_CALLBACK* callback, void* arg) {
  int type = OSSL_OBJECT_PKEY;
  char* name = const_cast<char*>(keys::info(self.algorithm).name);
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
      OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_TYPE, name, 0),
      OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_REFERENCE, &key, sizeof key),
      OSSL_PARAM_construct_end()};
  const int taken = callback(params, arg);
  if (key != nullptr) {  // nobody loaded it
    key->release();
  }
  return taken;
}

// What is not this decoder's is passed over in silence (1 without an object): others are asked
// then.
int decode(void* decoder, OSSL_CORE_BIO* in, int selection, OSSL_CALLBACK* callback, void* arg,
           OSSL_PASSPHRASE_CALLBACK* /*asking*/, void* /*asking_arg*/) {
  const auto& self = *static_cast<const Decoder*>(decoder);
  if (!serves(self.structure, selection)) {
    return 1;
  }
  const keys::SecretBytes der = read_sequence(self.provider, in);
  if (der.empty()) {
    return 1;
  }
  const auto found = self.structure == Structure::spki ? keys::spki_algorithm(der.expose())
                                                       : keys::pkcs8_algorithm(der.expose());
  if (!found || *found != self.algorithm) {
    return 1;
  }
  Key* key = new (std::nothrow) Key(self.provider, self.algorithm);
  if (key == nullptr) {
    return 0;
  }
  const Result<void> parsed = parse(self, der.expose(), *key);
  if (!parsed) {
    key->release();
    return raise(self.provider, parsed.error());
  }
  return hand_over(self, key, callback, arg);
}

// Of a key that another provider is to hold.
int export_key(void* /*decoder*/, const void* reference, std::size_t size, OSSL_CALLBACK* callback,
               void* arg) {
  if (reference == nullptr || size != sizeof(Key*)) {
    return 0;
  }
  const Key& key = **static_cast<Key* const*>(reference);
  const auto octet = [](const char* name, Bytes bytes) {
    return OSSL_PARAM_construct_octet_string(name, const_cast<std::uint8_t*>(bytes.data()),
                                             bytes.size());
  };
  OSSL_PARAM params[4];
  std::size_t count = 0;
  params[count++] = octet(OSSL_PKEY_PARAM_PUB_KEY, key.public_key()->bytes);
  if (key.private_key() != nullptr) {
    params[count++] = octet(OSSL_PKEY_PARAM_PRIV_KEY, key.private_key()->expanded());
    if (!key.private_key()->seed().empty()) {
      params[count++] = octet("seed", key.private_key()->seed());
    }
  }
  params[count] = OSSL_PARAM_construct_end();
  return callback(params, arg);
}

template <keys::Algorithm A, Structure S>
struct Make {
  static const OSSL_DISPATCH table[];
};
template <keys::Algorithm A, Structure S>
const OSSL_DISPATCH Make<A, S>::table[] = {
    row(OSSL_FUNC_DECODER_NEWCTX, decoder_new<A, S>),
    row(OSSL_FUNC_DECODER_FREECTX, decoder_free),
    row(OSSL_FUNC_DECODER_DOES_SELECTION, does_selection<S>),
    row(OSSL_FUNC_DECODER_DECODE, decode),
    row(OSSL_FUNC_DECODER_EXPORT_OBJECT, export_key),
    last_row,
};

template <keys::Algorithm A>
using MakePrivate = Make<A, Structure::private_key_info>;
template <keys::Algorithm A>
using MakeSpki = Make<A, Structure::spki>;

}  // namespace

const OSSL_DISPATCH* decoder_table(keys::Algorithm algorithm, Structure structure) noexcept {
  return structure == Structure::spki ? pick<MakeSpki>(algorithm) : pick<MakePrivate>(algorithm);
}

}  // namespace v100::ossl
