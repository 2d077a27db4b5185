// A server of identity, meeting and signaling in the virtual world, an sfu that only takes notes,
// and short ways to ask what a client was told. For signaling's tests.
#pragma once

#include <gtest/gtest.h>

#include "base/text.h"
#include "svc/identity/identity.h"
#include "svc/meeting/meeting.h"
#include "svc/sfu/api.h"
#include "svc/signaling/signaling.h"
#include "testing/signal_client.h"

namespace v100::testing_world {

// Keys are made once: a key pair a test would be most of its time.
inline const Device& device(std::size_t n) {
  static std::vector<std::unique_ptr<Device>> devices;
  while (devices.size() <= n) {
    devices.push_back(std::make_unique<Device>(1000 + devices.size()));
  }
  return *devices[n];
}

// In the sfu's place: notes what it is asked and answers offers.
struct FakeSfu final : Service {
  std::vector<std::string> asked;
  sfu::Offer offer;
  Errc refuse = Errc::conflict;
  bool refuses = false;
  void open(Router& router) override {
    router.on("offer", [this](Bytes request, Reply reply) {
      offer = *sfu::decode_offer(request);
      refuses ? reply.error(refuse, "sfu: no") : reply.ok(to_buffer(as_bytes("an answer")));
    });
    router.on("mute", [this](Bytes request, Reply reply) {
      const sfu::Mute mute = *sfu::decode_mute(request);
      asked.push_back((mute.muted ? "mute " : "unmute ") + mute.member.substr(0, 6) + " " +
                      std::string(sfu::name(mute.track)));
      reply.ok({});
    });
    for (const char* method : {"leave", "remove", "close", "view"}) {
      router.on(method, [this, method](Bytes request, Reply reply) {
        const auto leave = sfu::decode_leave(request);
        asked.push_back(std::string(method) + (leave ? " " + leave->member.substr(0, 6) : ""));
        reply.ok({});
      });
    }
  }
};

struct Fixture {
  World world{7};
  signaling::RelayTap* tap = nullptr;
  FakeSfu* sfu = nullptr;
  e2ee::RoomId room = *e2ee::RoomId::parse("abcd-efgh-jkmn");

  explicit Fixture(bool lobby = false, signaling::RelayTap* with = nullptr) : tap(with) {
    start();
    const HttpAnswer made = world.http("POST", "/v1/rooms",
                                       "{\"host\":\"" + to_hex(device(0).fingerprint().value()) +
                                           "\",\"lobby\":" + (lobby ? "true}" : "false}"));
    const auto document = wire::JsonDocument::parse(made.body, 1000);
    room = *e2ee::RoomId::parse(*document->root()["room"].text());
  }
  void start() {
    world.add("identity", identity::make_identity(world.env()));
    world.add("meeting", meeting::make_meeting(world.env()));
    auto fake = std::make_unique<FakeSfu>();
    sfu = fake.get();
    world.add("sfu", std::move(fake));
    world.add("signaling", signaling::make_signaling({"0.1.0", 3478}, world.env(), world, tap));
  }
  void restart() {
    world.close_services();
    start();
  }
  SignalClient client(std::size_t n) { return SignalClient(world, device(n), room); }
  e2ee::Leaf leaf(std::size_t n, std::uint8_t nonce = 1) { return device(n).leaf(room, nonce); }
  // Connected, hello said, with what came cleared if it became a member.
  SignalClient joined(std::size_t n) {
    SignalClient out = client(n);
    out.connect();
    out.hello(leaf(n));
    EXPECT_TRUE(out.last("welcome").exists()) << n << ": " << out.types();
    out.clear();
    return out;
  }
  std::uint64_t refused(const char* reason) {
    return world.meter["v100_signal_refused_total{reason=\"" + std::string(reason) + "\"}"];
  }
  HttpAnswer info() { return world.http("GET", "/v1/rooms/" + std::string(room.text()), ""); }
};

inline std::string id_of(const e2ee::Leaf& leaf) { return to_hex(leaf.id().value()); }

// "id6:role" of each, '-' behind those without leaf, '!' behind those not connected.
inline std::string summary(wire::JsonValue roster, const char* list = "members") {
  std::string out;
  for (const wire::JsonValue member : roster[list]) {
    out += std::string(member["id"].text()->substr(0, 6));
    out += member["role"].exists() ? ":" + std::string(*member["role"].text()) : "";
    out += member["leaf"].exists() ? "" : "-";
    out += member["connected"].exists() && !*member["connected"].boolean() ? "! " : " ";
  }
  return out;
}
inline bool shows(wire::JsonValue roster, const e2ee::Leaf& leaf, const char* list = "members") {
  for (const wire::JsonValue member : roster[list]) {
    if (*member["id"].text() == id_of(leaf)) {
      return true;
    }
  }
  return false;
}
inline std::string bye(SignalClient& client) {
  const wire::JsonValue message = client.last("bye");
  return message.exists() ? std::string(*message["reason"].text()) : "none";
}
inline std::string error(SignalClient& client) {
  const wire::JsonValue message = client.last("error");
  return message.exists() ? std::string(*message["code"].text()) : "none";
}
inline std::string data_message(std::string_view bytes, const std::string& to = {}) {
  return "{\"t\":\"data\",\"msg\":\"" + to_base64url(as_bytes(bytes)) + "\"" +
         (to.empty() ? "}" : ",\"to\":\"" + to + "\"}");
}

}  // namespace v100::testing_world
