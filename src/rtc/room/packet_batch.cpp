#include "rtc/room/packet_batch.h"

#include "base/limits.h"
#include "rtc/srtp.h"

namespace v100::rtc {
namespace {

constexpr std::size_t slack =
    srtp_rtcp_overhead > srtp_rtp_overhead ? srtp_rtcp_overhead : srtp_rtp_overhead;

}  // namespace

PacketBatch::PacketBatch(std::size_t packets_max)
    : arena_(packets_max * limits::datagram_bytes), entries_max_(packets_max) {
  entries_.reserve(packets_max);
}

MutBytes PacketBatch::next() noexcept {
  if (entries_.size() == entries_max_) {
    ++dropped_;
    return {};
  }
  return MutBytes(arena_).subspan(used_, limits::datagram_bytes - slack);
}

void PacketBatch::push(MemberId to, bool control, std::size_t bytes) noexcept {
  CHECK(entries_.size() < entries_max_ && bytes <= limits::datagram_bytes - slack);
  entries_.push_back(
      {to, control, static_cast<std::uint32_t>(used_), static_cast<std::uint16_t>(bytes)});
  // Packets lie close together, so that a turn of small ones stays in the cache.
  used_ += (bytes + slack + 63) / 64 * 64;
}

MutBytes PacketBatch::buffer(const Entry& entry) noexcept {
  return MutBytes(arena_).subspan(entry.at, entry.size + slack);
}

void PacketBatch::clear() noexcept {
  entries_.clear();
  used_ = 0;
}

}  // namespace v100::rtc
