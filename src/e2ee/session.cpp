// Session: the leaf, what the server brings, and the group's view (docs/spec/e2ee.md §3, §5, §7).
#include "e2ee/session.h"

#include <algorithm>

#include "base/limits.h"

namespace v100::e2ee {

namespace {

constexpr ByteArray<32> base_point{9};  // RFC 7748 §4.1
constexpr std::size_t open_data_max = 4 * limits::room_members;
constexpr std::size_t early_max = 2 * limits::room_members;
constexpr std::size_t chats_max = 64;
constexpr Duration early_kept = Duration::seconds(2);
constexpr Duration state_gap = Duration::milliseconds(50);  // changes within it go out together
constexpr std::int64_t state_ms_per_member = 40;            // in rooms above 25 members

std::string cut_name(std::string_view name) {
  std::size_t size = std::min(name.size(), name_bytes_max);
  while (size > 0 && size < name.size() && (static_cast<std::uint8_t>(name[size]) & 0xc0) == 0x80) {
    --size;  // not in the middle of a character
  }
  return std::string(name.substr(0, size));
}

}  // namespace

Session::Session(Config config, Random& random, Now now)
    : config_(std::move(config)), random_(random), call_key_(random), created_(now.wall) {
  config_.name = cut_name(config_.name);
  out_.put(X25519Job{job(Kind::call_key, {}, {}), xwing::X25519Scalar(call_key_.scalar.expose()),
                     base_point});
}

JobId Session::job(Kind kind, const LeafId& from, const StatementFields& statement) {
  const JobId id = out_.next_job();
  jobs_.emplace(id, Pending{kind, from, statement});
  return id;
}

void Session::finish(JobId id, std::optional<Bytes> result, Now now) {
  if (keys_ && keys_->complete(id, result, now.instant)) {
    open_early(now);
    return send_state_if_due(now);
  }
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) {
    return;
  }
  const Pending pending = found->second;
  jobs_.erase(found);
  if (!result) {
    if (pending.kind == Kind::statement) {
      admitting_.erase(LeafId(pending.statement.subject));
    }
    if (pending.kind != Kind::open_data) {  // the frame book counts those
      out_.put(Refused{"a job failed"});
    }
    return;
  }
  switch (pending.kind) {
    case Kind::call_key:
      return make_leaf(*result);
    case Kind::leaf:
      return leaf_signed(*result);
    case Kind::statement:
      return statement_signed(pending.statement, *result, now);
    case Kind::seal_data:
      return out_.put(SendData{to_buffer(*result)});
    case Kind::open_data:
      return on_text(pending.from, *result, now);
  }
}

void Session::make_leaf(Bytes x25519_public) {
  if (x25519_public.size() != 32) {
    return out_.put(Refused{"x25519 public key: wrong size"});
  }
  copy(call_key_.x25519_public, x25519_public);
  const xwing::PublicKey kem_key(call_key_.encapsulation, call_key_.x25519_public);
  const ByteArray<kem_key_bytes> kem_bytes = kem_key.bytes();
  ByteArray<16> nonce;
  random_.fill(nonce);
  draft_.emplace(LeafDraft::Fields{.room = config_.room.hash(),
                                   .device_key = config_.device_key,
                                   .kem_key = kem_bytes,
                                   .nonce = nonce,
                                   .created = created_},
                 config_.link.secret);
  out_.put(SignJob{job(Kind::leaf, {}, {}), context_leaf, to_buffer(draft_->body())});
}

void Session::leaf_signed(Bytes signature) {
  Result<Leaf> leaf = draft_->finish(signature);
  draft_.reset();
  if (!leaf) {
    return out_.put(Refused{"own leaf: signature does not verify"});
  }
  leaf_ = *leaf;
  roster_.emplace(config_.room, config_.link, *leaf_);
  keys_.emplace(
      KeyExchange::Context{*roster_, config_.link.secret, *leaf_, call_key_, random_, out_});
  out_.put(LeafReady{*leaf_});
}

Hash Session::data_metadata() const noexcept {
  return labelled_hash("v100 data", {config_.room.hash().value()});
}

std::optional<Epoch> Session::sending() const noexcept {
  return keys_ ? keys_->sending() : std::nullopt;
}

