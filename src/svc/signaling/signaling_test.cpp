// If this fails, a forged or replayed message is obeyed, or a call's members lose each other.
#include <gtest/gtest.h>

#include "svc/signaling/api.h"
#include "testing/signal_fixture.h"
#include "wire/ws.h"

namespace v100::signaling {
namespace {

using e2ee::StatementKind;
using testing_world::bye;
using testing_world::data_message;
using testing_world::device;
using testing_world::error;
using testing_world::Fixture;
using testing_world::id_of;
using testing_world::shows;
using testing_world::SignalClient;
using testing_world::summary;

TEST(Signaling, TwoJoinAndSeeEachOtherAndALeafIsShownOnce) {
  Fixture f;
  SignalClient a = f.client(0);
  a.connect();
  EXPECT_EQ(*a.last("challenge")["kex"].text(), "X25519MLKEM768");
  EXPECT_TRUE(*a.last("challenge")["pq"].boolean());
  a.hello(f.leaf(0));
  EXPECT_EQ(a.types(), "challenge welcome roster");
  EXPECT_EQ(*a.last("welcome")["you"].text(), id_of(f.leaf(0)));
  EXPECT_EQ(*a.last("welcome")["role"].text(), "host");
  EXPECT_EQ(*a.last("welcome")["media"]["udp"].integer(), 3478);
  EXPECT_FALSE(*a.last("welcome")["resumed"].boolean());
  SignalClient b = f.client(1);
  b.connect();
  b.hello(f.leaf(1));
  EXPECT_EQ(*b.last("welcome")["role"].text(), "guest");
  const wire::JsonValue seen_by_b = b.last("roster");
  EXPECT_EQ(seen_by_b["members"].size(), 2u);
  EXPECT_EQ(summary(seen_by_b).find('-'), std::string::npos);
  const wire::JsonValue seen_by_a = a.last("roster");
  EXPECT_EQ(seen_by_a["members"].size(), 2u);
  std::size_t without_leaf = 0;
  for (const wire::JsonValue member : seen_by_a["members"]) {
    const bool mine = *member["id"].text() == id_of(f.leaf(0));
    EXPECT_EQ(member["leaf"].exists(), !mine);
    without_leaf += member["leaf"].exists() ? 0 : 1;
    if (!mine) {
      EXPECT_TRUE(same(*member["leaf"].base64url(), f.leaf(1).bytes()));
    }
  }
  EXPECT_EQ(without_leaf, 1u);
  EXPECT_NE(as_text(f.info().body).find("\"members\":2"), std::string_view::npos);
}

TEST(Signaling, ForgedReplayedAndMalformedFramesAreRefusedAndTheTenthEndsIt) {
  Fixture f;
  SignalClient a = f.joined(0);
  Buffer forged = a.frame(R"({"t":"ping","at":1})");
  forged.back() ^= 1;
  a.send_raw(forged);
  EXPECT_EQ(error(a), "unauthenticated");
  a.say(R"({"t":"ping","at":2})");  // the forged one used no number up
  EXPECT_EQ(a.count("pong"), 1u);
  a.send_raw(a.frame(R"({"t":"ping","at":3})", 2));
  EXPECT_EQ(error(a), "conflict");
  a.send_raw(a.frame(R"({"t":"ping","at":3})", 9));
  EXPECT_EQ(a.count("pong"), 1u);
  EXPECT_EQ(f.refused("replay"), 2u);
  EXPECT_EQ(f.refused("signature"), 1u);
  a.send_raw(as_bytes("\x01short"));
  a.say(R"({"t":"nonsense"})");
  EXPECT_EQ(error(a), "unsupported");  // no sin
  for (int i = 0; i < 6; ++i) {
    EXPECT_TRUE(a.open());
    a.say("{\"t\":\"hello\"");
  }
  EXPECT_EQ(f.refused("malformed"), 7u);
  EXPECT_FALSE(a.open());
  EXPECT_EQ(*f.world.close_code(a.socket()), 4403);
}

TEST(Signaling, AFrameOfAnotherConnectionIsAForgery) {
  Fixture f;
  SignalClient a = f.client(0);
  a.connect();
  const Buffer hello = [&] {
    wire::JsonWriter out;
    out.object().key("t").text("hello").key("leaf").base64url(f.leaf(0).bytes()).end_object();
    return a.frame(out.view());
  }();
  SignalClient thief = f.client(1);
  thief.connect();
  thief.send_raw(hello);
  EXPECT_EQ(error(thief), "unauthenticated");
  EXPECT_FALSE(thief.last("welcome").exists());
  // A leaf is worth nothing without its device's key.
  thief.hello(f.leaf(0));
  EXPECT_EQ(error(thief), "unauthenticated");
  a.send_raw(hello);
  EXPECT_TRUE(a.last("welcome").exists());
}

TEST(Signaling, NothingButHelloAndPingBeforeTheRoom) {
  Fixture f;
  SignalClient a = f.client(0);
  a.connect();
  a.say(data_message("x"));
  EXPECT_EQ(error(a), "forbidden");
  Buffer bytes = to_buffer(f.leaf(1).bytes());
  bytes[40] ^= 1;
  wire::JsonWriter out;
  out.object().key("t").text("hello").key("leaf").base64url(bytes).end_object();
  a.say(out.view());
  EXPECT_FALSE(a.last("welcome").exists());
  SignalClient b = f.joined(1);
  b.hello(f.leaf(1));
  EXPECT_EQ(error(b), "forbidden");
}

TEST(Signaling, ALeafOfAnotherRoomIsRefused) {
  Fixture f;
  SignalClient a = f.client(0);
  a.connect();
  a.hello(device(0).leaf(*e2ee::RoomId::parse("0000-0000-0000"), 1));
  EXPECT_EQ(error(a), "forbidden");
  a.hello(f.leaf(0));
  EXPECT_TRUE(a.last("welcome").exists());
}

TEST(Signaling, AClassicalHopMustBeAccepted) {
  Fixture f;
  SignalClient a = f.client(0);
  a.connect(false);
  EXPECT_FALSE(*a.last("challenge")["pq"].boolean());
  a.hello(f.leaf(0));
  EXPECT_EQ(*a.last("error")["what"].text(), "classical hop");
  EXPECT_FALSE(a.last("welcome").exists());
  a.hello(f.leaf(0), true);
  EXPECT_TRUE(a.last("welcome").exists());
}

TEST(Signaling, RelaysKeysAndDataToWhomTheyAreFor) {
  Fixture f;
  SignalClient a = f.joined(0);
  SignalClient b = f.joined(1);
  SignalClient c = f.joined(2);
  b.clear();
  c.clear();
  a.say("{\"t\":\"keys\",\"list\":[{\"to\":\"" + id_of(f.leaf(1)) +
        "\",\"msg\":\"AAEC\"},{\"to\":\"" + id_of(f.leaf(5)) + "\",\"msg\":\"AAEC\"}]}");
  EXPECT_EQ(b.types(), "key");
  EXPECT_EQ(*b.last("key")["from"].text(), id_of(f.leaf(0)));
  EXPECT_EQ(*b.last("key")["msg"].text(), "AAEC");
  EXPECT_EQ(c.types(), "");
  EXPECT_EQ(f.world.meter["v100_signal_undeliverable_total"], 1u);
  b.say(data_message("to all"));
  b.say(data_message("to c", id_of(f.leaf(2))));
  EXPECT_EQ(a.count("data"), 1u);
  EXPECT_EQ(b.count("data"), 0u);
  EXPECT_EQ(c.count("data"), 2u);
  EXPECT_EQ(as_text(*c.last("data")["msg"].base64url()), "to c");
  std::string many = "{\"t\":\"keys\",\"list\":[";
  for (int i = 0; i < 41; ++i) {
    many += (i > 0 ? ",{\"to\":\"" : "{\"to\":\"") + id_of(f.leaf(1)) + "\",\"msg\":\"AA\"}";
  }
  a.say(many + "]}");
  EXPECT_EQ(error(a), "too_large");
}

TEST(Signaling, ALostSocketIsResumedAndMissesNothing) {
  Fixture f;
  SignalClient a = f.joined(0);
  SignalClient b = f.joined(1);
  a.clear();
  f.world.cut(b.socket());
  f.world.settle();
  EXPECT_EQ(a.types(), "roster");
  EXPECT_NE(summary(a.last("roster")).find('!'), std::string::npos);
  a.say("{\"t\":\"keys\",\"list\":[{\"to\":\"" + id_of(f.leaf(1)) + "\",\"msg\":\"AAEC\"}]}");
  a.say("{\"t\":\"keys\",\"list\":[{\"to\":\"" + id_of(f.leaf(1)) + "\",\"msg\":\"BBEC\"}]}");
  a.say(data_message("first"));
  a.say(data_message("second"));
  f.world.advance(Duration::seconds(29));
  b.connect();
  b.hello(f.leaf(1));
  EXPECT_EQ(b.types(), "challenge welcome roster key data data");
  EXPECT_TRUE(*b.last("welcome")["resumed"].boolean());
  EXPECT_EQ(*b.last("key")["msg"].text(), "BBEC");
  EXPECT_EQ(summary(b.last("roster")).find('-'), std::string::npos);
  EXPECT_EQ(summary(a.last("roster")).find('!'), std::string::npos);
  EXPECT_TRUE(f.sfu->asked.empty());
  f.world.advance(Duration::seconds(2));
  EXPECT_EQ(a.last("roster")["members"].size(), 2u);
}

TEST(Signaling, AfterThirtySecondsItHasLeft) {
  Fixture f;
  SignalClient a = f.joined(0);
  SignalClient b = f.joined(1);
  f.world.cut(b.socket());
  f.world.advance(Duration::seconds(31));
  EXPECT_EQ(a.last("roster")["members"].size(), 1u);
  EXPECT_EQ(f.sfu->asked, (std::vector<std::string>{"leave " + id_of(f.leaf(1)).substr(0, 6)}));
  b.connect();
  b.hello(f.leaf(1));
  EXPECT_FALSE(*b.last("welcome")["resumed"].boolean());
  // Its leaf is new to a's roster again: a client forgets who is shown no more.
  EXPECT_NE(summary(a.last("roster")).find(id_of(f.leaf(1)).substr(0, 6) + ":guest "),
            std::string::npos);
}

TEST(Signaling, AClosedTabHasLeftAfterFourSecondsUnlessItIsBack) {
  Fixture f;
  SignalClient a = f.joined(0);
  SignalClient b = f.joined(1);
  for (const std::uint16_t code : {wire::ws_close::normal, wire::ws_close::going_away}) {
    f.world.hang_up(b.socket(), code);
    f.world.advance(Duration::milliseconds(3900));
    EXPECT_EQ(a.last("roster")["members"].size(), 2u) << code;
    EXPECT_NE(summary(a.last("roster")).find('!'), std::string::npos);
    f.world.advance(Duration::milliseconds(500));
    EXPECT_EQ(a.last("roster")["members"].size(), 1u) << code;
    b.connect();
    b.hello(f.leaf(1));
    EXPECT_FALSE(*b.last("welcome")["resumed"].boolean());
  }
  // Back with the same leaf, as a page out of the browser's cache: it resumes.
  f.world.hang_up(b.socket(), 1000);
  f.world.advance(Duration::seconds(3));
  b.connect();
  b.hello(f.leaf(1));
  EXPECT_TRUE(*b.last("welcome")["resumed"].boolean());
  f.world.advance(Duration::seconds(10));
  EXPECT_EQ(a.last("roster")["members"].size(), 2u);
  // Loaded again, with a new leaf: one roster replaces the old one, and no time passes without.
  f.world.hang_up(b.socket(), 1001);
  f.world.settle();
  a.clear();
  SignalClient reloaded = f.client(1);
  reloaded.connect();
  reloaded.hello(f.leaf(1, 9));
  EXPECT_EQ(a.count("roster"), 1u);
  EXPECT_TRUE(shows(a.last("roster"), f.leaf(1, 9)));
  EXPECT_FALSE(shows(a.last("roster"), f.leaf(1)));
}

TEST(Signaling, ACloseWithoutReasonOrWithAnErrorIsALostLine) {
  Fixture f;
  SignalClient a = f.joined(0);
  SignalClient b = f.joined(1);
  for (const std::uint16_t code :
       {wire::ws_close::no_status, wire::ws_close::lost, wire::ws_close::too_large}) {
    f.world.hang_up(b.socket(), code);
    f.world.advance(Duration::seconds(29));
    EXPECT_EQ(a.last("roster")["members"].size(), 2u) << code;
    b.connect();
    b.hello(f.leaf(1));
    EXPECT_TRUE(*b.last("welcome")["resumed"].boolean()) << code;
  }
}

TEST(Signaling, ASecondSocketReplacesTheFirstAndAReloadItsGhost) {
  Fixture f;
  SignalClient a = f.joined(0);
  SignalClient old = f.joined(1);
  SignalClient fresh = f.client(1);
  fresh.connect();
  fresh.hello(f.leaf(1));
  EXPECT_EQ(bye(old), "replaced");
  EXPECT_TRUE(*fresh.last("welcome")["resumed"].boolean());
  f.world.advance(Duration::seconds(40));
  EXPECT_EQ(a.last("roster")["members"].size(), 2u);
  f.world.cut(fresh.socket());
  f.world.settle();
  SignalClient reloaded = f.client(1);
  reloaded.connect();
  reloaded.hello(f.leaf(1, 9));
  EXPECT_EQ(a.last("roster")["members"].size(), 2u);
  EXPECT_TRUE(shows(a.last("roster"), f.leaf(1, 9)));
}

TEST(Signaling, LeavingIsAtOnce) {
  Fixture f;
  SignalClient a = f.joined(0);
  SignalClient b = f.joined(1);
  b.say(R"({"t":"leave"})");
  EXPECT_FALSE(b.open());
  EXPECT_EQ(a.last("roster")["members"].size(), 1u);
  EXPECT_EQ(f.sfu->asked.size(), 1u);
}

TEST(Signaling, WhatWasSaidJustBeforeTheSocketClosedIsObeyed) {
  Fixture f;
  SignalClient a = f.joined(0);
  SignalClient b = f.joined(1);
  f.world.send_to_server(b.socket(), b.frame(R"({"t":"leave"})"));
  f.world.cut(b.socket());
  f.world.settle();
  EXPECT_EQ(a.last("roster")["members"].size(), 1u);
  EXPECT_EQ(f.sfu->asked.size(), 1u);
  EXPECT_EQ(f.world.meter["v100_signal_connections"], 1u);
}

TEST(Signaling, OffersGoToTheSfuAndEventsComeBack) {
  Fixture f;
  SignalClient a = f.joined(0);
  SignalClient b = f.joined(1);
  b.clear();
  a.say(R"({"t":"offer","n":4,"sdp":"v=0","send":[{"mid":"0","track":2},{"mid":"1","track":1}],)"
        R"("recv":[{"mid":"2","member":")" +
        id_of(f.leaf(1)) + R"(","track":3,"height":360}]})");
  EXPECT_EQ(*a.last("answer")["n"].integer(), 4);
  EXPECT_EQ(*a.last("answer")["sdp"].text(), "an answer");
  EXPECT_EQ(f.sfu->offer.member, id_of(f.leaf(0)));
  EXPECT_EQ(f.sfu->offer.receives[0].height, 360);
  std::string tracks;
  for (const wire::JsonValue member : b.last("roster")["members"]) {
    for (const wire::JsonValue track : member["tracks"]) {
      tracks += std::to_string(*track.integer());
    }
  }
  EXPECT_EQ(tracks, "12");
  f.sfu->refuses = true;
  const std::uint64_t seq = a.say(R"({"t":"offer","n":5,"sdp":"v=0","send":[],"recv":[]})");
  EXPECT_EQ(*a.last("error")["re"].integer(), static_cast<std::int64_t>(seq));
  EXPECT_EQ(error(a), "conflict");
  a.say(R"({"t":"offer","n":6,"sdp":"v=0","send":[{"mid":"0","track":9}],"recv":[]})");
  EXPECT_EQ(error(a), "malformed");

  sfu::Event event;
  event.kind = sfu::EventKind::quality;
  event.room = std::string(f.room.text());
  event.member = id_of(f.leaf(1));
  event.loss_up = 25;
  event.up_kbps = 900;
  f.world.bus.post("signaling", method_sfu_event, sfu::encode(event));
  event.kind = sfu::EventKind::failed;
  event.reason = "consent lost";
  f.world.bus.post("signaling", method_sfu_event, sfu::encode(event));
  f.world.settle();
  EXPECT_EQ(*b.last("quality")["up"]["loss"].number(), 0.025);
  EXPECT_EQ(*b.last("media")["reason"].text(), "consent lost");
  EXPECT_EQ(a.count("quality"), 0u);
}

