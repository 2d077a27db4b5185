// Broken if this fails: how clients turn a promise into a proof, and what the log shows to all.
#include "svc/attest/attest.h"

#include <gtest/gtest.h>

#include "svc/attest/api.h"
#include "svc/attest/memory_files.h"
#include "testing/world.h"

namespace v100::attest {
namespace {

class AttestTest : public testing::Test {
 protected:
  AttestTest() : world_(1), intake_(0, 100, world_.random) {
    auto keys = LogKeys::make("log.example/0", LogKeys::Secrets()).value();
    vkeys_.assign(keys->vkeys().begin(), keys->vkeys().end());
    auto files = std::make_unique<MemoryFiles>();
    files_ = files.get();
    world_.add("attest",
               make_attest({}, std::move(keys), world_.env(), std::move(files), intake_).value());
  }
  ~AttestTest() override { world_.close_services(); }

  void pass(int ms) {
    for (int i = 0; i < ms; i += 10) {
      world_.advance(Duration::milliseconds(10));
      while (files_->turn()) {
      }
      world_.settle();
    }
  }
  Result<merkle::Reference> append(bool wait) {
    last_ = fail(Errc::unavailable, "no answer yet");
    Append request{.leaf = key_event(merkle::service_number("identity"), as_bytes("a key"), {}),
                   .wait = wait};
    world_.bus.call("attest", "append", encode(request), [this](Result<Buffer> answer) {
      last_ = answer ? decode_reference(*answer) : std::unexpected(answer.error());
    });
    world_.settle();
    if (wait) {
      EXPECT_FALSE(last_.has_value()) << "answered before it is durable";
      pass(50);
    }
    return last_;
  }
  HttpAnswer get(const std::string& path) { return world_.http("GET", path, ""); }

  testing_world::World world_;
  merkle::Intake intake_;
  MemoryFiles* files_ = nullptr;
  std::vector<merkle::Vkey> vkeys_;
  Result<merkle::Reference> last_ = fail(Errc::unavailable, "none");
};

TEST_F(AttestTest, APromiseTurnsIntoAProof) {
  const merkle::Reference reference = append(false).value();
  const std::string path = "/v1/attestations/" + reference.id();
  EXPECT_EQ(get(path).status, 202);
  pass(50);
  const HttpAnswer answer = get(path);
  ASSERT_EQ(answer.status, 200);
  const auto read = merkle::verify_receipt(as_text(answer.body), vkeys_);
  ASSERT_TRUE(read.has_value()) << read.error().what;
  EXPECT_EQ(read->entry, reference.entry);
  EXPECT_EQ(read->leaf.leaf.kind, merkle::LeafKind::key_event);
  merkle::Reference stranger = reference;
  stranger.salt[5] ^= 1;
  EXPECT_EQ(get("/v1/attestations/" + stranger.id()).status, 404);
  stranger = reference;
  stranger.sequence += 50;
  EXPECT_EQ(get("/v1/attestations/" + stranger.id()).status, 404);
  EXPECT_EQ(get("/v1/attestations/nonsense").status, 400);
}

TEST_F(AttestTest, AWriteWaitsForItsCommit) {
  const auto reference = append(true);
  ASSERT_TRUE(reference.has_value());
  EXPECT_EQ(get("/v1/attestations/" + reference->id()).status, 200);
}

TEST_F(AttestTest, AWriteThatTheDiskRefusesIsNotAcknowledged) {
  pass(50);
  files_->full = true;
  EXPECT_FALSE(append(true).has_value());
  EXPECT_EQ(append(false).error().code, Errc::unavailable);
  EXPECT_FALSE(world_.service("attest").ready());
  files_->full = false;
  pass(1000);
  EXPECT_TRUE(world_.service("attest").ready());
  EXPECT_TRUE(append(true).has_value());
}

TEST_F(AttestTest, TheLogIsThereForAll) {
  pass(50);
  const HttpAnswer checkpoint = get("/log/0/checkpoint");
  ASSERT_EQ(checkpoint.status, 200);
  const auto opened = merkle::open_checkpoint(as_text(checkpoint.body), vkeys_);
  EXPECT_EQ(opened->checkpoint.size, 1u) << "its own keys are the first leaf";
  EXPECT_EQ(get("/log/0/tile/0/000.p/1").body.size(), 32u);
  EXPECT_EQ(get("/log/0/tile/entries/000.p/1").body.size(), 34u);
  EXPECT_NE(as_text(get("/log/0/keys").body).find("log.example/0+"), std::string_view::npos);
  for (const char* path : {"/log/1/checkpoint", "/log/0/leaves", "/log/0/", "/log/0/tile/0/001"}) {
    EXPECT_EQ(get(path).status, 404) << path;
  }
}

TEST(AttestApi, MessagesRoundTrip) {
  Append append{.leaf = key_event(2, as_bytes("state"), merkle::Hash{1}), .wait = true};
  const Append read = decode_append(encode(append)).value();
  EXPECT_EQ(read.leaf.request, append.leaf.request);
  EXPECT_EQ(read.leaf.service, 2);
  EXPECT_TRUE(read.wait);
  Buffer bad = encode(append);
  bad[0] = 9;
  EXPECT_FALSE(decode_append(bad).has_value());
  bad.push_back(0);
  EXPECT_FALSE(decode_append(bad).has_value());
  EXPECT_FALSE(decode_reference(as_bytes("x")).has_value());
}

}  // namespace
}  // namespace v100::attest
