// If this fails, a server can show or hide something from an honest client without its badge saying
// so within two seconds.
#include "e2ee/session_world.h"

namespace v100::e2ee {
namespace {

constexpr Duration second = Duration::seconds(1);
constexpr Duration limit = Duration::seconds(2);

class Attack : public testing::Test {
 protected:
  Attack() : world(21) {
    for (const std::size_t i : {0u, 1u, 2u}) {
      world.add("member " + std::to_string(i));
    }
    world.join(0);
    world.join(1);
    world.run(second * 3);
    EXPECT_EQ(world.badge(0).state, BadgeState::outline);
    EXPECT_EQ(world.badge(1).state, BadgeState::outline);
  }
  // Sends a frame as the SFU claims it and gives why it was dropped.
  std::optional<Drop> show(std::size_t reader, const LeafId& claimed, Track track,
                           const Buffer& frame) {
    const auto opened = world.host(reader).open(claimed, track, Codec::opus, frame, world.time);
    return opened ? std::nullopt : std::optional(opened.error());
  }
  Buffer frame_of(std::size_t sender, Track track) {
    return *world.host(sender).seal(track, Codec::opus, Buffer(50, 0x11));
  }
  World world;
};

TEST_F(Attack, AMemberWithoutTheLinksSecretIsAnIntruderAndReadsNothing) {
  Link guess;
  guess.host = world.link.host;
  const std::size_t invented = world.add("invented", std::move(guess));
  world.join(invented);
  world.run(limit);
  EXPECT_TRUE(world.has_reason(0, Reason::intruder, invented));
  EXPECT_TRUE(world.has_reason(1, Reason::intruder, invented));
  EXPECT_FALSE(world.session(0).roster()->members().contains(world.id(invented)));
  EXPECT_FALSE(world.host(invented).holds(world.id(0), *world.session(0).sending()));
  EXPECT_TRUE(world.reads(1, 0));  // the honest two go on
}

TEST_F(Attack, AnUninvitedLeafWithASwappedIdOrABadSignatureIsAnIntruder) {
  ServerRoster roster = world.roster_for(0);
  Buffer forged = to_buffer(world.clients[2]->leaf->bytes());
  forged[3300] ^= 1;
  const LeafId claimed = world.id(2);
  roster.members.push_back({claimed, forged, {}, true});
  world.session(0).on_roster(roster, world.now());
  EXPECT_TRUE(world.has_reason(0, Reason::intruder, 2));
  roster.members.back() = {LeafId(Hash{1}), {}, {}, true};  // no leaf at all
  world.session(0).on_roster(roster, world.now());
  EXPECT_EQ(world.badge(0).state, BadgeState::amber);
}

TEST_F(Attack, ASwappedKemCiphertextIsRefused) {
  world.tamper = [&](std::size_t from, std::size_t to, Output& message) {
    if (SendKey* const key = std::get_if<SendKey>(&message); key && from == 0 && to == 1) {
      key->message[500] ^= 1;
    }
    return true;
  };
  world.join(2);
  world.run(limit);
  EXPECT_TRUE(world.has_reason(1, Reason::key_refused, 0));
}

TEST_F(Attack, AnotherMembersKeyMessageIsRefused) {
  std::optional<Buffer> from_two;
  world.tamper = [&](std::size_t from, std::size_t to, Output& message) {
    if (SendKey* const key = std::get_if<SendKey>(&message); key && to == 1) {
      if (from == 2) {
        from_two = key->message;
      } else if (from_two) {
        key->message = *from_two;
      }
    }
    return true;
  };
  world.join(2);
  world.run(second * 3);
  world.session(1).on_key(world.id(0), *from_two, world.now());
  EXPECT_TRUE(world.has_reason(1, Reason::key_refused, 0));
}

TEST_F(Attack, AReplayedKeyMessageIsRefused) {
  std::vector<Buffer> seen;
  world.tamper = [&](std::size_t from, std::size_t to, Output& message) {
    if (const SendKey* const key = std::get_if<SendKey>(&message); key && from == 0 && to == 1) {
      seen.push_back(key->message);
    }
    return true;
  };
  world.join(2);
  world.run(second * 3);
  world.leave(2);
  world.run(second * 3);
  ASSERT_GE(seen.size(), 2u);
  ASSERT_EQ(world.badge(1).state, BadgeState::outline);
  world.session(1).on_key(world.id(0), seen.back(), world.now());  // the very last one again
  EXPECT_TRUE(world.has_reason(1, Reason::key_refused, 0));
  world.run(second * 31);
  ASSERT_EQ(world.badge(1).state, BadgeState::outline);
  world.session(1).on_key(world.id(0), seen.front(), world.now());  // an older epoch
  EXPECT_TRUE(world.has_reason(1, Reason::key_refused, 0));
  EXPECT_TRUE(world.reads(1, 0));
}

TEST_F(Attack, AKeyMessageForAnotherRosterIsADisagreement) {
  // The server shows the third member to 0 only: 0's keys name a roster that 1 does not see.
  world.clients[2]->present = true;
  world.tamper_roster = [&](std::size_t to, ServerRoster& roster) {
    if (to == 1) {
      std::erase_if(roster.members,
                    [&](const ShownMember& shown) { return shown.id == world.id(2); });
    }
  };
  world.broadcast_roster();
  world.run(limit);
  EXPECT_TRUE(world.has_reason(1, Reason::roster_disagrees, 0));
  EXPECT_TRUE(world.has_reason(0, Reason::roster_disagrees, 1));
}

TEST_F(Attack, AMemberStrippedFromOneRosterIsADisagreement) {
  world.join(2);
  world.run(second * 3);
  ASSERT_TRUE(world.converged());
  world.tamper_roster = [&](std::size_t to, ServerRoster& roster) {
    if (to == 0) {
      std::erase_if(roster.members,
                    [&](const ShownMember& shown) { return shown.id == world.id(2); });
    }
  };
  world.broadcast_roster();
  world.run(limit);
  EXPECT_TRUE(world.has_reason(0, Reason::roster_disagrees, 1));
  EXPECT_TRUE(world.has_reason(1, Reason::roster_disagrees, 0));
}

TEST_F(Attack, KeptBackKeysMakeTheBadgeSay) {
  world.tamper = [&](std::size_t from, std::size_t to, Output& message) {
    return !(std::holds_alternative<SendKey>(message) && from == 0 && to == 1);
  };
  world.join(2);
  world.run(limit);
  EXPECT_TRUE(world.has_reason(0, Reason::epoch_behind, 1));
  EXPECT_TRUE(world.has_reason(1, Reason::epoch_behind, 0));
}

TEST_F(Attack, AStoppedDataChannelMakesTheMemberSilent) {
  world.tamper = [&](std::size_t from, std::size_t to, Output& message) {
    return !(std::holds_alternative<SendData>(message) && from == 0 && to == 1);
  };
  world.run(Duration::milliseconds(7200));
  EXPECT_TRUE(world.has_reason(1, Reason::silent, 0));
}

TEST_F(Attack, SwappedTracksAreDroppedAndNamed) {
  world.join(2);
  world.run(second * 3);
  // Two people's, then one person's camera and screen.
  EXPECT_EQ(show(1, world.id(0), Track::audio, frame_of(2, Track::audio)), Drop::wrong_track);
  EXPECT_TRUE(world.has_reason(1, Reason::frame_wrong_track, 0));
  EXPECT_EQ(show(0, world.id(1), Track::camera, frame_of(1, Track::screen)), Drop::wrong_track);
  EXPECT_TRUE(world.has_reason(0, Reason::frame_wrong_track, 1));
}

TEST_F(Attack, ReplayedOldAndAlteredAndPlaintextFramesAreDroppedAndNamed) {
  const Buffer frame = frame_of(0, Track::audio);
  EXPECT_EQ(show(1, world.id(0), Track::audio, frame), std::nullopt);
  EXPECT_EQ(world.badge(1).state, BadgeState::outline);
  EXPECT_EQ(show(1, world.id(0), Track::audio, frame), Drop::replayed);
  EXPECT_TRUE(world.has_reason(1, Reason::frame_replayed, 0));

  Buffer altered = frame_of(0, Track::audio);
  altered.back() ^= 1;
  EXPECT_EQ(show(1, world.id(0), Track::audio, altered), Drop::forged);
  EXPECT_TRUE(world.has_reason(1, Reason::frame_forged, 0));

  EXPECT_EQ(show(1, world.id(0), Track::audio, Buffer(80, 0xfc)), Drop::malformed);
  EXPECT_TRUE(world.has_reason(1, Reason::frame_plaintext, 0));
}

TEST_F(Attack, AForgedStatementDoesNothing) {
  // The server has a device key of its own and says with it that member 1 is removed.
  const DevicePrivateKey servers = World::device_of(7777);
  StatementFields fields;
  fields.kind = StatementKind::remove;
  fields.room = world.room.hash();
  fields.seq = 1900000000000;
  fields.subject = world.id(1).value();
  for (const Fingerprint& issuer : {fingerprint(servers.public_key().bytes()), world.link.host}) {
    fields.issuer = issuer;
    const ByteArray<Statement::body_bytes> body = statement_body(fields);
    Buffer bytes = to_buffer(body);
    append(bytes,
           servers.sign(body, as_bytes(context_statement), mldsa::Hedge::deterministic())->bytes());
    world.session(0).on_statement(bytes, world.now());
    world.session(1).on_statement(bytes, world.now());
    world.collect(0);
    world.collect(1);
  }
  world.run(second);
  EXPECT_TRUE(world.converged());
  EXPECT_EQ(world.session(0).roster()->members().size(), 2u);
}

TEST_F(Attack, DataUnderAnotherMembersNameIsDropped) {
  world.join(2);
  world.run(second * 3);
  world.tamper = [&](std::size_t from, std::size_t to, Output& message) {
    if (from == 2 && to == 1 && std::holds_alternative<SendData>(message)) {
      world.session(1).on_data(world.id(0), std::get<SendData>(message).frame, world.now());
    }
    return true;
  };
  world.run(limit);
  EXPECT_TRUE(world.has_reason(1, Reason::frame_wrong_track, 0));
}

}  // namespace
}  // namespace v100::e2ee