TEST(Signaling, AFloodIsRefusedAndCut) {
  Fixture f;
  SignalClient a = f.joined(0);
  for (int i = 0; i < 199; ++i) {
    a.say(R"({"t":"ping","at":1})");
  }
  EXPECT_EQ(a.count("pong"), 199u);
  a.say(R"({"t":"ping","at":1})");
  EXPECT_EQ(error(a), "busy");
  EXPECT_EQ(f.refused("rate"), 1u);
  f.world.advance(Duration::milliseconds(100));
  a.say(R"({"t":"ping","at":1})");
  EXPECT_EQ(a.count("pong"), 200u);
  for (int i = 0; i < 30 && a.open(); ++i) {
    a.say(R"({"t":"ping","at":1})");
  }
  EXPECT_FALSE(a.open());
  EXPECT_EQ(*f.world.close_code(a.socket()), 4403);
}

TEST(Signaling, FramesSentAtOnceAreTakenInOrder) {
  Fixture f;
  SignalClient a = f.client(0);
  a.connect();
  wire::JsonWriter hello;
  hello.object().key("t").text("hello").key("leaf").base64url(f.leaf(0).bytes()).end_object();
  const std::string admit =
      "{\"t\":\"statement\",\"msg\":\"" +
      to_base64url(device(0).statement(f.room, StatementKind::policy, 1, {}, 1)) + "\"}";
  f.world.send_to_server(a.socket(), a.frame(hello.view(), 1));
  f.world.send_to_server(a.socket(), a.frame(admit, 2));
  f.world.send_to_server(a.socket(), a.frame(R"({"t":"ping","at":1})", 3));
  f.world.send_to_server(a.socket(), a.frame(R"({"t":"leave"})", 4));
  f.world.settle();
  EXPECT_EQ(a.types(), "challenge welcome roster pong");
  EXPECT_EQ(f.world.meter["v100_signal_statements_total"], 1u);
  EXPECT_FALSE(a.open());
}

