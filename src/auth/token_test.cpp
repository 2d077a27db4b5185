// Broken if this fails: a token that nobody issued, or that is over, is taken.
#include "auth/token.h"

#include <gtest/gtest.h>

#include "auth/test_world.h"
#include "base/text.h"
#include "keys/codec.h"
#include "wire/json.h"

namespace v100::auth {
namespace {

constexpr std::int64_t now = World::start;

TokenClaims claims() {
  return {.issuer = "https://v100.example",
          .subject = "user-7",
          .audience = "storage",
          .issued = now,
          .expires = now + 60,
          .not_before = now,
          .id = "t1",
          .scope = "read write"};
}
TokenTerms terms(std::int64_t at = now) {
  return {.issuer = "https://v100.example", .audience = "storage", .now = at};
}
// A token with any header and claims, rightly signed.
std::string make(const Signer& signer, const std::string& header, const std::string& body) {
  const std::string text = to_base64url(as_bytes(header)) + "." + to_base64url(as_bytes(body));
  return text + "." + to_base64url(signer.sign(as_bytes(text), nullptr).value());
}

TEST(Token, OfEachParameterSetAndBack) {
  World w;
  for (const Signer* signer : {&w.keys.alice, &w.keys.bob, &w.keys.carol}) {
    const std::string token = issue_token(*signer, claims(), &w.random).value();
    const Result<VerifiedToken> verified = verify_token(token, w.directory, terms());
    ASSERT_TRUE(verified) << verified.error().what;
    EXPECT_EQ(verified->key, signer->id());
    EXPECT_EQ(verified->claims.subject, "user-7");
    EXPECT_EQ(verified->claims.scope, "read write");
    EXPECT_EQ(verified->claims.id, "t1");
    for (std::size_t i = 0; i < token.size(); i += token.size() / 97) {
      std::string changed = token;
      changed[i] = changed[i] == 'A' ? 'B' : 'A';
      EXPECT_FALSE(verify_token(changed, w.directory, terms())) << i;
    }
  }
}

TEST(Token, RefusesWhatIsOverOrForOthers) {
  World w;
  const std::string token = issue_token(w.keys.alice, claims(), nullptr).value();
  EXPECT_TRUE(verify_token(token, w.directory, terms(now + 61)));
  EXPECT_FALSE(verify_token(token, w.directory, terms(now + 62)));
  EXPECT_TRUE(verify_token(token, w.directory, terms(now - 2)));
  EXPECT_FALSE(verify_token(token, w.directory, terms(now - 3)));
  TokenTerms other = terms();
  other.audience = "else";
  EXPECT_EQ(verify_token(token, w.directory, other).error().code, Errc::unauthenticated);
  other = terms();
  other.issuer = "https://else.example";
  EXPECT_EQ(verify_token(token, w.directory, other).error().code, Errc::unauthenticated);
  w.directory.change(w.keys.alice.id()).revoked = true;
  EXPECT_EQ(verify_token(token, w.directory, terms()).error().code, Errc::unauthenticated);
  const std::string strange = issue_token(w.keys.stranger, claims(), nullptr).value();
  EXPECT_EQ(verify_token(strange, w.directory, terms()).error().code, Errc::unauthenticated);
}

TEST(Token, RefusesHeadersThatSayOtherThings) {
  World w;
  const Signer& alice = w.keys.alice;
  const std::string kid = "\"kid\":\"" + alice.id_text() + "\"";
  const std::string body =
      "{\"iss\":\"https://v100.example\",\"aud\":[\"x\",\"storage\"],\"exp\":" +
      std::to_string(now + 9) + ".5}";
  const auto code = [&](const std::string& header) {
    const Result<VerifiedToken> r = verify_token(make(alice, header, body), w.directory, terms());
    return r ? std::string("ok") : std::string(name(r.error().code));
  };
  EXPECT_EQ(code("{\"alg\":\"ML-DSA-65\"," + kid + "}"), "ok");  // a list of audiences, a fraction
  EXPECT_EQ(code("{\"alg\":\"ML-DSA-44\"," + kid + "}"), "unauthenticated");
  EXPECT_EQ(code("{\"alg\":\"none\"," + kid + "}"), "unsupported");
  EXPECT_EQ(code("{\"alg\":\"HS256\"," + kid + "}"), "unsupported");
  EXPECT_EQ(code("{\"alg\":\"ML-DSA-65\",\"crit\":[\"b64\"]," + kid + "}"), "unsupported");
  EXPECT_EQ(code("{\"alg\":\"ML-DSA-65\"}"), "malformed");
  EXPECT_EQ(code("{" + kid + "}"), "malformed");
  const auto body_code = [&](const std::string& text) {
    return verify_token(make(alice, "{\"alg\":\"ML-DSA-65\"," + kid + "}", text), w.directory,
                        terms())
        .has_value();
  };
  EXPECT_TRUE(body_code(body));
  EXPECT_FALSE(
      body_code("{\"iss\":\"https://v100.example\",\"aud\":\"storage\"}"));  // without an end
  EXPECT_FALSE(body_code("{\"iss\":\"https://v100.example\",\"aud\":[\"x\"],\"exp\":9999999999}"));
  EXPECT_FALSE(body_code("{\"iss\":\"https://v100.example\",\"exp\":9999999999}"));
  EXPECT_FALSE(body_code("[]"));
  for (const char* bad : {"", ".", "..", "a.b", "a.b.c", "e30.e30.", "e30.e30.AA.AA"}) {
    EXPECT_FALSE(verify_token(bad, w.directory, terms())) << bad;
  }
  EXPECT_EQ(verify_token(std::string(20'000, 'a'), w.directory, terms()).error().code,
            Errc::too_large);
}

TEST(Token, KeySetsAreReadAsKeys) {
  const Keys& keys = Keys::get();
  const keys::PublicKey* const both[] = {&keys.alice.public_key(), &keys.bob.public_key()};
  const std::string text = write_jwks(both);
  const wire::JsonDocument document = wire::JsonDocument::parse(as_bytes(text), 1 << 16).value();
  EXPECT_EQ(document.root()["keys"].size(), 2u);
  for (const wire::JsonValue key : document.root()["keys"]) {
    const keys::Algorithm algorithm = keys::algorithm_by_name(key["alg"].text().value()).value();
    const keys::PublicKey read =
        keys::PublicKey::from(algorithm, key["pub"].base64url().value()).value();
    EXPECT_EQ(keys::thumbprint(read), key["kid"].text().value());
  }
}

}  // namespace
}  // namespace v100::auth
