// If this fails, members cannot connect to the sfu, media does not reach the others, or one
// member's leaving, restart or reload disturbs the rest.
#include "svc/sfu/sfu.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <random>

#include "rtc/dtls.h"
#include "rtc/outbox.h"
#include "rtc/transport.h"
#include "svc/sfu/api.h"
#include "wire/rtp.h"
#include "wire/sdp.h"

namespace v100::sfu {
namespace {

class SeededRandom final : public Random {
 public:
  void fill(MutBytes out) override {
    for (std::uint8_t& byte : out) {
      byte = static_cast<std::uint8_t>(engine_());
    }
  }

 private:
  std::mt19937_64 engine_{7};
};

rtc::DtlsContext& context(std::size_t which) {
  static const std::unique_ptr<rtc::DtlsContext> contexts[] = {
      *rtc::DtlsContext::make(1790000000), *rtc::DtlsContext::make(1790000000),
      *rtc::DtlsContext::make(1790000000), *rtc::DtlsContext::make(1790000000)};
  return *contexts[which];
}

// A browser, as far as the sfu can tell: offers by hand, a real client transport underneath.
struct Client {
  Client(std::string n, std::size_t c, std::uint16_t port)
      : name(std::move(n)), certificate(c), address(*Address::parse("192.0.2.9", port)) {}
  std::string name;
  std::size_t certificate;
  Address address;
  rtc::IceCredentials local;
  std::unique_ptr<rtc::Transport> transport;
  std::vector<SendLine> sends;
  std::vector<ReceiveLine> receives;
  std::vector<Buffer> media, control;
  std::uint16_t sequence = 100;
};

const Address server_address = *Address::parse("192.0.2.1", 3478);

struct World : Clock, Bus, Store, Meter, Log, Router, Datagrams {
  World()
      : service(make_sfu({{server_address}}, {*this, random, *this, *this, *this, *this}, *this,
                         context(0), nullptr)) {
    service->open(*this);
  }

  Instant now() override { return time; }
  WallTime wall() override { return WallTime(1790000000000); }
  void call(std::string_view, std::string_view, Bytes, Reply::Sink done) override {
    done(fail(Errc::not_found, "none"));
  }
  void post(std::string_view service_name, std::string_view method, Bytes request) override {
    EXPECT_EQ(service_name, "signaling");
    EXPECT_EQ(method, "sfu");
    events.push_back(*decode_event(request));
  }
  Result<Buffer> get(std::string_view, std::string_view) override {
    return fail(Errc::not_found, "none");
  }
  Result<std::vector<Record>> scan(std::string_view, std::string_view, std::size_t) override {
    return std::vector<Record>();
  }
  void commit(Batch, Done done) override { done({}); }
  void count(std::string_view n, std::string_view label, std::uint64_t add) override {
    counters[std::string(n) + std::string(label)] += add;
  }
  void gauge(std::string_view n, std::string_view, std::int64_t value) override {
    counters[std::string(n)] = static_cast<std::uint64_t>(value);
  }
  void write(Level, std::string_view, std::initializer_list<Field>) override {}
  void on(std::string_view method, Handler h) override {
    handlers[std::string(method)] = std::move(h);
  }
  void http(std::string_view, std::string_view, HttpHandler) override {}
  void socket(std::string_view, SocketHandler&) override {}
  void datagrams(DatagramHandler& h) override { handler = &h; }
  void send(std::span<const Datagram> batch) override {
    for (const Datagram& d : batch) {
      to_clients.push_back({d.peer, to_buffer(d.bytes)});
    }
  }

  Result<Buffer> ask(const char* method, Bytes request) {
    Result<Buffer> out = fail(Errc::unavailable, "no answer");
    handlers.at(method)(request, Reply([&](Result<Buffer> answer) { out = std::move(answer); }));
    return out;
  }

