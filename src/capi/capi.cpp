// libv100pq: the C functions of v100pq.h over src/keys.
#include <memory>
#include <variant>

#include "base/secret.h"
#include "capi/v100pq.h"
#include "io/world.h"
#include "keys/codec.h"

#define V100_TEXT_(x) #x
#define V100_TEXT(x) V100_TEXT_(x)

template <class P>
using Prepared = std::unique_ptr<v100::mldsa::PreparedVerifier<P>>;

struct v100pq_private {
  v100::keys::PrivateKey key;
};
struct v100pq_public {
  v100::keys::PublicKey key;
  std::variant<std::monostate, Prepared<v100::mldsa::Mldsa44>, Prepared<v100::mldsa::Mldsa65>,
               Prepared<v100::mldsa::Mldsa87>>
      prepared;
};

namespace {

using namespace v100;

v100pq_status status_of(Errc code) {
  switch (code) {
    case Errc::unauthenticated:
      return V100PQ_INVALID;
    case Errc::unsupported:
      return V100PQ_UNSUPPORTED;
    case Errc::not_found:
      return V100PQ_NO_SEED;
    default:
      return V100PQ_MALFORMED;
  }
}

// Null stands for no bytes; a null with a size is refused by the callers.
Bytes bytes(const uint8_t* at, size_t size) { return at == nullptr ? Bytes() : Bytes(at, size); }
bool broken(const uint8_t* at, size_t size) { return at == nullptr && size > 0; }

v100pq_status put(Bytes from, uint8_t* out, size_t* size) {
  if (size == nullptr) {
    return V100PQ_MALFORMED;
  }
  const bool fits = out != nullptr && *size >= from.size();
  *size = from.size();
  if (!fits) {
    return V100PQ_TOO_SMALL;
  }
  copy(MutBytes(out, from.size()), from);
  return V100PQ_OK;
}

template <class T>
v100pq_status put(const Result<T>& from, uint8_t* out, size_t* size) {
  if (!from) {
    return status_of(from.error().code);
  }
  if constexpr (std::is_same_v<T, Buffer>) {
    return put(Bytes(*from), out, size);
  } else {
    return put(from->expose(), out, size);
  }
}

// The room must be there before work is done that cannot be repeated.
bool has_room(std::size_t needed, const uint8_t* out, size_t* size) {
  const bool fits = out != nullptr && *size >= needed;
  if (!fits) {
    *size = needed;
  }
  return fits;
}

mldsa::Verdict one_by_one(const v100pq_item& item) {
  const auto done = keys::verify(item.key->key, bytes(item.message, item.message_size),
                                 bytes(item.context, item.context_size),
                                 bytes(item.signature, item.signature_size));
  return done                                         ? mldsa::Verdict::valid
         : done.error().code == Errc::unauthenticated ? mldsa::Verdict::invalid
                                                      : mldsa::Verdict::malformed;
}

v100pq_status status_of(mldsa::Verdict verdict) {
  return verdict == mldsa::Verdict::valid     ? V100PQ_OK
         : verdict == mldsa::Verdict::invalid ? V100PQ_INVALID
                                              : V100PQ_MALFORMED;
}

// The items of one ML-DSA set, side by side.
template <class P>
void batch_of(keys::Algorithm algorithm, std::span<const v100pq_item> items,
              v100pq_status* results) {
  std::vector<mldsa::VerifyItem<P>> batch;
  std::vector<std::size_t> numbers;
  std::vector<std::unique_ptr<mldsa::PublicKey<P>>> raw;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const v100pq_item& item = items[i];
    if (results[i] != V100PQ_OK || item.key->key.algorithm != algorithm) {
      continue;
    }
    mldsa::VerifyItem<P> entry;
    entry.message = bytes(item.message, item.message_size);
    entry.context = bytes(item.context, item.context_size);
    entry.signature = bytes(item.signature, item.signature_size);
    if (const auto* prepared = std::get_if<Prepared<P>>(&item.key->prepared)) {
      entry.prepared = prepared->get();
    } else {
      raw.push_back(
          std::make_unique<mldsa::PublicKey<P>>(*mldsa::PublicKey<P>::parse(item.key->key.bytes)));
      entry.key = raw.back().get();
    }
    batch.push_back(entry);
    numbers.push_back(i);
  }
  std::vector<mldsa::Verdict> verdicts(batch.size());
  if (!batch.empty()) {
    mldsa::verify_batch<P>(batch, verdicts);
  }
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    results[numbers[i]] = status_of(verdicts[i]);
  }
}

