// If this fails, somebody is let in who should not be, or obeyed who may not say so.
#include <gtest/gtest.h>

#include "testing/signal_fixture.h"

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

TEST(Signaling, TheLobbyHoldsGuestsUntilTheHostSaysSo) {
  Fixture f(true);
  SignalClient guest = f.client(1);
  guest.connect();
  wire::JsonWriter out;
  out.object().key("t").text("hello").key("leaf").base64url(f.leaf(1).bytes());
  guest.say(out.key("knock").base64url(as_bytes("sealed name")).end_object().view());
  EXPECT_EQ(guest.types(), "challenge waiting");
  guest.say(data_message("x"));
  EXPECT_EQ(error(guest), "forbidden");
  SignalClient host = f.client(0);
  host.connect();
  host.hello(f.leaf(0));
  const wire::JsonValue roster = host.last("roster");
  EXPECT_TRUE(shows(roster, f.leaf(1), "lobby"));
  EXPECT_FALSE(shows(roster, f.leaf(1)));
  EXPECT_EQ(as_text(*(*roster["lobby"].begin())["knock"].base64url()), "sealed name");
  SignalClient other = f.client(2);
  other.connect();
  other.hello(f.leaf(2));
  host.poll();
  host.clear();
  guest.clear();
  host.statement(StatementKind::admit, 1, f.leaf(1).id().value(), 0);
  EXPECT_EQ(guest.types(), "welcome roster");
  EXPECT_EQ(guest.last("roster")["members"].size(), 2u);
  EXPECT_EQ(guest.last("roster")["lobby"].size(), 0u);
  EXPECT_EQ(guest.last("roster")["statements"].size(), 1u);
  EXPECT_FALSE((*host.last("roster")["lobby"].begin())["leaf"].exists());  // as before
  host.statement(StatementKind::remove, 2, f.leaf(2).id().value(), 0);
  EXPECT_EQ(bye(other), "refused");
  EXPECT_EQ(host.last("roster")["lobby"].size(), 0u);
  EXPECT_TRUE(f.sfu->asked.empty());
}

TEST(Signaling, WhatAHostMutesIsHeldBackUntilItsOwnerTurnsItOn) {
  Fixture f;
  SignalClient host = f.joined(0);
  SignalClient loud = f.joined(1);
  const std::string name = id_of(f.leaf(1)).substr(0, 6);
  using Asked = std::vector<std::string>;
  host.statement(StatementKind::ask_to_mute, 1, f.leaf(1).id().value(), 1);
  EXPECT_EQ(loud.count("statement"), 1u);
  EXPECT_EQ(std::exchange(f.sfu->asked, {}), Asked{"mute " + name + " audio"});
  // A new peer connection does not get around it, nor does a line that comes back.
  loud.say(R"({"t":"offer","n":1,"sdp":"v=0","send":[],"recv":[]})");
  EXPECT_EQ(std::exchange(f.sfu->asked, {}), Asked{"mute " + name + " audio"});
  f.world.cut(loud.socket());
  f.world.settle();
  loud.connect();
  loud.hello(f.leaf(1));
  loud.say(R"({"t":"offer","n":2,"sdp":"v=0","send":[],"recv":[]})");
  EXPECT_EQ(std::exchange(f.sfu->asked, {}), Asked{"mute " + name + " audio"});
  loud.say(R"({"t":"unmute","track":2})");  // was never held
  EXPECT_TRUE(f.sfu->asked.empty());
  loud.say(R"({"t":"unmute","track":1})");
  EXPECT_EQ(std::exchange(f.sfu->asked, {}), Asked{"unmute " + name + " audio"});
  loud.say(R"({"t":"offer","n":3,"sdp":"v=0","send":[],"recv":[]})");
  EXPECT_TRUE(f.sfu->asked.empty());
  loud.say(R"({"t":"unmute","track":5})");
  EXPECT_EQ(error(loud), "malformed");
  loud.statement(StatementKind::ask_to_mute, 1, f.leaf(0).id().value(), 1);
  EXPECT_EQ(error(loud), "forbidden");
  EXPECT_TRUE(f.sfu->asked.empty());
}

TEST(Signaling, WhoIsSentBackToTheLobbyKeepsTheNameItKnockedWith) {
  Fixture f;
  SignalClient host = f.joined(0);
  SignalClient unseen = f.client(1);
  unseen.connect();
  wire::JsonWriter hello;
  hello.object().key("t").text("hello").key("leaf").base64url(f.leaf(1).bytes());
  unseen.say(hello.key("knock").base64url(as_bytes("sealed name")).end_object().view());
  host.statement(StatementKind::policy, 1, {}, e2ee::policy_lobby);
  f.world.advance(Duration::seconds(4));
  EXPECT_TRUE(unseen.last("waiting").exists());
  const wire::JsonValue roster = host.last("roster");
  ASSERT_TRUE(shows(roster, f.leaf(1), "lobby"));
  EXPECT_EQ(as_text(*(*roster["lobby"].begin())["knock"].base64url()), "sealed name");
}

