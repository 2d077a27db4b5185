// A room in memory for the session tests: an honest server that relays, virtual time, random delays
// (each connection keeps its order, as a WebSocket does), and hooks by which a test makes the
// server dishonest.
#pragma once

#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <queue>
#include <string>

#include "e2ee/native/host.h"

namespace v100::e2ee {

// Seeded, so that a failing run repeats.
class TestRandom final : public Random {
 public:
  explicit TestRandom(std::uint64_t seed) : seed_(seed) {}
  void fill(MutBytes out) override {
    ByteArray<16> block{};
    store_be(block.data(), seed_);
    store_be(block.data() + 8, ++count_);
    keccak::shake256(out, {block});
  }
  std::uint64_t below(std::uint64_t bound) {
    ByteArray<8> bytes;
    fill(bytes);
    return load_be<std::uint64_t>(bytes.data()) % bound;
  }

 private:
  std::uint64_t seed_;
  std::uint64_t count_ = 0;
};

class World {
 public:
  struct Client {
    std::string name;
    std::unique_ptr<DevicePrivateKey> device;
    std::unique_ptr<NativeHost> host;
    std::optional<Leaf> leaf;
    std::vector<Output> news;
    Instant last_arrival;
    bool present = false;   // in the room, as the server sees it
    bool waiting = false;   // in the lobby
    bool admitted = false;  // by a statement
    bool connected = true;
  };
  // What a dishonest server does to a message on its way: false drops it, edits are sent on.
  using Tamper = std::function<bool(std::size_t from, std::size_t to, Output& message)>;
  using TamperRoster = std::function<void(std::size_t to, ServerRoster& roster)>;

  explicit World(std::uint64_t seed, bool lobby = false) : random(seed), room(room_id()) {
    host_device = std::make_unique<DevicePrivateKey>(device_of(1000));
    link.lobby = lobby;
    random.fill(link.secret.fill());
    link.host = fingerprint(host_device->public_key().bytes());
  }

  static RoomId room_id() { return *RoomId::parse("abcd-efgh-jkmn"); }
  static DevicePrivateKey device_of(std::uint16_t number) {
    ByteArray<32> seed{};
    store_be(seed.data(), number);
    return DevicePrivateKey::from_seed(mldsa::Seed(seed));
  }
  Link copy_of_link() const {
    Link copy;
    copy.lobby = link.lobby;
    copy.secret = RoomSecret(link.secret.expose());
    copy.host = link.host;
    return copy;
  }
  Now now() const { return {time, WallTime(1750000000000 + time.ns() / 1000000)}; }

  // The first client is the host. `with` stands in for the link where a test invents a member.
  std::size_t add(std::string name, std::optional<Link> with = std::nullopt) {
    const std::size_t index = clients.size();
    auto client = std::make_unique<Client>();
    client->name = name;
    client->device = std::make_unique<DevicePrivateKey>(
        index == 0 ? device_of(1000) : device_of(static_cast<std::uint16_t>(index)));
    Link use = with ? std::move(*with) : copy_of_link();
    client->host =
        std::make_unique<NativeHost>(*client->device, room, std::move(use), name, random, now());
    clients.push_back(std::move(client));
    collect(index);
    return index;
  }

  // The server lets it in, or into the lobby.
  void join(std::size_t index, bool into_lobby = false) {
    Client& client = *clients[index];
    client.present = !into_lobby;
    client.waiting = into_lobby;
    if (!into_lobby) {
      deliver(index, [this, index] { clients[index]->host->session().on_welcome(now()); });
    }
    broadcast_roster();
  }
  void leave(std::size_t index) {
    clients[index]->present = false;
    clients[index]->host.reset();
    broadcast_roster();
  }

  ServerRoster roster_for(std::size_t) const {
    ServerRoster roster;
    for (const auto& client : clients) {
      ShownMember shown{client->leaf->id(), to_buffer(client->leaf->bytes()), {Track::audio}, true};
      if (client->present) {
        roster.members.push_back(shown);
      } else if (client->waiting) {
        roster.lobby.push_back(shown);
      }
    }
    roster.statements = statements;
    return roster;
  }
  void broadcast_roster() {
    for (std::size_t to = 0; to < clients.size(); ++to) {
      if (clients[to]->present) {
        ServerRoster roster = roster_for(to);
        if (tamper_roster) {
          tamper_roster(to, roster);
        }
        auto shared = std::make_shared<ServerRoster>(std::move(roster));
        deliver(to, [this, to, shared] { clients[to]->host->session().on_roster(*shared, now()); });
      }
    }
  }

  // Runs until `duration` has passed.
  void run(Duration duration) {
    const Instant end = time + duration;
    while (time < end) {
      const Instant next_tick = last_tick + Duration::milliseconds(50);
      if (!events.empty() && events.top().at <= std::min(next_tick, end)) {
        const Event event = events.top();
        events.pop();
        time = std::max(time, event.at);
        event.act();
        collect(event.client);
      } else if (next_tick <= end) {
        time = last_tick = next_tick;
        for (std::size_t i = 0; i < clients.size(); ++i) {
          if (clients[i]->host) {
            clients[i]->host->session().tick(now());
            collect(i);
          }
        }
      } else {
        time = end;
      }
    }
  }

  // Calls into a client's session, then relays what comes out.
  template <class F>
  auto with(std::size_t index, F&& call) {
    auto result = call(clients[index]->host->session());
    collect(index);
    return result;
  }

  Badge badge(std::size_t index) { return clients[index]->host->badge(time); }
  Session& session(std::size_t index) { return clients[index]->host->session(); }
  NativeHost& host(std::size_t index) { return *clients[index]->host; }
  const LeafId& id(std::size_t index) const { return clients[index]->leaf->id(); }

