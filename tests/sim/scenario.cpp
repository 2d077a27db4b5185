// The script and what must hold after it.
#include "scenario.h"

#include <algorithm>

#include "base/limits.h"
#include "base/text.h"
#include "svc/identity/identity.h"
#include "svc/meeting/meeting.h"
#include "svc/sfu/api.h"
#include "svc/signaling/signaling.h"

namespace v100::sim {

namespace {

constexpr std::size_t clients_max = 4;
constexpr Duration active = Duration::seconds(8);
constexpr Duration calm_max = Duration::seconds(50);  // absence ends after 30 s

const SimDevice& device(std::size_t n) {
  static const std::vector<SimDevice> devices = [] {
    std::vector<SimDevice> out;
    for (std::size_t i = 0; i < clients_max; ++i) {
      out.emplace_back(static_cast<std::uint8_t>(i + 1));
    }
    return out;
  }();
  return devices[n];
}

const char* name_of(Client::State state) {
  constexpr const char* names[] = {"away", "connecting", "waiting", "member", "over"};
  return names[static_cast<std::size_t>(state)];
}

}  // namespace

// Media is not simulated: this keeps the sfu's promises to signaling, late, and notes who is there.
class StubSfu final : public Service {
 public:
  explicit StubSfu(testing_world::SeededRandom& random) : random_(random) {}
  void open(Router& router) override {
    router.on("offer", [this](Bytes request, Reply reply) {
      members.insert(sfu::decode_offer(request)->member);
      waiting_.push_back(std::move(reply));
    });
    const auto gone = [this](Bytes request, Reply reply) {
      members.erase(sfu::decode_leave(request)->member);
      reply.ok({});
    };
    router.on("leave", gone);
    router.on("remove", gone);
    router.on("close", [this](Bytes, Reply reply) {
      members.clear();
      reply.ok({});
    });
  }
  void tick(Instant) override {
    while (!waiting_.empty() && random_.one_in(5)) {
      waiting_.back().ok(to_buffer(as_bytes("v=0")));
      waiting_.pop_back();
    }
  }
  void close() override { waiting_.clear(); }
  std::set<std::string> members;

 private:
  testing_world::SeededRandom& random_;
  std::vector<Reply> waiting_;
};

Scenario::Scenario(std::uint64_t seed)
    : random_(seed),
      world_(seed ^ 0x5EED),
      network_(world_, random_),
      room_(*e2ee::RoomId::parse("0000-0000-0000")) {
  start_server();
  random_.fill(secret_);
  lobby_ = random_.one_in(3);
  const HttpAnswer made = world_.http("POST", "/v1/rooms",
                                      "{\"host\":\"" + to_hex(device(0).fingerprint.value()) +
                                          "\",\"lobby\":" + (lobby_ ? "true}" : "false}"));
  const auto document = wire::JsonDocument::parse(made.body, 1000);
  room_ = *e2ee::RoomId::parse(*document->root()["room"].text());
  const std::size_t count = 2 + random_.below(clients_max - 1);
  for (std::size_t i = 0; i < count; ++i) {
    clients_.push_back(std::make_unique<Client>(device(i), room_, link(), "c" + std::to_string(i),
                                                random_.next(), world_, network_));
  }
  seen_.resize(count);
  clients_[0]->join();
  world_.store_fails = [this] { return random_.one_in(30); };
}

Scenario::~Scenario() = default;

e2ee::Link Scenario::link() const {
  e2ee::Link out;
  out.lobby = lobby_;
  out.secret = e2ee::RoomSecret(secret_);
  out.host = device(0).fingerprint;
  return out;
}

void Scenario::start_server() {
  auto stub = std::make_unique<StubSfu>(random_);
  sfu_ = stub.get();
  world_.add("identity", identity::make_identity(world_.env()));
  world_.add("meeting", meeting::make_meeting(world_.env()));
  world_.add("sfu", std::move(stub));
  world_.add("signaling", signaling::make_signaling({"sim", 3478}, world_.env(), world_, nullptr));
}

// What is on its way to the disk gets there first: what a store that fails loses at a crash is the
// store's affair.
void Scenario::restart_server() {
  world_.store_fails = [] { return false; };
  world_.advance(Duration::milliseconds(1100));
  world_.close_services();
  start_server();
  world_.store_fails = [this] { return random_.one_in(30); };
}

void Scenario::note(std::string_view what, const std::string& who) {
  trace_ += std::to_string(world_.clock.now().ns() / 1'000'000) + " " + who + " ";
  trace_.append(what).push_back('\n');
}

void Scenario::trace_changes() {
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    Client& client = *clients_[i];
    const auto& session = client.host().session();
    std::string line = name_of(client.state());
    line += client.bye().empty() ? "" : " " + client.bye();
    if (session.roster()) {
      line += " roster " + to_hex(Bytes(session.roster()->hash().value()).first(3));
    }
    line += " epoch " + std::to_string(session.sending().value_or(e2ee::Epoch()).value());
    if (line != seen_[i]) {
      note(line, client.name());
      seen_[i] = std::move(line);
    }
  }
}