TEST(Signaling, OpeningTheLobbyLetsTheWaitingIn) {
  Fixture f(true);
  SignalClient host = f.joined(0);
  SignalClient guest = f.client(1);
  guest.connect();
  guest.hello(f.leaf(1));
  EXPECT_EQ(guest.types(), "challenge waiting");
  host.statement(StatementKind::policy, 1, {}, 0);
  EXPECT_TRUE(guest.last("welcome").exists());
  EXPECT_NE(as_text(f.info().body).find("\"lobby\":false"), std::string_view::npos);
}

TEST(Signaling, WhomTheHostDidNotAdmitWaitsAgainWhenTheLobbyComes) {
  Fixture f;
  SignalClient host = f.joined(0);
  SignalClient known = f.joined(1);
  SignalClient unseen = f.joined(2);
  host.statement(StatementKind::admit, 1, f.leaf(1).id().value(), 0);
  host.statement(StatementKind::policy, 2, {}, e2ee::policy_lobby);
  unseen.clear();
  f.world.advance(Duration::seconds(2));
  EXPECT_EQ(unseen.count("waiting"), 0u);
  f.world.advance(Duration::seconds(2));
  EXPECT_EQ(unseen.count("waiting"), 1u);
  EXPECT_EQ(known.last("roster")["members"].size(), 2u);
  EXPECT_TRUE(shows(host.last("roster"), f.leaf(2), "lobby"));
  EXPECT_TRUE((*host.last("roster")["lobby"].begin())["leaf"].exists());
  host.statement(StatementKind::admit, 3, f.leaf(2).id().value(), 0);
  EXPECT_TRUE(unseen.last("welcome").exists());
  host.statement(StatementKind::policy, 4, {}, e2ee::policy_locked);
  f.world.advance(Duration::seconds(5));
  EXPECT_EQ(known.last("roster")["members"].size(), 3u);
}

TEST(Signaling, ALockedRoomTakesOnlyWhoIsVouchedFor) {
  Fixture f;
  SignalClient host = f.joined(0);
  host.statement(StatementKind::policy, 1, {}, e2ee::policy_locked);
  SignalClient late = f.client(1);
  late.connect();
  late.hello(f.leaf(1));
  EXPECT_EQ(bye(late), "locked");
  EXPECT_EQ(*f.world.close_code(late.socket()), 4000);
  host.statement(StatementKind::admit, 2, f.leaf(1).id().value(), 0);
  SignalClient again = f.joined(1);
  EXPECT_EQ(again.last("roster").exists(), false);  // cleared
  EXPECT_NE(as_text(f.info().body).find("\"locked\":true"), std::string_view::npos);
}

TEST(Signaling, StatementsAreObeyedOnlyFromThoseWhoMayMakeThem) {
  Fixture f;
  SignalClient host = f.joined(0);
  SignalClient cohost = f.joined(1);
  SignalClient guest = f.joined(2);
  guest.statement(StatementKind::remove, 1, f.leaf(1).id().value(), 0);
  EXPECT_EQ(error(guest), "forbidden");
  host.statement(StatementKind::grant, 5, device(1).fingerprint().value(), 1);
  EXPECT_EQ(cohost.count("statement"), 1u);
  EXPECT_EQ(guest.count("statement"), 1u);
  EXPECT_EQ(host.count("statement"), 0u);
  EXPECT_NE(summary(guest.last("roster")).find(id_of(f.leaf(1)).substr(0, 6) + ":cohost"),
            std::string::npos);
  EXPECT_EQ(guest.last("roster")["statements"].size(), 0u);  // it came by itself
  cohost.statement(StatementKind::grant, 1, device(2).fingerprint().value(), 1);
  EXPECT_EQ(error(cohost), "forbidden");
  cohost.statement(StatementKind::remove, 2, f.leaf(0).id().value(), 0);
  EXPECT_EQ(error(cohost), "forbidden");
  EXPECT_TRUE(host.open());
  cohost.clear();
  cohost.statement(StatementKind::ask_to_mute, 3, f.leaf(2).id().value(), 1);
  EXPECT_EQ(cohost.count("error"), 0u);
  EXPECT_EQ(guest.count("statement"), 2u);
  // A replay, another's words, and a forgery.
  cohost.statement(StatementKind::ask_to_mute, 3, f.leaf(2).id().value(), 1);
  EXPECT_EQ(error(cohost), "conflict");
  EXPECT_EQ(f.refused("replay"), 1u);
  const Buffer hosts = device(0).statement(f.room, StatementKind::end, 9, {}, 0);
  wire::JsonWriter out;
  out.object().key("t").text("statement").key("msg").base64url(hosts).end_object();
  cohost.say(out.view());
  EXPECT_EQ(error(cohost), "forbidden");
  Buffer forged = device(0).statement(f.room, StatementKind::end, 9, {}, 0);
  forged.back() ^= 1;
  wire::JsonWriter again;
  again.object().key("t").text("statement").key("msg").base64url(forged).end_object();
  host.say(again.view());
  EXPECT_EQ(error(host), "unauthenticated");
  EXPECT_TRUE(guest.open());
  // The grant taken back, its holder is a guest again.
  host.statement(StatementKind::grant, 6, device(1).fingerprint().value(), 0);
  cohost.statement(StatementKind::policy, 10, {}, 2);
  EXPECT_EQ(error(cohost), "forbidden");
}