void Session::on_welcome(Now) {
  started_ = leaf_.has_value();
  disconnected_at_.reset();
  state_dirty_ = true;
  out_.put(ViewChanged{});
}

void Session::on_disconnected(Now now) {
  if (!disconnected_at_) {
    disconnected_at_ = now.instant;
  }
}

void Session::on_waiting(Now) {
  started_ = false;
  disconnected_at_.reset();
  out_.put(ViewChanged{});
}

void Session::on_roster(const ServerRoster& server, Now now) {
  if (!roster_ || over_) {
    return;
  }
  for (const Buffer& issuer : server.issuers) {
    if (!roster_->learn_issuer(issuer)) {
      out_.put(Refused{"roster: issuer's key refused"});
    }
  }
  // Leaves first: they bring the keys by which statements verify.
  const Result<bool> shown = roster_->show(server.members, server.lobby);
  if (!shown) {
    return out_.put(Refused{shown.error().what});
  }
  if (roster_->take_all(server.statements) > 0) {
    out_.put(Refused{"roster: a statement was refused"});
  }
  const bool changed = roster_->judge() || *shown;
  roster_judged(changed || !keys_->sending(), now);
}

void Session::roster_judged(bool changed, Now now) {
  const auto& members = roster_->members();
  std::erase_if(presence_, [&](const auto& entry) { return !members.contains(entry.first); });
  for (const auto& [id, member] : members) {
    if (id != roster_->self()) {
      Presence fresh;
      fresh.since = now.instant;
      presence_.try_emplace(id, std::move(fresh));
    }
  }
  if (changed) {
    keys_->roster_changed(now.instant);
    state_dirty_ = true;
    compare_rosters(now);
  }
  const Policy policy = roster_->policy();
  if ((policy.lobby || policy.locked) && admits_for_room()) {
    admit_all(std::nullopt, now);
  }
  send_state_if_due(now);
  out_.put(ViewChanged{});
}

void Session::on_key(const LeafId& from, Bytes message, Now now) {
  if (keys_ && !over_) {
    keys_->on_key(from, message, now.instant);
    send_state_if_due(now);
  }
}

void Session::on_data(const LeafId& from, Bytes frame, Now now) {
  if (!roster_ || over_ || !roster_->members().contains(from) || from == roster_->self()) {
    return;
  }
  if (frame.size() > data_bytes_max + 64) {
    return out_.put(Refused{"data: too large"});
  }
  if (early_.size() < early_max && key_is_coming(from, frame)) {
    early_.push_back({from, to_buffer(frame), now.instant + early_kept});
    return;
  }
  open_data(from, to_buffer(frame));
}

// A sender's messages may overtake its key, which takes it two signatures longer.
bool Session::key_is_coming(const LeafId& from, Bytes frame) const {
  const Result<ParsedHeader> header = parse_header(frame);
  const std::optional<KidParts> parts = header ? kid_parts(header->header.kid) : std::nullopt;
  return parts && parts->sender == sender_id(from) && parts->track == Track::data &&
         !keys_->holds(from, parts->epoch_low);
}

void Session::open_data(const LeafId& from, Buffer frame) {
  const auto waiting = std::count_if(jobs_.begin(), jobs_.end(), [](const auto& entry) {
    return entry.second.kind == Kind::open_data;
  });
  if (static_cast<std::size_t>(waiting) >= open_data_max) {
    return out_.put(Refused{"data: too many at once"});
  }
  out_.put(OpenDataJob{job(Kind::open_data, from, {}), from, std::move(frame)});
}

void Session::open_early(Now now) {
  std::vector<EarlyData> early = std::exchange(early_, {});
  for (EarlyData& one : early) {
    if (now.instant < one.until && key_is_coming(one.from, one.frame)) {
      early_.push_back(std::move(one));
    } else {
      open_data(one.from, std::move(one.frame));  // too late: the frame book counts it
    }
  }
}

void Session::on_text(const LeafId& from, Bytes text, Now now) {
  if (!roster_->members().contains(from)) {
    return;
  }
  Result<DataMessage> message = parse_data(text);
  if (!message) {
    return out_.put(Refused{message.error().what});
  }
  if (const StateMessage* const state = std::get_if<StateMessage>(&*message)) {
    on_state(from, *state, now);
  } else if (ChatText* const chat = std::get_if<ChatText>(&*message)) {
    out_.put(ChatReceived{from, std::move(*chat)});
  }
}

