// Broken if this fails: a stranger enrols a key, a revoked key or a closed tenant still speaks, or
// what was acknowledged is gone after a restart.
#include "svc/identity/accounts.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "crypto/keccak/keccak.h"
#include "keys/codec.h"
#include "testing/world.h"

namespace v100::identity {
namespace {

constexpr WallTime start{1'700'000'000'000};
WallTime later(std::int64_t seconds) { return WallTime(start.value() + seconds * 1000); }

class AccountsTest : public testing::Test {
 protected:
  void SetUp() override {
    tenant_ = accounts_.make_tenant("clinic", start, change_).value();
    keep();
    user_ = principal("ada", PrincipalKind::user, 0, 1u << 1);
  }
  std::uint64_t principal(std::string_view name, PrincipalKind kind, std::uint64_t user,
                          std::uint32_t roles) {
    const auto id = accounts_.make_principal(
        {.tenant = tenant_, .user = user, .kind = kind, .roles = roles, .name = name}, start,
        change_);
    keep();
    return id.value();
  }
  // What a service does with a change: the store has it, whole.
  void keep() {
    world_.store.commit(std::move(change_.batch), [](Result<void> done) { ASSERT_TRUE(done); });
    world_.settle();
    change_ = {};
  }
  std::string token(std::uint64_t who, std::int64_t seconds = 60) {
    std::string made = accounts_.make_token(who, seconds, start, world_.random, change_).value();
    keep();
    return made;
  }
  static auth::KeyId id_of(const keys::PublicKey& key) {
    auth::KeyId id;
    copy(id, from_base64url(keys::thumbprint(key)).value());
    return id;
  }
  static ByteArray<32> hash_of(std::string_view token) {
    ByteArray<32> out;
    keccak::sha3_256(out, {Bytes(from_base64url(token).value())});
    return out;
  }
  keys::PrivateKey make_key() {
    return keys::PrivateKey::generate(keys::Algorithm::mldsa65, world_.random);
  }
  static Buffer prove(const keys::PrivateKey& key, Bytes bound_to) {
    Buffer message = to_buffer(bound_to);
    append(message, id_of(key.public_key()));
    return keys::sign(key, message, as_bytes(enrol_context), nullptr).value();
  }
  auth::KeyId enrolled(std::uint64_t who, const keys::PrivateKey& key) {
    const std::string text = token(who);
    const auto id = accounts_.enrol(
        text, {.key = key.public_key(), .proof = prove(key, hash_of(text))}, start, change_);
    keep();
    return id.value();
  }

