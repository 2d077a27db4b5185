// One synthetic participant: its own UDP port, ICE, DTLS and SRTP, an SDP offer as a browser makes
// one; publishes Opus-like and VP8-like packets and receives everybody else's. Media is filler with
// a time stamp at its end; the server cannot tell, for it never reads further than the descriptors.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/address.h"
#include "base/world.h"
#include "io/loop.h"
#include "io/udp.h"
#include "main/load_stats.h"
#include "rtc/outbox.h"
#include "rtc/transport.h"
#include "svc/sfu/api.h"
#include "wire/rtp.h"

namespace v100::load {

struct MediaPlan {
  std::uint64_t video_bits_per_second = 1'500'000;
  std::size_t packet_bytes = 1200;  // of a full video packet as forwarded, SRTP tag included
  int frames_per_second = 30;
  bool audio = true;  // 50 packets a second of 100 bytes
};

// Counted over all participants; the generator resets it when measuring begins.
struct ReceiveTotals {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  std::uint64_t lost = 0;
  std::uint64_t foreign = 0;  // without our stamp: a bug, or padding
  Histogram latency;
};

class Participant {
 public:
  struct Place {
    std::size_t index = 0;
    std::size_t publishers = 0;  // participants 0 .. publishers-1 publish
  };

  // References outlive it. Errors: unavailable (no socket).
  static Result<std::unique_ptr<Participant>> open(Place place, const MediaPlan& plan,
                                                   io::Loop& loop, rtc::DtlsContext& dtls,
                                                   Random& random, ReceiveTotals& totals);

  sfu::Offer offer() const;
  // Takes the server's SDP answer and starts checking. Errors: malformed, unsupported.
  Result<void> accept(std::string_view answer, Instant now);

  bool connected() const noexcept { return transport_ != nullptr && transport_->connected(); }
  bool failed() const noexcept { return failed_; }
  rtc::SrtpProfile profile() const noexcept { return dtls_info_.srtp; }

  // Sends what is due at `now` and runs the transport's timers. Call every few milliseconds.
  void tick(Instant now);
  void send_media(bool on) noexcept { sending_ = on; }
  // From now on losses and latencies count.
  void start_counting() noexcept;
  void add_losses(ReceiveTotals& totals) const noexcept;
  std::uint64_t packets_sent() const noexcept { return packets_sent_; }

 private:
  struct Incoming {  // one SSRC we receive
    rtp::Unwrapper unwrapper;
    std::uint64_t first = 0;  // of the counting
    std::uint64_t highest = 0;
    std::uint64_t received = 0;  // since first
  };

  Participant(Place place, const MediaPlan& plan, rtc::DtlsContext& dtls, Random& random,
              ReceiveTotals& totals);
  bool publishes() const noexcept { return place_.index < place_.publishers; }
  void on_batch(Instant now, std::span<Datagram> batch);
  void on_rtp(std::int64_t now_ns, Bytes packet);
  void on_rtcp(Bytes packet);
  void take_events();
  void send_audio();
  void send_frame();
  void send_rtp(const rtp::Header& header, Bytes descriptor, std::size_t payload_bytes);
  void send_report();
  void flush();

  const Place place_;
  const MediaPlan& plan_;
  rtc::DtlsContext& dtls_;
  Random& random_;
  ReceiveTotals& totals_;
  std::unique_ptr<io::UdpSocket> socket_;
  std::unique_ptr<rtc::Transport> transport_;
  rtc::IceCredentials credentials_;
  rtc::DtlsInfo dtls_info_;
  rtc::Outbox outbox_{64};
  std::vector<rtc::TransportEvent> events_;
  bool failed_ = false, sending_ = false, counting_ = false, keyframe_due_ = true;
  std::uint64_t packets_sent_ = 0;
  std::uint32_t audio_ssrc_ = 0, video_ssrc_ = 0;
  std::uint16_t audio_sequence_ = 0, video_sequence_ = 0, transport_sequence_ = 0;
  std::uint16_t picture_id_ = 0;
  std::uint32_t audio_timestamp_ = 0, video_timestamp_ = 0;
  Instant audio_at_, frame_at_, report_at_;
  double frame_bytes_owed_ = 0;
  std::unordered_map<std::uint32_t, Incoming> incoming_;
};

}  // namespace v100::load
