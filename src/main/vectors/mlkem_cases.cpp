#include "main/vectors/mlkem_cases.h"

#include "crypto/mlkem/mlkem.h"

namespace v100::vectors {
namespace {

using mlkem::Mlkem1024;
using mlkem::Mlkem512;
using mlkem::Mlkem768;

// Calls `work` with the parameter set as a type.
template <class Work>
auto with_params(int k, const Work& work) {
  switch (k) {
    case 2:
      return work(Mlkem512());
    case 3:
      return work(Mlkem768());
    default:
      return work(Mlkem1024());
  }
}

template <class S>
Result<S> secret_of(Bytes bytes) {
  if (bytes.size() != S::size) {
    return fail(Errc::malformed, "ml-kem: seed or message has the wrong length");
  }
  return S(bytes.first<S::size>());
}

}  // namespace

std::optional<MlkemSet> MlkemSet::by_name(std::string_view name) {
  if (name == "ML-KEM-512") {
    return MlkemSet(2);
  }
  if (name == "ML-KEM-768") {
    return MlkemSet(3);
  }
  if (name == "ML-KEM-1024") {
    return MlkemSet(4);
  }
  return std::nullopt;
}

std::optional<MlkemSet> MlkemSet::by_ek_bytes(std::size_t bytes) {
  for (const int k : {2, 3, 4}) {
    if (with_params(k, [](auto p) { return decltype(p)::ek_bytes; }) == bytes) {
      return MlkemSet(k);
    }
  }
  return std::nullopt;
}

std::optional<MlkemSet> MlkemSet::by_dk_bytes(std::size_t bytes) {
  for (const int k : {2, 3, 4}) {
    if (with_params(k, [](auto p) { return decltype(p)::dk_bytes; }) == bytes) {
      return MlkemSet(k);
    }
  }
  return std::nullopt;
}

Result<MlkemKeys> MlkemSet::keygen(Bytes seed) const {
  const auto secret = TRY(secret_of<mlkem::Seed>(seed));
  return with_params(k_, [&](auto p) -> Result<MlkemKeys> {
    const auto pair = mlkem::KeyPair<decltype(p)>::from_seed(secret);
    return MlkemKeys{to_buffer(pair.ek.bytes()), to_buffer(pair.dk.expose())};
  });
}

Result<MlkemSent> MlkemSet::encapsulate(Bytes ek, Bytes m) const {
  return with_params(k_, [&](auto p) -> Result<MlkemSent> {
    const auto key = TRY(mlkem::EncapsulationKey<decltype(p)>::parse(ek));
    const auto message = TRY(secret_of<mlkem::Message>(m));
    const auto sent = mlkem::encapsulate_internal(key, message);
    return MlkemSent{to_buffer(sent.ciphertext.bytes()), to_buffer(sent.secret.expose())};
  });
}

Result<Buffer> MlkemSet::decapsulate(Bytes dk, Bytes c) const {
  return with_params(k_, [&](auto p) -> Result<Buffer> {
    const auto key = TRY(mlkem::DecapsulationKey<decltype(p)>::parse(dk));
    const auto ciphertext = TRY(mlkem::Ciphertext<decltype(p)>::parse(c));
    return to_buffer(mlkem::decapsulate(key, ciphertext).expose());
  });
}

Result<void> MlkemSet::check_ek(Bytes ek) const {
  return with_params(k_, [&](auto p) -> Result<void> {
    TRY(mlkem::EncapsulationKey<decltype(p)>::parse(ek));
    return {};
  });
}

Result<void> MlkemSet::check_dk(Bytes dk) const {
  return with_params(k_, [&](auto p) -> Result<void> {
    TRY(mlkem::DecapsulationKey<decltype(p)>::parse(dk));
    return {};
  });
}

}  // namespace v100::vectors
