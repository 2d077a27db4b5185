// Rewriter: one subscriber's numbering of a stream that is put together from layers. Sequence
// numbers stay dense and timestamps and picture ids go on across layer switches, so the receiver
// sees one stream; past numbers can be traced back to the producer's for retransmission.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "wire/rtp_payload.h"

namespace v100::rtc {

// The producer's numbers of one packet.
struct Incoming {
  std::uint8_t layer = 0;
  std::uint64_t sequence = 0;  // unwrapped
  std::uint32_t timestamp = 0;
  rtp::PictureNumbers picture;  // zeros where the codec has none
};

struct Outgoing {
  std::uint16_t sequence = 0;
  std::uint32_t timestamp = 0;
  rtp::PictureNumbers picture;
};

// From switch to switch the difference between the two numberings is constant: a segment.
struct Segment {
  std::uint8_t layer = 0;
  std::uint64_t first_in = 0, first_out = 0;
  std::uint64_t last_out = 0;  // highest sent
  std::uint32_t timestamp_step = 0;
  std::uint16_t picture_step = 0;
  std::uint8_t tl0_step = 0, key_step = 0;
  Outgoing map(const Incoming& in) const noexcept;
};

class Rewriter {
 public:
  // `first_sequence`: where the subscriber's numbering begins; random.
  explicit Rewriter(std::uint16_t first_sequence) noexcept : next_out_(0x10000u + first_sequence) {}

  // Makes `in` the first packet of a new segment that is sent with `timestamp`.
  void begin(const Incoming& in, std::uint32_t timestamp) noexcept;
  // Numbers for a packet of the current segment; nothing where it is older than the segment, or
  // of another layer.
  std::optional<Outgoing> map(const Incoming& in) noexcept;

  bool started() const noexcept { return segments_used_ != 0; }
  const Segment& current() const noexcept { return segments_[(segments_used_ - 1) % kept]; }
  std::uint32_t last_timestamp() const noexcept { return last_timestamp_; }

  struct Origin {
    Segment segment;
    std::uint64_t sequence = 0;  // the producer's
  };
  // Where an outgoing number came from; nothing for one never sent or too long ago.
  std::optional<Origin> trace(std::uint16_t sequence) const noexcept;

 private:
  static constexpr std::size_t kept = 8;  // switches are seconds apart, the ring keeps one second
  std::array<Segment, kept> segments_{};
  std::uint64_t segments_used_ = 0;
  std::uint64_t next_out_;
  std::uint32_t last_timestamp_ = 0;
  rtp::PictureNumbers last_picture_;
};

}  // namespace v100::rtc
