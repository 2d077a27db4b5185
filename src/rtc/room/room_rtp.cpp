// The way of a media packet from its producer to the fan-out.
#include "rtc/room/parts.h"

namespace v100::rtc {

namespace {

std::optional<Codec> codec_of(const SendLine& line, std::uint8_t payload_type, bool& repair) {
  for (std::size_t i = 0; i < codec_count; ++i) {
    if (line.codecs[i].media != 0 && line.codecs[i].media == payload_type) {
      repair = false;
      return static_cast<Codec>(i);
    }
    if (line.codecs[i].repair != 0 && line.codecs[i].repair == payload_type) {
      repair = true;
      return static_cast<Codec>(i);
    }
  }
  return std::nullopt;
}

// The m-line a packet of a new SSRC belongs to: RFC 9143 §9.2, mid first, then the SSRCs that the
// offer announced, then a payload type that only one m-line has.
Track* line_of(Member& member, const rtp::Packet& packet) {
  const std::string_view mid = as_text(rtp::find_extension(packet, member.extensions.mid));
  const std::uint32_t ssrc = packet.header.ssrc;
  Track* only = nullptr;
  std::size_t matches = 0;
  bool repair = false;
  for (const auto& track : member.tracks) {
    if (!mid.empty()) {
      if (track->line.mid == mid) {
        return track.get();
      }
      continue;
    }
    if (track->line.ssrc != 0 && (track->line.ssrc == ssrc || track->line.repair_ssrc == ssrc)) {
      return track.get();
    }
    if (codec_of(track->line, packet.header.payload_type, repair)) {
      only = track.get();
      ++matches;
    }
  }
  return matches == 1 ? only : nullptr;
}

}  // namespace

Binding* Room::State::bind(Member& member, const rtp::Packet& packet) {
  const std::uint32_t ssrc = packet.header.ssrc;
  for (Binding& b : member.bindings) {
    if (b.ssrc == ssrc) {
      return &b;
    }
  }
  Track* track = line_of(member, packet);
  bool repair = false;
  if (track == nullptr || member.bindings.size() == ssrcs_per_member ||
      !codec_of(track->line, packet.header.payload_type, repair)) {
    return nullptr;
  }
  std::size_t layer = 0;
  if (!track->line.rids.empty()) {
    const std::uint8_t id = repair ? member.extensions.repaired_rid : member.extensions.rid;
    const std::string_view rid = as_text(rtp::find_extension(packet, id));
    const auto it = std::find(track->line.rids.begin(), track->line.rids.end(), rid);
    if (it == track->line.rids.end()) {
      return nullptr;  // the id comes with a later packet
    }
    layer = static_cast<std::size_t>(it - track->line.rids.begin());
  }
  if (!repair) {
    // A layer that goes on under a new SSRC (the browser restarted it) begins afresh.
    Layer& known = track->layers[layer];
    if (known.ssrc != 0) {
      std::erase_if(member.bindings, [&](const Binding& b) { return b.ssrc == known.ssrc; });
      known = Layer(track->line.video);
      for (Consumer* consumer : track->consumers) {
        const bool on_it = consumer->forwarding && consumer->rewriter.current().layer == layer;
        consumer->forwarding = consumer->forwarding && !on_it;
      }
    }
    known.ssrc = ssrc;
  }
  member.bindings.push_back({ssrc, track, static_cast<std::uint8_t>(layer), repair});
  return &member.bindings.back();
}

void Room::on_rtp(Instant now, Instant arrived, MemberId from, Bytes bytes, PacketBatch& out) {
  State& s = *state_;
  Member* member = s.find(from);
  if (member == nullptr) {
    ++s.stats.rtp_unknown;
    return;
  }
  const auto packet = rtp::parse(bytes);
  if (!packet) {
    ++s.stats.rtp_malformed;
    return;
  }
  ++s.stats.rtp_in;
  s.stats.bytes_in += bytes.size();
  member->up.add(now, bytes.size());
  // Also for what is dropped below: the browser's estimate is about the path, not about us.
  const Bytes number = rtp::find_extension(*packet, member->extensions.transport_sequence);
  if (number.size() == 2) {
    member->arrivals.on_packet(arrived, load_be<std::uint16_t>(number.data()));
  }
  const Binding* binding = s.bind(*member, *packet);
  if (binding == nullptr) {
    ++s.stats.rtp_unknown;
    return;
  }
  const Binding to = *binding;  // the list may grow underneath
  if (to.repair) {
    s.on_repair(now, to, *packet, out);
  } else {
    s.on_media(now, to, *packet, out);
  }
}

// RFC 4588 §4: two bytes of original sequence number, then the original payload.
void Room::State::on_repair(Instant now, const Binding& to, const rtp::Packet& packet,
                            PacketBatch& out) {
  ++stats.rtx_in;
  const Layer& layer = to.track->layers[to.layer];
  bool repair = false;
  const auto codec = codec_of(to.track->line, packet.header.payload_type, repair);
  if (packet.payload.size() < 2 || layer.ssrc == 0 || !codec || !repair) {
    return;  // a probe of padding, or a repair of a stream never seen
  }
  rtp::Packet original = packet;
  original.header.ssrc = layer.ssrc;
  original.header.sequence = load_be<std::uint16_t>(packet.payload.data());
  original.header.payload_type = to.track->line.codecs[static_cast<std::size_t>(*codec)].media;
  original.payload = packet.payload.subspan(2);
  on_media(now, {layer.ssrc, to.track, to.layer, true}, original, out);
}

void Room::State::on_media(Instant now, const Binding& to, const rtp::Packet& packet,
                           PacketBatch& out) {
  Track& track = *to.track;
  Layer& layer = track.layers[to.layer];
  bool repair = false;
  const auto codec = codec_of(track.line, packet.header.payload_type, repair);
  if (!codec || repair) {
    ++stats.rtp_unknown;  // telephone-event, comfort noise and the like
    return;
  }
  Media media;
  media.track = &track;
  media.layer = to.layer;
  media.packet = {layer.sequence.unwrap(packet.header.sequence), packet.header.timestamp,
                  packet.header.marker, packet.payload};
  if (track.line.video && layer.ring.seen(media.packet.sequence)) {
    ++stats.rtp_duplicate;
    return;
  }
  track.codec = *codec;
  if (!describe(media)) {
    ++stats.rtp_malformed;
    return;
  }
  if (to.repair) {
    ++layer.recovered;
  } else {
    layer.stats.on_packet(now, media.packet.sequence, media.packet.timestamp);
    layer.heard = true;
    layer.heard_at = now;
  }
  layer.rate.add(now, packet.payload.size());
  if (track.line.video) {
    layer.ring.put(now, media.packet);
    if (layer.nack.on_packet(now, media.packet.sequence)) {
      layer.key_wanted = true;
    }
    if (media.keyframe) {
      ++layer.keyframes;
      layer.key_wanted = false;
      layer.nack.forget_before(media.packet.sequence);
    }
  }
  if (track.muted) {
    ++stats.rtp_muted;
    return;
  }
  if (tap != nullptr) [[unlikely]] {
    tap_packet(now, packet, media, out);
  } else {
    fan_out(now, media, out);
  }
}

// Reads the payload descriptor of media.packet into media.
bool Room::State::describe(Media& media) {
  const Bytes payload = media.packet.payload;
  media.keyframe = false;
  if (media.track->codec == Codec::opus || payload.empty()) {
    return true;  // padding alone keeps the numbers dense: it is passed on empty
  }
  if (media.track->codec == Codec::vp8) {
    const auto d = rtp::parse_vp8(payload);
    if (!d) {
      return false;
    }
    media.vp8 = *d;
    media.keyframe = d->keyframe;
    media.picture = {d->picture_id, d->tl0_index, d->key_index};
    return true;
  }
  const auto d = rtp::parse_vp9(payload);
  if (!d) {
    return false;
  }
  media.vp9 = *d;
  media.keyframe = d->keyframe;
  media.picture = {d->picture_id, d->tl0_index, 0};
  return true;
}

void Room::State::fan_out(Instant now, Media& media, PacketBatch& out) {
  for (Consumer* consumer : media.track->consumers) {
    forward(now, *consumer, media, out);
  }
}

void Room::State::tap_packet(Instant now, const rtp::Packet& packet, Media& media,
                             PacketBatch& out) {
  ForwardTap::TapPacket tapped{media.track->ref, media.layer, {}, false};
  tapped.bytes.resize(rtp::header_bytes_min);
  rtp::write_header(tapped.bytes, packet.header, {});
  append(tapped.bytes, packet.payload);
  injected.clear();
  tap->on_packet(now, tapped, injected);
  const auto altered = rtp::parse(tapped.bytes);
  if (!tapped.drop && altered) {
    media.packet.payload = altered->payload;
    media.packet.timestamp = altered->header.timestamp;
    media.packet.marker = altered->header.marker;
    if (describe(media)) {
      fan_out(now, media, out);
    }
  }
  for (ForwardTap::TapPacket& extra : injected) {
    const auto parsed = rtp::parse(extra.bytes);
    Track* track = find_track(extra.source);
    if (!parsed || track == nullptr) {
      continue;
    }
    Media more;
    more.track = track;
    more.layer = extra.layer;
    more.injected = true;
    more.packet = {parsed->header.sequence, parsed->header.timestamp, parsed->header.marker,
                   parsed->payload};
    if (describe(more)) {
      fan_out(now, more, out);
    }
  }
}

}  // namespace v100::rtc