std::vector<std::size_t> Scenario::in_state(Client::State state) const {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    if (clients_[i]->state() == state) {
      out.push_back(i);
    }
  }
  return out;
}

void Scenario::step() {
  world_.step();
  network_.step();
  world_.settle();
  // A client's timers are not finer than 50 ms; what arrives is taken at once.
  for (const auto& client : clients_) {
    client->step();
  }
  queue_most_ = std::max(queue_most_, world_.bus.queued());
  world_.settle();
  trace_changes();
}

void Scenario::keep_frames_before(std::size_t joiner) {
  for (const std::size_t i : in_state(Client::State::member)) {
    const Buffer frame(40, static_cast<std::uint8_t>(joiner));
    Result<Buffer> sealed = clients_[i]->host().seal(e2ee::Track::audio, e2ee::Codec::opus, frame);
    if (sealed) {
      before_.push_back({joiner, clients_[i]->id(), std::move(*sealed)});
    }
  }
}

void Scenario::join_somebody() {
  for (const std::size_t i : in_state(Client::State::away)) {
    keep_frames_before(i);
    note("joins", clients_[i]->name());
    clients_[i]->join();
    return;
  }
}

void Scenario::act() {
  const std::size_t who = random_.below(clients_.size());
  Client& client = *clients_[who];
  const bool connected =
      client.state() == Client::State::member || client.state() == Client::State::waiting;
  switch (random_.below(12)) {
    case 0:
    case 1:
    case 2:
      return join_somebody();
    case 3:
      if (connected && who != 0 && random_.one_in(2)) {
        note("leaves", client.name());
        client.leave();
      }
      return;
    case 4:
    case 5:
      if (connected) {
        note("is cut", client.name());
        client.cut();
      }
      return;
    case 6:
      if (random_.one_in(8)) {
        note("restarts", "server");
        restart_server();
      }
      return;
    case 7:
      if (client.state() == Client::State::member) {
        client.host().session().set_hand(random_.one_in(2), client.now());
        client.pump();
      }
      return;
    default:
      for (const std::size_t i : in_state(Client::State::member)) {
        if (i == 0 || random_.one_in(2)) {
          return act_as_host(*clients_[i]);
        }
      }
  }
}

void Scenario::act_as_host(Client& client) {
  e2ee::Session& session = client.host().session();
  const auto members = session.participants();
  if (members.empty()) {
    return;
  }
  const e2ee::LeafId subject = members[random_.below(members.size())].id;
  Result<void> done;
  std::string what;
  switch (random_.below(5)) {
    case 0: {
      const e2ee::Policy policy{random_.one_in(2), random_.one_in(4)};
      what =
          std::string("policy") + (policy.lobby ? " lobby" : "") + (policy.locked ? " locked" : "");
      done = session.set_policy(policy, client.now());
      break;
    }
    case 1:
      what = "grants";
      done = session.grant(subject, random_.one_in(3) ? e2ee::Role::guest : e2ee::Role::cohost,
                           client.now());
      break;
    case 2:
      if (random_.one_in(2)) {
        return;
      }
      what = "removes";
      done = session.remove(subject, client.now());
      break;
    default:
      return admit_waiting();
  }
  client.pump();
  note(done ? what : what + ", but may not", client.name());
}

void Scenario::admit_waiting() {
  for (const std::size_t i : in_state(Client::State::member)) {
    Client& client = *clients_[i];
    for (const e2ee::LeafId& guest : client.lobby()) {
      if (client.host().session().admit(guest, client.now())) {
        note("admits", client.name());
      }
    }
    client.pump();
  }
}

std::string Scenario::name_of_leaf(const e2ee::LeafId& id) const {
  for (const auto& client : clients_) {
    if (client->ready() && client->id() == id) {
      return client->name();
    }
  }
  return "nobody";
}

// "; c0 sends 4, holds c1:2 c2:5" of each member.
std::string Scenario::held_epochs() const {
  std::string out;
  for (const std::size_t i : in_state(Client::State::member)) {
    out += "; " + clients_[i]->name();
    std::string holds;
    for (const e2ee::ParticipantView& view : clients_[i]->host().session().participants()) {
      const std::string epoch = std::to_string(view.epoch.value());
      (view.self ? out : holds) +=
          view.self ? " sends " + epoch + ", holds" : " " + name_of_leaf(view.id) + ":" + epoch;
    }
    out += holds;
  }
  return out;
}