  bool has_reason(std::size_t index, Reason reason, std::optional<std::size_t> who) {
    const Badge badge = this->badge(index);
    for (const BadgeReason& one : badge.reasons) {
      if (one.reason == reason && (!who || one.who == id(*who))) {
        return true;
      }
    }
    return false;
  }

  // True when every present client sees the same roster, reads everybody, and its badge holds.
  testing::AssertionResult converged() {
    std::optional<RosterHash> hash;
    for (std::size_t i = 0; i < clients.size(); ++i) {
      if (!clients[i]->present) {
        continue;
      }
      const RosterHash mine = session(i).roster()->hash();
      if (hash && *hash != mine) {
        return testing::AssertionFailure() << i << " sees another roster";
      }
      hash = mine;
      const Badge badge = this->badge(i);
      if (badge.state == BadgeState::amber) {
        return testing::AssertionFailure()
               << i << " is amber: " << name(badge.reasons.front().reason);
      }
      for (std::size_t j = 0; j < clients.size(); ++j) {
        if (i != j && clients[j]->present && !reads(i, j)) {
          return testing::AssertionFailure() << i << " cannot read " << j;
        }
      }
    }
    return testing::AssertionSuccess();
  }
  bool reads(std::size_t reader, std::size_t sender) {
    const Buffer frame(40, 0x11);
    const Result<Buffer> sealed = host(sender).seal(Track::audio, Codec::opus, frame);
    return sealed &&
           host(reader).open(id(sender), Track::audio, Codec::opus, *sealed, time) == frame;
  }

  void deliver(std::size_t to, std::function<void()> act) {
    const Instant at = std::max(
        time + Duration::milliseconds(static_cast<std::int64_t>(1 + random.below(delay_ms_max))),
        clients[to]->last_arrival);
    clients[to]->last_arrival = at;
    events.push(Event{at, ++sequence, to, [this, to, act = std::move(act)] {
                        if (clients[to]->host) {
                          act();
                        }
                      }});
  }

  // Takes a client's outputs and plays the server for them.
  void collect(std::size_t index) {
    Client& client = *clients[index];
    if (!client.host) {
      return;
    }
    client.host->pump(now());
    for (Output& output : client.host->take()) {
      relay(index, output);
    }
  }

  TestRandom random;
  RoomId room;
  Link link;
  std::unique_ptr<DevicePrivateKey> host_device;
  std::vector<std::unique_ptr<Client>> clients;
  std::vector<Buffer> statements;
  Tamper tamper;
  TamperRoster tamper_roster;
  std::vector<Buffer> captured;  // every message that the server relayed
  std::uint64_t delay_ms_max = 40;
  Instant time = Instant::from_ns(1000000000);
  Instant last_tick = Instant::from_ns(1000000000);

 private:
  struct Event {
    Instant at;
    std::uint64_t sequence;
    std::size_t client;
    std::function<void()> act;
    bool operator<(const Event& other) const {
      return at != other.at ? at > other.at : sequence > other.sequence;
    }
  };

  std::optional<std::size_t> index_of(const LeafId& leaf) const {
    for (std::size_t i = 0; i < clients.size(); ++i) {
      if (clients[i]->leaf && clients[i]->leaf->id() == leaf) {
        return i;
      }
    }
    return std::nullopt;
  }

  void relay(std::size_t from, Output& output) {
    if (LeafReady* const ready = std::get_if<LeafReady>(&output)) {
      clients[from]->leaf = ready->leaf;
    } else if (SendKey* const key = std::get_if<SendKey>(&output)) {
      captured.push_back(key->message);
      if (const std::optional<std::size_t> to = index_of(key->to)) {
        relay_to(from, *to, SendKey{key->to, key->message});
      }
    } else if (SendData* const data = std::get_if<SendData>(&output)) {
      captured.push_back(data->frame);
      for (std::size_t to = 0; to < clients.size(); ++to) {
        relay_to(from, to, SendData{data->frame});
      }
    } else if (SendStatement* const statement = std::get_if<SendStatement>(&output)) {
      server_takes(statement->statement);
      for (std::size_t to = 0; to < clients.size(); ++to) {
        relay_to(from, to, SendStatement{statement->statement});
      }
      broadcast_roster();
    } else {
      clients[from]->news.push_back(std::move(output));
    }
  }

  void relay_to(std::size_t from, std::size_t to, Output message) {
    if (from == to || !clients[to]->present || !clients[from]->present) {
      return;
    }
    if (tamper && !tamper(from, to, message)) {
      return;
    }
    auto shared = std::make_shared<Output>(std::move(message));
    deliver(to, [this, from, to, shared] {
      Session& session = clients[to]->host->session();
      if (const SendKey* const key = std::get_if<SendKey>(&*shared)) {
        session.on_key(id(from), key->message, now());
      } else if (const SendData* const data = std::get_if<SendData>(&*shared)) {
        session.on_data(id(from), data->frame, now());
      } else if (const SendStatement* const said = std::get_if<SendStatement>(&*shared)) {
        session.on_statement(said->statement, now());
      }
    });
  }

  void server_takes(const Buffer& bytes) {
    statements.push_back(bytes);
    const StatementFields fields = Statement::parse(bytes, room.hash())->fields();
    const std::optional<std::size_t> subject = index_of(LeafId(fields.subject));
    if (fields.kind == StatementKind::admit && subject && clients[*subject]->waiting) {
      join(*subject);
    } else if (fields.kind == StatementKind::remove && subject) {
      clients[*subject]->present = false;
      clients[*subject]->waiting = false;
    }
  }

  std::priority_queue<Event> events;
  std::uint64_t sequence = 0;
};

}  // namespace v100::e2ee
