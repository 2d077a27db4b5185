// If this fails, the server lets in, keeps out or obeys people whom the host's words do not name.
#include "svc/signaling/statement_book.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "testing/world.h"

namespace v100::signaling {
namespace {

using e2ee::Fingerprint;
using e2ee::Hash;
using e2ee::LeafId;
using e2ee::StatementKind;

e2ee::RoomHash room() { return e2ee::RoomId::parse("abcd-efgh-jkmn")->hash(); }
Fingerprint device(std::uint8_t n) { return Fingerprint(Hash{n}); }
LeafId leaf(std::uint8_t n) { return LeafId(Hash{static_cast<std::uint8_t>(n + 100)}); }

// The book takes verified statements: here their signatures are blank.
struct Fixture {
  StatementBook book{device(1), false};
  e2ee::DeviceKey key = *e2ee::DeviceKey::parse(Buffer(e2ee::device_key_bytes, 1));
  std::uint64_t seq = 0;
  StatementBook::Kept kept;

  e2ee::Statement make(StatementKind kind, Fingerprint issuer, const Hash& subject,
                       std::uint8_t argument, std::uint64_t number) {
    e2ee::StatementFields fields;
    fields.kind = kind;
    fields.room = room();
    fields.issuer = issuer;
    fields.seq = number;
    fields.subject = subject;
    fields.argument = argument;
    Buffer bytes = to_buffer(e2ee::statement_body(fields));
    bytes.resize(e2ee::Statement::size, static_cast<std::uint8_t>(number));
    return *e2ee::Statement::parse(bytes, room());
  }
  std::string say(StatementKind kind, Fingerprint issuer, const Hash& subject,
                  std::uint8_t argument = 0) {
    return take(make(kind, issuer, subject, argument, ++seq));
  }
  std::string take(const e2ee::Statement& statement) {
    const Result<void> allowed = book.check(statement.fields());
    if (!allowed) {
      return v100::name(allowed.error().code);
    }
    for (auto& one : book.take(statement, key)) {
      kept.push_back(std::move(one));
    }
    return "ok";
  }
};

TEST(StatementBook, OnlyTheHostGrantsAndEnds) {
  Fixture f;
  EXPECT_EQ(f.book.role(device(1)), Role::host);
  EXPECT_EQ(f.say(StatementKind::grant, device(2), device(3).value(), 1), "forbidden");
  EXPECT_EQ(f.say(StatementKind::admit, device(2), leaf(1).value()), "forbidden");
  EXPECT_EQ(f.say(StatementKind::grant, device(1), device(2).value(), 1), "ok");
  EXPECT_EQ(f.book.role(device(2)), Role::cohost);
  EXPECT_EQ(f.say(StatementKind::grant, device(2), device(3).value(), 1), "forbidden");
  EXPECT_EQ(f.say(StatementKind::end, device(2), {}), "forbidden");
  EXPECT_EQ(f.say(StatementKind::admit, device(2), leaf(1).value()), "ok");
  EXPECT_TRUE(f.book.admitted(leaf(1)));
}

TEST(StatementBook, WhatACohostSaidEndsWithItsGrant) {
  Fixture f;
  f.say(StatementKind::policy, device(1), {}, 0);
  f.say(StatementKind::grant, device(1), device(2).value(), 1);
  f.say(StatementKind::policy, device(2), {}, e2ee::policy_lobby);
  f.say(StatementKind::admit, device(2), leaf(1).value());
  f.say(StatementKind::remove, device(2), leaf(2).value());
  EXPECT_TRUE(f.book.policy().lobby);
  EXPECT_TRUE(f.book.removed(leaf(2)));
  f.say(StatementKind::grant, device(1), device(2).value(), 0);
  EXPECT_EQ(f.book.role(device(2)), Role::guest);
  EXPECT_FALSE(f.book.policy().lobby);
  EXPECT_FALSE(f.book.admitted(leaf(1)));
  EXPECT_FALSE(f.book.removed(leaf(2)));
}

TEST(StatementBook, TakesNothingTwiceOrOutOfOrder) {
  Fixture f;
  const e2ee::Statement old = f.make(StatementKind::policy, device(1), {}, 1, 10);
  EXPECT_EQ(f.take(old), "ok");
  EXPECT_EQ(f.take(old), "conflict");
  EXPECT_EQ(f.take(f.make(StatementKind::policy, device(1), {}, 2, 9)), "conflict");
  EXPECT_EQ(f.take(f.make(StatementKind::policy, device(1), {}, 2, 11)), "ok");
  // Another subject has an order of its own; tracks to mute have not.
  EXPECT_EQ(f.take(f.make(StatementKind::admit, device(1), leaf(1).value(), 0, 5)), "ok");
  EXPECT_EQ(f.take(f.make(StatementKind::admit, device(1), leaf(2).value(), 0, 4)), "ok");
  EXPECT_EQ(f.take(f.make(StatementKind::ask_to_mute, device(1), leaf(1).value(), 1, 5)), "ok");
  EXPECT_EQ(f.take(f.make(StatementKind::ask_to_mute, device(1), leaf(2).value(), 1, 5)),
            "conflict");
}

TEST(StatementBook, TheNewestPolicyThatCountsIsInForce) {
  StatementBook started_with_lobby(device(1), true);
  EXPECT_EQ(started_with_lobby.policy(), (Policy{true, false}));
  Fixture f;
  f.say(StatementKind::grant, device(1), device(2).value(), 1);
  f.take(f.make(StatementKind::policy, device(2), {}, e2ee::policy_locked, 100));
  f.take(f.make(StatementKind::policy, device(1), {}, e2ee::policy_lobby, 99));
  EXPECT_EQ(f.book.policy(), (Policy{false, true}));
}

TEST(StatementBook, ComesBackFromWhatWasKept) {
  Fixture f;
  f.say(StatementKind::grant, device(1), device(2).value(), 1);
  f.say(StatementKind::admit, device(2), leaf(1).value());
  f.say(StatementKind::remove, device(1), leaf(2).value());
  f.say(StatementKind::ask_to_mute, device(1), leaf(1).value(), 1);
  f.say(StatementKind::end, device(1), {});
  EXPECT_EQ(f.kept.size(), 4u);  // a request to mute is for now
  meeting::RoomState state;
  state.host = device(1);
  state.statements = f.kept;
  state.issuers.push_back(to_buffer(f.key.bytes()));
  StatementBook again(device(1), false);
  EXPECT_TRUE(again.restore(state, room()));
  EXPECT_EQ(again.role(device(2)), Role::cohost);
  EXPECT_TRUE(again.admitted(leaf(1)));
  EXPECT_TRUE(again.removed(leaf(2)));
  EXPECT_TRUE(again.ended());
  EXPECT_EQ(again.reopen().size(), 1u);
  EXPECT_FALSE(again.ended());
  EXPECT_EQ(again.forget_admits({leaf(1)}).size(), 0u);
  EXPECT_EQ(again.forget_admits({}).size(), 1u);
  EXPECT_FALSE(again.admitted(leaf(1)));
  state.statements.push_back({"policy/x", Buffer(5)});
  EXPECT_FALSE(again.restore(state, room()));
}

TEST(StatementBook, ShowsWhatIsInForce) {
  Fixture f;
  f.say(StatementKind::grant, device(1), device(2).value(), 1);
  f.say(StatementKind::policy, device(1), {}, 1);
  f.say(StatementKind::admit, device(1), leaf(1).value());
  f.say(StatementKind::admit, device(1), leaf(2).value());
  f.say(StatementKind::end, device(1), {});
  EXPECT_EQ(f.book.in_force({leaf(1)}).size(), 3u);
  for (std::uint8_t i = 0; i < 60; ++i) {
    f.say(StatementKind::remove, device(1), leaf(i).value());
  }
  EXPECT_EQ(f.book.in_force({leaf(1)}).size(), 53u);
}

TEST(StatementBook, IsBounded) {
  Fixture f;
  std::string last;
  for (std::size_t i = 0; i <= limits::room_statements; ++i) {
    Hash subject{1};
    store_be(subject.data() + 8, static_cast<std::uint64_t>(i));
    last = f.say(StatementKind::remove, device(1), subject);
  }
  EXPECT_EQ(last, "busy");
}

}  // namespace
}  // namespace v100::signaling