std::string Scenario::check_converged() {
  const std::vector<std::size_t> members = in_state(Client::State::member);
  if (!in_state(Client::State::connecting).empty()) {
    return "somebody still connects";
  }
  for (const std::size_t i : members) {
    Client& me = *clients_[i];
    const auto& roster = me.host().session().roster();
    if (roster->members().size() != members.size() || !roster->intruders().empty()) {
      return me.name() + " sees " + std::to_string(roster->members().size()) + " members and " +
             std::to_string(roster->intruders().size()) + " intruders of " +
             std::to_string(members.size());
    }
    if (roster->hash() != clients_[members[0]]->host().session().roster()->hash()) {
      return me.name() + " sees another roster";
    }
    if (me.offers_unanswered() > 0) {
      return me.name() + " has an offer without answer";
    }
    for (const std::size_t j : members) {
      const Buffer frame(40, 7);
      const auto sealed = clients_[j]->host().seal(e2ee::Track::audio, e2ee::Codec::opus, frame);
      if (i != j &&
          (!sealed || me.host().open(clients_[j]->id(), e2ee::Track::audio, e2ee::Codec::opus,
                                     *sealed, world_.clock.now()) != frame)) {
        return me.name() + " cannot read " + clients_[j]->name();
      }
    }
    // After the reading: a frame without key is forgotten with the next that opens.
    const e2ee::Badge badge = me.host().badge(world_.clock.now());
    if (badge.state == e2ee::BadgeState::amber) {
      const e2ee::BadgeReason& reason = badge.reasons.front();
      return me.name() + " is amber: " + std::string(e2ee::name(reason.reason)) +
             (reason.who ? " of " + name_of_leaf(*reason.who) : "") + held_epochs();
    }
  }
  return {};
}

// Forward and backward: who is out reads nothing new, who came in nothing old.
std::string Scenario::check_secrets() {
  for (const std::size_t member : in_state(Client::State::member)) {
    const Buffer frame(40, 9);
    const auto sealed = clients_[member]->host().seal(e2ee::Track::audio, e2ee::Codec::opus, frame);
    for (const auto& other : clients_) {
      const bool out = other->state() == Client::State::over ||
                       other->state() == Client::State::waiting ||
                       other->state() == Client::State::away;
      if (out && other->ready() &&
          other->host().open(clients_[member]->id(), e2ee::Track::audio, e2ee::Codec::opus, *sealed,
                             world_.clock.now())) {
        return other->name() + " is out and reads " + clients_[member]->name();
      }
    }
  }
  for (const Before& before : before_) {
    if (clients_[before.joiner]->host().open(before.sender, e2ee::Track::audio, e2ee::Codec::opus,
                                             before.frame, world_.clock.now())) {
      return clients_[before.joiner]->name() + " reads what was said before it came";
    }
  }
  return {};
}

std::string Scenario::check_service() {
  for (const auto& client : clients_) {
    if (!client->faults().empty()) {
      return client->name() + " was told: " + client->faults().front();
    }
  }
  std::set<std::string> members;
  for (const std::size_t i : in_state(Client::State::member)) {
    members.insert(to_hex(clients_[i]->id().value()));
  }
  for (const std::string& member : sfu_->members) {
    if (!members.contains(member)) {
      return "the sfu still holds " + member.substr(0, 6);
    }
  }
  if (world_.meter["v100_signal_members"] != members.size()) {
    return "the server counts " + std::to_string(world_.meter["v100_signal_members"]) +
           " members of " + std::to_string(members.size());
  }
  if (queue_most_ > 1000) {
    return "the bus held " + std::to_string(queue_most_) + " requests";
  }
  for (const char* reason : {"malformed", "signature", "too_large", "rate"}) {
    const std::string metric = std::string("v100_signal_refused_total{reason=\"") + reason + "\"}";
    if (world_.meter[metric] != 0) {
      return std::string("honest frames were refused: ") + reason;
    }
  }
  return {};
}

Report Scenario::run() {
  Report report;
  const Instant end = world_.clock.now() + active;
  while (world_.clock.now() < end) {
    step();
    if (random_.one_in(25)) {
      act();
    }
  }
  note("is calm", "network");
  network_.heal();
  world_.store_fails = [] { return false; };
  const Instant last = world_.clock.now() + calm_max;
  for (std::uint64_t n = 1; world_.clock.now() < last; ++n) {
    step();
    if (n % 100 == 0) {
      admit_waiting();
      report.fault = check_converged();
      if (report.fault.empty()) {
        report.fault = check_service();
      }
      if (report.fault.empty() && n >= 300) {
        break;
      }
    }
  }
  // Within this a roster change has reached all and everybody sends under a new epoch.
  const Instant settled = world_.clock.now() + Duration::milliseconds(2500);
  while (world_.clock.now() < settled) {
    step();
  }
  if (report.fault.empty()) {
    report.fault = check_secrets();
  }
  report.members = in_state(Client::State::member).size();
  report.frames = world_.meter["v100_identity_verify_total{result=\"valid\"}"];
  report.trace = std::move(trace_);
  return report;
}

}  // namespace v100::sim
