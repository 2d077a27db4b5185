// Sender keys: drawing, sending, taking, switching and erasing epochs (docs/spec/e2ee.md §6).
#include "e2ee/key_exchange.h"

#include <algorithm>

#include "base/limits.h"

namespace v100::e2ee {

namespace {

constexpr ByteArray<12> zero_nonce{};   // each wrap key is used once
constexpr ByteArray<32> base_point{9};  // RFC 7748 §4.1
constexpr std::size_t waiting_max = 2 * limits::room_members;
constexpr std::size_t incoming_max = 2 * limits::room_members;
constexpr std::size_t old_rosters_max = 64;
constexpr Duration old_roster_known = Duration::seconds(10);

xwing::Seed fresh_seed(Random& random) {
  xwing::Seed seed;
  random.fill(seed.fill());
  return seed;
}

std::optional<Duration> since(const std::optional<Instant>& then, Instant now) {
  return then ? std::optional(now - *then) : std::nullopt;
}

}  // namespace

CallKey::CallKey(Random& random) : CallKey(xwing::ExpandedSeed(fresh_seed(random))) {}

CallKey::CallKey(const xwing::ExpandedSeed& seed)
    : CallKey(xwing::X25519Scalar(seed.x25519.expose()),
              mlkem::KeyPair<xwing::Mlkem>::from_seed(seed.mlkem)) {}

CallKey::CallKey(xwing::X25519Scalar&& x25519, const mlkem::KeyPair<xwing::Mlkem>& pair)
    : scalar(std::move(x25519)), encapsulation(pair.ek), decapsulator(pair.dk) {}

JobId KeyExchange::job(Step step, std::uint32_t flow) {
  const JobId id = c_.out.next_job();
  jobs_.emplace(id, Pending{step, flow});
  return id;
}

void KeyExchange::roster_changed(Instant now) {
  if (last_roster_ != c_.roster.hash()) {
    if (old_rosters_.size() == old_rosters_max) {
      old_rosters_.erase(old_rosters_.begin());
    }
    old_rosters_.push_back({last_roster_, now + old_roster_known});
    last_roster_ = c_.roster.hash();
  }
  for (auto peer = peers_.begin(); peer != peers_.end();) {
    if (c_.roster.members().contains(peer->first)) {
      ++peer;
      continue;
    }
    c_.out.put(ForgetMember{peer->first});
    peer = peers_.erase(peer);
  }
  for (const auto& [id, member] : c_.roster.members()) {
    if (id != c_.roster.self()) {
      Peer fresh;
      fresh.since = now;
      peers_.try_emplace(id, std::move(fresh));
    }
  }
  if (!change_due_) {
    change_due_ = drawn_at_ ? std::max(now, *drawn_at_ + epoch_gather) : now;
  }
  tick(now);
  retry_waiting(now);
}

void KeyExchange::tick(Instant now) {
  const bool old = drawn_at_ && now - *drawn_at_ >= epoch_life;
  if ((change_due_ && now >= *change_due_) || old) {
    draw(now);
  }
  switch_if_due(now);
  expire(now);
  for (auto& [id, peer] : peers_) {
    // It says that it lacks my epoch although I sent it long ago: the message was lost. One that
    // says nothing may lack it too: if both messages were lost, neither could read the other's
    // state.
    const bool lacks = peer.confirmed < epoch_ && peer.sent_at;
    const bool heard = lacks && peer.state_at && *peer.state_at > *peer.sent_at;
    if (lacks && now - *peer.sent_at >= (heard ? resend_after : resend_unheard)) {
      peer.sent_at = now;
      send_to(id);
    }
  }
}

void KeyExchange::draw(Instant now) {
  change_due_.reset();
  drawn_at_ = now;
  epoch_ = Epoch(epoch_.value() + 1);
  c_.random.fill(secret_.fill());
  c_.out.put(InstallKey{c_.roster.self(), epoch_, BaseKey(secret_.expose())});
  outgoing_.clear();  // keys of an older epoch still on their way out are of no use
  if (!sending_) {
    sending_ = epoch_;
    c_.out.put(StartSending{epoch_});
  } else if (!switch_due_) {
    switch_due_ = now + switch_wait;
  }
  for (auto& [id, peer] : peers_) {
    peer.sent_at = now;
    send_to(id);
  }
}

void KeyExchange::switch_if_due(Instant now) {
  if (!sending_ || *sending_ == epoch_) {
    return;
  }
  const bool all = std::all_of(peers_.begin(), peers_.end(),
                               [&](const auto& peer) { return peer.second.confirmed == epoch_; });
  if (all || (switch_due_ && now >= *switch_due_)) {
    sending_ = epoch_;
    switch_due_.reset();
    c_.out.put(StartSending{epoch_});
  }
}

void KeyExchange::send_to(const LeafId& to) {
  const Leaf& leaf = c_.roster.members().at(to).leaf;
  const std::uint32_t flow = ++last_flow_;
  Outgoing outgoing;
  outgoing.to = to;
  outgoing.epoch = epoch_;
  outgoing.roster = c_.roster.hash();
  outgoing_.emplace(flow, std::move(outgoing));
  xwing::X25519Scalar ephemeral;
  c_.random.fill(ephemeral.fill());
  ByteArray<32> theirs;
  copy(theirs, leaf.kem_key().last<32>());
  c_.out.put(X25519Job{job(Step::ephemeral_public, flow), xwing::X25519Scalar(ephemeral.expose()),
                       base_point});
  c_.out.put(X25519Job{job(Step::ephemeral_shared, flow), std::move(ephemeral), theirs});
}

bool KeyExchange::current(const Outgoing& outgoing) const noexcept {
  return outgoing.epoch == epoch_ && outgoing.roster == c_.roster.hash() &&
         c_.roster.members().contains(outgoing.to);
}

void KeyExchange::encapsulate(std::uint32_t flow, Outgoing& outgoing) {
  const Leaf& leaf = c_.roster.members().at(outgoing.to).leaf;
  const Result<xwing::PublicKey> key = xwing::PublicKey::parse(leaf.kem_key());
  CHECK(key.has_value());  // Leaf::parse has checked it
  mlkem::Message m;
  c_.random.fill(m.fill());
  const xwing::Encapsulated kem =
      xwing::encapsulate_with(*key, m, {outgoing.ephemeral_public, outgoing.shared});
  KeyFields fields;
  fields.room = c_.roster.room();
  fields.epoch = outgoing.epoch;
  fields.sender = c_.roster.self();
  fields.recipient = outgoing.to;
  fields.kem_hash = kem_key_hash(leaf.kem_key());
  fields.roster = outgoing.roster;
  const ByteArray<KeyMessage::bound_bytes> bound =
      key_message_bound(fields, kem.ciphertext.bytes());
  outgoing.message = to_buffer(bound);
  c_.out.put(SealJob{job(Step::wrap, flow), wrap_key(kem.secret, c_.secret, bound), zero_nonce,
                     to_buffer(bound), SecretBuffer(secret_.expose())});
}

void KeyExchange::step_out(std::uint32_t flow, Step step, Bytes result) {
  const auto found = outgoing_.find(flow);
  if (found == outgoing_.end()) {
    return;  // overtaken by a newer epoch
  }
  Outgoing& outgoing = found->second;
  const std::size_t expected = step == Step::sign   ? signature_bytes
                               : step == Step::wrap ? wrapped_bytes
                                                    : std::size_t{32};
  if (!current(outgoing) || result.size() != expected) {
    outgoing_.erase(found);  // a roster change draws a new epoch; a failed job is tried again then
    return;
  }
  switch (step) {
    case Step::ephemeral_public:
      copy(outgoing.ephemeral_public, result);
      outgoing.has_public = true;
      break;
    case Step::ephemeral_shared:
      copy(outgoing.shared.fill(), result);
      outgoing.has_shared = true;
      break;
    case Step::wrap:
      append(outgoing.message, result);
      c_.out.put(SignJob{job(Step::sign, flow), context_key, outgoing.message});
      return;
    default:
      append(outgoing.message, result);
      c_.out.put(SendKey{outgoing.to, std::move(outgoing.message)});
      outgoing_.erase(found);
      return;
  }
  if (outgoing.has_public && outgoing.has_shared) {
    encapsulate(flow, outgoing);
  }
}

void KeyExchange::on_key(const LeafId& from, Bytes message, Instant now) {
  switch (consider(from, message)) {
    case Verdict::wait:
      if (waiting_.size() < waiting_max) {
        waiting_.push_back({from, to_buffer(message), now});
      } else {
        c_.out.put(Refused{"key message: too many wait for their roster"});
      }
      return;
    case Verdict::refused:
      refuse(from, now, "key message refused");
      return;
    case Verdict::taken:
    case Verdict::ignored:
      return;
  }
}

KeyExchange::Verdict KeyExchange::consider(const LeafId& from, Bytes bytes) {
  const Result<KeyMessage> message = KeyMessage::parse(bytes, c_.roster.room());
  if (!message || message->fields().sender != from) {
    return Verdict::refused;
  }
  const auto peer = peers_.find(from);
  if (peer == peers_.end()) {
    return Verdict::wait;  // the server may show its leaf a moment later
  }
  const Verdict verdict = consider_bound(from, peer->second, *message);
  if (verdict == Verdict::taken) {
    if (incoming_.size() == incoming_max) {
      return Verdict::wait;
    }
    const std::uint32_t flow = ++last_flow_;
    ByteArray<32> theirs;
    copy(theirs, message->kem_ciphertext().last<32>());
    incoming_.emplace(flow, Incoming{from, *message});
    c_.out.put(X25519Job{job(Step::agree, flow), xwing::X25519Scalar(c_.call_key.scalar.expose()),
                         theirs});
  }
  return verdict;
}

// Everything that can be said before opening it, cheapest first.
KeyExchange::Verdict KeyExchange::consider_bound(const LeafId& from, Peer& peer,
                                                 const KeyMessage& message) {
  const KeyFields& fields = message.fields();
  const Leaf& leaf = c_.roster.members().at(from).leaf;
  if (fields.recipient != c_.roster.self() || fields.kem_hash != kem_key_hash(c_.self.kem_key()) ||
      fields.epoch < peer.taken || !message.verify(leaf.device_key())) {
    return Verdict::refused;
  }
  if (fields.epoch == peer.taken) {
    // A sender that was not sure makes the message anew; the same bytes again are a replay.
    const bool repeated = labelled_hash("v100 key message", {message.bytes()}) == peer.taken_hash;
    return repeated ? Verdict::refused : Verdict::ignored;
  }
  if (fields.roster == c_.roster.hash()) {
    return Verdict::taken;
  }
  const bool late = std::any_of(old_rosters_.begin(), old_rosters_.end(),
                                [&](const OldRoster& r) { return r.hash == fields.roster; });
  return late ? Verdict::ignored : Verdict::wait;
}

void KeyExchange::step_in(std::uint32_t flow, Step step, Bytes result, Instant now) {
  const auto found = incoming_.find(flow);
  if (found == incoming_.end()) {
    return;
  }
  const Incoming& incoming = found->second;
  if (!peers_.contains(incoming.from)) {
    incoming_.erase(found);
    return;
  }
  if (result.size() != 32) {
    refuse(incoming.from, now, "key message does not open");
    incoming_.erase(found);
    return;
  }
  if (step == Step::unwrap) {
    install(incoming, result, now);
    incoming_.erase(found);
    return;
  }
  const Result<xwing::Ciphertext> ciphertext =
      xwing::Ciphertext::parse(incoming.message.kem_ciphertext());
  CHECK(ciphertext.has_value());
  const xwing::X25519Secret shared(result.first<32>());
  const xwing::SharedSecret kem = xwing::decapsulate_with(
      c_.call_key.decapsulator, c_.call_key.x25519_public, *ciphertext, shared);
  const FixedBytes<KeyMessage::bound_bytes> bound = incoming.message.bound();
  c_.out.put(OpenJob{job(Step::unwrap, flow), wrap_key(kem, c_.secret, bound), zero_nonce,
                     to_buffer(bound), to_buffer(incoming.message.wrapped())});
}

void KeyExchange::install(const Incoming& incoming, Bytes secret, Instant now) {
  Peer& peer = peers_.at(incoming.from);
  const Epoch epoch = incoming.message.fields().epoch;
  if (epoch <= peer.taken) {
    return;  // a newer one was opened first
  }
  takes_ += 1;
  peer.taken = epoch;
  peer.taken_hash = labelled_hash("v100 key message", {incoming.message.bytes()});
  peer.differs_since.reset();
  if (peer.claimed <= epoch) {
    peer.claimed_at.reset();
  }
  for (Held& held : peer.held) {
    held.expires = held.expires ? held.expires : std::optional(now + old_epoch_kept);
  }
  if (peer.held.size() == FrameBook::epochs_max) {
    c_.out.put(EraseKey{incoming.from, peer.held.front().epoch});
    peer.held.erase(peer.held.begin());
  }
  peer.held.push_back({epoch, std::nullopt});
  c_.out.put(InstallKey{incoming.from, epoch, BaseKey(secret.first<32>())});
}

void KeyExchange::refuse(const LeafId& from, Instant now, const char* what) {
  const auto peer = peers_.find(from);
  if (peer != peers_.end()) {
    peer->second.refused += 1;
    peer->second.refused_at = now;
  }
  c_.out.put(Refused{what});
}

void KeyExchange::retry_waiting(Instant now) {
  std::vector<Waiting> waiting = std::exchange(waiting_, {});
  for (Waiting& one : waiting) {
    const Verdict verdict = consider(one.from, one.message);
    if (verdict == Verdict::wait) {
      waiting_.push_back(std::move(one));
    } else if (verdict == Verdict::refused) {
      refuse(one.from, now, "key message refused");
    }
  }
}

void KeyExchange::expire(Instant now) {
  std::erase_if(waiting_, [&](const Waiting& one) {
    if (now - one.since < roster_wait) {
      return false;
    }
    const auto peer = peers_.find(one.from);
    if (peer != peers_.end()) {
      peer->second.differs_since = one.since;
    }
    c_.out.put(Refused{"key message of another roster, or of nobody here"});
    return true;
  });
  std::erase_if(old_rosters_, [&](const OldRoster& one) { return now >= one.until; });
  for (auto& [id, peer] : peers_) {
    std::erase_if(peer.held, [&, leaf = id](const Held& held) {
      if (!held.expires || now < *held.expires) {
        return false;
      }
      c_.out.put(EraseKey{leaf, held.epoch});
      return true;
    });
  }
}

void KeyExchange::on_state(const LeafId& from, const Confirmation& confirmation, Instant now) {
  const auto found = peers_.find(from);
  if (found == peers_.end()) {
    return;
  }
  Peer& peer = found->second;
  peer.state_at = now;
  if (confirmation.of_mine <= epoch_) {
    peer.confirmed = confirmation.of_mine;
  }
  if (confirmation.same_roster) {
    peer.differs_since.reset();
  }
  if (confirmation.of_its_own > peer.taken && peer.claimed != confirmation.of_its_own) {
    peer.claimed_at = peer.claimed_at ? peer.claimed_at : std::optional(now);
  }
  peer.claimed = confirmation.of_its_own;
  switch_if_due(now);
}

bool KeyExchange::complete(JobId id, std::optional<Bytes> result, Instant now) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) {
    return false;
  }
  const Pending pending = found->second;
  jobs_.erase(found);
  const Bytes bytes = result ? *result : Bytes();
  if (pending.step == Step::agree || pending.step == Step::unwrap) {
    step_in(pending.flow, pending.step, bytes, now);
  } else {
    step_out(pending.flow, pending.step, bytes);
  }
  return true;
}