template <class P>
void prepare(v100pq_public& key) {
  key.prepared =
      std::make_unique<mldsa::PreparedVerifier<P>>(*mldsa::PublicKey<P>::parse(key.key.bytes));
}

template <class P>
bool verify_prepared(const v100pq_public& key, Bytes message, Bytes context, Bytes signature,
                     v100pq_status& status) {
  const auto* prepared = std::get_if<Prepared<P>>(&key.prepared);
  if (prepared == nullptr) {
    return false;
  }
  const auto parsed = mldsa::Signature<P>::parse(signature);
  const auto done = parsed ? (*prepared)->verify(message, context, *parsed)
                           : Result<void>(std::unexpected(parsed.error()));
  status = done ? V100PQ_OK : status_of(done.error().code);
  return true;
}

}  // namespace

extern "C" {

const char* v100pq_version(void) {
  return V100_TEXT(V100PQ_MAJOR) "." V100_TEXT(V100PQ_MINOR) "." V100_TEXT(V100PQ_PATCH);
}

const char* v100pq_message(v100pq_status status) {
  switch (status) {
    case V100PQ_OK:
      return "done";
    case V100PQ_INVALID:
      return "the signature does not verify";
    case V100PQ_MALFORMED:
      return "input that breaks its format";
    case V100PQ_UNSUPPORTED:
      return "an algorithm or format that this build or this key does not have";
    case V100PQ_TOO_SMALL:
      return "not enough room for the output";
    case V100PQ_NO_SEED:
      return "the format asks for a seed that is not known";
  }
  return "an unknown status";
}

v100pq_status v100pq_sizes(const char* algorithm, size_t* public_key, size_t* output) {
  if (algorithm == nullptr || public_key == nullptr || output == nullptr) {
    return V100PQ_MALFORMED;
  }
  const auto known = keys::algorithm_by_name(algorithm);
  if (!known) {
    return V100PQ_UNSUPPORTED;
  }
  *public_key = keys::info(*known).public_bytes;
  *output = keys::info(*known).output_bytes;
  return V100PQ_OK;
}

v100pq_status v100pq_keygen(const char* algorithm, v100pq_private** key) {
  if (algorithm == nullptr || key == nullptr) {
    return V100PQ_MALFORMED;
  }
  const auto known = keys::algorithm_by_name(algorithm);
  if (!known) {
    return V100PQ_UNSUPPORTED;
  }
  io::SystemRandom random;
  *key = new v100pq_private{keys::PrivateKey::generate(*known, random)};
  return V100PQ_OK;
}

v100pq_status v100pq_public_of(const v100pq_private* key, v100pq_public** out) {
  if (key == nullptr || out == nullptr) {
    return V100PQ_MALFORMED;
  }
  *out = new v100pq_public{key->key.public_key(), {}};
  return V100PQ_OK;
}

void v100pq_private_free(v100pq_private* key) { delete key; }
void v100pq_public_free(v100pq_public* key) { delete key; }

const char* v100pq_public_algorithm(const v100pq_public* key) {
  return key == nullptr ? "" : keys::info(key->key.algorithm).name;
}

v100pq_status v100pq_private_read(const uint8_t* file, size_t size, v100pq_private** key) {
  if (file == nullptr || key == nullptr) {
    return V100PQ_MALFORMED;
  }
  auto read = keys::read_key(Bytes(file, size));
  if (!read) {
    return status_of(read.error().code);
  }
  if (!read->secret) {
    return V100PQ_MALFORMED;
  }
  *key = new v100pq_private{std::move(*read->secret)};
  return V100PQ_OK;
}

v100pq_status v100pq_public_read(const uint8_t* file, size_t size, v100pq_public** key) {
  if (file == nullptr || key == nullptr) {
    return V100PQ_MALFORMED;
  }
  auto read = keys::read_key(Bytes(file, size));
  if (!read) {
    return status_of(read.error().code);
  }
  *key = new v100pq_public{std::move(read->key), {}};
  return V100PQ_OK;
}

v100pq_status v100pq_private_write(const v100pq_private* key, const char* format, uint8_t* out,
                                   size_t* size) {
  if (key == nullptr || format == nullptr || size == nullptr) {
    return V100PQ_MALFORMED;
  }
  const std::string_view name = format;
  const keys::Form form = key->key.seed().empty() ? keys::Form::expanded : keys::Form::seed;
  if (name == "jwk") {
    return put(keys::write_jwk(key->key), out, size);
  }
  if (name == "cose") {
    return put(keys::write_cose(key->key), out, size);
  }
  const auto der = keys::write_pkcs8(key->key, form);
  if (name == "der") {
    return put(der, out, size);
  }
  if (name != "pem" || !der) {
    return V100PQ_UNSUPPORTED;
  }
  std::string pem = keys::write_pem(keys::pem_private, der->expose());
  const v100pq_status status = put(as_bytes(pem), out, size);
  wipe({reinterpret_cast<std::uint8_t*>(pem.data()), pem.size()});
  return status;
}

v100pq_status v100pq_public_write(const v100pq_public* key, const char* format, uint8_t* out,
                                  size_t* size) {
  if (key == nullptr || format == nullptr || size == nullptr) {
    return V100PQ_MALFORMED;
  }
  const std::string_view name = format;
  if (name == "jwk") {
    return put(as_bytes(keys::write_jwk(key->key)), out, size);
  }
  if (name == "cose") {
    return put(keys::write_cose(key->key), out, size);
  }
  const Buffer der = keys::write_spki(key->key);
  if (name == "der") {
    return put(Bytes(der), out, size);
  }
  return name == "pem" ? put(as_bytes(keys::write_pem(keys::pem_public, der)), out, size)
                       : V100PQ_UNSUPPORTED;
}

v100pq_status v100pq_sign(const v100pq_private* key, const uint8_t* message, size_t message_size,
                          const uint8_t* context, size_t context_size, uint8_t* signature,
                          size_t* signature_size) {
  if (key == nullptr || broken(message, message_size) || broken(context, context_size) ||
      signature_size == nullptr) {
    return V100PQ_MALFORMED;
  }
  if (keys::info(key->key.algorithm()).kind == keys::Kind::mlkem) {
    return V100PQ_UNSUPPORTED;
  }
  if (!has_room(keys::info(key->key.algorithm()).output_bytes, signature, signature_size)) {
    return V100PQ_TOO_SMALL;
  }
  io::SystemRandom random;
  return put(
      keys::sign(key->key, bytes(message, message_size), bytes(context, context_size), &random),
      signature, signature_size);
}

v100pq_status v100pq_verify(const v100pq_public* key, const uint8_t* message, size_t message_size,
                            const uint8_t* context, size_t context_size, const uint8_t* signature,
                            size_t signature_size) {
  if (key == nullptr || broken(message, message_size) || broken(context, context_size) ||
      broken(signature, signature_size)) {
    return V100PQ_MALFORMED;
  }
  const Bytes m = bytes(message, message_size), c = bytes(context, context_size);
  const Bytes s = bytes(signature, signature_size);
  v100pq_status status = V100PQ_MALFORMED;
  if (verify_prepared<mldsa::Mldsa44>(*key, m, c, s, status) ||
      verify_prepared<mldsa::Mldsa65>(*key, m, c, s, status) ||
      verify_prepared<mldsa::Mldsa87>(*key, m, c, s, status)) {
    return status;
  }
  const auto done = keys::verify(key->key, m, c, s);
  return done ? V100PQ_OK : status_of(done.error().code);
}

v100pq_status v100pq_prepare(v100pq_public* key) {
  if (key == nullptr) {
    return V100PQ_MALFORMED;
  }
  switch (key->key.algorithm) {
    case keys::Algorithm::mldsa44:
      prepare<mldsa::Mldsa44>(*key);
      break;
    case keys::Algorithm::mldsa65:
      prepare<mldsa::Mldsa65>(*key);
      break;
    case keys::Algorithm::mldsa87:
      prepare<mldsa::Mldsa87>(*key);
      break;
    default:
      break;
  }
  return V100PQ_OK;
}

v100pq_status v100pq_verify_batch(const v100pq_item* items, size_t count, v100pq_status* results) {
  if ((items == nullptr || results == nullptr) && count > 0) {
    return V100PQ_MALFORMED;
  }
  const std::span<const v100pq_item> all(items, count);
  for (std::size_t i = 0; i < count; ++i) {
    const v100pq_item& item = items[i];
    const bool whole = item.key != nullptr && !broken(item.message, item.message_size) &&
                       !broken(item.context, item.context_size) &&
                       !broken(item.signature, item.signature_size);
    results[i] = !whole ? V100PQ_MALFORMED : V100PQ_OK;
    if (whole && keys::info(item.key->key.algorithm).kind == keys::Kind::mlkem) {
      results[i] = V100PQ_UNSUPPORTED;
    } else if (whole && keys::info(item.key->key.algorithm).kind == keys::Kind::slhdsa) {
      results[i] = status_of(one_by_one(item));
    }
  }
  batch_of<mldsa::Mldsa44>(keys::Algorithm::mldsa44, all, results);
  batch_of<mldsa::Mldsa65>(keys::Algorithm::mldsa65, all, results);
  batch_of<mldsa::Mldsa87>(keys::Algorithm::mldsa87, all, results);
  return V100PQ_OK;
}

v100pq_status v100pq_encapsulate(const v100pq_public* key, uint8_t* ciphertext,
                                 size_t* ciphertext_size, uint8_t secret[32]) {
  if (key == nullptr || ciphertext_size == nullptr || secret == nullptr) {
    return V100PQ_MALFORMED;
  }
  if (keys::info(key->key.algorithm).kind != keys::Kind::mlkem) {
    return V100PQ_UNSUPPORTED;
  }
  if (!has_room(keys::info(key->key.algorithm).output_bytes, ciphertext, ciphertext_size)) {
    return V100PQ_TOO_SMALL;
  }
  io::SystemRandom random;
  const auto sent = keys::encapsulate(key->key, random);
  if (!sent) {
    return status_of(sent.error().code);
  }
  copy(MutBytes(secret, 32), sent->secret.expose());
  return put(Bytes(sent->ciphertext), ciphertext, ciphertext_size);
}

v100pq_status v100pq_decapsulate(const v100pq_private* key, const uint8_t* ciphertext,
                                 size_t ciphertext_size, uint8_t secret[32]) {
  if (key == nullptr || broken(ciphertext, ciphertext_size) || secret == nullptr) {
    return V100PQ_MALFORMED;
  }
  const auto received = keys::decapsulate(key->key, bytes(ciphertext, ciphertext_size));
  if (!received) {
    return status_of(received.error().code);
  }
  copy(MutBytes(secret, 32), received->expose());
  return V100PQ_OK;
}

}  // extern "C"
