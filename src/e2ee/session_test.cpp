// If this fails, honest members do not come to one roster and readable keys, or someone can read
// what came before they joined or after they left.
#include "e2ee/session_world.h"

namespace v100::e2ee {
namespace {

constexpr Duration second = Duration::seconds(1);

std::vector<std::size_t> fill(World& world, std::size_t count) {
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < count; ++i) {
    all.push_back(world.add("member " + std::to_string(i)));
  }
  return all;
}

TEST(Session, TwoToSixMembersConvergeInAnyOrder) {
  for (std::size_t members = 2; members <= 6; ++members) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      World world(seed * 100 + members);
      world.delay_ms_max = 150;
      for (const std::size_t i : fill(world, members)) {
        world.join(i);
        world.run(Duration::milliseconds(static_cast<std::int64_t>(world.random.below(400))));
      }
      world.run(second * 3);
      EXPECT_TRUE(world.converged()) << members << " members, seed " << seed;
      EXPECT_EQ(world.badge(0).state, BadgeState::outline);
      for (const ParticipantView& view : world.session(0).participants()) {
        EXPECT_TRUE(view.name.starts_with("member")) << view.name;
      }
    }
  }
}

TEST(Session, BadgeStaysCleanWhileMembersComeAndGo) {
  World world(7);
  fill(world, 5);
  for (const std::size_t i : {0u, 1u, 2u, 3u, 4u}) {
    world.join(i);
    for (int step = 0; step < 60; ++step) {
      world.run(Duration::milliseconds(50));
      for (std::size_t j = 0; j <= i; ++j) {
        EXPECT_NE(world.badge(j).state, BadgeState::amber)
            << j << " after " << i << " joined: " << name(world.badge(j).reasons.front().reason);
      }
    }
  }
  world.leave(2);
  for (int step = 0; step < 60; ++step) {
    world.run(Duration::milliseconds(50));
    for (const std::size_t j : {0u, 1u, 3u, 4u}) {
      EXPECT_NE(world.badge(j).state, BadgeState::amber) << j;
    }
  }
  EXPECT_TRUE(world.converged());
}

TEST(Session, AJoinerCannotOpenEarlierFramesNorALeaverLaterOnes) {
  World world(8);
  fill(world, 3);
  world.join(0);
  world.join(1);
  world.run(second * 2);
  const Epoch before = *world.session(0).sending();
  const Result<Buffer> earlier = world.host(0).seal(Track::audio, Codec::opus, Buffer(40, 1));

  world.join(2);
  world.run(second * 2);
  const Epoch with_three = *world.session(0).sending();
  EXPECT_GT(with_three, before);
  EXPECT_FALSE(world.host(2).holds(world.id(0), before));
  EXPECT_EQ(
      world.host(2).open(world.id(0), Track::audio, Codec::opus, *earlier, world.time).error(),
      Drop::no_key);
  EXPECT_TRUE(world.reads(2, 0));

  // The leaver stays on the line, with everything it has, but is no member any more.
  world.clients[2]->present = false;
  world.broadcast_roster();
  world.run(second * 2);
  EXPECT_GT(*world.session(0).sending(), with_three);
  const Result<Buffer> later = world.host(0).seal(Track::audio, Codec::opus, Buffer(40, 1));
  EXPECT_FALSE(world.host(2).holds(world.id(0), *world.session(0).sending()));
  EXPECT_FALSE(world.host(2).open(world.id(0), Track::audio, Codec::opus, *later, world.time));
  EXPECT_TRUE(world.reads(1, 0));
}