  std::string offer_text(const Client& c) {
    sdp::Session s;
    const auto add = [&](const std::string& mid, Track track, sdp::Direction direction) {
      sdp::Media& m = s.media.emplace_back();
      const bool video = track == Track::camera || track == Track::screen;
      m.kind_name = video ? "video" : "audio";
      m.port = 9;
      m.protocol = "UDP/TLS/RTP/SAVPF";
      m.formats = {video ? "96" : "111"};
      m.codecs = {video ? sdp::Codec{96, "VP8", 90000, 1, "", {"nack"}}
                        : sdp::Codec{111, "opus", 48000, 2, "", {}}};
      m.mid = mid;
      m.direction = direction;
      m.rtcp_mux = true;
      m.extensions = {{4, "urn:ietf:params:rtp-hdrext:sdes:mid"}};
      m.transport = {c.local.ufrag, c.local.pwd, {}, "actpass"};
      m.transport.fingerprints.push_back(
          {"sha-256", to_buffer(context(c.certificate).fingerprint())});
      s.bundle.push_back(mid);
    };
    for (const SendLine& l : c.sends) {
      add(l.mid, l.track, sdp::Direction::sendonly);
    }
    for (const ReceiveLine& l : c.receives) {
      add(l.mid, l.track, sdp::Direction::recvonly);
    }
    return sdp::write(s);
  }

  // Offers and takes the answer; a new transport where there is none, else an ICE restart where
  // the credentials are new.
  Result<std::string> offer(Client& c, bool restart = false) {
    const bool fresh = c.transport == nullptr;
    if (fresh || restart) {
      c.local = rtc::IceCredentials::make(random);
    }
    const Result<Buffer> got =
        ask("offer", encode(Offer{"room", c.name, offer_text(c), c.sends, c.receives}));
    if (!got) {
      return std::unexpected(got.error());
    }
    const std::string answer(as_text(*got));
    const auto parsed = sdp::parse(answer);
    const rtc::IceCredentials remote{parsed->media[0].transport.ufrag,
                                     parsed->media[0].transport.pwd};
    if (fresh) {
      rtc::TransportConfig config;
      config.side = rtc::TransportSide::client;
      config.local = c.local;
      config.remote = remote;
      config.remote_fingerprint = context(0).fingerprint();
      config.remote_address = server_address;
      c.transport = std::make_unique<rtc::Transport>(config, context(c.certificate), random, time);
    } else if (restart) {
      c.transport->restart(c.local, remote, time);
    }
    return answer;
  }

  void take(Client& c, rtc::Outbox& box) {
    for (const Datagram& d : box.datagrams()) {
      Buffer bytes = to_buffer(d.bytes);
      Datagram in{c.address, bytes, time};
      handler->on_datagrams(time, std::span(&in, 1));
    }
    box.clear();
  }

  // Runs everybody for `ms` of virtual time.
  void run(std::vector<Client*> clients, int ms) {
    rtc::Outbox box(64);
    std::vector<rtc::TransportEvent> told;
    for (int t = 0; t < ms; t += 10) {
      time = time + Duration::milliseconds(10);
      service->tick(time);
      for (Client* c : clients) {
        rtc::TransportOut out{box, told};
        if (c->transport != nullptr && time >= c->transport->next_deadline()) {
          c->transport->on_timer(time, out);
        }
        take(*c, box);
        service->end_of_turn(time);
        auto arrived = std::exchange(to_clients, {});
        for (auto& [peer, bytes] : arrived) {
          for (Client* to : clients) {
            if (to->address == peer && to->transport != nullptr) {
              const rtc::Received got =
                  to->transport->on_datagram(time, server_address, bytes, out);
              if (got.kind == rtc::Received::Kind::rtp) {
                to->media.push_back(to_buffer(got.packet));
              } else if (got.kind == rtc::Received::Kind::rtcp) {
                to->control.push_back(to_buffer(got.packet));
              }
              take(*to, box);
            }
          }
        }
      }
    }
  }

  void speak(Client& c, std::uint8_t mark) {
    Buffer packet(1500);
    const rtp::Extension mid{4, as_bytes(c.sends[0].mid)};
    std::size_t size = rtp::write_header(
        packet, {false, 111, c.sequence, 960u * c.sequence, 1000u + c.address.port},
        std::span(&mid, 1));
    ++c.sequence;
    for (int i = 0; i < 40; ++i) {
      packet[size++] = mark;
    }
    const auto sealed = c.transport->protect_rtp(packet, size);
    ASSERT_TRUE(sealed);
    Datagram in{c.address, MutBytes(packet).first(*sealed), time};
    handler->on_datagrams(time, std::span(&in, 1));
    service->end_of_turn(time);
  }
  std::size_t told(EventKind kind, const std::string& member) {
    return static_cast<std::size_t>(std::count_if(
        events.begin(), events.end(),
        [&](const Event& e) { return e.kind == kind && e.member == member && e.room == "room"; }));
  }

