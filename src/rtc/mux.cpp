#include "rtc/mux.h"

#include <algorithm>

#include "wire/dtls_record.h"
#include "wire/stun.h"

namespace v100::rtc {

std::size_t Mux::AddressHash::operator()(const Address& address) const noexcept {
  constexpr std::uint64_t odd = 0x9e3779b97f4a7c15;
  std::uint64_t h = seed ^ load_le<std::uint64_t>(address.ip.data());
  h = (h ^ (h >> 32)) * odd;
  h ^= load_le<std::uint64_t>(address.ip.data() + 8);
  h = (h ^ (h >> 29)) * odd;
  h = (h ^ address.port ^ (h >> 32)) * odd;
  return static_cast<std::size_t>(h ^ (h >> 32));
}

Mux::Mux(std::uint64_t seed) noexcept : by_address_(64, AddressHash{seed}) {}

bool Mux::add(TransportId id, std::string_view local_ufrag) {
  if (!by_ufrag_.try_emplace(std::string(local_ufrag), id).second) {
    return false;
  }
  std::vector<std::string>& ufrags = entries_[id.value()].ufrags;
  ufrags.emplace_back(local_ufrag);
  if (ufrags.size() > ufrags_per_transport) {
    by_ufrag_.erase(ufrags.front());
    ufrags.erase(ufrags.begin());
  }
  return true;
}

void Mux::remove_ufrag(std::string_view local_ufrag) {
  const auto found = by_ufrag_.find(std::string(local_ufrag));
  if (found != by_ufrag_.end()) {
    std::erase(entries_[found->second.value()].ufrags, local_ufrag);
    by_ufrag_.erase(found);
  }
}

void Mux::remove(TransportId id) {
  const auto found = entries_.find(id.value());
  if (found == entries_.end()) {
    return;
  }
  for (const std::string& ufrag : found->second.ufrags) {
    by_ufrag_.erase(ufrag);
  }
  for (const Address& address : found->second.addresses) {
    by_address_.erase(address);
  }
  entries_.erase(found);
}

void Mux::bind(const Address& address, TransportId id) {
  const auto entry = entries_.find(id.value());
  if (entry == entries_.end()) {
    return;
  }
  const auto [at, fresh] = by_address_.try_emplace(address, id);
  if (!fresh && at->second == id) {
    return;
  }
  if (!fresh) {
    std::erase(entries_[at->second.value()].addresses, address);
    at->second = id;
  }
  std::vector<Address>& addresses = entry->second.addresses;
  addresses.push_back(address);
  if (addresses.size() > addresses_per_transport) {
    by_address_.erase(addresses.front());
    addresses.erase(addresses.begin());
  }
}

std::optional<TransportId> Mux::find(const Address& from, Bytes datagram) noexcept {
  const auto known = by_address_.find(from);
  const bool stun = wire::classify(datagram) == wire::DatagramKind::stun;
  // A check may name another transport than the address does: a peer that came back from the same
  // port, with a new connection. Its user name is what counts then.
  if (stun) {
    const Result<wire::StunMessage> message = wire::parse_stun(datagram);
    if (message && message->username) {
      const std::string_view username = *message->username;
      const auto named = by_ufrag_.find(std::string(username.substr(0, username.find(':'))));
      if (named != by_ufrag_.end()) {
        ++stats_.by_user_name;
        return named->second;
      }
    }
  }
  if (known != by_address_.end()) {
    ++stats_.by_address;
    return known->second;
  }
  ++stats_.dropped;
  return std::nullopt;
}

}  // namespace v100::rtc
