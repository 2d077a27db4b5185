// If this fails, a forged signature is taken for a device's, a revoked device gets in, or a
// stranger makes the server verify without end.
#include "svc/identity/identity.h"

#include <gtest/gtest.h>

#include "svc/identity/api.h"
#include "svc/identity/verifiers.h"
#include "testing/world.h"

namespace v100::identity {
namespace {

using PrivateKey = mldsa::PrivateKey<mldsa::Mldsa65>;
constexpr std::string_view context = "V100 signal v1";

struct Fixture {
  testing_world::World world{1};
  PrivateKey key = PrivateKey::generate(world.random);
  std::string last;

  Fixture() { world.add("identity", make_identity(world.env())); }

  Buffer sign(std::string_view message) {
    return to_buffer(
        key.sign(as_bytes(message), as_bytes(context), mldsa::Hedge::deterministic())->bytes());
  }
  Verify request(std::string_view message, Bytes signature) {
    Verify verify;
    verify.address = Address::parse("192.0.2.7", 1)->ip;
    verify.device_key = key.public_key().bytes();
    verify.context = as_bytes(context);
    verify.message = as_bytes(message);
    verify.signature = signature;
    return verify;
  }
  Reply::Sink note() {
    return [this](Result<Buffer> answer) { last = answer ? "yes" : name(answer.error().code); };
  }
  std::string ask(const Verify& verify) {
    world.bus.call("identity", "verify", encode(verify), note());
    world.settle();
    return last;
  }
  Result<Device> device() {
    Result<Device> out = fail(Errc::timed_out, "");
    const auto fp = e2ee::fingerprint(key.public_key().bytes());
    world.bus.call("identity", "device", fp.value(), [&](Result<Buffer> answer) {
      out = answer ? decode_device(*answer) : std::unexpected<Error>(answer.error());
    });
    world.settle();
    return out;
  }
};

TEST(Identity, TellsRightSignaturesFromWrong) {
  Fixture f;
  const Buffer signature = f.sign("hello");
  EXPECT_EQ(f.ask(f.request("hello", signature)), "yes");
  EXPECT_EQ(f.ask(f.request("hello", signature)), "yes");  // by the prepared key
  EXPECT_EQ(f.ask(f.request("hellO", signature)), "unauthenticated");
  Verify other = f.request("hello", signature);
  other.context = as_bytes("V100 leaf v1");
  EXPECT_EQ(f.ask(other), "unauthenticated");
  const PrivateKey stranger = PrivateKey::generate(f.world.random);
  other = f.request("hello", signature);
  other.device_key = stranger.public_key().bytes();
  EXPECT_EQ(f.ask(other), "unauthenticated");
  f.world.bus.call("identity", "verify", as_bytes("nonsense"), f.note());
  f.world.settle();
  EXPECT_EQ(f.last, "malformed");
}

TEST(Identity, OneTurnIsOneBatchAndABadOneSpoilsNoOther) {
  Fixture f;
  const Buffer good = f.sign("a");
  Buffer bad = good;
  bad[100] ^= 1;
  std::string verdicts;
  for (int i = 0; i < 40; ++i) {
    f.world.bus.call("identity", "verify", encode(f.request("a", i % 8 == 3 ? bad : good)),
                     [&](Result<Buffer> answer) { verdicts += answer ? 'y' : 'n'; });
  }
  f.world.settle();
  std::string expected;
  for (int i = 0; i < 40; ++i) {
    expected += i % 8 == 3 ? 'n' : 'y';
  }
  EXPECT_EQ(verdicts, expected);
  EXPECT_EQ(f.world.meter["v100_identity_batches_total"], 1u);
}

TEST(Identity, FailuresUseUpAnAddressBudgetAndOnlyThat) {
  Fixture f;
  const Buffer signature = f.sign("a");
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(f.ask(f.request("b", signature)), "unauthenticated");
  }
  EXPECT_EQ(f.ask(f.request("b", signature)), "busy");
  EXPECT_EQ(f.ask(f.request("a", signature)), "busy");
  Verify elsewhere = f.request("a", signature);
  elsewhere.address[15] ^= 1;
  EXPECT_EQ(f.ask(elsewhere), "yes");
  f.world.advance(Duration::seconds(4));
  EXPECT_EQ(f.ask(f.request("a", signature)), "yes");
}

TEST(Identity, RemembersDevicesAcrossARestartAndRefusesRevokedOnes) {
  Fixture f;
  EXPECT_EQ(f.device().error().code, Errc::not_found);
  const Buffer signature = f.sign("a");
  Verify verify = f.request("a", signature);
  verify.seen = true;
  EXPECT_EQ(f.ask(verify), "yes");
  const WallTime first = f.device()->first_seen;
  f.world.advance(Duration::seconds(61));
  EXPECT_EQ(f.ask(verify), "yes");
  EXPECT_EQ(f.device()->first_seen, first);
  EXPECT_GE(f.device()->last_seen.value(), first.value() + 61'000);

  f.world.bus.call("identity", "revoke", e2ee::fingerprint(f.key.public_key().bytes()).value(),
                   f.note());
  f.world.settle();
  EXPECT_EQ(f.last, "yes");
  EXPECT_EQ(f.ask(verify), "forbidden");
  f.world.close_services();
  f.world.add("identity", make_identity(f.world.env()));
  EXPECT_EQ(f.ask(verify), "forbidden");
}

TEST(Identity, VerifiesWhileTheStoreIsAway) {
  Fixture f;
  f.world.store_fails = [] { return true; };
  Verify verify = f.request("a", {});
  const Buffer signature = f.sign("a");
  verify.signature = signature;
  verify.seen = true;
  EXPECT_EQ(f.ask(verify), "yes");
  EXPECT_EQ(f.device().error().code, Errc::not_found);
  EXPECT_EQ(f.world.meter["v100_identity_store_errors_total"], 1u);
}

TEST(Verifiers, AreBoundedAndTheLongestSilentGoes) {
  testing_world::SeededRandom random(3);
  Verifiers verifiers(2);
  std::vector<e2ee::Fingerprint> fps;
  for (int i = 0; i < 3; ++i) {
    const PrivateKey key = PrivateKey::generate(random);
    fps.push_back(e2ee::fingerprint(key.public_key().bytes()));
    verifiers.add(fps.back(), key.public_key());
    if (i == 1) {
      EXPECT_NE(verifiers.find(fps[0]), nullptr);
    }
  }
  EXPECT_EQ(verifiers.size(), 2u);
  EXPECT_NE(verifiers.find(fps[0]), nullptr);
  EXPECT_EQ(verifiers.find(fps[1]), nullptr);
  EXPECT_NE(verifiers.find(fps[2]), nullptr);
}

}  // namespace
}  // namespace v100::identity
