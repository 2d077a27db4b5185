// Mux: which transport a datagram on the one UDP port belongs to. A STUN request belongs to the
// local user-name fragment it names (RFC 8445 §7.3), all else to the known source address; what has
// neither is counted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/strong.h"

namespace v100::rtc {

using TransportId = Strong<std::uint32_t, struct TransportIdTag>;  // chosen by the owner

struct MuxStats {
  std::uint64_t by_address = 0;
  std::uint64_t by_user_name = 0;
  std::uint64_t dropped = 0;  // no such address, no such user name, or not STUN
};

// Owned by the sfu service; one per socket. For each transport it holds a bounded number of
// addresses and fragments: the oldest makes way.
class Mux {
 public:
  static constexpr std::size_t addresses_per_transport = 4;
  static constexpr std::size_t ufrags_per_transport = 2;  // the old and the new one of a restart

  explicit Mux(std::uint64_t seed) noexcept;  // random: keeps hash collisions out of a peer's hands

  // False when the fragment is already in use.
  bool add(TransportId id, std::string_view local_ufrag);
  void remove_ufrag(std::string_view local_ufrag);
  void remove(TransportId id);  // with all its fragments and addresses

  // On TransportEvent::path. An address that belonged to another transport moves to this one (the
  // event is authenticated; the other peer's NAT binding has ended).
  void bind(const Address& address, TransportId id);

  std::optional<TransportId> find(const Address& from, Bytes datagram) noexcept;

  const MuxStats& stats() const noexcept { return stats_; }

 private:
  struct AddressHash {
    std::uint64_t seed;
    std::size_t operator()(const Address& address) const noexcept;
  };
  struct Entry {
    std::vector<std::string> ufrags;
    std::vector<Address> addresses;  // oldest first
  };
  std::unordered_map<Address, TransportId, AddressHash> by_address_;
  std::unordered_map<std::string, TransportId> by_ufrag_;
  std::unordered_map<std::uint32_t, Entry> entries_;
  MuxStats stats_;
};

}  // namespace v100::rtc
