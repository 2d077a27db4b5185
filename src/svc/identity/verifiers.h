// Prepared verifiers of the devices that speak just now: bounded, the longest silent goes first.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "e2ee/leaf.h"

namespace v100::identity {

// A prepared key is 37 KiB and saves the half of a verification. Only keys that verified something
// come in, so a stranger's made-up keys drive nobody out.
class Verifiers {
 public:
  using Prepared = mldsa::PreparedVerifier<mldsa::Mldsa65>;
  explicit Verifiers(std::size_t most) : most_(most) {}

  const Prepared* find(const e2ee::Fingerprint& device);  // null; valid until the next add()
  void add(const e2ee::Fingerprint& device, const e2ee::DeviceKey& key);
  std::size_t size() const noexcept { return kept_.size(); }

 private:
  struct Kept {
    std::unique_ptr<Prepared> prepared;
    std::uint64_t used = 0;
  };
  struct Spread {  // a fingerprint is a hash already
    std::size_t operator()(const e2ee::Hash& hash) const noexcept {
      return static_cast<std::size_t>(load_le<std::uint64_t>(hash.data()));
    }
  };
  std::size_t most_;
  std::uint64_t clock_ = 0;  // counts uses
  std::unordered_map<e2ee::Hash, Kept, Spread> kept_;
};

}  // namespace v100::identity