Epoch KeyExchange::taken(const LeafId& member) const noexcept {
  const auto peer = peers_.find(member);
  return peer == peers_.end() ? Epoch() : peer->second.taken;
}

bool KeyExchange::holds(const LeafId& member, std::uint16_t epoch_low) const noexcept {
  const auto peer = peers_.find(member);
  return peer != peers_.end() &&
         std::any_of(peer->second.held.begin(), peer->second.held.end(),
                     [&](const Held& held) { return (held.epoch.value() & 0xffff) == epoch_low; });
}

KeyExchange::Facts KeyExchange::facts(const LeafId& member, Instant now) const noexcept {
  Facts facts;
  const auto found = peers_.find(member);
  if (found == peers_.end()) {
    return facts;
  }
  const Peer& peer = found->second;
  facts.refused = peer.refused;
  facts.refused_ago = since(peer.refused_at, now);
  facts.roster_differs = since(peer.differs_since, now);
  if (peer.confirmed < epoch_ && drawn_at_) {
    facts.epoch_behind = now - std::max(peer.since, *drawn_at_);
  }
  if (peer.claimed > peer.taken && peer.claimed_at) {
    facts.epoch_behind = std::max(facts.epoch_behind.value_or(Duration()), now - *peer.claimed_at);
  }
  return facts;
}

}  // namespace v100::e2ee
