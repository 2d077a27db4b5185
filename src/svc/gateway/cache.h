// A shard's cache of public answers, and the coalescing of requests for the same one.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/units.h"
#include "svc/service.h"

namespace v100::gateway {

// Answers by target, the longest unused going first when the bytes run out. While the first request
// for a target is with its handler, others wait for that answer (`waiters`, as the owner numbers
// them).
class Cache {
 public:
  explicit Cache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // Null: not there, or too old. Valid until the next call.
  const HttpAnswer* find(std::string_view target, Instant now) {
    const auto found = entries_.find(target);
    if (found == entries_.end()) {
      return nullptr;
    }
    if (found->second->expires <= now) {
      erase(found->second);
      return nullptr;
    }
    order_.splice(order_.begin(), order_, found->second);
    return &found->second->answer;
  }
  void put(std::string_view target, const HttpAnswer& answer, Instant expires) {
    if (const auto found = entries_.find(target); found != entries_.end()) {
      erase(found->second);
    }
    const std::size_t bytes = size_of(target, answer);
    if (bytes > bytes_max_ / 8) {
      return;
    }
    while (bytes_ + bytes > bytes_max_) {
      erase(std::prev(order_.end()));
    }
    order_.push_front({std::string(target), answer, expires});
    entries_.emplace(order_.front().target, order_.begin());
    bytes_ += bytes;
  }
  std::size_t bytes() const noexcept { return bytes_; }

  // True: somebody fetches it already, and `waiter` will be in take_waiters(). False: the caller is
  // to fetch it.
  bool join(std::string_view target, std::uint64_t waiter) {
    const auto found = fetching_.find(std::string(target));
    if (found == fetching_.end()) {
      fetching_.emplace(target, std::vector<std::uint64_t>());
      return false;
    }
    found->second.push_back(waiter);
    return true;
  }
  std::vector<std::uint64_t> take_waiters(std::string_view target) {
    const auto found = fetching_.find(std::string(target));
    if (found == fetching_.end()) {
      return {};
    }
    std::vector<std::uint64_t> out = std::move(found->second);
    fetching_.erase(found);
    return out;
  }

 private:
  struct Entry {
    std::string target;
    HttpAnswer answer;
    Instant expires;
  };
  using Place = std::list<Entry>::iterator;
  static std::size_t size_of(std::string_view target, const HttpAnswer& answer) noexcept {
    std::size_t bytes = target.size() + answer.body.size() + sizeof(Entry) + 128;
    for (const auto& [name, value] : answer.headers) {
      bytes += name.size() + value.size() + 64;
    }
    return bytes;
  }
  void erase(Place at) {
    bytes_ -= size_of(at->target, at->answer);
    entries_.erase(at->target);
    order_.erase(at);
  }

  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::list<Entry> order_;  // the last used first
  std::unordered_map<std::string_view, Place> entries_;
  std::unordered_map<std::string, std::vector<std::uint64_t>> fetching_;
};

}  // namespace v100::gateway
