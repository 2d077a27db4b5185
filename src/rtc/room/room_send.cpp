// From a producer's packet to one subscriber's: which layer, which numbers, which bytes.
#include "rtc/room/parts.h"

namespace v100::rtc {

namespace {

constexpr std::uint8_t injected_layer = 0x80;  // marks a segment that the tap put in
constexpr Duration repeat_interval = Duration::milliseconds(20);

// abs-send-time: 6.18 fixed-point seconds of the sender's clock, 24 bits.
std::uint32_t send_time(Instant now) noexcept {
  const std::int64_t us = now.ns() / 1000 % 64000000;
  return static_cast<std::uint32_t>(us * 262144 / 1000000) & 0xFFFFFF;
}

// Ticks between two NTP times (32.32 seconds), 90 kHz video.
std::int64_t ntp_ticks(std::uint64_t from, std::uint64_t to) noexcept {
  const auto step = static_cast<std::int64_t>(to - from);
  return (step >> 16) * 90000 >> 16;
}

// The timestamp that `media` gets when a subscriber goes over to its layer. Layers number time
// from different origins; sender reports tie both to one clock. Without them arrival times do.
std::uint32_t first_timestamp(Instant now, const Consumer& consumer, const Media& media) {
  const std::uint32_t in = media.packet.timestamp;
  if (!consumer.rewriter.started()) {
    return in;
  }
  const Segment& old = consumer.rewriter.current();
  const Layer& layer = media.track->layers[media.layer];
  const std::uint32_t last = consumer.rewriter.last_timestamp();
  const std::int64_t rate = clock_rate(media.track->line.video);
  const std::int64_t elapsed_us =
      std::clamp<std::int64_t>((now - consumer.sent_at).us(), 0, 3600LL * 1000000);
  const auto by_arrival = static_cast<std::uint32_t>(last + elapsed_us * rate / 1000000);
  std::uint32_t out = by_arrival;
  if (layer.ssrc == consumer.sent_ssrc && (old.layer & injected_layer) == 0) {
    out = in + old.timestamp_step;
  } else if (consumer.forwarding && old.layer < media.track->layers.size()) {
    const Layer& from = media.track->layers[old.layer];
    if (from.has_sender_report && layer.has_sender_report) {
      const std::int64_t since = ntp_ticks(from.report_ntp, layer.report_ntp);
      const auto on_old_scale = static_cast<std::uint32_t>(
          from.report_timestamp + since + static_cast<std::int32_t>(in - layer.report_timestamp));
      out = on_old_scale + old.timestamp_step;
    }
  }
  // A wrong report must not throw the receiver's clock: at most a second from what arrival says.
  if (std::abs(static_cast<std::int64_t>(static_cast<std::int32_t>(out - by_arrival))) > rate &&
      layer.ssrc != consumer.sent_ssrc) {
    out = by_arrival;
  }
  return rtp::newer(out, last) ? out : last + static_cast<std::uint32_t>(rate / 1000);
}

}  // namespace

Consumer* Room::State::find_consumer(Member& member, std::uint32_t ssrc) {
  for (const auto& consumer : member.consumers) {
    if (consumer->wish.line.ssrc == ssrc ||
        (consumer->wish.line.repair_ssrc == ssrc && ssrc != 0)) {
      return consumer.get();
    }
  }
  return nullptr;
}

void Room::State::make_head(Consumer& c) {
  const ExtensionIds& ids = c.wish.line.extensions;
  const ByteArray<3> blank{};
  std::array<rtp::Extension, 3> list;
  std::size_t count = 0;
  const auto add = [&](std::uint8_t id, Bytes data) {
    if (id != 0 && !data.empty()) {
      list[count++] = {id, data};
    }
  };
  add(ids.mid, as_bytes(c.wish.line.mid));
  add(ids.send_time, blank);
  add(ids.transport_sequence, Bytes(blank).first(2));
  c.head_bytes =
      static_cast<std::uint8_t>(rtp::write_header(c.head, {}, std::span(list).first(count)));
  CHECK(c.head_bytes != 0);
  const rtp::Packet made = *rtp::parse(Bytes(c.head).first(c.head_bytes));
  const auto offset = [&](std::uint8_t id) {
    const Bytes data = rtp::find_extension(made, id);
    return static_cast<std::uint8_t>(data.empty() ? 0 : data.data() - c.head.data());
  };
  c.send_time_at = offset(ids.send_time);
  c.transport_sequence_at = offset(ids.transport_sequence);
}

void Room::State::forward(Instant now, Consumer& c, const Media& media, PacketBatch& out) {
  if (!c.owner.connected || c.paused ||
      c.wish.line.codecs[static_cast<std::size_t>(media.track->codec)].media == 0) {
    return;
  }
  Incoming in{media.layer, media.packet.sequence, media.packet.timestamp, media.picture};
  if (media.injected) {
    // One segment a frame; the packets of a frame follow each other in it.
    in.layer |= injected_layer;
    const bool same_frame = c.rewriter.started() && c.rewriter.current().layer == in.layer &&
                            c.injected_timestamp == in.timestamp;
    if (!same_frame) {
      c.rewriter.begin(in, first_timestamp(now, c, media));
      c.injected_timestamp = in.timestamp;
    }
  } else if (!c.forwarding) {
    // Nothing flows: audio starts anywhere, video at the keyframe of any layer.
    if (media.track->line.video && !media.keyframe) {
      return;
    }
    c.rewriter.begin(in, first_timestamp(now, c, media));
    c.forwarding = true;
    c.sent_ssrc = media.track->layers[media.layer].ssrc;
  } else if (c.rewriter.current().layer != media.layer) {
    const bool resumes = c.rewriter.current().layer >= injected_layer &&
                         c.sent_ssrc == media.track->layers[media.layer].ssrc;
    if (!resumes && (media.layer != c.target || !media.keyframe)) {
      return;
    }
    c.rewriter.begin(in, first_timestamp(now, c, media));
    c.sent_ssrc = media.track->layers[media.layer].ssrc;
    stats.layer_switches += resumes ? 0 : 1;
  }
  const auto numbers = c.rewriter.map(in);
  if (numbers) {
    send(now, c, media, *numbers, out);
  }
}

// Writes the packet into `room`; 0 where it does not fit.
std::size_t Room::State::put_packet(Instant now, Consumer& c, const Media& media,
                                    const Outgoing& numbers, bool repair, MutBytes room) {
  const CodecNumbers& types = c.wish.line.codecs[static_cast<std::size_t>(media.track->codec)];
  const std::size_t original_bytes = repair ? 2 : 0;
  const std::size_t head = c.head_bytes + original_bytes;
  const std::size_t size = head + media.packet.payload.size();
  if (room.size() < size) {
    return 0;
  }
  copy(room.first(c.head_bytes), Bytes(c.head).first(c.head_bytes));
  rtp::set_marker(room, media.packet.marker);
  rtp::set_payload_type(room, repair ? types.repair : types.media);
  rtp::set_sequence(room, repair ? c.repair_sequence++ : numbers.sequence);
  rtp::set_timestamp(room, numbers.timestamp);
  rtp::set_ssrc(room, repair ? c.wish.line.repair_ssrc : c.wish.line.ssrc);
  if (c.send_time_at != 0) {
    const std::uint32_t time = send_time(now);
    room[c.send_time_at] = static_cast<std::uint8_t>(time >> 16);
    store_be(room.data() + c.send_time_at + 1, static_cast<std::uint16_t>(time));
  }
  if (c.transport_sequence_at != 0) {
    store_be(room.data() + c.transport_sequence_at, c.owner.transport_sequence++);
  }
  if (repair) {
    store_be(room.data() + c.head_bytes, numbers.sequence);
  }
  const MutBytes payload = room.subspan(head, media.packet.payload.size());
  copy(payload, media.packet.payload);
  if (!payload.empty() && media.track->codec == Codec::vp8) {
    rtp::rewrite(payload, media.vp8, numbers.picture);
  } else if (!payload.empty() && media.track->codec == Codec::vp9) {
    rtp::rewrite(payload, media.vp9, numbers.picture);
  }
  return size;
}

void Room::State::send(Instant now, Consumer& c, const Media& media, const Outgoing& numbers,
                       PacketBatch& out) {
  const MutBytes room = out.next();
  const std::size_t size = put_packet(now, c, media, numbers, false, room);
  if (size == 0) {
    ++stats.batch_full;
    return;
  }
  out.push(c.owner.id, false, size);
  c.sent_at = now;
  ++c.packets;
  c.octets += static_cast<std::uint32_t>(media.packet.payload.size());
  c.rate.add(now, size);
  c.owner.down.add(now, size);
  ++stats.rtp_out;
  stats.bytes_out += size;
}

void Room::State::repeat(Instant now, Consumer& c, std::uint16_t sequence, PacketBatch& out) {
  const auto origin = c.rewriter.trace(sequence);
  Consumer::Repair& before = c.repairs[sequence % c.repairs.size()];
  if (!origin || c.track == nullptr || !c.forwarding || c.wish.line.repair_ssrc == 0 ||
      origin->segment.layer >= c.track->layers.size()) {
    ++stats.rtx_missed;
    return;
  }
  if (before.sequence == sequence && now - before.at < repeat_interval) {
    return;  // asked twice before the answer could arrive
  }
  const auto stored = c.track->layers[origin->segment.layer].ring.find(now, origin->sequence);
  const CodecNumbers& types = c.wish.line.codecs[static_cast<std::size_t>(c.track->codec)];
  if (!stored || types.repair == 0) {
    ++stats.rtx_missed;
    return;
  }
  before = {sequence, now};
  Media media;
  media.track = c.track;
  media.layer = origin->segment.layer;
  media.packet = *stored;
  if (!describe(media)) {
    return;
  }
  const Outgoing numbers =
      origin->segment.map({media.layer, stored->sequence, stored->timestamp, media.picture});
  const MutBytes room = out.next();
  const std::size_t size = put_packet(now, c, media, numbers, true, room);
  if (size == 0) {
    ++stats.batch_full;
    return;
  }
  out.push(c.owner.id, false, size);
  c.owner.down.add(now, size);
  ++stats.rtx_out;
  stats.bytes_out += size;
}

}  // namespace v100::rtc
