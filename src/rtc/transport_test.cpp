// If this fails, a browser cannot connect, connects to the wrong peer, or media flows to or from
// somebody who did not prove who they are.
#include "rtc/transport.h"

#include <gtest/gtest.h>
#include <map>
#include <random>

#include "rtc/mux.h"
#include "wire/stun.h"

namespace v100::rtc {
namespace {

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  void fill(MutBytes out) override {
    for (std::uint8_t& byte : out) {
      byte = static_cast<std::uint8_t>(engine_());
    }
  }

 private:
  std::mt19937_64 engine_;
};

constexpr std::int64_t some_day = 1790000000;

DtlsContext& context(int which) {
  static const std::unique_ptr<DtlsContext> contexts[] = {
      *DtlsContext::make(some_day), *DtlsContext::make(some_day), *DtlsContext::make(some_day)};
  return *contexts[which];
}

Address v4(const char* ip, std::uint16_t port) { return *Address::parse(ip, port); }

Instant at_ms(std::int64_t ms) { return Instant::from_ns(0) + Duration::milliseconds(ms); }

// What the network does to datagrams, by chance from a seed.
struct Weather {
  double loss = 0;
  double duplicate = 0;
  std::int64_t delay_ms = 1;
  std::int64_t jitter_ms = 0;  // more than zero reorders
};

// A server behind its Mux, a client, a network between them, and a clock that only the test moves.
struct World {
  explicit World(std::uint64_t seed = 1, Weather w = {}, int claimed_client = 1)
      : random(seed),
        chance(seed),
        weather(w),
        mux(seed),
        server_creds(IceCredentials::make(random)),
        client_creds(IceCredentials::make(random)),
        server({.side = TransportSide::server,
                .local = server_creds,
                .remote = client_creds,
                .remote_fingerprint = context(claimed_client).fingerprint(),
                .remote_address = {}},
               context(0), random, now),
        client({.side = TransportSide::client,
                .local = client_creds,
                .remote = server_creds,
                .remote_fingerprint = context(0).fingerprint(),
                .remote_address = server_at},
               context(1), random, now) {
    EXPECT_TRUE(mux.add(id, server_creds.ufrag));
  }

  // Puts what is in the outbox on its way.
  void carry(const Address& from) {
    for (const Datagram& datagram : box.datagrams()) {
      EXPECT_LE(datagram.bytes.size(), 1200u);
      const auto roll = [&] { return std::uniform_real_distribution<double>(0, 1)(chance); };
      const int copies = roll() < weather.loss ? 0 : roll() < weather.duplicate ? 2 : 1;
      for (int i = 0; i < copies; ++i) {
        const std::int64_t jitter =
            weather.jitter_ms == 0
                ? 0
                : static_cast<std::int64_t>(chance() % 1000) * weather.jitter_ms / 1000;
        air.emplace(now + Duration::milliseconds(weather.delay_ms + jitter),
                    Flying{from, datagram.peer, to_buffer(datagram.bytes)});
      }
    }
    box.clear();
  }

  void deliver(const Address& from, const Address& to, Buffer bytes) {
    if (to == server_at) {
      const std::optional<TransportId> found = mux.find(from, bytes);
      if (!found) {
        return;
      }
      TransportOut out{box, server_events};
      const std::size_t before = server_events.size();
      const Received got = server.on_datagram(now, from, bytes, out);
      for (std::size_t i = before; i < server_events.size(); ++i) {
        if (server_events[i].kind == TransportEvent::Kind::path) {
          mux.bind(server_events[i].address, id);
        }
      }
      if (got.kind != Received::Kind::nothing) {
        at_server.push_back(to_buffer(got.packet));
      }
      carry(server_at);
    } else if (to == client_at) {
      TransportOut out{box, client_events};
      const Received got = client.on_datagram(now, from, bytes, out);
      if (got.kind != Received::Kind::nothing) {
        at_client.push_back(to_buffer(got.packet));
      }
      carry(client_at);
    }
  }

