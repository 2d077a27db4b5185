// Reports and feedback, both ways. Nothing is passed through: each hop has its own.
#include "rtc/room/parts.h"
#include "wire/rtcp.h"

namespace v100::rtc {

namespace {

constexpr std::size_t compound_bytes_max = 1200;  // under every path's MTU with SRTCP around it

void ask_key(Layer& layer) noexcept { layer.key_wanted = true; }

// A layer's clock, carried on from its last sender report to `now`.
struct LayerClock {
  std::uint64_t ntp = 0;
  std::uint32_t timestamp = 0;
};
LayerClock clock_at(Instant now, const Layer& layer, bool video) noexcept {
  const std::int64_t us = (now - layer.report_at).us();
  const auto ntp_step = static_cast<std::uint64_t>(us / 1000000) << 32 |
                        static_cast<std::uint64_t>(us % 1000000 * 4294967296LL / 1000000);
  return {layer.report_ntp + ntp_step,
          static_cast<std::uint32_t>(layer.report_timestamp +
                                     us * std::int64_t{clock_rate(video)} / 1000000)};
}

// Loss of what the member sends, over windows of two seconds; both counts are since the beginning.
void measure_loss(Instant now, Member& member, std::uint64_t expected, std::uint64_t received) {
  if (now - member.loss_at < Duration::seconds(2)) {
    return;
  }
  const auto expected_step = static_cast<std::int64_t>(expected - member.expected_before);
  const auto lost_step =
      expected_step - static_cast<std::int64_t>(received - member.received_before);
  member.loss_up_permille = static_cast<std::uint16_t>(
      expected_step > 0 ? std::clamp<std::int64_t>(lost_step * 1000 / expected_step, 0, 1000) : 0);
  member.expected_before = expected;
  member.received_before = received;
  member.loss_at = now;
}

}  // namespace

void Room::on_rtcp(Instant now, MemberId from, Bytes packet, PacketBatch& out) {
  State& s = *state_;
  Member* member = s.find(from);
  if (member == nullptr) {
    return;
  }
  ++s.stats.rtcp_in;
  rtcp::CompoundReader reader(packet);
  for (rtcp::Block block; reader.next(block);) {
    if (block.is(rtcp::Type::sender_report) || block.is(rtcp::Type::receiver_report)) {
      s.on_report(now, *member, block);
    } else if (block.is(rtcp::Type::transport_feedback) || block.is(rtcp::Type::payload_feedback)) {
      s.on_feedback(now, *member, block, out);
    }  // SDES, BYE and XR say nothing that signaling does not say better
  }
  s.stats.rtcp_malformed += reader.malformed() ? 1 : 0;
}

void Room::State::on_report(Instant now, Member& member, const rtcp::Block& block) {
  const auto report = rtcp::parse_report(block);
  if (!report) {
    ++stats.rtcp_malformed;
    return;
  }
  if (report->has_sender_info) {
    for (const Binding& b : member.bindings) {
      if (b.ssrc == report->sender && !b.repair) {
        Layer& layer = b.track->layers[b.layer];
        layer.has_sender_report = true;
        layer.report_ntp = report->ntp;
        layer.report_timestamp = report->rtp_timestamp;
        layer.report_at = now;
        layer.stats.on_sender_report(now, report->ntp);
      }
    }
  }
  for (std::size_t i = 0; i < report->blocks; ++i) {
    const rtcp::ReportBlock& b = report->block[i];
    Consumer* c = find_consumer(member, b.ssrc);
    if (c == nullptr || c->wish.line.ssrc != b.ssrc) {
      continue;
    }
    c->fraction_lost = b.fraction_lost;
    c->fraction_fresh = true;
    for (const Consumer::SentReport& sent : c->sent_reports) {
      if (b.last_sr != 0 && sent.middle == b.last_sr) {
        const Duration held =
            Duration::microseconds(static_cast<std::int64_t>(b.delay_since_sr) * 1000000 / 65536);
        const Duration sample = (now - sent.at) - held;
        if (sample >= Duration::nanoseconds(0) && sample < Duration::seconds(5)) {
          // RFC 6298's smoothing.
          member.rtt =
              member.rtt == Duration::nanoseconds(0) ? sample : (member.rtt * 7 + sample) / 8;
        }
      }
    }
  }
}

void Room::State::on_feedback(Instant now, Member& member, const rtcp::Block& block,
                              PacketBatch& out) {
  const auto feedback = rtcp::parse_feedback(block);
  if (!feedback) {
    ++stats.rtcp_malformed;
    return;
  }
  if (block.is(rtcp::Type::transport_feedback)) {
    Consumer* c = find_consumer(member, feedback->media);
    if (block.count == rtcp::fmt_nack && c != nullptr) {
      rtcp::for_each_nack(feedback->control, [&](std::uint16_t sequence) {
        ++stats.nack_in;
        repeat(now, *c, sequence, out);
      });
    }
    return;
  }
  const auto key_frame = [&](std::uint32_t ssrc) {
    Consumer* c = find_consumer(member, ssrc);
    ++stats.pli_in;
    if (c == nullptr || c->track == nullptr || !c->track->line.video) {
      return;
    }
    // What the subscriber sees now is what must be mended.
    const std::size_t layer = c->forwarding ? c->rewriter.current().layer : c->target;
    if (layer < c->track->layers.size()) {
      ask_key(c->track->layers[layer]);
    }
  };
  if (block.count == rtcp::fmt_pli) {
    key_frame(feedback->media);
  } else if (block.count == rtcp::fmt_fir) {
    for (std::size_t i = 0; i < feedback->control.size() / 8; ++i) {
      key_frame(rtcp::fir_entry(feedback->control, i).ssrc);
    }
  } else if (block.count == rtcp::fmt_application) {
    if (const auto remb = rtcp::parse_remb(feedback->control)) {
      Downlink& d = member.downlink;
      // A browser's estimate starts at what it gets and grows slowly: it says nothing about what
      // the path could take. But where it falls, the browser has seen its queue grow.
      d.remb_fell = d.remb_fell || remb->bits_per_second * 100 < d.remb_bps * 93;
      d.remb_bps = remb->bits_per_second;
    }
  }
}

// Our SR for each stream that the member gets, and one RR about all that it sends.
void Room::State::send_reports(Instant now, Member& member, PacketBatch& out) {
  member.reported_at = now;
  const auto emit = [&](auto fill) {
    const MutBytes room = out.next();
    if (room.empty()) {
      ++stats.batch_full;
      return;
    }
    rtcp::Writer writer(room.first(std::min(room.size(), compound_bytes_max)));
    fill(writer);
    if (!writer.empty()) {
      out.push(member.id, true, writer.bytes().size());
    }
  };
  std::vector<rtcp::ReportBlock> blocks;
  std::uint64_t expected = 0, received = 0;
  for (const auto& track : member.tracks) {
    for (Layer& layer : track->layers) {
      expected += layer.stats.expected();
      received += layer.stats.received();
      if (layer.ssrc != 0 && layer.active(now) && blocks.size() < rtcp::report_blocks_max) {
        blocks.push_back(layer.stats.report(now, layer.ssrc));
      }
    }
  }
  measure_loss(now, member, expected, received);
  emit([&](rtcp::Writer& writer) {
    writer.receiver_report(member.self_ssrc, blocks);
    writer.cname(member.self_ssrc, config.cname_prefix);
  });
  for (const auto& consumer : member.consumers) {
    Consumer& c = *consumer;
    if (!c.forwarding || c.track == nullptr ||
        c.rewriter.current().layer >= c.track->layers.size()) {
      continue;
    }
    const Layer& layer = c.track->layers[c.rewriter.current().layer];
    const Member* producer = find(c.track->ref.member);
    if (!layer.has_sender_report || producer == nullptr) {
      continue;  // an invented clock would tear audio and video apart
    }
    const LayerClock clock = clock_at(now, layer, c.track->line.video);
    emit([&](rtcp::Writer& writer) {
      writer.sender_report(
          {c.wish.line.ssrc, clock.ntp, clock.timestamp + c.rewriter.current().timestamp_step,
           c.packets, c.octets},
          {});
      writer.cname(c.wish.line.ssrc, producer->cname);
    });
    c.sent_reports[c.sent_reports_used++ % c.sent_reports.size()] = {
        static_cast<std::uint32_t>(clock.ntp >> 16), now};
  }
}

void Room::State::send_feedback(Instant now, Member& member, PacketBatch& out) {
  if (!member.arrivals.due(now)) {
    return;
  }
  const std::uint32_t media = member.bindings.empty() ? 0 : member.bindings[0].ssrc;
  for (;;) {
    const MutBytes room = out.next();
    if (room.empty()) {
      ++stats.batch_full;
      return;
    }
    rtcp::Writer writer(room.first(std::min(room.size(), compound_bytes_max)));
    if (!member.arrivals.write(now, writer, member.self_ssrc, media)) {
      return;
    }
    out.push(member.id, true, writer.bytes().size());
    ++stats.feedback_out;
  }
}

// NACK and PLI to a producer.
void Room::State::send_requests(Instant now, Member& member, PacketBatch& out) {
  const MutBytes room = out.next();
  if (room.empty()) {
    return;
  }
  rtcp::Writer writer(room.first(std::min(room.size(), compound_bytes_max)));
  const Duration rtt = member.rtt == Duration::nanoseconds(0) ? rtt_default : member.rtt;
  for (const auto& track : member.tracks) {
    if (!track->line.video) {
      continue;
    }
    const bool repairs = std::any_of(track->line.codecs.begin(), track->line.codecs.end(),
                                     [](const CodecNumbers& n) { return n.repair != 0; });
    for (Layer& layer : track->layers) {
      if (layer.ssrc == 0) {
        continue;
      }
      nack_scratch.clear();
      if (layer.nack.collect(now, rtt, nack_scratch)) {
        ask_key(layer);
      }
      if (!nack_scratch.empty() && repairs) {
        writer.nack(member.self_ssrc, layer.ssrc, nack_scratch);
        stats.nack_out += nack_scratch.size();
      }
      const bool rested = !layer.key_asked || now - layer.key_asked_at >= pli_interval;
      if (layer.key_wanted && rested && !track->consumers.empty() && !track->muted) {
        writer.pli(member.self_ssrc, layer.ssrc);
        layer.key_asked = true;
        layer.key_asked_at = now;
        ++stats.pli_out;
      }
    }
  }
  if (!writer.empty()) {
    out.push(member.id, true, writer.bytes().size());
  }
}

}  // namespace v100::rtc
