#include "auth/prepared_cache.h"

namespace v100::auth {
namespace {

template <class P>
std::unique_ptr<mldsa::PreparedVerifier<P>> prepare(Bytes public_key) {
  const Result<mldsa::PublicKey<P>> key = mldsa::PublicKey<P>::parse(public_key);
  return key ? std::make_unique<mldsa::PreparedVerifier<P>>(*key) : nullptr;
}

std::size_t size_of(keys::Algorithm algorithm) noexcept {
  switch (algorithm) {
    case keys::Algorithm::mldsa44:
      return sizeof(mldsa::PreparedVerifier<mldsa::Mldsa44>);
    case keys::Algorithm::mldsa65:
      return sizeof(mldsa::PreparedVerifier<mldsa::Mldsa65>);
    default:
      return sizeof(mldsa::PreparedVerifier<mldsa::Mldsa87>);
  }
}

}  // namespace

template <>
const mldsa::PreparedVerifier<mldsa::Mldsa44>* PreparedCache::Entry::get() const noexcept {
  return p44.get();
}
template <>
const mldsa::PreparedVerifier<mldsa::Mldsa65>* PreparedCache::Entry::get() const noexcept {
  return p65.get();
}
template <>
const mldsa::PreparedVerifier<mldsa::Mldsa87>* PreparedCache::Entry::get() const noexcept {
  return p87.get();
}

void PreparedCache::add(Entry*& owner, keys::Algorithm algorithm, Bytes public_key) {
  const std::size_t bytes = size_of(algorithm) + sizeof(Entry);
  while (bytes_ + bytes > bytes_max_) {
    if (order_.empty()) {
      return;
    }
    forget(order_.back());
  }
  Entry entry;
  if (algorithm == keys::Algorithm::mldsa44) {
    entry.p44 = prepare<mldsa::Mldsa44>(public_key);
  } else if (algorithm == keys::Algorithm::mldsa65) {
    entry.p65 = prepare<mldsa::Mldsa65>(public_key);
  } else {
    entry.p87 = prepare<mldsa::Mldsa87>(public_key);
  }
  entry.bytes = bytes;
  entry.owner = &owner;
  bytes_ += bytes;
  order_.push_front(std::move(entry));
  order_.front().self = order_.begin();
  owner = &order_.front();
}

void PreparedCache::forget(Entry& entry) {
  *entry.owner = nullptr;
  bytes_ -= entry.bytes;
  order_.erase(entry.self);
}

}  // namespace v100::auth
