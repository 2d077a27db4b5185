// What the room's tests share: members' lines as browsers negotiate them, a sender of one VP8 layer
// with RTX, and a scene in which a room runs under virtual time.
#pragma once

#include <map>
#include <random>
#include <vector>

#include "rtc/room/packet_batch.h"
#include "rtc/room/room.h"
#include "wire/rtcp.h"
#include "wire/rtp.h"

namespace v100::rtc::room_world {

inline constexpr std::uint8_t audio_track = 1, camera_track = 2;

class SeededRandom final : public Random {
 public:
  void fill(MutBytes out) override {
    for (auto& byte : out) {
      byte = static_cast<std::uint8_t>(engine_());
    }
  }

 private:
  std::mt19937 engine_{42};
};

inline SendLine camera_line(bool simulcast) {
  SendLine line;
  line.mid = "1";
  line.track = camera_track;
  line.video = true;
  line.codecs[static_cast<std::size_t>(Codec::vp8)] = {96, 97};
  line.extensions = {4, 10, 11, 3, 2};
  if (simulcast) {
    line.rids = {"l", "m", "h"};
  }
  return line;
}

inline SendLine audio_line() {
  SendLine line;
  line.mid = "0";
  line.track = audio_track;
  line.codecs[static_cast<std::size_t>(Codec::opus)] = {111, 0};
  line.extensions = {4, 0, 0, 3, 2};
  return line;
}

inline Subscription subscription(MemberId from, std::uint8_t track, const char* mid,
                                 std::uint32_t ssrc) {
  Subscription s;
  s.line.mid = mid;
  s.line.video = track == camera_track;
  s.line.codecs[static_cast<std::size_t>(Codec::vp8)] = {120, 124};
  s.line.codecs[static_cast<std::size_t>(Codec::opus)] = {109, 0};
  s.line.extensions = {3, 0, 0, 0, 4};
  s.line.ssrc = ssrc;
  s.line.repair_ssrc = s.line.video ? ssrc + 1 : 0;
  s.source = {from, track};
  return s;
}

// A browser's sender of one VP8 layer, with an RTX stream.
struct Sender {
  std::uint32_t ssrc;
  const char* rid;  // "" without simulcast
  std::uint16_t sequence, repair_sequence = 1;
  std::uint32_t timestamp;
  std::uint16_t picture;
  int packets_a_frame;
  std::map<std::uint16_t, Buffer> sent{};

  Buffer packet(bool start, bool end, bool key, std::uint16_t& transport, std::uint8_t mark) {
    ByteArray<2> number{};
    store_be(number.data(), transport++);
    std::vector<rtp::Extension> extensions{{3, number}, {4, as_bytes("1")}};
    if (*rid != 0) {
      extensions.push_back({10, as_bytes(rid)});
    }
    Buffer out(100);
    out.resize(rtp::write_header(out, {end, 96, sequence, timestamp, ssrc}, extensions));
    const std::uint8_t descriptor[] = {static_cast<std::uint8_t>(start ? 0x90 : 0x80),
                                       0xE0,
                                       static_cast<std::uint8_t>(0x80 | (picture >> 8)),
                                       static_cast<std::uint8_t>(picture),
                                       1,
                                       0x20};
    append(out, descriptor);
    out.push_back(key ? 0x10 : 0x11);
    out.insert(out.end(), 200, mark);
    sent[sequence++] = out;
    return out;
  }
  std::vector<Buffer> frame(bool key, std::uint16_t& transport, std::uint8_t mark) {
    std::vector<Buffer> out;
    for (int i = 0; i < packets_a_frame; ++i) {
      out.push_back(packet(i == 0, i + 1 == packets_a_frame, key, transport, mark));
    }
    picture = static_cast<std::uint16_t>((picture + 1) & 0x7FFF);
    timestamp += 3000;
    return out;
  }
  Buffer repair(std::uint16_t lost, std::uint16_t& transport) {
    const Buffer& original = sent.at(lost);
    const auto parsed = rtp::parse(original);
    ByteArray<2> number{};
    store_be(number.data(), transport++);
    std::vector<rtp::Extension> extensions{{3, number}, {4, as_bytes("1")}};
    if (*rid != 0) {
      extensions.push_back({11, as_bytes(rid)});
    }
    Buffer out(100);
    out.resize(rtp::write_header(
        out, {parsed->header.marker, 97, repair_sequence++, parsed->header.timestamp, ssrc + 1000},
        extensions));
    out.push_back(static_cast<std::uint8_t>(lost >> 8));
    out.push_back(static_cast<std::uint8_t>(lost));
    append(out, parsed->payload);
    return out;
  }
};

struct Scene {
  SeededRandom random;
  Room room{{"v100-"}, random, nullptr};
  PacketBatch out{4096};
  std::vector<RoomEvent> events;
  Instant now = Instant::from_ns(1000000000);

  void pass(std::int64_t ms) { now = now + Duration::milliseconds(ms); }
  void rtp(MemberId from, Buffer packet) { room.on_rtp(now, now, from, packet, out); }
  void timer() { room.on_timer(now, out, events); }
  // Takes out what is for one member, split into media and control.
  std::vector<Buffer> take(MemberId member, bool control) {
    std::vector<Buffer> got;
    for (const auto& e : out.entries()) {
      if (e.to == member && e.control == control) {
        got.push_back(to_buffer(out.buffer(e).first(e.size)));
      }
    }
    return got;
  }
  void clear() { out.clear(); }
  std::size_t count(MemberId member, rtcp::Type type, std::uint8_t format) {
    std::size_t n = 0;
    for (const Buffer& b : take(member, true)) {
      rtcp::CompoundReader reader(b);
      for (rtcp::Block block; reader.next(block);) {
        n += block.is(type) && block.count == format ? 1 : 0;
      }
    }
    return n;
  }
};

inline void nack(Scene& s, MemberId from, std::uint32_t ssrc, std::vector<std::uint16_t> lost) {
  ByteArray<200> bytes{};
  rtcp::Writer writer(bytes);
  writer.nack(1, ssrc, lost);
  s.room.on_rtcp(s.now, from, writer.bytes(), s.out);
}

}  // namespace v100::rtc::room_world