TEST(Session, WhoIsSentBackToTheLobbySaysNothingUntilItIsWelcomeAgain) {
  World world(41);
  fill(world, 3);
  for (const std::size_t i : {0u, 1u, 2u}) {
    world.join(i);
  }
  world.run(second * 3);
  ASSERT_TRUE(world.converged());
  world.clients[2]->present = false;
  world.session(2).on_waiting(world.now());
  world.broadcast_roster();
  world.run(second * 2);
  EXPECT_EQ(world.badge(2).state, BadgeState::grey);
  EXPECT_EQ(world.session(2).chat("hello", world.now()).error().code, Errc::unavailable);
  world.host(2).take();
  world.session(2).set_hand(true, world.now());
  for (int i = 0; i < 100; ++i) {
    world.time = world.time + Duration::milliseconds(100);
    world.session(2).tick(world.now());
    world.host(2).pump(world.now());
    for (const Output& output : world.host(2).take()) {
      EXPECT_FALSE(std::holds_alternative<SendData>(output));
    }
  }
  world.join(2);
  world.run(second * 4);
  EXPECT_TRUE(world.converged());
  EXPECT_EQ(world.badge(0).state, BadgeState::outline);
}

TEST(Roster, WhoMovesBetweenMembersAndLobbyNeedNotShowItsLeafAgain) {
  World world(42);
  fill(world, 2);
  const auto shown = [&](std::size_t i, bool with_leaf) {
    const Leaf& leaf = *world.clients[i]->leaf;
    return ShownMember{leaf.id(), with_leaf ? to_buffer(leaf.bytes()) : Buffer(), {}, true};
  };
  Roster roster(world.room, world.link, *world.clients[0]->leaf);
  EXPECT_TRUE(*roster.show({shown(0, true), shown(1, true)}, {}));
  EXPECT_TRUE(*roster.show({shown(0, false)}, {shown(1, false)}));
  EXPECT_TRUE(roster.lobby().contains(world.id(1)));
  EXPECT_TRUE(*roster.show({shown(0, false), shown(1, false)}, {}));
  EXPECT_TRUE(roster.members().contains(world.id(1)));
  EXPECT_TRUE(*roster.show({shown(0, false)}, {}));
  EXPECT_FALSE(*roster.show({shown(0, false), shown(1, false)}, {}));
  EXPECT_FALSE(roster.members().contains(world.id(1)));  // it was gone: forgotten
}

TEST(Session, EpochsChangeEveryFiveMinutesAndOldOnesGo) {
  World world(9);
  fill(world, 2);
  world.join(0);
  world.join(1);
  world.run(second * 3);
  const Epoch first = *world.session(0).sending();
  EXPECT_TRUE(world.host(1).holds(world.id(0), first));
  world.run(second * 301);
  EXPECT_GT(*world.session(0).sending(), first);
  EXPECT_TRUE(world.converged());
  world.run(second * 11);
  EXPECT_FALSE(world.host(1).holds(world.id(0), first));
  EXPECT_TRUE(world.converged());
}

TEST(Session, JoinsWithinHalfASecondShareOneEpoch) {
  World world(10);
  fill(world, 5);
  world.join(0);
  world.run(second * 2);
  const Epoch alone = *world.session(0).sending();
  for (const std::size_t i : {1u, 2u, 3u, 4u}) {
    world.join(i);
    world.run(Duration::milliseconds(60));
  }
  world.run(second * 3);
  EXPECT_TRUE(world.converged());
  EXPECT_LE(world.session(0).sending()->value(), alone.value() + 2);
}

TEST(Session, ALostKeyMessageIsSentAnew) {
  World world(11);
  fill(world, 2);
  int lost = 0;
  world.tamper = [&](std::size_t from, std::size_t to, Output& message) {
    const bool lose = from == 0 && to == 1 && std::holds_alternative<SendKey>(message) && lost == 0;
    lost += lose ? 1 : 0;
    return !lose;
  };
  world.join(0);
  world.run(second);
  world.join(1);
  world.run(second * 4);
  EXPECT_EQ(lost, 1);
  EXPECT_TRUE(world.converged());
}

