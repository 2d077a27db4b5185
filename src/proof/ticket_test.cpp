// If this fails, the lobby lets in who has no proof, or one that is somebody else's or of
// yesterday.
#include "proof/ticket.h"

#include <gtest/gtest.h>

#include "proof/test_case.h"

namespace v100::proof {
namespace {

struct Lobby {
  Lobby() : test(20, 11, 50), context(lobby_context(as_bytes("abcd-efgh-jkmn"), 1764000000000)) {
    test.statement.context = context;
    test.statement.level_min = 5;
    test.statement.message = as_bytes("the guest's key");
    test.statement.pseudonym = pseudonym(test.key, context);
    TestRandom random(1);
    proof = *prove(Preset::bits100, test.statement, test.witness(), random);
    ticket = encode_ticket({test.statement.root, 20, test.statement.pseudonym, proof});
    CHECK(gate.trust(test.statement.root, 20, 1000).has_value());
  }
  Errc refusal(Bytes with, Bytes in, Bytes message, std::uint64_t now) {
    const Result<Digest> result = gate.admit(with, in, message, now);
    CHECK(!result.has_value());
    return result.error().code;
  }
  TestCase test;
  Buffer context, proof, ticket;
  Gate gate{5, Preset::bits100};
};

TEST(Ticket, a_guest_with_a_proof_comes_in_under_a_pseudonym) {
  Lobby lobby;
  const Bytes message = lobby.test.statement.message;
  const Result<Digest> guest = lobby.gate.admit(lobby.ticket, lobby.context, message, 999);
  ASSERT_TRUE(guest.has_value()) << guest.error().what;
  EXPECT_EQ(*guest, lobby.test.statement.pseudonym);
  EXPECT_EQ(guest_label(*guest).size(), 14u);
  const Buffer tomorrow = lobby_context(as_bytes("abcd-efgh-jkmn"), 1764086400000);
  EXPECT_NE(pseudonym(lobby.test.key, tomorrow), *guest);
}

TEST(Ticket, nobody_else_and_nowhere_else) {
  Lobby lobby;
  const Bytes message = lobby.test.statement.message;
  const Buffer elsewhere = lobby_context(as_bytes("abcd-efgh-jkmp"), 1764000000000);
  EXPECT_EQ(lobby.refusal(lobby.ticket, elsewhere, message, 1), Errc::forbidden);
  EXPECT_EQ(lobby.refusal(lobby.ticket, lobby.context, as_bytes("another key"), 1),
            Errc::forbidden);
  for (const std::size_t at : {std::size_t{34}, std::size_t{65}, std::size_t{5000}}) {
    Buffer changed = lobby.ticket;
    changed[at] ^= 1;
    EXPECT_EQ(lobby.refusal(changed, lobby.context, message, 1), Errc::forbidden) << at;
  }
  Gate stricter(6, Preset::bits100);
  ASSERT_TRUE(stricter.trust(lobby.test.statement.root, 20, 1000).has_value());
  EXPECT_FALSE(stricter.admit(lobby.ticket, lobby.context, message, 1).has_value());
  Gate stronger(5, Preset::bits128);
  ASSERT_TRUE(stronger.trust(lobby.test.statement.root, 20, 1000).has_value());
  EXPECT_EQ(stronger.admit(lobby.ticket, lobby.context, message, 1).error().code,
            Errc::unsupported);
}

TEST(Ticket, only_on_trusted_roots_while_they_are) {
  Lobby lobby;
  const Bytes message = lobby.test.statement.message;
  for (const std::size_t at : {std::size_t{1}, std::size_t{2}, std::size_t{33}}) {
    Buffer changed = lobby.ticket;
    changed[at] ^= 1;
    EXPECT_EQ(lobby.refusal(changed, lobby.context, message, 1), Errc::not_found);
  }
  for (std::size_t size = 0; size < lobby.ticket.size(); size += 97) {
    EXPECT_EQ(lobby.refusal(Bytes(lobby.ticket).first(size), lobby.context, message, 1),
              Errc::malformed);
  }
  Buffer newer = lobby.ticket;
  newer[0] = 2;
  EXPECT_EQ(lobby.refusal(newer, lobby.context, message, 1), Errc::malformed);
  Lobby late;
  EXPECT_EQ(late.refusal(late.ticket, late.context, message, 1000), Errc::not_found);
  lobby.gate.revoke(lobby.test.statement.root);
  EXPECT_EQ(lobby.refusal(lobby.ticket, lobby.context, message, 1), Errc::not_found);
  for (std::size_t i = 0; i < Gate::roots_max; ++i) {
    Digest root{};
    store_le(root.data(), static_cast<std::uint32_t>(i));
    ASSERT_TRUE(lobby.gate.trust(root, 5, 1000).has_value());
  }
  EXPECT_EQ(lobby.gate.trust(lobby.test.statement.root, 20, 1000).error().code, Errc::busy);
}

}  // namespace
}  // namespace v100::proof
