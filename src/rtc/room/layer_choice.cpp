// Which simulcast layer each subscriber gets: what its view needs, cut to what its downlink takes.
// The downlink's limit goes down by what loss reports and REMB say and up again in steps that are
// tried at growing intervals. The lowest layer is always sent: something beats nothing.
#include <utility>

#include "rtc/room/parts.h"

namespace v100::rtc {

namespace {

constexpr unsigned top_height = 720;    // what clients send as the top layer of the camera
constexpr std::uint8_t loss_high = 26;  // of 256: 10 %
constexpr std::uint64_t limit_floor_bps = 150000;
constexpr Duration hold_first = Duration::seconds(2);
constexpr Duration hold_max = Duration::seconds(60);
constexpr Duration queue_grown = Duration::milliseconds(60);

// The lowest layer that is not visibly too small for the view, or a guess from how many videos
// share the screen where the view is not known.
std::size_t wanted_layer(const Consumer& c, std::size_t videos) {
  const std::size_t top = c.track->layers.size() - 1;
  if (c.wish.height != 0) {
    for (std::size_t i = 0; i < top; ++i) {
      const unsigned height = top_height >> (top - i);
      if (height * 4 >= unsigned{c.wish.height} * 3) {
        return i;
      }
    }
    return top;
  }
  const std::size_t less = videos <= 2 ? 0 : videos <= 6 ? 1 : 2;
  return top > less ? top - less : 0;
}

std::uint64_t layer_bps(Instant now, Track& track, std::size_t layer) {
  return std::uint64_t{track.layers[layer].rate.kbps(now)} * 1000;
}

// The layer nearest to `wish` that packets arrive for: below it first.
std::size_t available_layer(Instant now, const Track& track, std::size_t wish) {
  for (std::size_t i = wish + 1; i-- > 0;) {
    if (track.layers[i].active(now)) {
      return i;
    }
  }
  for (std::size_t i = wish + 1; i < track.layers.size(); ++i) {
    if (track.layers[i].active(now)) {
      return i;
    }
  }
  return wish;
}

// Takes in what the member's reports say since the last call.
void update_limit(Instant now, Member& member, std::uint64_t sent_bps) {
  Downlink& d = member.downlink;
  unsigned fraction = 0, reports = 0;
  for (const auto& c : member.consumers) {
    if (c->fraction_fresh) {
      c->fraction_fresh = false;
      fraction += c->fraction_lost;
      ++reports;
    }
  }
  if (reports == 0) {
    return;
  }
  fraction /= reports;
  member.loss_down_permille = static_cast<std::uint16_t>(fraction * 1000 / 256);
  // A browser that is short of processor time lowers its estimate, too; a queue in the network
  // also shows in the round-trip time.
  const bool remb_fell = std::exchange(d.remb_fell, false) && d.remb_bps < sent_bps &&
                         member.rtt - member.rtt_least > queue_grown;
  if (fraction > loss_high || remb_fell) {
    if (++d.bad_reports < (remb_fell ? 1u : 2u)) {
      return;
    }
    d.bad_reports = 0;
    d.limit_bps = std::max(limit_floor_bps, sent_bps * 80 / 100);
    // A step up that failed soon is not repeated soon.
    const bool failed_step = now - d.raised_at < Duration::seconds(10);
    d.hold = failed_step ? std::min(d.hold * 2, hold_max) : hold_first;
    d.hold_until = now + d.hold;
    return;
  }
  d.bad_reports = 0;
  if (d.limit_bps != UINT64_MAX && now >= d.hold_until) {
    d.limit_bps *= 2;
    d.raised_at = now;
    d.hold_until = now + Duration::seconds(2);
    if (d.limit_bps > 100000000) {
      d.limit_bps = UINT64_MAX;
    }
  }
}

}  // namespace

void Room::State::choose_layers(Instant now, Member& member) {
  member.chosen_at = now;
  update_limit(now, member, std::uint64_t{member.down.kbps(now)} * 1000);
  std::size_t videos = 0;
  for (const auto& c : member.consumers) {
    videos += c->track != nullptr && c->track->line.video && !c->paused ? 1 : 0;
  }
  // First everyone's lowest layer, then raises in the order of the m-lines, one layer a round.
  std::uint64_t used = 0;
  for (const auto& c : member.consumers) {
    if (c->track == nullptr || c->paused) {
      continue;
    }
    const std::size_t lowest = c->track->line.video ? available_layer(now, *c->track, 0) : 0;
    used += layer_bps(now, *c->track, lowest);
    c->target = static_cast<std::uint8_t>(lowest);
  }
  for (std::size_t round = 1; round < 3; ++round) {
    for (const auto& c : member.consumers) {
      if (c->track == nullptr || c->paused || !c->track->line.video) {
        continue;
      }
      const std::size_t best = available_layer(now, *c->track, wanted_layer(*c, videos));
      std::size_t next = c->target + 1u;
      while (next < best && !c->track->layers[next].active(now)) {
        ++next;
      }
      if (next > best || !c->track->layers[next].active(now)) {
        continue;
      }
      const std::uint64_t more = layer_bps(now, *c->track, next);
      const std::uint64_t less = layer_bps(now, *c->track, c->target);
      if (used - less + more <= member.downlink.limit_bps) {
        used = used - less + more;
        c->target = static_cast<std::uint8_t>(next);
      }
    }
  }
  for (const auto& c : member.consumers) {
    if (c->track == nullptr || c->paused || !c->track->line.video ||
        c->wish.line.codecs[static_cast<std::size_t>(c->track->codec)].media == 0) {
      continue;
    }
    if (!c->forwarding || c->rewriter.current().layer != c->target) {
      c->track->layers[c->target].key_wanted = true;
    }
  }
}

}  // namespace v100::rtc