// Everything that outlives a call on a device, and everything that crossed the server.
TEST(Session, DeviceStateSeizedLaterOpensNoCapturedCall) {
  World world(12);
  fill(world, 2);
  world.join(0);
  world.join(1);
  world.run(second * 2);
  const Result<Buffer> frame = world.host(0).seal(Track::camera, Codec::vp9, Buffer(100, 3));
  const LeafId victim = world.id(1);
  const LeafId sender = world.id(0);
  const Leaf sender_leaf = *world.clients[0]->leaf;
  world.leave(0);
  world.leave(1);

  // The thief has the device key, the link and the capture, and runs our own code on them.
  NativeHost thief(*world.clients[1]->device, world.room, world.copy_of_link(), "thief",
                   world.random, world.now());
  thief.session().on_welcome(world.now());
  ServerRoster roster;
  roster.members.push_back({sender, to_buffer(sender_leaf.bytes()), {}, true});
  thief.session().on_roster(roster, world.now());
  thief.pump(world.now());
  EXPECT_NE(thief.session().leaf()->id(), victim);
  EXPECT_EQ(thief.session().roster()->members().size(), 2u);
  std::size_t opened = 0;
  std::size_t keys_seen = 0;
  for (const Buffer& message : world.captured) {
    if (message.size() == KeyMessage::size) {
      ++keys_seen;
      thief.session().on_key(sender, message, world.now());
      // Even with the checks aside: the KEM key of the call is gone, so the wrap does not open.
      const KeyMessage key = *KeyMessage::parse(message, world.room.hash());
      const CallKey fresh(world.random);
      const xwing::SharedSecret guess = xwing::decapsulate_with(
          fresh.decapsulator, fresh.x25519_public, *xwing::Ciphertext::parse(key.kem_ciphertext()),
          xwing::X25519Secret());
      const WrapKey wrap = wrap_key(guess, world.link.secret, key.bound());
      opened +=
          FrameKey::from_parts(SframeSuite::aes_256_gcm_sha512_128, wrap.expose(), ByteArray<12>{})
                  .open_raw(ByteArray<12>{}, key.bound(), key.wrapped())
              ? 1
              : 0;
    } else {
      thief.session().on_data(sender, message, world.now());
    }
    thief.pump(world.now());
  }
  EXPECT_GT(keys_seen, 1u);
  EXPECT_EQ(opened, 0u);
  EXPECT_EQ(thief.open(sender, Track::camera, Codec::vp9, *frame, world.time).error(),
            Drop::no_key);
}

TEST(Session, ChatNamesHandsAndMutesTravelEncrypted) {
  World world(13);
  fill(world, 3);
  for (const std::size_t i : {0u, 1u, 2u}) {
    world.join(i);
  }
  world.run(second * 3);
  world.with(1, [&](Session& s) { return s.chat("hello \"all\"", world.now()); });
  world.with(1, [&](Session& s) {
    s.set_hand(true, world.now());
    s.set_muted(2, world.now());
    s.set_name("Zoë", world.now());
    return 0;
  });
  world.run(second);
  for (const std::size_t i : {0u, 2u}) {
    std::size_t chats = 0;
    for (const Output& output : world.clients[i]->news) {
      if (const ChatReceived* const chat = std::get_if<ChatReceived>(&output)) {
        EXPECT_EQ(chat->chat.text, "hello \"all\"");
        EXPECT_EQ(chat->from, world.id(1));
        ++chats;
      }
    }
    EXPECT_EQ(chats, 1u);
    for (const ParticipantView& view : world.session(i).participants()) {
      if (view.id == world.id(1)) {
        EXPECT_EQ(view.name, "Zoë");
        EXPECT_TRUE(view.hand);
        EXPECT_EQ(view.muted, 2);
      }
    }
  }
  for (const Buffer& message : world.captured) {
    EXPECT_EQ(as_text(message).find("hello"), std::string_view::npos);
    EXPECT_EQ(as_text(message).find("member"), std::string_view::npos);
  }
}

TEST(Session, ChatReachesAMemberWhoHasJustCome) {
  World world(17);
  fill(world, 2);
  world.join(0);
  world.run(second * 2);
  world.join(1);
  while (world.session(0).roster()->members().size() < 2) {
    world.run(Duration::milliseconds(5));
  }
  EXPECT_TRUE(world.with(0, [&](Session& s) { return s.chat("welcome", world.now()); }));
  world.run(second * 2);
  const auto& news = world.clients[1]->news;
  EXPECT_TRUE(std::any_of(news.begin(), news.end(), [](const Output& output) {
    return std::holds_alternative<ChatReceived>(output);
  }));
  EXPECT_TRUE(world.converged());
}