TEST(Signaling, UnknownRoomsAndMissingServicesAreNamed) {
  Fixture f;
  SignalClient lost(f.world, device(1), *e2ee::RoomId::parse("0000-0000-0000"));
  lost.connect();
  EXPECT_EQ(error(lost), "not_found");
  EXPECT_EQ(*f.world.close_code(lost.socket()), 4404);
  const SocketId none = f.world.connect("/v1/signal", "room=", PeerInfo{});
  f.world.settle();
  EXPECT_EQ(*f.world.close_code(none), 4404);
}

TEST(Signaling, DrainingKeepsCallsAndTakesNoNewMembers) {
  Fixture f;
  SignalClient a = f.joined(0);
  f.world.service("signaling").drain();
  SignalClient b = f.client(1);
  b.connect();
  b.hello(f.leaf(1));
  EXPECT_EQ(bye(b), "draining");
  f.world.cut(a.socket());
  f.world.settle();
  a.connect();
  a.hello(f.leaf(0));
  EXPECT_TRUE(*a.last("welcome")["resumed"].boolean());
  f.world.service("signaling").close();
  EXPECT_EQ(bye(a), "draining");
}

TEST(Signaling, SilentConnectionsAreClosedAndEmptyRoomsPutAway) {
  Fixture f;
  SignalClient a = f.client(0);
  a.connect();
  f.world.advance(Duration::seconds(61));
  EXPECT_FALSE(a.open());
  EXPECT_EQ(*f.world.close_code(a.socket()), 4408);
  f.world.advance(Duration::seconds(61));
  EXPECT_EQ(f.world.meter["v100_signal_rooms"], 0u);
}