  // Runs until `until`, timers and deliveries in order of time.
  void run(Instant until) {
    for (;;) {
      const Instant timer = std::min(server.next_deadline(), client.next_deadline());
      const Instant flight = air.empty() ? never : air.begin()->first;
      const Instant next = std::min(timer, flight);
      if (next > until) {
        break;
      }
      now = std::max(now, next);
      if (flight <= timer) {
        Flying f = std::move(air.begin()->second);
        air.erase(air.begin());
        deliver(f.from, f.to, std::move(f.bytes));
        continue;
      }
      TransportOut server_out{box, server_events};
      server.on_timer(now, server_out);
      carry(server_at);
      TransportOut client_out{box, client_events};
      client.on_timer(now, client_out);
      carry(client_at);
    }
    now = until;
  }

  bool connect(std::int64_t within_ms = 20000) {
    const Instant end = now + Duration::milliseconds(within_ms);
    while (now < end && !(server.connected() && client.connected())) {
      run(now + Duration::milliseconds(50));
    }
    return server.connected() && client.connected();
  }

  struct Flying {
    Address from;
    Address to;
    Buffer bytes;
  };

  Instant now = at_ms(1000);
  SeededRandom random;
  std::mt19937_64 chance;
  Weather weather;
  Address server_at = v4("192.0.2.1", 3478);
  Address client_at = v4("198.51.100.7", 50000);
  TransportId id{7};
  Mux mux;
  IceCredentials server_creds;
  IceCredentials client_creds;
  Transport server;
  Transport client;
  Outbox box{64};
  std::multimap<Instant, Flying> air;
  std::vector<TransportEvent> server_events;
  std::vector<TransportEvent> client_events;
  std::vector<Buffer> at_server;
  std::vector<Buffer> at_client;
};

Buffer rtp(std::uint16_t sequence) {
  Buffer packet(12 + 100, 0x55);
  packet[0] = 0x80;
  packet[1] = 96;
  store_be(&packet[2], sequence);
  store_be<std::uint32_t>(&packet[8], 1234);
  return packet;
}

Buffer protected_rtp(Transport& from, std::uint16_t sequence) {
  Buffer packet = rtp(sequence);
  const std::size_t bytes = packet.size();
  packet.resize(bytes + srtp_rtp_overhead);
  const Result<std::size_t> n = from.protect_rtp(packet, bytes);
  EXPECT_TRUE(n);
  packet.resize(n.value_or(0));
  return packet;
}

const TransportEvent* find(const std::vector<TransportEvent>& events, TransportEvent::Kind kind) {
  for (const TransportEvent& event : events) {
    if (event.kind == kind) {
      return &event;
    }
  }
  return nullptr;
}

TEST(Transport, ConnectsAndCarriesMediaBothWays) {
  World world;
  ASSERT_TRUE(world.connect());
  const TransportEvent* const event = find(world.server_events, TransportEvent::Kind::connected);
  ASSERT_NE(event, nullptr);
  EXPECT_EQ(event->dtls.version, 0xfefd);
  EXPECT_STREQ(event->dtls.group, "x25519");
  EXPECT_STREQ(event->dtls.cipher, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384");
  EXPECT_EQ(event->dtls.srtp, SrtpProfile::aead_aes_256_gcm);
  EXPECT_EQ(world.server_events[0].kind, TransportEvent::Kind::path);
  EXPECT_EQ(world.server_events[0].address, world.client_at);

  world.deliver(world.client_at, world.server_at, protected_rtp(world.client, 1));
  world.deliver(world.server_at, world.client_at, protected_rtp(world.server, 2));
  ASSERT_EQ(world.at_server.size(), 1u);
  ASSERT_EQ(world.at_client.size(), 1u);
  EXPECT_EQ(world.at_server[0], rtp(1));
  EXPECT_EQ(world.at_client[0], rtp(2));

  Buffer report(32, 0);
  report[0] = 0x80;
  report[1] = 200;
  Buffer wire = report;
  wire.resize(report.size() + srtp_rtcp_overhead);
  wire.resize(*world.server.protect_rtcp(wire, report.size()));
  world.deliver(world.server_at, world.client_at, wire);
  ASSERT_EQ(world.at_client.size(), 2u);
  EXPECT_EQ(world.at_client[1], report);
}

TEST(Transport, ConnectsThroughLossDuplicationAndReordering) {
  int connected = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    World world(seed, {.loss = 0.2, .duplicate = 0.1, .delay_ms = 20, .jitter_ms = 60});
    if (world.connect(28000)) {
      ++connected;
      world.weather = {};
      world.run(world.now + Duration::milliseconds(200));
      world.at_server.clear();
      world.deliver(world.client_at, world.server_at, protected_rtp(world.client, 1));
      EXPECT_EQ(world.at_server.size(), 1u) << "seed " << seed;
    } else {
      ADD_FAILURE() << "seed " << seed << " did not connect: server " << world.server.connected()
                    << " client " << world.client.connected();
    }
  }
  EXPECT_EQ(connected, 60);
}

// The last flight is the server's: when it is lost, only the client notices.
TEST(Transport, RepeatsItsLastFlightWhenThatIsLost) {
  World world;
  while (!world.server.connected()) {
    world.run(world.now + Duration::milliseconds(1));
  }
  world.air.clear();  // CCS and Finished are lost
  EXPECT_FALSE(world.client.connected());
  EXPECT_TRUE(world.connect(2000));
  // and no echo goes on once both are connected
  world.run(world.now + Duration::seconds(1));
  const std::uint64_t before = world.server.stats().dtls_datagrams;
  world.run(world.now + Duration::seconds(20));
  EXPECT_EQ(world.server.stats().dtls_datagrams, before);
}

TEST(Transport, AWrongCertificateGetsNoMedia) {
  World world(1, {}, 2);  // the SDP named another certificate than the client's
  EXPECT_FALSE(world.connect(3000));
  EXPECT_FALSE(world.server.connected());
  EXPECT_FALSE(world.client.connected());
  const TransportEvent* const event = find(world.server_events, TransportEvent::Kind::failed);
  ASSERT_NE(event, nullptr);
  EXPECT_EQ(event->error.code, Errc::unauthenticated);
  EXPECT_NE(find(world.client_events, TransportEvent::Kind::failed), nullptr);
  Buffer packet = rtp(1);
  packet.resize(packet.size() + 16);
  EXPECT_EQ(world.server.protect_rtp(packet, 112).error().code, Errc::unavailable);
}

TEST(Transport, ReplayedAndAlteredMediaIsCounted) {
  World world;
  ASSERT_TRUE(world.connect());
  const Buffer wire = protected_rtp(world.client, 1);
  world.deliver(world.client_at, world.server_at, wire);
  world.deliver(world.client_at, world.server_at, wire);
  Buffer bad = protected_rtp(world.client, 2);
  bad[20] ^= 1;
  world.deliver(world.client_at, world.server_at, bad);
  world.deliver(world.client_at, world.server_at, Buffer(wire.begin(), wire.begin() + 14));
  EXPECT_EQ(world.server.stats().rtp_in, 1u);
  EXPECT_EQ(world.server.stats().srtp_replayed, 1u);
  EXPECT_EQ(world.server.stats().srtp_unauthenticated, 1u);
  EXPECT_EQ(world.server.stats().srtp_malformed, 1u);
  // a stranger's address never reaches the transport
  const std::uint64_t dropped = world.mux.stats().dropped;
  world.deliver(v4("203.0.113.9", 1), world.server_at, protected_rtp(world.client, 3));
  EXPECT_EQ(world.mux.stats().dropped, dropped + 1);
  EXPECT_EQ(world.server.stats().rtp_in, 1u);
}

// ---- ICE ----

struct Check {
  std::string username;
  std::string pwd;
  bool nominate = true;
  bool controlled = false;
  bool integrity = true;
  bool fingerprint = true;
};

Buffer check(const Check& c) {
  ByteArray<wire::stun_message_bytes_max> buffer;
  wire::StunWriter writer(buffer, wire::StunType::binding_request, {1, 2, 3});
  writer.username(c.username);
  writer.priority(1);
  if (c.controlled) {
    writer.ice_controlled(5);
  } else {
    writer.ice_controlling(5);
  }
  if (c.nominate) {
    writer.use_candidate();
  }
  if (c.integrity) {
    crypto::Hmac hmac(crypto::Digest::sha1, as_bytes(c.pwd));
    writer.integrity([&](MutBytes mac, Bytes covered) { hmac.compute(mac, covered, {}); });
  }
  if (c.fingerprint) {
    writer.fingerprint();
  }
  return to_buffer(writer.message());
}

TEST(Ice, OnlyAuthenticatedChecksCountOrAreAnswered) {
  World world;
  const std::string name = world.server_creds.ufrag + ":" + world.client_creds.ufrag;
  const Address stranger = v4("203.0.113.9", 999);
  const auto answers = [&](const Check& c) {
    const std::size_t before = world.air.size();
    world.deliver(stranger, world.server_at, check(c));
    return world.air.size() - before;
  };
  EXPECT_EQ(answers({.username = name, .pwd = "wrong"}), 0u);
  EXPECT_EQ(answers({.username = name, .pwd = world.server_creds.pwd, .integrity = false}), 0u);
  EXPECT_EQ(answers({.username = name, .pwd = world.server_creds.pwd, .fingerprint = false}), 0u);
  EXPECT_EQ(
      answers({.username = world.server_creds.ufrag + ":other", .pwd = world.server_creds.pwd}),
      0u);
  EXPECT_EQ(world.server.stats().stun_refused, 4u);
  EXPECT_FALSE(world.server.path());
  EXPECT_TRUE(world.server_events.empty());
  EXPECT_EQ(answers({.username = "nobody:x", .pwd = "x"}), 0u);
  EXPECT_EQ(world.mux.stats().dropped, 1u);
  EXPECT_EQ(answers({.username = name, .pwd = world.server_creds.pwd}), 1u);
  EXPECT_EQ(world.server.path(), stranger);
}

TEST(Ice, TheAnswerTellsTheAddressAndIsAuthentic) {
  World world;
  for (const char* ip : {"203.0.113.9", "2001:db8::9"}) {
    const Address from = v4(ip, 4242);
    world.air.clear();
    world.deliver(from, world.server_at,
                  check({.username = world.server_creds.ufrag + ":" + world.client_creds.ufrag,
                         .pwd = world.server_creds.pwd}));
    ASSERT_EQ(world.air.size(), 1u);
    const Buffer& bytes = world.air.begin()->second.bytes;
    const Result<wire::StunMessage> answer = wire::parse_stun(bytes);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->type, wire::StunType::binding_response);
    EXPECT_EQ(answer->xor_mapped_address, from);
    EXPECT_TRUE(answer->has_fingerprint);
    crypto::Hmac hmac(crypto::Digest::sha1, as_bytes(world.server_creds.pwd));
    ByteArray<20> mac;
    hmac.compute(mac, answer->integrity_header, answer->integrity_body);
    EXPECT_TRUE(same(mac, answer->integrity_mac));
  }
}

