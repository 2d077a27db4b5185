#include "rtc/room/packet_ring.h"

namespace v100::rtc {

void PacketRing::put(Instant now, const StoredPacket& packet) {
  if (slots_.empty()) {
    slots_.resize(packets);
    arena_.resize(arena_bytes);
  }
  const std::size_t size = packet.payload.size();
  if (size > UINT16_MAX) {
    return;
  }
  // A packet never wraps: what is left at the end is skipped.
  const std::size_t left = arena_bytes - static_cast<std::size_t>(head_ % arena_bytes);
  if (left < size) {
    head_ += left;
  }
  copy(MutBytes(arena_).subspan(static_cast<std::size_t>(head_ % arena_bytes), size),
       packet.payload);
  slots_[packet.sequence % packets] = {
      packet.sequence, head_, now.ns(), packet.timestamp, static_cast<std::uint16_t>(size),
      packet.marker};
  head_ += size;
}

std::optional<StoredPacket> PacketRing::find(Instant now, std::uint64_t sequence) const noexcept {
  if (!seen(sequence)) {
    return std::nullopt;
  }
  const Slot& slot = slots_[sequence % packets];
  if (now.ns() - slot.arrived_ns > age_max.ns() || head_ - slot.at > arena_bytes) {
    return std::nullopt;
  }
  const std::size_t at = static_cast<std::size_t>(slot.at % arena_bytes);
  return StoredPacket{slot.sequence, slot.timestamp, slot.marker,
                      Bytes(arena_).subspan(at, slot.size)};
}

}  // namespace v100::rtc