void Session::on_state(const LeafId& from, const StateMessage& state, Now now) {
  Presence& presence = presence_.at(from);
  const bool visible = presence.name != state.name || presence.hand != state.hand ||
                       presence.muted != state.muted || !presence.state_at;
  presence.state_at = now.instant;
  presence.roster = state.roster;
  presence.name = state.name;
  presence.hand = state.hand;
  presence.muted = state.muted;
  KeyExchange::Confirmation confirmation;
  confirmation.same_roster = state.roster == roster_->hash();
  for (const StateMessage::Held& held : state.epochs) {
    if (held.sender == leaf_->sender()) {
      confirmation.of_mine = held.epoch;
    } else if (held.sender == sender_id(from)) {
      confirmation.of_its_own = held.epoch;
    }
  }
  keys_->on_state(from, confirmation, now.instant);
  send_chats(now);
  compare_rosters(now);
  if (visible) {
    out_.put(ViewChanged{});
  }
}

void Session::compare_rosters(Now now) {
  for (auto& [id, presence] : presence_) {
    if (!presence.state_at || presence.roster == roster_->hash()) {
      presence.differs_since.reset();
    } else if (!presence.differs_since) {
      presence.differs_since = now.instant;
    }
  }
}

Duration Session::state_interval() const noexcept {
  const std::int64_t members = static_cast<std::int64_t>(presence_.size()) + 1;
  return Duration::milliseconds(std::max<std::int64_t>(1000, members * state_ms_per_member));
}

void Session::send_state_if_due(Now now) {
  if (!started_ || over_ || !keys_ || !keys_->sending() || disconnected_at_) {
    return;
  }
  state_dirty_ = state_dirty_ || keys_version_ != keys_->version();
  const Duration wait = state_dirty_ ? state_gap : state_interval();
  if (!state_sent_at_ || now.instant - *state_sent_at_ >= wait) {
    send_state(now);
  }
}

void Session::send_state(Now now) {
  state_sent_at_ = now.instant;
  state_dirty_ = false;
  keys_version_ = keys_->version();
  state_epoch_ = *keys_->sending();
  StateMessage state;
  state.roster = roster_->hash();
  state.name = config_.name;
  state.hand = hand_;
  state.muted = muted_;
  state.epochs.push_back({leaf_->sender(), keys_->epoch()});
  for (const auto& [id, presence] : presence_) {
    const Epoch taken = keys_->taken(id);
    if (taken.value() != 0 && state.epochs.size() < limits::room_members) {
      state.epochs.push_back({sender_id(id), taken});
    }
  }
  out_.put(SealDataJob{job(Kind::seal_data, {}, {}), write_data(state)});
}

void Session::tick(Now now) {
  if (!keys_ || over_) {
    return;
  }
  keys_->tick(now.instant);
  open_early(now);
  send_chats(now);
  send_state_if_due(now);
}

void Session::set_name(std::string_view name, Now now) {
  config_.name = cut_name(name);
  state_dirty_ = true;
  send_state_if_due(now);
  out_.put(ViewChanged{});
}

void Session::set_hand(bool up, Now now) {
  hand_ = up;
  state_dirty_ = true;
  send_state_if_due(now);
  out_.put(ViewChanged{});
}

void Session::set_muted(std::uint8_t tracks_muted, Now now) {
  muted_ = static_cast<std::uint8_t>(tracks_muted & 0x1e);  // tracks 1..4
  state_dirty_ = true;
  send_state_if_due(now);
  out_.put(ViewChanged{});
}

void Session::set_trust(const LeafId& member, Trust trust) {
  const auto found = presence_.find(member);
  if (found != presence_.end() && found->second.trust != trust) {
    found->second.trust = trust;
    out_.put(ViewChanged{});
  }
}

Result<ChatText> Session::chat(std::string_view text, Now now) {
  if (text.size() > chat_bytes_max) {
    return v100::fail(Errc::too_large, "chat: text too long");
  }
  if (!started_ || over_ || !keys_->sending()) {
    return v100::fail(Errc::unavailable, "chat: not in a call");
  }
  ChatText chat;
  random_.fill(chat.id);
  chat.text = std::string(text);
  if (chats_.size() == chats_max) {
    return v100::fail(Errc::busy, "chat: too many messages at once");
  }
  chats_.push_back(chat);
  send_chats(now);
  return chat;
}

