// If this fails, rooms or what their hosts said are lost at a restart, live for ever, or can be
// made without end.
#include "svc/meeting/meeting.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "base/text.h"
#include "svc/meeting/api.h"
#include "testing/world.h"
#include "wire/json.h"

namespace v100::meeting {
namespace {

const std::string host(64, 'a');

struct Fixture {
  testing_world::World world{1};
  Fixture() { world.add("meeting", make_meeting(world.env())); }

  HttpAnswer post(std::string_view body, std::string_view ip = "192.0.2.1") {
    return world.http("POST", "/v1/rooms", body, ip);
  }
  HttpAnswer get(const std::string& room) { return world.http("GET", "/v1/rooms/" + room, ""); }
  std::string make(bool lobby = false) {
    const HttpAnswer answer =
        post("{\"host\":\"" + host + "\",\"lobby\":" + (lobby ? "true" : "false") + "}");
    EXPECT_EQ(answer.status, 201);
    const auto document = wire::JsonDocument::parse(answer.body, 1000);
    return std::string(*document->root()["room"].text());
  }
  Result<RoomState> open(const std::string& room) {
    Result<RoomState> out = fail(Errc::timed_out, "");
    world.bus.call("meeting", "open", as_bytes(room), [&](Result<Buffer> answer) {
      out = answer ? decode_room_state(*answer) : std::unexpected<Error>(answer.error());
    });
    world.settle();
    return out;
  }
  void keep(const std::string& room, const std::string& slot, const std::string& bytes) {
    Keep message;
    message.room = room;
    message.statements.push_back({slot, to_buffer(as_bytes(bytes))});
    message.issuers.push_back(Buffer(e2ee::device_key_bytes, 5));
    world.bus.post("meeting", "keep", encode(message));
    world.settle();
  }
  void presence(const std::string& room, std::uint32_t members, bool locked = false) {
    Presence message;
    message.room = room;
    message.members = members;
    message.locked = locked;
    world.bus.post("meeting", "presence", encode(message));
    world.settle();
  }
  void restart() {
    world.close_services();
    world.add("meeting", make_meeting(world.env()));
  }
  std::string slots(const std::string& room) {
    std::string out;
    for (const KeptStatement& statement : open(room)->statements) {
      out += statement.slot + "=" + std::string(as_text(statement.bytes)) + " ";
    }
    return out;
  }
};

TEST(Meeting, MakesRoomsAndTellsOfThem) {
  Fixture f;
  const HttpAnswer made = f.post("{\"host\":\"" + host + "\"}");
  EXPECT_EQ(made.status, 201);
  const std::string room = f.make(true);
  EXPECT_EQ(as_text(f.get(room).body),
            "{\"room\":\"" + room + R"(","open":true,"locked":false,"lobby":true,"members":0})");
  EXPECT_EQ(to_hex(f.open(room)->host.value()), host);
  f.presence(room, 3, true);
  EXPECT_EQ(as_text(f.get(room).body),
            "{\"room\":\"" + room + R"(","open":true,"locked":true,"lobby":false,"members":3})");
  std::string shouted = room;
  for (char& c : shouted) {
    c = static_cast<char>(std::toupper(c));
  }
  EXPECT_EQ(f.get(shouted).status, 200);
}