TEST(Ice, APeerThatClaimsToBeControlledIsTold) {
  World world;
  world.deliver(v4("203.0.113.9", 4242), world.server_at,
                check({.username = world.server_creds.ufrag + ":" + world.client_creds.ufrag,
                       .pwd = world.server_creds.pwd,
                       .controlled = true}));
  ASSERT_EQ(world.air.size(), 1u);
  const Result<wire::StunMessage> answer = wire::parse_stun(world.air.begin()->second.bytes);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->type, wire::StunType::binding_error);
  EXPECT_EQ(answer->error_code, 487);
  EXPECT_FALSE(world.server.path());
}

TEST(Ice, ThePathMovesOnlyWhenNominated) {
  World world;
  ASSERT_TRUE(world.connect());
  const std::string name = world.server_creds.ufrag + ":" + world.client_creds.ufrag;
  const Address new_home = v4("203.0.113.77", 6000);
  world.deliver(new_home, world.server_at,
                check({.username = name, .pwd = world.server_creds.pwd, .nominate = false}));
  EXPECT_EQ(world.server.path(), world.client_at);
  world.deliver(new_home, world.server_at,
                check({.username = name, .pwd = "not it", .nominate = true}));
  EXPECT_EQ(world.server.path(), world.client_at);
  world.deliver(new_home, world.server_at,
                check({.username = name, .pwd = world.server_creds.pwd, .nominate = true}));
  EXPECT_EQ(world.server.path(), new_home);
  // media from the new address is heard at once, and from the old one for a while
  world.deliver(new_home, world.server_at, protected_rtp(world.client, 1));
  world.deliver(world.client_at, world.server_at, protected_rtp(world.client, 2));
  EXPECT_EQ(world.at_server.size(), 2u);
}

