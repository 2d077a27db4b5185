// A key as OpenSSL holds it: of one algorithm from the start, empty until something is set, then
// unchanged and shared by threads. References are counted, because signing contexts outlive calls.
#pragma once

#include <atomic>
#include <optional>

#include "keys/keys.h"
#include "ossl_provider/context.h"

namespace v100::ossl {

class Key {
 public:
  Key(const Provider& provider, keys::Algorithm algorithm) noexcept
      : provider_(provider), algorithm_(algorithm) {}
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;

  const Provider& provider() const noexcept { return provider_; }
  keys::Algorithm algorithm() const noexcept { return algorithm_; }
  const keys::Info& info() const noexcept { return keys::info(algorithm_); }
  const keys::PublicKey* public_key() const noexcept;              // null: none is set
  const keys::PrivateKey* private_key() const noexcept;            // null: none is set
  bool empty() const noexcept { return public_key() == nullptr; }  // nothing is set

  // Once, before others see the key. conflict: something was set before.
  Result<void> set(keys::PublicKey key) noexcept;
  Result<void> set(keys::PrivateKey key) noexcept;

  void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept;

 private:
  ~Key() = default;
  const Provider& provider_;
  keys::Algorithm algorithm_;
  std::atomic<int> references_ = 1;
  std::optional<keys::PublicKey> public_;
  std::optional<keys::PrivateKey> private_;
};

// Holds one reference.
class KeyRef {
 public:
  KeyRef() noexcept = default;
  explicit KeyRef(Key* key) noexcept : key_(key) {
    if (key_ != nullptr) {
      key_->retain();
    }
  }
  KeyRef(const KeyRef& other) noexcept : KeyRef(other.key_) {}
  KeyRef& operator=(const KeyRef&) = delete;
  ~KeyRef() { reset(nullptr); }
  void reset(Key* key) noexcept {
    if (key != nullptr) {
      key->retain();
    }
    if (key_ != nullptr) {
      key_->release();
    }
    key_ = key;
  }
  Key* get() const noexcept { return key_; }
  Key* operator->() const noexcept { return key_; }

 private:
  Key* key_ = nullptr;
};

// Fills an empty key. malformed: wrong lengths, or parts that do not belong together.
struct KeyParts {
  Bytes public_key, seed, expanded;  // empty: not given
};
Result<void> fill(Key& key, const KeyParts& parts) noexcept;

// Random bytes that generating and hedging may draw.
std::size_t generate_random_bytes(const keys::Info& info) noexcept;
inline constexpr std::size_t hedge_random_bytes = 32;
inline constexpr std::size_t encapsulate_random_bytes = 32;

}  // namespace v100::ossl