  testing_world::World world_{11};
  Accounts accounts_;
  Change change_;
  std::uint64_t tenant_ = 0, user_ = 0;
};

TEST_F(AccountsTest, ATokenBringsOneKeyInOnce) {
  const keys::PrivateKey key = make_key(), other = make_key();
  const std::string text = token(user_);
  const Buffer proof = prove(key, hash_of(text));
  // Another's proof, a changed token, a token too late.
  EXPECT_EQ(accounts_.enrol(text, {other.public_key(), proof}, start, change_).error().code,
            Errc::unauthenticated);
  EXPECT_EQ(
      accounts_.enrol(std::string(43, 'A'), {key.public_key(), proof}, start, change_).error().code,
      Errc::unauthenticated);
  EXPECT_EQ(accounts_.enrol(text, {key.public_key(), proof}, later(61), change_).error().code,
            Errc::unauthenticated);
  const auto id = accounts_.enrol(text, {key.public_key(), proof}, start, change_);
  ASSERT_TRUE(id.has_value());
  EXPECT_NE(change_.event.find("key-enrolled"), std::string::npos);
  EXPECT_EQ(change_.event.find(text), std::string::npos) << "the key log holds no secrets";
  keep();
  const auth::KeyRecord* record = accounts_.find(*id);
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->owner, user_);
  EXPECT_EQ(record->scopes, accounts_.principal(user_)->scopes());
  EXPECT_EQ(accounts_.enrol(text, {key.public_key(), proof}, start, change_).error().code,
            Errc::unauthenticated)
      << "a token works once";
}

TEST_F(AccountsTest, RotationOverlapsAndIsSignedByTheNewKey) {
  const keys::PrivateKey old = make_key(), fresh = make_key();
  const auth::KeyId before = enrolled(user_, old);
  const NewKey wanted{fresh.public_key(), {}};
  EXPECT_EQ(accounts_.rotate(before, wanted, 60, start, change_).error().code,
            Errc::unauthenticated);
  const Buffer proof = prove(fresh, before);
  const auto after = accounts_.rotate(before, {fresh.public_key(), proof}, 60, start, change_);
  ASSERT_TRUE(after.has_value());
  EXPECT_EQ(accounts_.find(before)->not_after, later(60));
  EXPECT_EQ(accounts_.find(*after)->owner, user_);
  EXPECT_EQ(accounts_.rotate(before, {fresh.public_key(), proof}, 60, start, change_).error().code,
            Errc::conflict);
  EXPECT_EQ(accounts_.rotate(before, {fresh.public_key(), proof}, -1, start, change_).error().code,
            Errc::malformed);
}

TEST_F(AccountsTest, WhatEndsAKeyEndsItAtOnce) {
  const auth::KeyId a = enrolled(user_, make_key());
  const auth::KeyId b = enrolled(user_, make_key());
  std::uint64_t generation = accounts_.generation();
  ASSERT_TRUE(accounts_.revoke(a, change_).has_value());
  EXPECT_TRUE(accounts_.find(a)->revoked);
  EXPECT_FALSE(accounts_.find(b)->revoked);
  EXPECT_GT(accounts_.generation(), generation);
  keep();
  generation = accounts_.generation();
  ASSERT_TRUE(accounts_.edit_principal(user_, {.disabled = true}, change_).has_value());
  EXPECT_TRUE(accounts_.find(b)->revoked);
  EXPECT_EQ(accounts_.find(b)->scopes, 0u);
  EXPECT_GT(accounts_.generation(), generation);
  ASSERT_TRUE(accounts_.edit_principal(user_, {.disabled = false}, change_).has_value());
  EXPECT_TRUE(accounts_.find(a)->revoked) << "a revoked key does not come back with its owner";
  EXPECT_FALSE(accounts_.find(b)->revoked);
  ASSERT_TRUE(accounts_.close_tenant(tenant_, true, change_).has_value());
  EXPECT_TRUE(accounts_.find(b)->revoked);
}

TEST_F(AccountsTest, RolesBecomeScopesOfEveryKey) {
  const std::uint64_t robot = principal("robot", PrincipalKind::service, 0, 0);
  const auth::KeyId id = enrolled(robot, make_key());
  EXPECT_EQ(accounts_.find(id)->scopes, 0u);
  ASSERT_TRUE(accounts_.edit_principal(robot, {.roles = 1u << 4}, change_).has_value());
  EXPECT_EQ(accounts_.find(id)->scopes, scope::attest_append | scope::match_verify);
  EXPECT_EQ(accounts_.edit_principal(robot, {.roles = 1u << 31}, change_).error().code,
            Errc::malformed);
  EXPECT_EQ(roles()[1].scopes & scope::tenants, 0u) << "a tenant's admin makes no tenants";
}

TEST_F(AccountsTest, ADeviceBelongsToAUserOfItsTenant) {
  EXPECT_NE(principal("phone", PrincipalKind::device, user_, 0), 0u);
  const auto lost = accounts_.make_principal(
      {.tenant = tenant_, .kind = PrincipalKind::device, .name = "lost"}, start, change_);
  EXPECT_EQ(lost.error().code, Errc::malformed);
  const auto elsewhere = accounts_.make_tenant("other", start, change_).value();
  const auto foreign = accounts_.make_principal(
      {.tenant = elsewhere, .user = user_, .kind = PrincipalKind::device, .name = "x"}, start,
      change_);
  EXPECT_EQ(foreign.error().code, Errc::malformed);
  for (const std::string& name :
       {std::string(), std::string(65, 'a'), std::string("a\nb"), std::string("\xc0\xaf")}) {
    EXPECT_EQ(accounts_.make_tenant(name, start, change_).error().code, Errc::malformed);
  }
  EXPECT_EQ(accounts_.make_tenant("clinic", start, change_).error().code, Errc::conflict);
}

TEST_F(AccountsTest, ARestartFindsEverythingAsItWas) {
  const keys::PrivateKey key = make_key();
  const auth::KeyId id = enrolled(user_, key);
  const auth::KeyId gone = enrolled(user_, make_key());
  ASSERT_TRUE(accounts_.revoke(gone, change_).has_value());
  keep();
  const std::string open = token(user_);
  Accounts again;
  ASSERT_TRUE(again.load(world_.store).has_value());
  ASSERT_NE(again.find(id), nullptr);
  EXPECT_EQ(again.find(id)->public_key, accounts_.find(id)->public_key);
  EXPECT_EQ(again.find(id)->scopes, accounts_.find(id)->scopes);
  EXPECT_TRUE(again.find(gone)->revoked);
  EXPECT_EQ(again.principal(user_)->name, "ada");
  const keys::PrivateKey next = make_key();
  EXPECT_TRUE(again.enrol(open, {next.public_key(), prove(next, hash_of(open))}, start, change_)
                  .has_value());
  EXPECT_NE(again.make_tenant("second", start, change_).value(), tenant_);
}

}  // namespace
}  // namespace v100::identity