TEST(Signaling, ARemovedMemberIsOutAndItsLeafStaysOut) {
  Fixture f;
  SignalClient host = f.joined(0);
  SignalClient bad = f.joined(1);
  SignalClient other = f.joined(2);
  other.clear();
  host.statement(StatementKind::remove, 1, f.leaf(1).id().value(), 0);
  EXPECT_EQ(bad.count("statement"), 1u);
  EXPECT_EQ(bye(bad), "removed");
  EXPECT_EQ(other.types(), "statement roster");
  EXPECT_FALSE(shows(other.last("roster"), f.leaf(1)));
  EXPECT_EQ(f.sfu->asked, (std::vector<std::string>{"remove " + id_of(f.leaf(1)).substr(0, 6)}));
  bad.connect();
  bad.hello(f.leaf(1));
  EXPECT_EQ(bye(bad), "removed");
  bad.connect();
  bad.hello(f.leaf(1, 2));
  EXPECT_TRUE(bad.last("welcome").exists());  // the room is open: lock it to keep a device out
}

TEST(Signaling, TheEndIsForAllUntilTheHostComesBack) {
  Fixture f;
  SignalClient host = f.joined(0);
  SignalClient guest = f.joined(1);
  host.statement(StatementKind::end, 1, {}, 0);
  EXPECT_EQ(bye(guest), "ended");
  EXPECT_EQ(bye(host), "ended");
  EXPECT_EQ(guest.count("statement"), 1u);
  EXPECT_EQ(f.sfu->asked.front().substr(0, 5), "close");
  EXPECT_NE(as_text(f.info().body).find("\"open\":false"), std::string_view::npos);
  f.restart();
  guest.connect();
  guest.hello(f.leaf(1, 2));
  EXPECT_EQ(bye(guest), "ended");
  host.connect();
  host.hello(f.leaf(0, 2));
  EXPECT_TRUE(host.last("welcome").exists());
  guest.connect();
  guest.hello(f.leaf(1, 3));
  EXPECT_TRUE(guest.last("welcome").exists());
  EXPECT_NE(as_text(f.info().body).find("\"open\":true"), std::string_view::npos);
}

TEST(Signaling, WhatTheHostSaidSurvivesARestart) {
  Fixture f;
  SignalClient host = f.joined(0);
  SignalClient b = f.joined(1);
  host.statement(StatementKind::grant, 1, device(1).fingerprint().value(), 1);
  host.statement(StatementKind::remove, 2, f.leaf(2).id().value(), 0);
  b.statement(StatementKind::admit, 3, f.leaf(3).id().value(), 0);
  host.statement(StatementKind::policy, 4, {}, e2ee::policy_lobby);
  f.restart();
  SignalClient c = f.client(3);
  c.connect();
  c.hello(f.leaf(3));
  EXPECT_TRUE(c.last("welcome").exists());
  const wire::JsonValue roster = c.last("roster");
  EXPECT_EQ(roster["statements"].size(), 4u);
  EXPECT_EQ(roster["issuers"].size(), 2u);  // both are away: their keys stand here
  EXPECT_EQ(roster["issuers"].begin().operator*().base64url()->size(), e2ee::device_key_bytes);
  SignalClient removed = f.client(2);
  removed.connect();
  removed.hello(f.leaf(2));
  EXPECT_EQ(bye(removed), "removed");
  SignalClient d = f.client(4);
  d.connect();
  d.hello(f.leaf(4));
  EXPECT_EQ(d.types(), "challenge waiting");
  SignalClient again = f.joined(1);
  again.statement(StatementKind::admit, 9, f.leaf(4).id().value(), 0);
  EXPECT_TRUE(d.last("welcome").exists());
}

}  // namespace
}  // namespace v100::signaling
