// Prepared keys of one shard, the longest unused goes first, bounded in bytes. A key comes in when
// its second signature was good, so a stranger's keys, or those who come once, drive nobody out.
#pragma once

#include <cstddef>
#include <list>
#include <memory>

#include "auth/directory.h"
#include "crypto/mldsa/mldsa.h"

namespace v100::auth {

class PreparedCache {
 public:
  // One key; which of the three is set follows from its algorithm.
  struct Entry {
    std::unique_ptr<mldsa::PreparedVerifier<mldsa::Mldsa44>> p44;
    std::unique_ptr<mldsa::PreparedVerifier<mldsa::Mldsa65>> p65;
    std::unique_ptr<mldsa::PreparedVerifier<mldsa::Mldsa87>> p87;
    std::size_t bytes = 0;
    Entry** owner = nullptr;  // where its pointer is kept; null there when it is dropped
    std::list<Entry>::iterator self;

    template <class P>
    const mldsa::PreparedVerifier<P>* get() const noexcept;
  };

  explicit PreparedCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  void used(Entry& entry) { order_.splice(order_.begin(), order_, entry.self); }
  // Sets `owner`, which must stay where it is until forget(); leaves it null where the bound is
  // below a key's size. Others may go: not between a look at get() and the verification.
  void add(Entry*& owner, keys::Algorithm algorithm, Bytes public_key);
  void forget(Entry& entry);
  std::size_t size() const noexcept { return order_.size(); }
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  std::list<Entry> order_;  // the latest used first
  std::size_t bytes_ = 0;
  std::size_t bytes_max_;
};

}  // namespace v100::auth
