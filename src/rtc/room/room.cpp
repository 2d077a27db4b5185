#include "rtc/room/room.h"

#include "rtc/room/parts.h"

namespace v100::rtc {

namespace {

bool same_line(const SendLine& a, const SendLine& b) {
  return a.mid == b.mid && a.track == b.track && a.video == b.video && a.rids == b.rids &&
         a.ssrc == b.ssrc;
}

// The tracks of new m-lines. Takes over what a track has learned where its m-line says the same as
// before; leaves null in the member's list what it has taken.
std::vector<std::unique_ptr<Track>> take_tracks(Member& member, std::span<const SendLine> sends) {
  std::vector<std::unique_ptr<Track>> tracks;
  for (const SendLine& line : sends) {
    const auto known = std::find_if(member.tracks.begin(), member.tracks.end(), [&](const auto& t) {
      return t != nullptr && same_line(t->line, line);
    });
    if (known != member.tracks.end()) {
      (*known)->line = line;
      tracks.push_back(std::move(*known));
    } else {
      tracks.push_back(std::make_unique<Track>(TrackRef{member.id, line.track}, line));
    }
    for (const auto field : {&ExtensionIds::mid, &ExtensionIds::rid, &ExtensionIds::repaired_rid,
                             &ExtensionIds::transport_sequence, &ExtensionIds::send_time}) {
      if (line.extensions.*field != 0) {
        member.extensions.*field = line.extensions.*field;
      }
    }
  }
  return tracks;
}

}  // namespace

Room::Room(RoomConfig config, Random& random, ForwardTap* tap)
    : state_(std::make_unique<State>(std::move(config), random, tap)) {}
Room::~Room() = default;

Track* Room::State::find_track(TrackRef ref) {
  Member* member = find(ref.member);
  if (member == nullptr) {
    return nullptr;
  }
  for (const auto& track : member->tracks) {
    if (track->ref.track == ref.track) {
      return track.get();
    }
  }
  return nullptr;
}

void Room::State::link() {
  for (auto& [id, member] : members) {
    for (const auto& track : member->tracks) {
      track->consumers.clear();
    }
  }
  for (auto& [id, member] : members) {
    for (const auto& consumer : member->consumers) {
      Track* track = find_track(consumer->source);
      // Never back to the sender, and audio only into audio.
      if (track != nullptr &&
          (track->ref.member == id || track->line.video != consumer->wish.line.video)) {
        track = nullptr;
      }
      if (track != consumer->track) {
        consumer->track = track;
        consumer->forwarding = false;
        if (track != nullptr) {
          consumer->target =
              std::min(consumer->target, static_cast<std::uint8_t>(track->layers.size() - 1));
        }
      }
      if (track != nullptr) {
        track->consumers.push_back(consumer.get());
      }
    }
  }
}

void Room::set_lines(Instant now, MemberId id, std::span<const rtc::SendLine> sends,
                     std::span<const Subscription> receives) {
  State& s = *state_;
  std::unique_ptr<Member>& slot = s.members[id];
  if (slot == nullptr) {
    slot = std::make_unique<Member>(id);
    slot->self_ssrc = s.draw();
    slot->cname = s.config.cname_prefix + std::to_string(id);
    slot->reported_at = slot->chosen_at = slot->loss_at = now;
  }
  Member& member = *slot;
  std::vector<std::unique_ptr<Track>> tracks = take_tracks(member, sends);
  std::vector<std::unique_ptr<Consumer>> consumers;
  for (const Subscription& wish : receives) {
    const auto known =
        std::find_if(member.consumers.begin(), member.consumers.end(), [&](const auto& c) {
          return c != nullptr && c->wish.line.ssrc == wish.line.ssrc &&
                 c->wish.source == wish.source;
        });
    if (known != member.consumers.end()) {
      (*known)->wish.line = wish.line;
      if (wish.height != 0) {
        (*known)->wish.height = wish.height;
      }
      consumers.push_back(std::move(*known));
    } else {
      const std::uint32_t drawn = s.draw();
      // The upper half of the range stays free for a first wrap to be well away.
      consumers.push_back(std::make_unique<Consumer>(member, wish,
                                                     static_cast<std::uint16_t>(drawn & 0x7FFF),
                                                     static_cast<std::uint16_t>(drawn >> 16)));
      consumers.back()->source = wish.source;
      consumers.back()->target = 0xFF;  // link() cuts it to the top layer there is
    }
    s.make_head(*consumers.back());
  }
  // Old tracks die here: nothing may point to them any more.
  std::vector<Track*> kept;
  for (const auto& track : tracks) {
    kept.push_back(track.get());
  }
  std::erase_if(member.bindings, [&](const Binding& b) {
    return std::find(kept.begin(), kept.end(), b.track) == kept.end();
  });
  member.tracks.swap(tracks);
  member.consumers.swap(consumers);
  s.link();
}

void Room::remove(MemberId id) {
  const auto it = state_->members.find(id);
  if (it != state_->members.end()) {
    const std::unique_ptr<Member> gone = std::move(it->second);
    state_->members.erase(it);
    state_->link();
  }
}

void Room::set_muted(Instant, TrackRef ref, bool muted) {
  Track* track = state_->find_track(ref);
  if (track == nullptr || track->muted == muted) {
    return;
  }
  track->muted = muted;
  for (Consumer* consumer : track->consumers) {
    consumer->forwarding = false;  // afterwards from a keyframe on
  }
}

void Room::set_view(Instant now, MemberId id, std::string_view mid, std::uint16_t height) {
  Member* member = state_->find(id);
  if (member == nullptr) {
    return;
  }
  for (const auto& consumer : member->consumers) {
    if (consumer->wish.line.mid == mid) {
      consumer->paused = height == 0;
      consumer->wish.height = height;
      if (consumer->paused) {
        consumer->forwarding = false;
      }
    }
  }
  state_->choose_layers(now, *member);
}

void Room::set_connected(Instant now, MemberId id, bool connected) {
  Member* member = state_->find(id);
  if (member == nullptr || member->connected == connected) {
    return;
  }
  member->connected = connected;
  for (const auto& consumer : member->consumers) {
    consumer->forwarding = false;
  }
  if (connected) {
    state_->choose_layers(now, *member);
  }
}

void Room::on_timer(Instant now, PacketBatch& out, std::vector<RoomEvent>& events) {
  State& s = *state_;
  if (s.tap != nullptr && now - s.routed_at >= Duration::milliseconds(100)) {
    s.routed_at = now;
    for (auto& [id, member] : s.members) {
      for (const auto& consumer : member->consumers) {
        consumer->source = s.tap->route(id, consumer->wish.source);
      }
    }
    s.link();
  }
  for (auto& [id, member] : s.members) {
    for (const auto& track : member->tracks) {
      bool active = false;
      for (const Layer& layer : track->layers) {
        active = active || (layer.heard && now - layer.heard_at < track_idle_after);
      }
      if (active != track->announced_active) {
        track->announced_active = active;
        events.push_back(
            {active ? RoomEvent::Kind::track_active : RoomEvent::Kind::track_idle, track->ref});
      }
    }
    if (!member->connected) {
      continue;
    }
    if (now - member->chosen_at >= Duration::milliseconds(200)) {
      s.choose_layers(now, *member);
    }
    s.send_feedback(now, *member, out);
    s.send_requests(now, *member, out);
    if (now - member->reported_at >= Duration::seconds(1)) {
      s.send_reports(now, *member, out);
    }
  }
}

const RoomStats& Room::stats() const noexcept { return state_->stats; }

std::optional<MemberQuality> Room::quality(Instant now, MemberId id) {
  Member* member = state_->find(id);
  if (member == nullptr) {
    return std::nullopt;
  }
  MemberQuality q;
  q.loss_up_permille = member->loss_up_permille;
  q.loss_down_permille = member->loss_down_permille;
  q.rtt_ms = static_cast<std::uint16_t>(std::clamp<std::int64_t>(member->rtt.ms(), 0, 65535));
  q.up_kbps = member->up.kbps(now);
  q.down_kbps = member->down.kbps(now);
  return q;
}

std::vector<TrackInfo> Room::tracks(Instant now) {
  std::vector<TrackInfo> out;
  for (auto& [id, member] : state_->members) {
    for (const auto& track : member->tracks) {
      TrackInfo& info = out.emplace_back();
      info.track = track->ref;
      info.video = track->line.video;
      info.muted = track->muted;
      info.codec = track->codec;
      for (Layer& layer : track->layers) {
        info.layers.push_back({layer.active(now), layer.ssrc, layer.rate.kbps(now),
                               layer.stats.received(), layer.stats.lost(), layer.recovered,
                               layer.keyframes});
      }
    }
  }
  return out;
}

}  // namespace v100::rtc
