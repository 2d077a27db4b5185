// To which of this machine's addresses each peer sent: answers must leave from there, or a peer
// (and its firewall) takes them for a stranger's. Needed where a socket is bound to all addresses.
// Internal to io.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <utility>

#include "base/address.h"

namespace v100::io {

struct ReturnPath {
  ByteArray<16> ip{};           // IPv4 mapped
  std::uint32_t interface = 0;  // for link-local addresses, which mean nothing without
  friend bool operator==(const ReturnPath&, const ReturnPath&) = default;
};

// Peers are whoever sends a datagram, forged ones too: memory is bounded by two generations of
// which the older one goes. Who is heard again is noted again.
class ReturnPaths {
 public:
  explicit ReturnPaths(std::size_t generation) : generation_(generation) {}

  void note(const Address& peer, const ReturnPath& path) {
    if (peer == last_peer_ && path == last_path_) {
      return;
    }
    last_peer_ = peer;
    last_path_ = path;
    if (young_.size() >= generation_ && !young_.contains(peer)) {
      old_ = std::exchange(young_, {});
    }
    young_.insert_or_assign(peer, path);
  }
  // Null: never heard, or long ago.
  const ReturnPath* find(const Address& peer) const {
    for (const auto* const paths : {&young_, &old_}) {
      if (const auto found = paths->find(peer); found != paths->end()) {
        return &found->second;
      }
    }
    return nullptr;
  }
  std::size_t size() const noexcept { return young_.size() + old_.size(); }

 private:
  std::size_t generation_;
  std::unordered_map<Address, ReturnPath> young_;
  std::unordered_map<Address, ReturnPath> old_;
  Address last_peer_;
  ReturnPath last_path_;
};

}  // namespace v100::io
