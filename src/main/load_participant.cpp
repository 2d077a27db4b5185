#include "main/load_participant.h"

#include <ctime>
#include <fmt/core.h>

#include "base/limits.h"
#include "wire/rtcp.h"
#include "wire/sdp.h"

namespace v100::load {
namespace {

// What a browser numbers them.
constexpr std::uint8_t opus_type = 111, vp8_type = 96, rtx_type = 97;
constexpr std::uint8_t mid_extension = 1, transport_extension = 2;
constexpr std::string_view audio_mid = "0", video_mid = "1";

constexpr std::size_t audio_payload_bytes = 100;
constexpr std::uint32_t audio_step = 960;  // 20 ms at 48 kHz
constexpr Duration audio_interval = Duration::milliseconds(20);
constexpr Duration report_interval = Duration::seconds(1);

// The last bytes of each payload: a mark and the sender's clock.
constexpr std::uint64_t stamp_mark = 0x5631303053544d50;  // "V100STMP"
constexpr std::size_t stamp_bytes = 16;
constexpr std::size_t video_payload_min = stamp_bytes + 16;

std::int64_t clock_ns() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

std::string member_name(std::size_t index) { return fmt::format("p{}", index); }

std::string colon_hex(const rtc::Fingerprint& digest) {
  std::string out;
  for (const std::uint8_t byte : digest) {
    out += fmt::format("{}{:02X}", out.empty() ? "" : ":", byte);
  }
  return out;
}

// One m-line as browsers write it, cut to what a call needs.
std::string media_section(bool video, std::string_view mid, const char* direction,
                          std::uint32_t ssrc) {
  std::string out =
      fmt::format("m={} 9 UDP/TLS/RTP/SAVPF {}\r\nc=IN IP4 0.0.0.0\r\n", video ? "video" : "audio",
                  video ? fmt::format("{} {}", vp8_type, rtx_type) : fmt::format("{}", opus_type));
  out += fmt::format("a=mid:{}\r\na={}\r\na=rtcp-mux\r\na=rtcp-rsize\r\n", mid, direction);
  out += fmt::format(
      "a=extmap:{} urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
      "a=extmap:{} "
      "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n",
      mid_extension, transport_extension);
  if (video) {
    out += fmt::format(
        "a=rtpmap:{0} VP8/90000\r\na=rtcp-fb:{0} transport-cc\r\na=rtcp-fb:{0} nack\r\n"
        "a=rtcp-fb:{0} nack pli\r\na=rtpmap:{1} rtx/90000\r\na=fmtp:{1} apt={0}\r\n",
        vp8_type, rtx_type);
  } else {
    out += fmt::format("a=rtpmap:{0} opus/48000/2\r\na=rtcp-fb:{0} transport-cc\r\n", opus_type);
  }
  if (ssrc != 0) {
    out += fmt::format("a=ssrc:{} cname:load\r\n", ssrc);
  }
  return out;
}

std::uint32_t random_u32(Random& random) {
  ByteArray<4> bytes;
  random.fill(bytes);
  return load_be<std::uint32_t>(bytes.data());
}

}  // namespace

Participant::Participant(Place place, const MediaPlan& plan, rtc::DtlsContext& dtls, Random& random,
                         ReceiveTotals& totals)
    : place_(place),
      plan_(plan),
      dtls_(dtls),
      random_(random),
      totals_(totals),
      credentials_(rtc::IceCredentials::make(random)),
      audio_ssrc_(random_u32(random) | 1),
      video_ssrc_((audio_ssrc_ ^ random_u32(random)) | 1),
      audio_sequence_(static_cast<std::uint16_t>(random_u32(random) & 0x7fff)),
      video_sequence_(static_cast<std::uint16_t>(random_u32(random) & 0x7fff)) {}

Result<std::unique_ptr<Participant>> Participant::open(Place place, const MediaPlan& plan,
                                                       io::Loop& loop, rtc::DtlsContext& dtls,
                                                       Random& random, ReceiveTotals& totals) {
  std::unique_ptr<Participant> self(new Participant(place, plan, dtls, random, totals));
  self->socket_ = TRY(io::UdpSocket::open(
      loop, {.bind = TRY(Address::parse("127.0.0.1", 0))},
      [p = self.get()](Instant now, std::span<Datagram> batch) { p->on_batch(now, batch); }));
  return self;
}

sfu::Offer Participant::offer() const {
  sfu::Offer offer{
      .room = "load", .member = member_name(place_.index), .sdp = {}, .sends = {}, .receives = {}};
  std::string media;
  std::string mids;
  std::size_t next_mid = 0;
  const auto add = [&](bool video, const char* direction, std::uint32_t ssrc) {
    const std::string mid = fmt::format("{}", next_mid++);
    media += media_section(video, mid, direction, ssrc);
    mids += " " + mid;
    return mid;
  };
  if (publishes()) {
    offer.sends.push_back({add(false, "sendonly", audio_ssrc_), sfu::Track::audio});
    offer.sends.push_back({add(true, "sendonly", video_ssrc_), sfu::Track::camera});
  }
  for (std::size_t i = 0; i < place_.publishers; ++i) {
    if (i != place_.index) {
      offer.receives.push_back({add(false, "recvonly", 0), member_name(i), sfu::Track::audio, 0});
      offer.receives.push_back({add(true, "recvonly", 0), member_name(i), sfu::Track::camera, 0});
    }
  }
  offer.sdp = fmt::format(
      "v=0\r\no=- {} 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE{}\r\n"
      "a=ice-ufrag:{}\r\na=ice-pwd:{}\r\na=fingerprint:sha-256 {}\r\na=setup:actpass\r\n{}",
      audio_ssrc_, mids, credentials_.ufrag, credentials_.pwd, colon_hex(dtls_.fingerprint()),
      media);
  return offer;
}

Result<void> Participant::accept(std::string_view answer, Instant now) {
  const sdp::Session session = TRY(sdp::parse(answer));
  if (session.media.empty()) {
    return fail(Errc::malformed, "load: an answer without m-lines");
  }
  const sdp::IceAndDtls& inner = session.media[0].transport;
  const sdp::IceAndDtls& ice = inner.ufrag.empty() ? session.transport : inner;
  const auto& fingerprints =
      inner.fingerprints.empty() ? session.transport.fingerprints : inner.fingerprints;
  if (session.media[0].candidates.empty() || fingerprints.empty() ||
      fingerprints[0].digest.size() != rtc::Fingerprint{}.size()) {
    return fail(Errc::unsupported, "load: an answer without candidate or SHA-256 fingerprint");
  }
  // RFC 8839 §5.1: foundation component transport priority address port typ ...
  std::vector<std::string_view> words;
  std::string_view rest = session.media[0].candidates[0];
  while (!rest.empty()) {
    words.push_back(rest.substr(0, rest.find(' ')));
    rest.remove_prefix(std::min(rest.size(), words.back().size() + 1));
  }
  if (words.size() < 6) {
    return fail(Errc::malformed, "load: a candidate that is cut off");
  }
  rtc::TransportConfig config;
  config.side = rtc::TransportSide::client;
  config.local = credentials_;
  config.remote = {ice.ufrag, ice.pwd};
  copy(config.remote_fingerprint, fingerprints[0].digest);
  config.remote_address = TRY(Address::parse(
      words[4], static_cast<std::uint16_t>(std::atoi(std::string(words[5]).c_str()))));
  transport_ = std::make_unique<rtc::Transport>(std::move(config), dtls_, random_, now);
  // Participants do not send in step: frames of different publishers fall where they like.
  frame_at_ = now + Duration::microseconds(random_u32(random_) % 33000);
  audio_at_ = now + Duration::microseconds(random_u32(random_) % 20000);
  report_at_ = now + Duration::microseconds(random_u32(random_) % 1000000);
  return {};
}

void Participant::on_batch(Instant now, std::span<Datagram> batch) {
  if (transport_ == nullptr) {
    return;
  }
  rtc::TransportOut out{outbox_, events_};
  const std::int64_t now_ns = clock_ns();
  for (const Datagram& datagram : batch) {
    const rtc::Received got = transport_->on_datagram(now, datagram.peer, datagram.bytes, out);
    if (got.kind == rtc::Received::Kind::rtp) {
      on_rtp(now_ns, got.packet);
    } else if (got.kind == rtc::Received::Kind::rtcp) {
      on_rtcp(got.packet);
    }
  }
  take_events();
  flush();
}

void Participant::on_rtp(std::int64_t now_ns, Bytes bytes) {
  const Result<rtp::Packet> packet = rtp::parse(bytes);
  if (!packet || packet->payload.size() < stamp_bytes) {
    ++totals_.foreign;
    return;
  }
  Incoming& in = incoming_[packet->header.ssrc];
  const std::uint64_t sequence = in.unwrapper.unwrap(packet->header.sequence);
  in.highest = std::max(in.highest, sequence);
  if (!counting_) {
    return;
  }
  if (in.received == 0) {
    in.first = sequence;
  }
  ++in.received;
  ++totals_.packets;
  totals_.bytes += bytes.size();
  const Bytes stamp = packet->payload.last(stamp_bytes);
  if (load_be<std::uint64_t>(stamp.data()) != stamp_mark) {
    ++totals_.foreign;
    return;
  }
  totals_.latency.add(now_ns - static_cast<std::int64_t>(load_be<std::uint64_t>(&stamp[8])));
}

void Participant::on_rtcp(Bytes bytes) {
  rtcp::CompoundReader reader(bytes);
  rtcp::Block block;
  while (reader.next(block)) {
    const bool pli = block.is(rtcp::Type::payload_feedback) &&
                     (block.count == rtcp::fmt_pli || block.count == rtcp::fmt_fir);
    keyframe_due_ = keyframe_due_ || pli;
  }
}

void Participant::take_events() {
  for (const rtc::TransportEvent& event : events_) {
    if (event.kind == rtc::TransportEvent::Kind::connected) {
      dtls_info_ = event.dtls;
    } else if (event.kind != rtc::TransportEvent::Kind::path) {
      failed_ = true;
    }
  }
  events_.clear();
}

void Participant::start_counting() noexcept {
  counting_ = true;
  for (auto& [ssrc, in] : incoming_) {
    in.first = in.highest + 1;
    in.received = 0;
  }
}

void Participant::add_losses(ReceiveTotals& totals) const noexcept {
  for (const auto& [ssrc, in] : incoming_) {
    const std::uint64_t expected = in.received == 0 ? 0 : in.highest + 1 - in.first;
    totals.lost += expected > in.received ? expected - in.received : 0;
  }
}

void Participant::tick(Instant now) {
  if (transport_ == nullptr) {
    return;
  }
  if (now >= transport_->next_deadline()) {
    rtc::TransportOut out{outbox_, events_};
    transport_->on_timer(now, out);
    take_events();
  }
  if (connected() && now >= report_at_) {
    report_at_ = report_at_ + report_interval;
    send_report();
  }
  if (!sending_ || !connected() || !publishes()) {
    audio_at_ = std::max(audio_at_, now);
    frame_at_ = std::max(frame_at_, now);
    flush();
    return;
  }
  while (plan_.audio && now >= audio_at_) {
    send_audio();
    audio_at_ = audio_at_ + audio_interval;
  }
  while (now >= frame_at_) {
    send_frame();
    frame_at_ = frame_at_ + Duration::nanoseconds(1'000'000'000 / plan_.frames_per_second);
  }
  flush();
}

void Participant::send_audio() {
  audio_timestamp_ += audio_step;
  send_rtp({.marker = false,
            .payload_type = opus_type,
            .sequence = audio_sequence_++,
            .timestamp = audio_timestamp_,
            .ssrc = audio_ssrc_},
           {}, audio_payload_bytes);
}

// A frame is as many full packets as the bitrate owes by now, at least one.
void Participant::send_frame() {
  video_timestamp_ += static_cast<std::uint32_t>(90000 / plan_.frames_per_second);
  picture_id_ = static_cast<std::uint16_t>((picture_id_ + 1) & 0x7fff);
  frame_bytes_owed_ +=
      static_cast<double>(plan_.video_bits_per_second) / 8 / plan_.frames_per_second;
  const double full = static_cast<double>(plan_.packet_bytes);
  std::size_t packets = frame_bytes_owed_ > full
                            ? static_cast<std::size_t>(frame_bytes_owed_ / full)
                            : std::size_t{1};
  frame_bytes_owed_ -= full * static_cast<double>(packets);
  const bool keyframe = keyframe_due_;
  keyframe_due_ = false;
  for (std::size_t i = 0; i < packets; ++i) {
    // RFC 7741 §4.2: X and, first packet only, S; I with a 15-bit picture id. Then, in the first
    // packet, VP8's frame tag, whose lowest bit says "not a keyframe".
    ByteArray<5> descriptor{static_cast<std::uint8_t>(i == 0 ? 0x90 : 0x80), 0x80,
                            static_cast<std::uint8_t>(0x80 | (picture_id_ >> 8)),
                            static_cast<std::uint8_t>(picture_id_),
                            static_cast<std::uint8_t>(keyframe ? 0 : 1)};
    const std::size_t header = rtp::header_bytes_min + 4 + 8;  // extension block of two elements
    const std::size_t overhead = header + rtc::srtp_rtp_overhead;
    send_rtp({.marker = i + 1 == packets,
              .payload_type = vp8_type,
              .sequence = video_sequence_++,
              .timestamp = video_timestamp_,
              .ssrc = video_ssrc_},
             descriptor,
             std::max(video_payload_min,
                      plan_.packet_bytes > overhead ? plan_.packet_bytes - overhead : 0));
  }
}

void Participant::send_rtp(const rtp::Header& header, Bytes descriptor, std::size_t payload_bytes) {
  if (outbox_.free() == 0) {
    flush();
  }
  ByteArray<2> number;
  store_be(number.data(), transport_sequence_++);
  const std::string_view mid = header.payload_type == opus_type ? audio_mid : video_mid;
  const rtp::Extension extensions[] = {{mid_extension, as_bytes(mid)},
                                       {transport_extension, number}};
  const MutBytes room = outbox_.next(limits::datagram_bytes);
  const std::size_t head = rtp::write_header(room, header, extensions);
  const std::size_t bytes = head + payload_bytes;
  const MutBytes payload = room.subspan(head, payload_bytes);
  std::fill(payload.begin(), payload.end(), std::uint8_t{0xA5});
  copy(payload.first(descriptor.size()), descriptor);
  const MutBytes stamp = payload.last(stamp_bytes);
  store_be(stamp.data(), stamp_mark);
  store_be(&stamp[8], static_cast<std::uint64_t>(clock_ns()));
  if (const Result<std::size_t> n = transport_->protect_rtp(room, bytes)) {
    outbox_.push(*transport_->path(), *n);
    ++packets_sent_;
  }
}

// A receiver report a second, as a browser that hears everything would send it.
void Participant::send_report() {
  const MutBytes room = outbox_.next(limits::datagram_bytes);
  if (room.empty()) {
    return;
  }
  std::vector<rtcp::ReportBlock> blocks;
  for (const auto& [ssrc, in] : incoming_) {
    if (blocks.size() < 20) {
      blocks.push_back({.ssrc = ssrc, .highest_sequence = static_cast<std::uint32_t>(in.highest)});
    }
  }
  rtcp::Writer writer(room.first(room.size() - rtc::srtp_rtcp_overhead));
  writer.receiver_report(audio_ssrc_, blocks);
  if (const Result<std::size_t> n = transport_->protect_rtcp(room, writer.bytes().size())) {
    outbox_.push(*transport_->path(), *n);
  }
}

void Participant::flush() {
  if (!outbox_.empty()) {
    socket_->send(outbox_.datagrams());
    outbox_.clear();
  }
}

}  // namespace v100::load
