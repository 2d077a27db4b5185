// If this fails, links, leaves or statements no longer have the bytes of docs/spec/e2ee.md, or a
// forged one is taken.
#include <gtest/gtest.h>

#include "base/text.h"
#include "e2ee/leaf.h"
#include "e2ee/link.h"
#include "e2ee/statement.h"

namespace v100::e2ee {
namespace {

using PrivateKey = mldsa::PrivateKey<mldsa::Mldsa65>;

mldsa::Seed seed_of(std::uint8_t fill) {
  ByteArray<32> bytes;
  bytes.fill(fill);
  return mldsa::Seed(bytes);
}

Buffer signature_of(const PrivateKey& key, Bytes message, std::string_view context) {
  const Result<DeviceSignature> signature =
      key.sign(message, as_bytes(context), mldsa::Hedge::deterministic());
  EXPECT_TRUE(signature.has_value());
  return to_buffer(signature->bytes());
}

RoomSecret secret_of(std::uint8_t fill) {
  ByteArray<32> bytes;
  bytes.fill(fill);
  return RoomSecret(bytes);
}

RoomHash room() { return RoomId::parse("abcd-efgh-jkmn")->hash(); }

Leaf leaf_of(const PrivateKey& key, const RoomSecret& secret) {
  ByteArray<kem_key_bytes> kem_key;
  kem_key.fill(7);
  ByteArray<16> nonce{};
  const LeafDraft draft({.room = room(),
                         .device_key = key.public_key().bytes(),
                         .kem_key = kem_key,
                         .nonce = nonce,
                         .created = WallTime(1750000000000)},
                        secret);
  Result<Leaf> leaf = draft.finish(signature_of(key, draft.body(), context_leaf));
  EXPECT_TRUE(leaf.has_value());
  EXPECT_EQ(leaf->id(), draft.id());
  return *leaf;
}

Buffer statement_of(const PrivateKey& key, StatementFields fields) {
  fields.issuer = fingerprint(key.public_key().bytes());
  fields.room = room();
  const ByteArray<Statement::body_bytes> body = statement_body(fields);
  Buffer bytes = to_buffer(body);
  append(bytes, signature_of(key, body, context_statement));
  return bytes;
}

TEST(RoomId, HasOneSpellingAndForgivesReaders) {
  EXPECT_EQ(RoomId::parse("ABCDEFGHJKMN")->text(), "abcd-efgh-jkmn");
  EXPECT_EQ(RoomId::parse("oOiI-lL00-0000")->text(), "0011-1100-0000");
  EXPECT_FALSE(RoomId::parse("abcd-efgh-jkm").has_value());
  EXPECT_FALSE(RoomId::parse("abcd-efgh-jkmnn").has_value());
  EXPECT_FALSE(RoomId::parse("abcd-efgh-jkmu").has_value());
  EXPECT_FALSE(RoomId::parse("").has_value());
  const ByteArray<8> random{1, 2, 3, 4, 5, 6, 7, 8};
  const RoomId made = RoomId::from_random(random);
  EXPECT_EQ(*RoomId::parse(made.text()), made);
}

TEST(Link, RoundTripsAndRefusesEveryOtherForm) {
  Link link;
  link.lobby = true;
  link.secret = secret_of(5);
  link.host = Fingerprint(Hash{9});
  const std::string text = link.fragment();
  const Result<Link> back = Link::parse(text);
  ASSERT_TRUE(back.has_value());
  EXPECT_TRUE(back->lobby);
  EXPECT_EQ(back->host, link.host);
  EXPECT_TRUE(same(back->secret.expose(), link.secret.expose()));
  EXPECT_FALSE(Link::parse(text.substr(1)).has_value());
  EXPECT_FALSE(Link::parse(text + "A").has_value());
  Buffer raw = *from_base64url(text);
  raw[1] = 2;
  EXPECT_EQ(Link::parse(to_base64url(raw)).error().code, Errc::malformed);
  raw[0] = 2;
  EXPECT_EQ(Link::parse(to_base64url(raw)).error().code, Errc::unsupported);
}

TEST(Leaf, IsBoundToRoomDeviceKemKeyAndInvite) {
  const PrivateKey key = PrivateKey::from_seed(seed_of(1));
  const Leaf leaf = leaf_of(key, secret_of(5));
  EXPECT_TRUE(leaf.invited(secret_of(5)));
  EXPECT_FALSE(leaf.invited(secret_of(6)));
  EXPECT_EQ(leaf.device(), fingerprint(key.public_key().bytes()));
  EXPECT_EQ(leaf.kem_key()[0], 7);
  EXPECT_EQ(leaf.created().value(), 1750000000000);

  EXPECT_TRUE(Leaf::parse(leaf.bytes(), room()).has_value());
  EXPECT_EQ(Leaf::parse(leaf.bytes(), RoomHash(Hash{1})).error().code, Errc::forbidden);
  for (const std::size_t at : {33ul, 1985ul, 3201ul, 3217ul, 3225ul, 3257ul, 6565ul}) {
    Buffer altered = to_buffer(leaf.bytes());
    altered[at] ^= 1;
    EXPECT_EQ(Leaf::parse(altered, room()).error().code, Errc::unauthenticated) << at;
  }
  Buffer longer = to_buffer(leaf.bytes());
  longer.push_back(0);
  EXPECT_EQ(Leaf::parse(longer, room()).error().code, Errc::malformed);
  EXPECT_EQ(Leaf::parse({}, room()).error().code, Errc::malformed);
}

TEST(Statement, SaysWhatItsIssuerSignedAndNothingElse) {
  const PrivateKey host = PrivateKey::from_seed(seed_of(1));
  const PrivateKey other = PrivateKey::from_seed(seed_of(2));
  StatementFields fields;
  fields.kind = StatementKind::grant;
  fields.seq = 1750000000001;
  fields.subject = Hash{3};
  fields.argument = grant_cohost;
  const Buffer bytes = statement_of(host, fields);
  const Result<Statement> statement = Statement::parse(bytes, room());
  ASSERT_TRUE(statement.has_value());
  EXPECT_EQ(statement->fields().seq, fields.seq);
  EXPECT_TRUE(statement->verify(host.public_key()).has_value());
  EXPECT_EQ(statement->verify(other.public_key()).error().code, Errc::unauthenticated);
  Buffer altered = bytes;
  altered[66] ^= 1;
  EXPECT_FALSE(Statement::parse(altered, room())->verify(host.public_key()).has_value());
}

TEST(Statement, RefusesSubjectsAndArgumentsThatTheKindDoesNotTake) {
  const PrivateKey host = PrivateKey::from_seed(seed_of(1));
  const auto takes = [&](StatementKind kind, const Hash& subject, std::uint8_t argument) {
    StatementFields fields;
    fields.kind = kind;
    fields.subject = subject;
    fields.argument = argument;
    return Statement::parse(statement_of(host, fields), room()).has_value();
  };
  const Hash zero{};
  const Hash some{1};
  EXPECT_TRUE(takes(StatementKind::policy, zero, 3));
  EXPECT_FALSE(takes(StatementKind::policy, zero, 4));
  EXPECT_FALSE(takes(StatementKind::policy, some, 0));
  EXPECT_TRUE(takes(StatementKind::admit, some, 0));
  EXPECT_FALSE(takes(StatementKind::admit, zero, 0));
  EXPECT_FALSE(takes(StatementKind::admit, some, 1));
  EXPECT_FALSE(takes(StatementKind::grant, some, 2));
  EXPECT_TRUE(takes(StatementKind::ask_to_mute, some, 4));
  EXPECT_FALSE(takes(StatementKind::ask_to_mute, some, 0));
  EXPECT_FALSE(takes(StatementKind::ask_to_mute, some, 5));
  EXPECT_TRUE(takes(StatementKind::end, zero, 0));
  EXPECT_FALSE(takes(static_cast<StatementKind>(7), some, 0));
  EXPECT_FALSE(takes(static_cast<StatementKind>(0), some, 0));
}

}  // namespace
}  // namespace v100::e2ee