  SeededRandom random;
  Instant time = Instant::from_ns(5000000000);
  std::map<std::string, Handler> handlers;
  std::map<std::string, std::uint64_t> counters;
  std::vector<Event> events;
  DatagramHandler* handler = nullptr;
  std::vector<std::pair<Address, Buffer>> to_clients;
  std::unique_ptr<Service> service;
};

struct Pair : World {
  Client a{"alice", 1, 1001}, b{"bob", 2, 1002};
  Pair() {
    a.sends = {{"0", Track::audio}};
    a.receives = {{"1", "bob", Track::audio, 0}};
    b.sends = {{"0", Track::audio}};
    b.receives = {{"1", "alice", Track::audio, 0}};
  }
  void connect() {
    ASSERT_TRUE(offer(a));
    ASSERT_TRUE(offer(b));
    run({&a, &b}, 600);
    ASSERT_TRUE(a.transport->connected());
    ASSERT_TRUE(b.transport->connected());
  }
  // What `to` hears when `from` speaks now.
  int hears(Client& from, Client& to, std::uint8_t mark) {
    to.media.clear();
    speak(from, mark);
    run({&a, &b}, 20);
    return to.media.size() == 1 ? to.media[0].back() : -1;
  }
};

TEST(Sfu, TwoMembersHearEachOther) {
  Pair w;
  w.connect();
  EXPECT_EQ(w.told(EventKind::connected, "alice"), 1u);
  EXPECT_EQ(w.hears(w.a, w.b, 7), 7);
  EXPECT_EQ(w.hears(w.b, w.a, 9), 9);
  w.run({&w.a, &w.b}, 2500);
  EXPECT_EQ(w.told(EventKind::track_active, "alice"), 1u);
  EXPECT_EQ(w.told(EventKind::track_idle, "alice"), 1u);
  EXPECT_GE(w.told(EventKind::quality, "bob"), 1u);
  EXPECT_FALSE(w.a.control.empty());  // receiver reports
  EXPECT_EQ(w.counters.at("v100_sfu_rtp_packets_totalway=\"in\""), 2u);
  EXPECT_EQ(w.counters.at("v100_sfu_members"), 2u);
}

TEST(Sfu, AnIceRestartAndAReloadDoNotDisturbTheOther) {
  Pair w;
  w.connect();
  EXPECT_EQ(w.hears(w.a, w.b, 1), 1);
  const auto before = sdp::parse(*w.offer(w.a));
  const auto after = sdp::parse(*w.offer(w.a, true));
  EXPECT_NE(before->media[0].transport.ufrag, after->media[0].transport.ufrag);
  EXPECT_EQ(before->media[1].ssrcs[0].ssrc, after->media[1].ssrcs[0].ssrc);
  w.a.address.port = 2001;  // another network
  w.run({&w.a, &w.b}, 600);
  EXPECT_EQ(w.hears(w.a, w.b, 2), 2);
  EXPECT_EQ(w.hears(w.b, w.a, 3), 3);
  EXPECT_EQ(w.told(EventKind::connected, "alice"), 1u);  // DTLS stood through it
  // A reload: new certificate, new peer connection; bob's subscription finds the new stream.
  w.a.certificate = 3;
  w.a.transport = nullptr;
  w.a.address.port = 2002;
  ASSERT_TRUE(w.offer(w.a));
  w.run({&w.a, &w.b}, 600);
  EXPECT_EQ(w.told(EventKind::connected, "alice"), 2u);
  EXPECT_EQ(w.hears(w.a, w.b, 4), 4);
  EXPECT_EQ(w.hears(w.b, w.a, 5), 5);
}

TEST(Sfu, MuteLeaveAndClose) {
  Pair w;
  w.connect();
  ASSERT_TRUE(w.ask("mute", encode(Mute{"room", "alice", Track::audio, true})));
  EXPECT_EQ(w.hears(w.a, w.b, 1), -1);
  ASSERT_TRUE(w.ask("mute", encode(Mute{"room", "alice", Track::audio, false})));
  EXPECT_EQ(w.hears(w.a, w.b, 2), 2);
  ASSERT_TRUE(w.ask("view", encode(View{"room", "bob", "1", 0})));
  EXPECT_EQ(w.hears(w.a, w.b, 3), -1);
  ASSERT_TRUE(w.ask("view", encode(View{"room", "bob", "1", 100})));
  EXPECT_EQ(w.hears(w.a, w.b, 4), 4);
  ASSERT_TRUE(w.ask("leave", encode(Leave{"room", "alice"})));
  ASSERT_TRUE(w.ask("leave", encode(Leave{"room", "alice"})));
  EXPECT_EQ(w.hears(w.a, w.b, 5), -1);
  ASSERT_TRUE(w.ask("close", encode(CloseRoom{"room"})));
  w.run({&w.a, &w.b}, 1100);
  EXPECT_EQ(w.counters.at("v100_sfu_rooms"), 0u);
}

TEST(Sfu, SilenceEndsAConnectionAndOnlyANewOneHelps) {
  Pair w;
  w.connect();
  w.run({&w.b}, 40000);  // alice's machine is gone
  EXPECT_EQ(w.told(EventKind::failed, "alice"), 1u);
  EXPECT_EQ(w.told(EventKind::failed, "bob"), 0u);
  EXPECT_EQ(w.offer(w.a, true).error().code, Errc::conflict);
  w.a.transport = nullptr;
  w.a.certificate = 3;
  ASSERT_TRUE(w.offer(w.a));
  w.run({&w.a, &w.b}, 600);
  EXPECT_EQ(w.hears(w.a, w.b, 8), 8);
}

TEST(Sfu, SaysWhyItRefuses) {
  Pair w;
  EXPECT_EQ(w.ask("offer", as_bytes("x")).error().code, Errc::malformed);
  EXPECT_EQ(w.ask("offer", encode(Offer{"room", "m", "nonsense", {}, {}})).error().code,
            Errc::malformed);
  w.a.local = rtc::IceCredentials::make(w.random);
  const std::string text = w.offer_text(w.a);
  const auto refuse = [&](std::vector<SendLine> sends, std::vector<ReceiveLine> receives) {
    return w.ask("offer", encode(Offer{"room", "m", text, sends, receives})).error().code;
  };
  EXPECT_EQ(refuse({{"9", Track::audio}}, {}), Errc::not_found);
  EXPECT_EQ(refuse({{"0", Track::audio}, {"1", Track::audio}}, {}), Errc::malformed);
  EXPECT_EQ(refuse({{"0", Track::audio}}, {{"0", "x", Track::audio, 0}}), Errc::malformed);
  w.run({}, 1100);
  EXPECT_EQ(w.counters.at("v100_sfu_members"), 0u);  // refused first offers leave nothing behind
  w.service->drain();
  EXPECT_EQ(refuse({{"0", Track::audio}}, {}), Errc::unavailable);
}

TEST(SfuApi, MessagesRoundTripAndCutOnesAreRefused) {
  const Offer offer{"r", "m", "sdp", {{"0", Track::screen}}, {{"1", "n", Track::camera, 720}}};
  const Buffer bytes = encode(offer);
  const auto back = decode_offer(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->receives[0].height, 720);
  EXPECT_EQ(back->sends[0].track, Track::screen);
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(decode_offer(Bytes(bytes).first(n)));
  }
  Event event;
  event.kind = EventKind::quality;
  event.room = "r";
  event.rtt_ms = 12;
  event.down_kbps = 5;
  const Buffer told = encode(event);
  EXPECT_EQ(decode_event(told)->rtt_ms, 12);
  for (std::size_t n = 0; n < told.size(); ++n) {
    EXPECT_FALSE(decode_event(Bytes(told).first(n)));
  }
  EXPECT_FALSE(decode_mute(encode(View{"r", "m", "1", 2})));
  EXPECT_EQ(*track_from_name("screen-audio"), Track::screen_audio);
  EXPECT_FALSE(track_from_name("x"));
}

}  // namespace
}  // namespace v100::sfu