TEST(Ice, ConsentEndsThirtySecondsAfterTheLastCheck) {
  World world;
  ASSERT_TRUE(world.connect());
  world.run(world.now + Duration::seconds(120));
  EXPECT_TRUE(world.server.connected());  // the client keeps it fresh
  EXPECT_TRUE(world.client.connected());
  world.weather.loss = 1;
  world.run(world.now + Duration::seconds(23));
  EXPECT_TRUE(world.server.connected());
  world.run(world.now + Duration::seconds(8));
  EXPECT_FALSE(world.server.connected());
  EXPECT_FALSE(world.client.connected());
  const TransportEvent* const event = find(world.server_events, TransportEvent::Kind::failed);
  ASSERT_NE(event, nullptr);
  EXPECT_EQ(event->error.code, Errc::timed_out);
}

TEST(Ice, NobodyComesNobodyStays) {
  World world;
  world.weather.loss = 1;
  world.run(world.now + Duration::seconds(31));
  EXPECT_NE(find(world.server_events, TransportEvent::Kind::failed), nullptr);
  EXPECT_EQ(world.server.next_deadline(), never);
}

TEST(Ice, RestartKeepsMediaFlowing) {
  World world;
  ASSERT_TRUE(world.connect());
  const IceCredentials server_new = IceCredentials::make(world.random);
  const IceCredentials client_new = IceCredentials::make(world.random);
  ASSERT_TRUE(world.mux.add(world.id, server_new.ufrag));
  world.server.restart(server_new, client_new, world.now);
  world.deliver(world.client_at, world.server_at, protected_rtp(world.client, 1));
  EXPECT_EQ(world.at_server.size(), 1u);
  // the client comes back from another network
  world.client_at = v4("203.0.113.50", 5555);
  world.client.restart(client_new, server_new, world.now);
  world.run(world.now + Duration::milliseconds(500));
  EXPECT_EQ(world.server.path(), world.client_at);
  world.deliver(world.client_at, world.server_at, protected_rtp(world.client, 2));
  EXPECT_EQ(world.at_server.size(), 2u);
  // the old credentials are worth nothing now
  const std::uint64_t refused = world.server.stats().stun_refused;
  world.deliver(v4("203.0.113.99", 1), world.server_at,
                check({.username = world.server_creds.ufrag + ":" + world.client_creds.ufrag,
                       .pwd = world.server_creds.pwd}));
  EXPECT_EQ(world.server.stats().stun_refused, refused + 1);
  world.run(world.now + Duration::seconds(60));
  EXPECT_TRUE(world.server.connected());
}

TEST(Transport, CloseTellsThePeer) {
  World world;
  ASSERT_TRUE(world.connect());
  TransportOut out{world.box, world.client_events};
  world.client.close(out);
  world.carry(world.client_at);
  world.run(world.now + Duration::milliseconds(100));
  EXPECT_NE(find(world.server_events, TransportEvent::Kind::closed), nullptr);
  EXPECT_FALSE(world.server.connected());
}

// Somebody who can forge source addresses binds the victim's address to his own transport.
TEST(Mux, AStolenAddressComesBackWithTheNextCheck) {
  World world;
  ASSERT_TRUE(world.connect());
  const TransportId thief{66};
  ASSERT_TRUE(world.mux.add(thief, "thief"));
  world.mux.bind(world.client_at, thief);
  EXPECT_EQ(world.mux.find(world.client_at, rtp(1)), thief);
  world.run(world.now + Duration::seconds(7));
  EXPECT_EQ(world.mux.find(world.client_at, rtp(1)), world.id);
}

}  // namespace
}  // namespace v100::rtc
