#include "wire/rtcp.h"

#include <algorithm>
#include <cstring>

namespace v100::rtcp {
namespace {

constexpr std::size_t report_block_bytes = 24;
constexpr std::uint32_t remb_name = 0x52454D42;  // "REMB"

std::uint32_t u32(Bytes bytes, std::size_t at) noexcept {
  return load_be<std::uint32_t>(bytes.data() + at);
}

ReportBlock load_report_block(Bytes bytes) noexcept {
  ReportBlock out;
  out.ssrc = u32(bytes, 0);
  out.fraction_lost = bytes[4];
  // 24 bits, signed: shifted up and arithmetically down again.
  out.cumulative_lost = static_cast<std::int32_t>(u32(bytes, 4) << 8) >> 8;
  out.highest_sequence = u32(bytes, 8);
  out.jitter = u32(bytes, 12);
  out.last_sr = u32(bytes, 16);
  out.delay_since_sr = u32(bytes, 20);
  return out;
}

}  // namespace

bool CompoundReader::next(Block& out) noexcept {
  if (rest_.empty()) {
    return false;
  }
  if (rest_.size() < 4 || rest_[0] >> 6 != 2) {
    malformed_ = true;
    return false;
  }
  const std::size_t bytes = 4 + std::size_t{4} * load_be<std::uint16_t>(rest_.data() + 2);
  if (bytes > rest_.size()) {
    malformed_ = true;
    return false;
  }
  out.count = rest_[0] & 0x1F;
  out.type = rest_[1];
  out.body = rest_.subspan(4, bytes - 4);
  if ((rest_[0] & 0x20) != 0) {
    const std::size_t padding = out.body.empty() ? 0 : out.body.back();
    if (padding == 0 || padding > out.body.size()) {
      malformed_ = true;
      return false;
    }
    out.body = out.body.first(out.body.size() - padding);
  }
  rest_ = rest_.subspan(bytes);
  return true;
}

Result<Report> parse_report(const Block& block) noexcept {
  Report out;
  const Bytes body = block.body;
  std::size_t at = 4;
  out.has_sender_info = block.is(Type::sender_report);
  if (body.size() < (out.has_sender_info ? 24u : 4u)) {
    return fail(Errc::malformed, "rtcp: report cut off");
  }
  out.sender = u32(body, 0);
  if (out.has_sender_info) {
    out.ntp = load_be<std::uint64_t>(body.data() + 4);
    out.rtp_timestamp = u32(body, 12);
    out.packets = u32(body, 16);
    out.octets = u32(body, 20);
    at = 24;
  }
  if (body.size() < at + report_block_bytes * block.count) {
    return fail(Errc::malformed, "rtcp: report blocks cut off");
  }
  out.blocks = block.count;
  for (std::size_t i = 0; i < block.count; ++i) {
    out.block[i] = load_report_block(body.subspan(at + report_block_bytes * i));
  }
  return out;
}

Result<Feedback> parse_feedback(const Block& block) noexcept {
  if (block.body.size() < 8) {
    return fail(Errc::malformed, "rtcp: feedback cut off");
  }
  return Feedback{u32(block.body, 0), u32(block.body, 4), block.body.subspan(8)};
}

Fir fir_entry(Bytes control, std::size_t index) noexcept {
  CHECK(control.size() >= 8 * (index + 1));
  return {u32(control, 8 * index), control[8 * index + 4]};
}

Result<Remb> parse_remb(Bytes control) noexcept {
  // |"REMB"|count|exp 6 bits, mantissa 18 bits|SSRC * count|
  if (control.size() < 8 || u32(control, 0) != remb_name) {
    return fail(Errc::unsupported, "rtcp: application feedback other than REMB");
  }
  const std::uint8_t count = control[4];
  if (control.size() < 8 + std::size_t{4} * count) {
    return fail(Errc::malformed, "rtcp: REMB cut off");
  }
  const unsigned exponent = control[5] >> 2;
  const std::uint64_t mantissa = u32(control, 4) & 0x3FFFF;
  if (exponent > 46) {  // 18 bits shifted by more would not fit 64
    return fail(Errc::malformed, "rtcp: REMB beyond 64 bits");
  }
  return Remb{mantissa << exponent, count};
}

Result<std::uint32_t> bye_ssrc(const Block& block, std::size_t index) noexcept {
  if (index >= block.count || block.body.size() < 4 * (index + 1)) {
    return fail(Errc::malformed, "rtcp: BYE cut off");
  }
  return u32(block.body, 4 * index);
}

Result<std::vector<Cname>> parse_sdes(const Block& block) {
  std::vector<Cname> out;
  const Bytes body = block.body;
  std::size_t at = 0;
  for (std::size_t chunk = 0; chunk < block.count; ++chunk) {
    if (body.size() < at + 4) {
      return fail(Errc::malformed, "rtcp: SDES chunk cut off");
    }
    const std::uint32_t ssrc = u32(body, at);
    at += 4;
    for (;;) {
      if (at >= body.size()) {
        return fail(Errc::malformed, "rtcp: SDES chunk without end");
      }
      const std::uint8_t item = body[at];
      if (item == 0) {
        at = (at + 4) / 4 * 4;  // the end mark, and zeros to the next word
        break;
      }
      if (body.size() < at + 2 || body.size() < at + 2 + body[at + 1]) {
        return fail(Errc::malformed, "rtcp: SDES item cut off");
      }
      const std::size_t length = body[at + 1];
      if (item == 1) {
        out.push_back({ssrc, as_text(body.subspan(at + 2, length))});
      }
      at += 2 + length;
    }
  }
  return out;
}

std::uint8_t* Writer::open(Type type, std::uint8_t count, std::size_t body) noexcept {
  const std::size_t padded = (body + 3) / 4 * 4;
  if (out_.size() < at_ + 4 + padded) {
    fits_ = false;
    return nullptr;
  }
  std::uint8_t* head = out_.data() + at_;
  head[0] = static_cast<std::uint8_t>(0x80 | count);
  head[1] = static_cast<std::uint8_t>(type);
  store_be(head + 2, static_cast<std::uint16_t>(padded / 4));
  std::memset(head + 4, 0, padded);
  at_ += 4 + padded;
  return head + 4;
}

void Writer::report_blocks(std::uint8_t* at, std::span<const ReportBlock> blocks) noexcept {
  for (const ReportBlock& b : blocks) {
    store_be(at, b.ssrc);
    const auto lost = static_cast<std::uint32_t>(b.cumulative_lost) & 0xFFFFFF;
    store_be(at + 4, static_cast<std::uint32_t>(b.fraction_lost) << 24 | lost);
    store_be(at + 8, b.highest_sequence);
    store_be(at + 12, b.jitter);
    store_be(at + 16, b.last_sr);
    store_be(at + 20, b.delay_since_sr);
    at += report_block_bytes;
  }
}

void Writer::sender_report(const SenderInfo& info, std::span<const ReportBlock> blocks) noexcept {
  CHECK(blocks.size() <= report_blocks_max);
  std::uint8_t* at = open(Type::sender_report, static_cast<std::uint8_t>(blocks.size()),
                          24 + report_block_bytes * blocks.size());
  if (at != nullptr) {
    store_be(at, info.ssrc);
    store_be(at + 4, info.ntp);
    store_be(at + 12, info.rtp_timestamp);
    store_be(at + 16, info.packets);
    store_be(at + 20, info.octets);
    report_blocks(at + 24, blocks);
  }
}

void Writer::receiver_report(std::uint32_t sender, std::span<const ReportBlock> blocks) noexcept {
  CHECK(blocks.size() <= report_blocks_max);
  std::uint8_t* at = open(Type::receiver_report, static_cast<std::uint8_t>(blocks.size()),
                          4 + report_block_bytes * blocks.size());
  if (at != nullptr) {
    store_be(at, sender);
    report_blocks(at + 4, blocks);
  }
}

void Writer::cname(std::uint32_t ssrc, std::string_view name) noexcept {
  CHECK(name.size() <= 255);
  // SSRC, item head, text, at least one zero as the chunk's end.
  std::uint8_t* at = open(Type::sdes, 1, 4 + 2 + name.size() + 1);
  if (at != nullptr) {
    store_be(at, ssrc);
    at[4] = 1;
    at[5] = static_cast<std::uint8_t>(name.size());
    copy(MutBytes(at + 6, name.size()), as_bytes(name));
  }
}

void Writer::bye(std::uint32_t ssrc) noexcept {
  if (std::uint8_t* at = open(Type::bye, 1, 4)) {
    store_be(at, ssrc);
  }
}

void Writer::nack(std::uint32_t sender, std::uint32_t media,
                  std::span<const std::uint16_t> sequences) noexcept {
  std::size_t pairs = 0;
  std::uint16_t first = 0;
  // Two passes over the same grouping: count, then write.
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    if (i == 0 || static_cast<std::uint16_t>(sequences[i] - first) > 16) {
      first = sequences[i];
      ++pairs;
    }
  }
  std::uint8_t* at = pairs == 0 ? nullptr : open(Type::transport_feedback, fmt_nack, 8 + 4 * pairs);
  if (at == nullptr) {
    return;
  }
  store_be(at, sender);
  store_be(at + 4, media);
  std::uint8_t* pair = at + 4;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const auto step = static_cast<std::uint16_t>(sequences[i] - first);
    if (i == 0 || step > 16) {
      first = sequences[i];
      pair += 4;
      store_be(pair, first);
    } else if (step > 0) {
      const auto bits = load_be<std::uint16_t>(pair + 2);
      store_be(pair + 2, static_cast<std::uint16_t>(bits | 1u << (step - 1)));
    }
  }
}

