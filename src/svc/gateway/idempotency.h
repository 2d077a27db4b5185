// Idempotency keys: a write that is sent again with the same key gets the first one's answer, and
// happens once. Only signed requests may use them, under their own key: a stranger's word cannot
// fetch somebody's answer.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/bytes.h"
#include "base/units.h"
#include "svc/service.h"

namespace v100::gateway {

// Bounded: the oldest finished one is forgotten first; when all are still running, no new key is
// taken.
class Idempotency {
 public:
  static constexpr Duration kept_for = Duration::seconds(24 * 3600);
  enum class State : unsigned char { fresh, running, done, other_request, full };
  explicit Idempotency(std::size_t most) : most_(most) {}

  // `name`: the caller's key, the route and the idempotency key, joined. `request`: hash of the
  // body. fresh: now running, to be ended by finish() or drop(). done: `answer` is set.
  State begin(std::string_view name, const ByteArray<32>& request, Instant now,
              const HttpAnswer*& answer) {
    const auto found = entries_.find(name);
    if (found != entries_.end()) {
      Entry& entry = *found->second;
      if (!entry.running && now - entry.since > kept_for) {
        erase(found->second);
      } else if (entry.request != request) {
        return State::other_request;
      } else {
        answer = entry.running ? nullptr : &entry.answer;
        return entry.running ? State::running : State::done;
      }
    }
    if (order_.size() >= most_ && !forget_one()) {
      return State::full;
    }
    order_.push_back({std::string(name), request, now, true, {}});
    entries_.emplace(order_.back().name, std::prev(order_.end()));
    return State::fresh;
  }
  // 5xx answers are not kept: the client shall try again.
  void finish(std::string_view name, const HttpAnswer& answer) {
    const auto found = entries_.find(name);
    if (found == entries_.end()) {
      return;
    }
    if (answer.status >= 500) {
      erase(found->second);
      return;
    }
    found->second->running = false;
    found->second->answer = answer;
  }
  std::size_t size() const noexcept { return order_.size(); }

 private:
  struct Entry {
    std::string name;
    ByteArray<32> request;
    Instant since;
    bool running;
    HttpAnswer answer;
  };
  using Place = std::list<Entry>::iterator;
  void erase(Place at) {
    entries_.erase(at->name);
    order_.erase(at);
  }
  bool forget_one() {
    for (auto at = order_.begin(); at != order_.end(); ++at) {
      if (!at->running) {
        erase(at);
        return true;
      }
    }
    return false;
  }

  std::size_t most_;
  std::list<Entry> order_;  // the oldest first
  std::unordered_map<std::string_view, Place> entries_;
};

}  // namespace v100::gateway
