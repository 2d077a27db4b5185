// The badge's rules (docs/spec/e2ee.md §11).
#include "e2ee/badge.h"

namespace v100::e2ee {

namespace {

bool recent(const std::optional<Duration>& ago) noexcept { return ago && *ago < bad_news_kept; }

bool overdue(const std::optional<Duration>& lasting, Duration grace) noexcept {
  return lasting && *lasting > grace;
}

void judge_tracks(std::vector<BadgeReason>& reasons, const MemberFacts& member) {
  static constexpr struct {
    Drop drop;
    Reason reason;
  } rules[] = {
      {Drop::forged, Reason::frame_forged},
      {Drop::replayed, Reason::frame_replayed},
      {Drop::wrong_track, Reason::frame_wrong_track},
      {Drop::malformed, Reason::frame_plaintext},
  };
  for (const TrackFacts& facts : member.tracks) {
    for (const auto& rule : rules) {
      if (recent(facts.dropped_ago[static_cast<std::size_t>(rule.drop)])) {
        reasons.push_back({rule.reason, member.id, facts.track});
      }
    }
    // no_key alone is how every join begins; only when it lasts does it gate.
    if (overdue(facts.without_key, disagreement_grace)) {
      reasons.push_back({Reason::epoch_behind, member.id, facts.track});
    }
  }
}

void judge_member(std::vector<BadgeReason>& reasons, const MemberFacts& member,
                  Duration silence_allowed) {
  if (member.refusal != Refusal::none) {
    reasons.push_back({Reason::intruder, member.id, std::nullopt});
    return;
  }
  if (member.trust == Trust::changed) {
    reasons.push_back({Reason::key_changed, member.id, std::nullopt});
  }
  if (overdue(member.roster_differs, disagreement_grace)) {
    reasons.push_back({Reason::roster_disagrees, member.id, std::nullopt});
  }
  if (overdue(member.epoch_behind, disagreement_grace)) {
    reasons.push_back({Reason::epoch_behind, member.id, std::nullopt});
  }
  if (member.silent > silence_allowed) {
    reasons.push_back({Reason::silent, member.id, std::nullopt});
  }
  if (recent(member.key_refused_ago)) {
    reasons.push_back({Reason::key_refused, member.id, std::nullopt});
  }
  judge_tracks(reasons, member);
}

}  // namespace

Badge judge(const BadgeFacts& facts) {
  Badge badge;
  bool all_known = true;
  for (const MemberFacts& member : facts.others) {
    judge_member(badge.reasons, member, facts.silence_allowed);
    all_known = all_known && (member.trust == Trust::pinned || member.trust == Trust::confirmed);
  }
  for (const Track track : facts.unprotected_senders) {
    badge.reasons.push_back({Reason::sender_unprotected, std::nullopt, track});
  }
  for (const BadgeFacts::Receiver& receiver : facts.unprotected_receivers) {
    badge.reasons.push_back({Reason::receiver_unprotected, receiver.from, receiver.track});
  }
  if (overdue(facts.disconnected, reconnect_grace)) {
    badge.reasons.push_back({Reason::reconnecting, std::nullopt, std::nullopt});
  }
  if (!badge.reasons.empty()) {
    badge.state = BadgeState::amber;
  } else if (!facts.started || facts.others.empty()) {
    badge.reasons.push_back({Reason::call_not_started, std::nullopt, std::nullopt});
    badge.state = BadgeState::grey;
  } else {
    badge.state = all_known ? BadgeState::green : BadgeState::outline;
  }
  return badge;
}

const char* name(BadgeState state) noexcept {
  static constexpr const char* names[] = {"grey", "green", "outline", "amber"};
  return names[static_cast<std::size_t>(state)];
}

const char* name(Reason reason) noexcept {
  static constexpr const char* names[] = {"intruder",
                                          "key-changed",
                                          "roster-disagrees",
                                          "epoch-behind",
                                          "silent",
                                          "key-refused",
                                          "frame-forged",
                                          "frame-replayed",
                                          "frame-wrong-track",
                                          "frame-plaintext",
                                          "sender-unprotected",
                                          "receiver-unprotected",
                                          "call-not-started",
                                          "reconnecting"};
  return names[static_cast<std::size_t>(reason)];
}

}  // namespace v100::e2ee
