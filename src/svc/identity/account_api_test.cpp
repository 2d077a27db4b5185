// Broken if this fails: an account does over HTTP what its roles do not allow, a change is answered
// before it is durable, or something happens to a key and the key log does not say so.
#include <gtest/gtest.h>

#include "auth/key_id.h"
#include "base/text.h"
#include "crypto/keccak/keccak.h"
#include "keys/codec.h"
#include "svc/attest/api.h"
#include "svc/identity/accounts.h"
#include "svc/identity/identity.h"
#include "testing/world.h"
#include "wire/json.h"

namespace v100::identity {
namespace {

// In the attest service's place: takes leaves, or is away.
struct FakeAttest final : Service {
  std::vector<merkle::Leaf> leaves;
  bool away = false;
  void open(Router& router) override {
    router.on("append", [this](Bytes request, Reply reply) {
      if (away) {
        return reply.error(Errc::unavailable, "attest: away");
      }
      leaves.push_back(attest::decode_append(request)->leaf);
      reply.ok(attest::encode(merkle::Reference{}));
    });
  }
};

class AccountApiTest : public testing::Test {
 protected:
  AccountApiTest() { start(); }
  void start() {
    auto fake = std::make_unique<FakeAttest>();
    attest_ = fake.get();
    world_.add("attest", std::move(fake));
    auto made = make_identity(world_.env());
    identity_ = made.get();
    world_.add("identity", std::move(made));
    world_.settle();
  }
  // The answer's status and its JSON.
  int ask(std::string_view method, std::string_view path, const std::string& body = "") {
    HttpAnswer answer = world_.http(method, path, body);
    answer_ = wire::JsonDocument::parse(answer.body, 100'000).value();
    return answer.status;
  }
  wire::JsonValue root() const { return answer_.root(); }
  std::int64_t number(std::string_view key) const { return root()[key].integer().value(); }

  keys::PrivateKey make_key() {
    return keys::PrivateKey::generate(keys::Algorithm::mldsa65, world_.random);
  }
  static std::string new_key(const keys::PrivateKey& key, Bytes bound_to) {
    Buffer message = to_buffer(bound_to);
    append(message, auth::key_id_of(key.public_key()));
    const Buffer proof = keys::sign(key, message, as_bytes(enrol_context), nullptr).value();
    return "\"key\":" + keys::write_jwk(key.public_key()) + ",\"proof\":\"" + to_base64url(proof) +
           "\"";
  }
  static std::string enrolment(const keys::PrivateKey& key, const std::string& token) {
    ByteArray<32> hash;
    keccak::sha3_256(hash, {Bytes(from_base64url(token).value())});
    return "{\"token\":\"" + token + "\"," + new_key(key, hash) + "}";
  }
  // The next requests are this key's, as the gate would have found.
  void speak_as(const auth::KeyId& id) {
    const auth::KeyRecord* record = identity_->directory().find(id);
    ASSERT_NE(record, nullptr);
    world_.caller = {.known = true,
                     .key = id,
                     .owner = record->owner,
                     .scopes = record->scopes,
                     .lane = "header",
                     .tenant = {}};
  }
  auth::KeyId enrol(const std::string& token) {
    const keys::PrivateKey key = make_key();
    EXPECT_EQ(ask("POST", "/v1/identity/enrol", enrolment(key, token)), 201);
    return auth::key_id_of(key.public_key());
  }
  void be_owner() { speak_as(enrol(identity_->first_token())); }
  std::int64_t make_user(const std::string& name, const std::string& roles,
                         const std::string& more = "") {
    EXPECT_EQ(
        ask("POST", "/v1/identity/principals",
            "{\"kind\":\"user\",\"name\":\"" + name + "\",\"roles\":[" + roles + "]" + more + "}"),
        201);
    return number("id");
  }
  std::string token_for(std::int64_t principal) {
    EXPECT_EQ(
        ask("POST", "/v1/identity/tokens", "{\"principal\":" + std::to_string(principal) + "}"),
        201);
    return std::string(root()["token"].text().value());
  }

  testing_world::World world_{5};
  FakeAttest* attest_ = nullptr;
  IdentityService* identity_ = nullptr;
  wire::JsonDocument answer_;
};

TEST_F(AccountApiTest, TheFirstTokenMakesAnOwnerOnce) {
  const std::string first = identity_->first_token();
  world_.settle();
  const std::string second = identity_->first_token();
  EXPECT_NE(first, second);
  be_owner();
  EXPECT_EQ(identity_->first_token(), "") << "somebody can sign now";
  EXPECT_EQ(ask("GET", "/v1/identity/me"), 200);
  EXPECT_EQ(root()["principal"]["name"].text().value(), "owner");
  EXPECT_EQ(ask("POST", "/v1/identity/tenants", R"({"name":"clinic"})"), 201);
}

TEST_F(AccountApiTest, NobodyGivesMoreThanHeHas) {
  be_owner();
  ASSERT_EQ(ask("POST", "/v1/identity/tenants", R"({"name":"clinic"})"), 201);
  const std::string clinic = std::to_string(number("id"));
  const std::int64_t admin = make_user("ada", "\"admin\"", ",\"tenant\":" + clinic);
  const std::string admin_token = token_for(admin);
  const std::int64_t foreign = make_user("eve", "\"member\"");  // of the platform's own tenant
  speak_as(enrol(admin_token));
  EXPECT_EQ(ask("POST", "/v1/identity/tenants", R"({"name":"second"})"), 403);
  EXPECT_EQ(
      ask("POST", "/v1/identity/principals", R"({"kind":"user","name":"x","roles":["owner"]})"),
      403);
  EXPECT_EQ(
      ask("PATCH", "/v1/identity/principals/" + std::to_string(admin), R"({"roles":["owner"]})"),
      403);
  EXPECT_EQ(ask("GET", "/v1/identity/principals/" + std::to_string(foreign)), 403);
  EXPECT_EQ(ask("POST", "/v1/identity/tokens", "{\"principal\":" + std::to_string(foreign) + "}"),
            403);
  const std::int64_t member = make_user("bob", "\"member\"");
  const std::string member_token = token_for(member);
  speak_as(enrol(member_token));
  EXPECT_EQ(ask("GET", "/v1/identity/principals"), 403);
  EXPECT_EQ(ask("GET", "/v1/identity/me"), 200);
  EXPECT_EQ(
      ask("PATCH", "/v1/identity/principals/" + std::to_string(member), R"({"roles":["admin"]})"),
      403);
}

TEST_F(AccountApiTest, KeysRotateAndAreRevokedAndTheLogSaysSo) {
  be_owner();
  const auth::KeyId old = world_.caller.key;
  const keys::PrivateKey fresh = make_key();
  ASSERT_EQ(
      ask("POST", "/v1/identity/keys", "{\"overlap_seconds\":60," + new_key(fresh, old) + "}"),
      201);
  const auth::KeyId after = auth::key_id_of(fresh.public_key());
  EXPECT_EQ(identity_->directory().find(old)->not_after.value(),
            world_.clock.wall().value() + 60'000);
  speak_as(after);
  EXPECT_EQ(ask("DELETE", "/v1/identity/keys/" + auth::to_text(old)), 200);
  EXPECT_TRUE(identity_->directory().find(old)->revoked);
  ASSERT_EQ(ask("GET", "/v1/identity/log"), 200);
  std::string events;
  for (const wire::JsonValue event : root()["events"]) {
    events.append(event["line"].text().value());
    EXPECT_TRUE(event["attested"].boolean().value());
  }
  for (const char* what : {"key-enrolled", "key-rotated", "key-revoked"}) {
    EXPECT_NE(events.find(what), std::string::npos) << what;
  }
  EXPECT_EQ(attest_->leaves.size(), static_cast<std::size_t>(number("size")));
  EXPECT_EQ(attest_->leaves.back().kind, merkle::LeafKind::key_event);
}

TEST_F(AccountApiTest, LinesThatTheLogDidNotGetGoThereAfterARestart) {
  be_owner();
  attest_->away = true;
  make_user("ada", "");
  ASSERT_EQ(ask("GET", "/v1/identity/log?from=0"), 200);
  const auto size = static_cast<std::size_t>(number("size"));
  EXPECT_EQ(attest_->leaves.size(), size - 1);
  const auth::KeyId key = world_.caller.key;
  world_.close_services();
  start();
  EXPECT_EQ(attest_->leaves.size(), 1u) << "the one that was missing, and no other again";
  speak_as(key);
  EXPECT_EQ(ask("GET", "/v1/identity/me"), 200) << "acknowledged keys survive";
}

TEST_F(AccountApiTest, AChangeThatIsNotDurableIsNotAnsweredAsDone) {
  be_owner();
  world_.store_fails = [] { return true; };
  EXPECT_EQ(ask("POST", "/v1/identity/tenants", R"({"name":"clinic"})"), 503);
  EXPECT_EQ(ask("GET", "/v1/identity/me"), 503) << "until memory is what the store is";
  world_.store_fails = [] { return false; };
  world_.advance(Duration::seconds(2));
  ASSERT_EQ(ask("GET", "/v1/identity/tenants"), 200);
  EXPECT_EQ(root()["tenants"].size(), 1u);
}

TEST_F(AccountApiTest, NonsenseIsRefused) {
  be_owner();
  for (const char* body : {"", "[]", "{}", R"({"name":7})", R"({"name":""})"}) {
    EXPECT_EQ(ask("POST", "/v1/identity/tenants", body), 400) << body;
  }
  EXPECT_EQ(ask("POST", "/v1/identity/principals", R"({"kind":"robot","name":"x","roles":[]})"),
            400);
  EXPECT_EQ(
      ask("POST", "/v1/identity/principals", R"({"kind":"user","name":"x","roles":["king"]})"),
      400);
  EXPECT_EQ(ask("GET", "/v1/identity/keys/short"), 400);
  EXPECT_EQ(ask("GET", "/v1/identity/principals/99"), 404);
  EXPECT_EQ(ask("GET", "/v1/identity/principals?after=x"), 400);
  world_.caller = {};
  for (int i = 0; i < 25; ++i) {
    ask("POST", "/v1/identity/enrol", enrolment(make_key(), std::string(43, 'A')));
  }
  EXPECT_EQ(ask("POST", "/v1/identity/enrol", "{}"), 429);
}

}  // namespace
}  // namespace v100::identity
