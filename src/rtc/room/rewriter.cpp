#include "rtc/room/rewriter.h"

#include <algorithm>

#include "wire/rtp.h"

namespace v100::rtc {

Outgoing Segment::map(const Incoming& in) const noexcept {
  Outgoing out;
  out.sequence = static_cast<std::uint16_t>(in.sequence - first_in + first_out);
  out.timestamp = in.timestamp + timestamp_step;
  out.picture.picture_id =
      static_cast<std::uint16_t>((in.picture.picture_id + picture_step) & 0x7FFF);
  out.picture.tl0_index = static_cast<std::uint8_t>(in.picture.tl0_index + tl0_step);
  out.picture.key_index = static_cast<std::uint8_t>((in.picture.key_index + key_step) & 0x1F);
  return out;
}

void Rewriter::begin(const Incoming& in, std::uint32_t timestamp) noexcept {
  Segment next;
  next.layer = in.layer;
  next.first_in = in.sequence;
  next.first_out = next_out_;
  next.last_out = next_out_ - 1;
  next.timestamp_step = timestamp - in.timestamp;
  if (started()) {
    next.picture_step =
        static_cast<std::uint16_t>((last_picture_.picture_id + 1 - in.picture.picture_id) & 0x7FFF);
    next.tl0_step = static_cast<std::uint8_t>(last_picture_.tl0_index + 1 - in.picture.tl0_index);
    next.key_step =
        static_cast<std::uint8_t>((last_picture_.key_index + 1 - in.picture.key_index) & 0x1F);
  }
  segments_[segments_used_ % kept] = next;
  ++segments_used_;
}

std::optional<Outgoing> Rewriter::map(const Incoming& in) noexcept {
  if (!started()) {
    return std::nullopt;
  }
  Segment& segment = segments_[(segments_used_ - 1) % kept];
  if (in.layer != segment.layer || in.sequence < segment.first_in) {
    return std::nullopt;
  }
  const Outgoing out = segment.map(in);
  const std::uint64_t number = in.sequence - segment.first_in + segment.first_out;
  if (number > segment.last_out) {
    segment.last_out = number;
    next_out_ = number + 1;
    last_timestamp_ = out.timestamp;
    last_picture_ = out.picture;
  }
  return out;
}

std::optional<Rewriter::Origin> Rewriter::trace(std::uint16_t sequence) const noexcept {
  if (!started()) {
    return std::nullopt;
  }
  const std::uint64_t newest = next_out_ - 1;
  const auto back = static_cast<std::uint16_t>(static_cast<std::uint16_t>(newest) - sequence);
  if (back >= 0x8000 || back > newest) {
    return std::nullopt;
  }
  const std::uint64_t number = newest - back;
  const std::uint64_t oldest = segments_used_ > kept ? segments_used_ - kept : 0;
  for (std::uint64_t i = segments_used_; i-- > oldest;) {
    const Segment& s = segments_[i % kept];
    if (number >= s.first_out) {
      return number <= s.last_out ? std::optional(Origin{s, number - s.first_out + s.first_in})
                                  : std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace v100::rtc