void Writer::pli(std::uint32_t sender, std::uint32_t media) noexcept {
  if (std::uint8_t* at = open(Type::payload_feedback, fmt_pli, 8)) {
    store_be(at, sender);
    store_be(at + 4, media);
  }
}

void Writer::fir(std::uint32_t sender, std::uint32_t media, std::uint8_t sequence) noexcept {
  if (std::uint8_t* at = open(Type::payload_feedback, fmt_fir, 16)) {
    store_be(at, sender);  // RFC 5104 §4.3.1.2: the media field of the head is zero
    store_be(at + 8, media);
    at[12] = sequence;
  }
}

void Writer::remb(std::uint32_t sender, std::uint64_t bits_per_second,
                  std::span<const std::uint32_t> ssrcs) noexcept {
  CHECK(ssrcs.size() <= 255);
  std::uint8_t* at = open(Type::payload_feedback, fmt_application, 16 + 4 * ssrcs.size());
  if (at == nullptr) {
    return;
  }
  std::uint32_t exponent = 0;
  while (bits_per_second >> exponent > 0x3FFFF) {
    ++exponent;
  }
  const auto mantissa = static_cast<std::uint32_t>(bits_per_second >> exponent);
  store_be(at, sender);
  store_be(at + 8, remb_name);
  store_be(at + 12, static_cast<std::uint32_t>(ssrcs.size()) << 24 | exponent << 18 | mantissa);
  for (std::size_t i = 0; i < ssrcs.size(); ++i) {
    store_be(at + 16 + 4 * i, ssrcs[i]);
  }
}

std::size_t Writer::transport_feedback(std::uint32_t sender, std::uint32_t media,
                                       std::uint64_t base, std::uint8_t count,
                                       std::span<const Received> received) noexcept {
  if (out_.size() < at_ + 12) {
    fits_ = false;
    return 0;
  }
  // Written in place behind the head, whose length is known only afterwards.
  const MutBytes control = out_.subspan(at_ + 12);
  const FeedbackExtent extent = build_transport_feedback(control, base, count, received);
  if (extent.packets == 0) {
    fits_ = received.empty() && fits_;
    return 0;
  }
  const std::size_t padded = (extent.bytes + 3) / 4 * 4;
  std::memset(control.data() + extent.bytes, 0, padded - extent.bytes);
  std::uint8_t* head = out_.data() + at_;
  head[0] = 0x80 | fmt_transport_wide;
  head[1] = static_cast<std::uint8_t>(Type::transport_feedback);
  store_be(head + 2, static_cast<std::uint16_t>((8 + padded) / 4));
  store_be(head + 4, sender);
  store_be(head + 8, media);
  at_ += 12 + padded;
  return extent.packets;
}

}  // namespace v100::rtcp