void Session::send_chats(Now now) {
  if (chats_.empty() || !keys_->settled()) {
    return;
  }
  if (state_epoch_ != *keys_->sending()) {
    send_state(now);  // a newcomer learns first who speaks
  }
  for (const ChatText& chat : std::exchange(chats_, {})) {
    out_.put(SealDataJob{job(Kind::seal_data, {}, {}), write_data(chat)});
  }
}

std::vector<ParticipantView> Session::participants() const {
  std::vector<ParticipantView> views;
  if (!roster_) {
    return views;
  }
  for (const auto& [id, member] : roster_->members()) {
    ParticipantView view;
    view.id = id;
    view.device = member.leaf.device();
    view.role = roster_->role(view.device);
    view.tracks = member.tracks;
    view.connected = member.connected;
    const auto presence = presence_.find(id);
    if (presence == presence_.end()) {
      view.self = true;
      view.trust = Trust::self;
      view.name = config_.name;
      view.hand = hand_;
      view.muted = muted_;
      view.epoch = keys_->sending().value_or(Epoch());
    } else {
      view.trust = presence->second.trust;
      view.name = presence->second.name;
      view.hand = presence->second.hand;
      view.muted = presence->second.muted;
      view.epoch = keys_->taken(id);
    }
    views.push_back(std::move(view));
  }
  for (const Roster::Intruder& intruder : roster_->intruders()) {
    ParticipantView view;
    view.id = intruder.id;
    view.device = intruder.device.value_or(Fingerprint());
    view.refusal = intruder.why;
    views.push_back(std::move(view));
  }
  return views;
}

MemberFacts Session::member_facts(const LeafId& id, const FrameBook& frames, Instant now) const {
  const Presence& presence = presence_.at(id);
  const KeyExchange::Facts keys = keys_->facts(id, now);
  MemberFacts facts;
  facts.id = id;
  facts.trust = presence.trust;
  facts.silent = now - std::max(presence.state_at.value_or(presence.since), presence.since);
  facts.epoch_behind = keys.epoch_behind;
  facts.key_refused_ago = keys.refused_ago;
  facts.roster_differs = keys.roster_differs;
  if (presence.differs_since) {
    const Duration lasting = now - *presence.differs_since;
    facts.roster_differs = std::max(facts.roster_differs.value_or(Duration()), lasting);
  }
  for (std::size_t t = 0; t < tracks; ++t) {
    const Track track = static_cast<Track>(t);
    const auto counts = frames.counts().find(FrameBook::counts_key(sender_id(id), track));
    if (counts == frames.counts().end()) {
      continue;
    }
    TrackFacts of_track;
    of_track.track = track;
    for (std::size_t drop = 0; drop < drops; ++drop) {
      if (counts->second.dropped[drop] > 0) {
        of_track.dropped_ago[drop] = now - counts->second.dropped_at[drop];
      }
    }
    of_track.without_key = counts->second.without_key(now);
    facts.tracks.push_back(of_track);
  }
  return facts;
}

BadgeFacts Session::facts(const FrameBook& frames, Instant now) const {
  BadgeFacts facts;
  facts.started = started_ && !over_;
  if (!started_) {
    return facts;  // in no call: nobody to have doubts about
  }
  if (disconnected_at_) {
    facts.disconnected = now - *disconnected_at_;
  }
  facts.silence_allowed = std::max(silence_grace, state_interval() * 3);
  for (const auto& [id, presence] : presence_) {
    facts.others.push_back(member_facts(id, frames, now));
    if (disconnected_at_) {  // nobody can be heard; that is the reason shown
      facts.others.back().silent = Duration();
      facts.others.back().epoch_behind.reset();
      facts.others.back().roster_differs.reset();
    }
  }
  if (roster_) {
    for (const Roster::Intruder& intruder : roster_->intruders()) {
      MemberFacts shown;
      shown.id = intruder.id;
      shown.refusal = intruder.why;
      facts.others.push_back(std::move(shown));
    }
  }
  return facts;
}

}  // namespace v100::e2ee