// What the malicious-server tests rely on.
struct Meddler final : RelayTap {
  void relay(std::string_view, const Relay& message, std::vector<Relay>& out) override {
    if (message.bytes == to_buffer(as_bytes("drop"))) {
      return;
    }
    out.push_back(message);
    if (message.bytes == to_buffer(as_bytes("double"))) {
      out.push_back(message);
    }
    if (message.bytes == to_buffer(as_bytes("redirect"))) {
      out.back().to = elsewhere;
    }
    if (message.bytes == to_buffer(as_bytes("lie"))) {
      out.back().from = elsewhere;
    }
  }
  void roster(std::string_view, const e2ee::LeafId& to, RosterMessage& message) override {
    if (to == blind) {
      std::erase_if(message.members, [&](const RosterMember& m) { return m.id == elsewhere; });
    }
  }
  e2ee::LeafId elsewhere;
  e2ee::LeafId blind;
};

TEST(Signaling, ATapMayDropDoubleRedirectForgeAndHide) {
  Meddler meddler;
  Fixture f(false, &meddler);
  SignalClient a = f.joined(0);
  SignalClient b = f.joined(1);
  meddler.elsewhere = f.leaf(2).id();
  meddler.blind = f.leaf(1).id();
  SignalClient c = f.joined(2);
  EXPECT_TRUE(shows(a.last("roster"), f.leaf(2)));
  EXPECT_FALSE(shows(b.last("roster"), f.leaf(2)));
  const std::string to_b = id_of(f.leaf(1));
  b.clear();
  a.say(data_message("drop", to_b));
  EXPECT_EQ(b.count("data"), 0u);
  a.say(data_message("double", to_b));
  EXPECT_EQ(b.count("data"), 2u);
  a.say(data_message("redirect", to_b));
  EXPECT_EQ(b.count("data"), 2u);
  EXPECT_EQ(c.count("data"), 1u);
  a.say(data_message("lie", to_b));
  EXPECT_EQ(*b.last("data")["from"].text(), id_of(f.leaf(2)));
}

}  // namespace
}  // namespace v100::signaling