TEST(Meeting, RefusesInProblemDocuments) {
  Fixture f;
  for (const char* body : {"", "[]", "{}", "{\"host\":\"ab\"}", "{\"host\":5}"}) {
    const HttpAnswer answer = f.post(body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(answer.content_type, "application/problem+json");
    EXPECT_TRUE(wire::JsonDocument::parse(answer.body, 1000).has_value());
  }
  EXPECT_EQ(f.post("{\"host\":\"" + host + "\",\"lobby\":1}").status, 400);
  EXPECT_EQ(f.get("abcd-efgh-jkmn").status, 404);
  EXPECT_EQ(f.get("").status, 404);
  EXPECT_EQ(f.get("../x").status, 404);
  EXPECT_EQ(f.open("abcd-efgh-jkmn").error().code, Errc::not_found);
}

TEST(Meeting, StatementsAndRoomsSurviveARestart) {
  Fixture f;
  const std::string room = f.make();
  f.keep(room, "policy", "one");
  f.keep(room, "grant", "two");
  f.keep(room, "policy", "three");
  f.restart();
  EXPECT_EQ(f.get(room).status, 200);
  EXPECT_EQ(f.slots(room), "grant=two policy=three ");
  EXPECT_EQ(f.open(room)->issuers.size(), 1u);
  f.keep(room, "grant", "");
  f.restart();
  EXPECT_EQ(f.slots(room), "policy=three ");
}

TEST(Meeting, GoesOnWhileTheStoreIsAwayAndWritesAllWhenItIsBack) {
  Fixture f;
  const std::string room = f.make();
  bool away = true;
  f.world.store_fails = [&] { return away; };
  EXPECT_EQ(f.post("{\"host\":\"" + host + "\"}").status, 503);
  f.keep(room, "policy", "one");
  f.keep(room, "policy", "two");
  f.keep(room, "remove", "x");
  f.keep(room, "remove", "");
  EXPECT_EQ(f.slots(room), "policy=two ");
  f.world.advance(Duration::seconds(3));
  EXPECT_GT(f.world.meter["v100_store_errors_total{service=\"meeting\"}"], 1u);
  away = false;
  f.world.advance(Duration::seconds(2));
  f.restart();
  EXPECT_EQ(f.slots(room), "policy=two ");
}

TEST(Meeting, ForgetsRoomsWithoutMembersAfterADay) {
  Fixture f;
  const std::string idle = f.make();
  const std::string busy = f.make();
  f.keep(idle, "policy", "one");
  f.presence(busy, 2);
  f.world.clock.advance(Duration::seconds(23 * 3600));
  f.world.advance(Duration::seconds(1));
  EXPECT_EQ(f.get(idle).status, 200);
  f.world.clock.advance(Duration::seconds(3600 + 61));
  f.world.advance(Duration::seconds(1));
  EXPECT_EQ(f.get(idle).status, 404);
  EXPECT_EQ(f.get(busy).status, 200);
  EXPECT_EQ(f.world.store.scan("room_statements", "", 10)->size(), 0u);
  f.presence(busy, 0);
  f.restart();
  EXPECT_EQ(f.get(idle).status, 404);
  f.world.clock.advance(Duration::seconds(23 * 3600));
  f.world.advance(Duration::seconds(1));
  EXPECT_EQ(f.get(busy).status, 200);
}

TEST(Meeting, WhatExpiredIsErasedAsSoonAsTheStoreIsBack) {
  Fixture f;
  const std::string idle = f.make();
  f.keep(idle, "policy", "one");
  bool away = true;
  f.world.store_fails = [&] { return away; };
  f.world.clock.advance(Duration::seconds(24 * 3600 + 1));
  f.world.advance(Duration::seconds(120));
  EXPECT_EQ(f.get(idle).status, 404);
  EXPECT_EQ(f.world.meter["v100_rooms_expired_total"], 1u);
  EXPECT_GT(f.world.meter["v100_store_errors_total{service=\"meeting\"}"], 1u);
  EXPECT_EQ(f.world.store.scan("rooms", "", 10)->size(), 1u);
  away = false;
  f.world.advance(Duration::seconds(2));
  EXPECT_EQ(f.world.store.scan("rooms", "", 10)->size(), 0u);
  EXPECT_EQ(f.world.store.scan("room_statements", "", 10)->size(), 0u);
}

TEST(Meeting, AnAddressMakesOnlySoManyRooms) {
  Fixture f;
  const std::string body = "{\"host\":\"" + host + "\"}";
  for (int i = 0; i < 60; ++i) {
    EXPECT_EQ(f.post(body).status, 201);
  }
  const HttpAnswer refused = f.post(body);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(f.post(body, "192.0.2.2").status, 201);
  EXPECT_EQ(f.post(body, "2001:db8::1").status, 201);
  f.world.clock.advance(Duration::seconds(2));
  EXPECT_EQ(f.post(body).status, 201);
  EXPECT_EQ(f.post(body).status, 429);
}

TEST(Meeting, DrainingTakesNoNewRooms) {
  Fixture f;
  const std::string room = f.make();
  f.world.service("meeting").drain();
  EXPECT_EQ(f.post("{\"host\":\"" + host + "\"}").status, 503);
  EXPECT_EQ(f.get(room).status, 200);
}

}  // namespace
}  // namespace v100::meeting