TEST(Session, HostAdmitsRemovesGrantsLocksAndEnds) {
  World world(14, true);
  fill(world, 4);
  world.join(0);
  world.run(second);
  world.join(1, true);
  world.run(second);
  ASSERT_EQ(world.session(0).roster()->lobby().size(), 1u);
  EXPECT_TRUE(world.with(0, [&](Session& s) { return s.admit(world.id(1), world.now()); }));
  world.run(second * 3);
  EXPECT_TRUE(world.converged());
  EXPECT_EQ(world.session(1).roster()->members().size(), 2u);
  EXPECT_EQ(
      world.with(1, [&](Session& s) { return s.admit(world.id(2), world.now()); }).error().code,
      Errc::forbidden);

  // A co-host admits; the guest sees both statements though the host could have left.
  EXPECT_TRUE(
      world.with(0, [&](Session& s) { return s.grant(world.id(1), Role::cohost, world.now()); }));
  world.run(second);
  world.join(2, true);
  world.run(second);
  EXPECT_TRUE(world.with(1, [&](Session& s) { return s.admit(world.id(2), world.now()); }));
  world.run(second * 3);
  EXPECT_TRUE(world.converged());
  EXPECT_EQ(world.session(2).roster()->members().size(), 3u);

  // The grant is taken back: whom the co-host admitted stays.
  EXPECT_TRUE(
      world.with(0, [&](Session& s) { return s.grant(world.id(1), Role::guest, world.now()); }));
  world.run(second * 3);
  EXPECT_TRUE(world.converged());
  EXPECT_EQ(world.session(0).roster()->members().size(), 3u);
  EXPECT_EQ(world.session(2).roster()->role(world.clients[1]->leaf->device()), Role::guest);

  EXPECT_TRUE(world.with(0, [&](Session& s) { return s.remove(world.id(2), world.now()); }));
  world.run(second * 3);
  EXPECT_TRUE(world.converged());
  EXPECT_EQ(world.session(1).roster()->members().size(), 2u);
  EXPECT_TRUE(world.with(
      0, [&](Session& s) { return s.ask_to_mute(world.id(1), Track::audio, world.now()); }));
  EXPECT_TRUE(world.with(0, [&](Session& s) { return s.end(world.now()); }));
  world.run(second);
  bool asked = false;
  bool over = false;
  for (const Output& output : world.clients[1]->news) {
    asked = asked || std::holds_alternative<MuteAsked>(output);
    over = over || std::holds_alternative<Over>(output);
  }
  EXPECT_TRUE(asked);
  EXPECT_TRUE(over);
}

TEST(Session, TurningTheLobbyOnKeepsThoseInside) {
  World world(15);
  fill(world, 4);
  for (const std::size_t i : {0u, 1u, 2u}) {
    world.join(i);
  }
  world.run(second * 3);
  EXPECT_TRUE(world.with(0, [&](Session& s) { return s.set_policy({true, false}, world.now()); }));
  world.run(second * 2);
  EXPECT_TRUE(world.converged());
  world.join(3, true);
  world.run(second);
  EXPECT_TRUE(world.with(0, [&](Session& s) { return s.admit(world.id(3), world.now()); }));
  world.run(second * 3);
  EXPECT_TRUE(world.converged());
  EXPECT_EQ(world.session(3).roster()->members().size(), 4u);
}

TEST(Session, GreenWhenEverybodyIsKnown) {
  World world(16);
  fill(world, 3);
  for (const std::size_t i : {0u, 1u, 2u}) {
    world.join(i);
  }
  world.run(second * 3);
  const auto trust = [&](std::size_t who, Trust value) {
    world.session(0).set_trust(world.id(who), value);
    return world.badge(0).state;
  };
  EXPECT_EQ(trust(1, Trust::confirmed), BadgeState::outline);
  EXPECT_EQ(trust(2, Trust::pinned), BadgeState::green);
  EXPECT_EQ(trust(2, Trust::changed), BadgeState::amber);
  EXPECT_TRUE(world.has_reason(0, Reason::key_changed, 2));
}

}  // namespace
}  // namespace v100::e2ee
