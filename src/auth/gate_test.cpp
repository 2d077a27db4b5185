// Broken if this fails: a request that nobody signed is let in, or one that somebody signed is not.
#include "auth/gate.h"

#include <gtest/gtest.h>
#include <set>

#include "auth/test_world.h"

namespace v100::auth {
namespace {

TEST(Gate, LetsInASignedRequestOfEveryParameterSet) {
  World w;
  for (const Signer* signer : {&w.keys.alice, &w.keys.bob, &w.keys.carol}) {
    for (int i = 0; i < 4; ++i) {  // raw, raw, then prepared
      Sent sent = w.signed_by(*signer);
      const Answer answer = w.ask(sent);
      EXPECT_EQ(info(answer.reason).name, std::string("ok"));
      EXPECT_EQ(answer.lane, Lane::header);
      EXPECT_EQ(answer.key, signer->id());
      EXPECT_EQ(answer.owner, w.directory.find(signer->id())->owner);
      EXPECT_EQ(answer.scopes, answer.owner << 8);
      EXPECT_TRUE(answer.has_body_sha256);
      EXPECT_EQ(answer.body_sha256, sha256(sent.body));
      EXPECT_EQ(w.ask(sent).reason, Reason::replayed);
    }
  }
  EXPECT_EQ(w.gate->counters().prepared, 3u);
  EXPECT_EQ(w.gate->counters().prepared_hits, 6u);
  EXPECT_EQ(w.gate->counters().answers[1][0], 12u);
}

TEST(Gate, LetsInOtherShapesOfTheHeaderLane) {
  World w;
  Sent sent;
  HeaderTerms terms = w.terms();
  terms.split_target = true;
  terms.digest = DigestAlgorithm::sha512;
  EXPECT_EQ(w.ask(w.sign(sent, w.keys.alice, terms)).reason, Reason::ok);
  EXPECT_FALSE(w.ask(sent).has_body_sha256);

  Sent get{.method = "GET", .authority = "V100.example:443", .target = "/", .body = {}};
  EXPECT_EQ(w.ask(w.sign(get, w.keys.alice, w.terms())).reason, Reason::ok);

  // In a dictionary with a proxy's signature, over several lines, and spelt with white space.
  Sent more = w.signed_by(w.keys.bob);
  more.field("Signature-Input") =
      "cdn=(\"@method\");created=1;tag=\"cdn\",  " + more.field("Signature-Input");
  more.fields.emplace_back("signature", "cdn=:AAAA:");
  const Answer answer = w.ask(more);
  EXPECT_EQ(info(answer.reason).name, std::string("ok"));
}

TEST(Gate, LetsInTheFastLane) {
  World w;
  for (const Signer* signer : {&w.keys.alice, &w.keys.bob, &w.keys.carol}) {
    Sent sent = w.fast_by(*signer);
    const Answer answer = w.ask(sent);
    EXPECT_EQ(info(answer.reason).name, std::string("ok"));
    EXPECT_EQ(answer.lane, Lane::fast);
    EXPECT_EQ(as_text(answer.content), "{\"name\":\"a room\"}");
    EXPECT_EQ(answer.body_sha256, sha256(answer.content));
    EXPECT_TRUE(answer.content.data() >= sent.body.data() &&
                answer.content.data() < sent.body.data() + sent.body.size());  // in place
    EXPECT_EQ(w.ask(sent).reason, Reason::replayed);
    // The same bytes as a WebSocket message count as the same request.
    EXPECT_EQ(w.ask_frame(sent.body).reason, Reason::replayed);
  }
  Sent frame = w.fast_by(w.keys.alice);
  const Answer answer = w.ask_frame(frame.body);
  EXPECT_EQ(info(answer.reason).name, std::string("ok"));
  EXPECT_EQ(answer.method, "POST");
  EXPECT_EQ(answer.target, "/v1/rooms?limit=3");
}

TEST(Gate, LetsInTheSessionLane) {
  World w;
  const Buffer exporter(32, 9);
  w.peer.exporter = exporter;
  ClientSession client = w.open(w.keys.alice);
  for (int i = 0; i < 3; ++i) {
    Sent sent;
    sent.set("Authorization", client.authorize(sent.view(), w.now));
    const Answer answer = w.ask(sent);
    EXPECT_EQ(info(answer.reason).name, std::string("ok"));
    EXPECT_EQ(answer.lane, Lane::session);
    EXPECT_EQ(answer.key, w.keys.alice.id());
    EXPECT_EQ(answer.owner, 1u);
    EXPECT_EQ(w.ask(sent).reason, Reason::replayed);
  }
  Sent sent;
  sent.set("X-Tenant", "blue");
  const Buffer frame = client.frame(sent.view(), w.now).value();
  const Answer answer = w.ask_frame(frame);
  EXPECT_EQ(info(answer.reason).name, std::string("ok"));
  EXPECT_EQ(answer.meaning(Meaning::tenant), "blue");
  EXPECT_EQ(as_text(answer.content), as_text(sent.body));
  // On another connection: only after a resumption, which the client follows.
  const Buffer other(32, 8);
  w.peer.exporter = other;
  Sent moved;
  moved.set("Authorization", client.authorize(moved.view(), w.now));
  EXPECT_EQ(w.ask(moved).reason, Reason::session_unbound);
  ASSERT_TRUE(w.sessions.resume(w.session, w.keys.alice.id(), other, w.wall()));
  EXPECT_EQ(w.ask(moved).reason, Reason::signature_invalid);
  client.opened(w.session, w.keys.alice.id(), other);
  moved.set("Authorization", client.authorize(moved.view(), w.now));
  EXPECT_EQ(w.ask(moved).reason, Reason::ok);
}

TEST(Gate, MarksWhatIsNotSigned) {
  World w;
  Sent sent;
  sent.set("X-Tenant", "blue").set("Idempotency-Key", "1");
  const Answer answer = w.ask(sent);
  EXPECT_EQ(answer.reason, Reason::ok);
  EXPECT_EQ(answer.lane, Lane::unsigned_);
  EXPECT_EQ(answer.key, KeyId{});
  EXPECT_EQ(answer.meaning(Meaning::tenant), "");
  // Somebody else's signature is none of ours.
  sent.set("Signature-Input", "a=(\"@method\");tag=\"other\"").set("Signature", "a=:AAAA:");
  EXPECT_EQ(w.ask(sent).lane, Lane::unsigned_);
}

// A header that changes what a request means counts only where the signature covers it.
TEST(Gate, IgnoresHeadersThatAreNotCovered) {
  World w;
  Sent sent;
  sent.set("Idempotency-Key", "once").set("X-Tenant", "blue");
  constexpr std::string_view fields[] = {"idempotency-key"};
  HeaderTerms terms = w.terms();
  terms.fields = fields;
  w.sign(sent, w.keys.alice, terms);
  Answer answer = w.ask(sent);
  EXPECT_EQ(answer.reason, Reason::ok);
  EXPECT_EQ(answer.meaning(Meaning::idempotency_key), "once");
  EXPECT_EQ(answer.meaning(Meaning::tenant), "");
  EXPECT_EQ(answer.meaning(Meaning::method_override), "");

  Sent fast;
  fast.set("X-Tenant", "blue");
  w.sign_fast(fast, w.keys.alice, {.created = w.now, .expires = w.now, .sequence = 9});
  fast.set("X-Tenant", "red").set("X-HTTP-Method-Override", "DELETE");
  answer = w.ask(fast);
  EXPECT_EQ(answer.reason, Reason::ok);
  EXPECT_EQ(answer.meaning(Meaning::tenant), "blue");
  EXPECT_EQ(answer.meaning(Meaning::method_override), "");

  ClientSession client = w.open(w.keys.alice);
  Sent session;
  session.set("X-Tenant", "blue");
  session.set("Authorization", client.authorize(session.view(), w.now));
  Sent changed = session;
  changed.set("X-Tenant", "red");
  EXPECT_EQ(w.ask(changed).reason, Reason::signature_invalid);
  changed = session;
  changed.set("X-HTTP-Method-Override", "DELETE");
  EXPECT_EQ(w.ask(changed).reason, Reason::signature_invalid);
  EXPECT_EQ(w.ask(session).reason, Reason::ok);
  EXPECT_EQ(w.answers[0].meaning(Meaning::tenant), "blue");
}

// Any one byte of what is signed, changed, and the request is refused.
TEST(Gate, RefusesEachChangedByte) {
  GateOptions options;
  options.failures_burst = 1'000'000;
  World w(options);
  const Sent good = w.signed_by(w.keys.bob);
  const auto refused = [&](Sent changed, const char* what) {
    EXPECT_NE(w.ask(changed).reason, Reason::ok) << what;
  };
  Sent changed = good;
  changed.method = "PUT";
  refused(changed, "method");
  changed = good;
  changed.authority = "v101.example";
  refused(changed, "authority");
  changed = good;
  changed.scheme = "http";
  refused(changed, "scheme");
  for (std::size_t i = 0; i < good.target.size(); ++i) {
    changed = good;
    changed.target[i] ^= 1;
    refused(changed, "target");
  }
  for (std::size_t i = 0; i < good.body.size(); ++i) {
    changed = good;
    changed.body[i] ^= 1;
    refused(changed, "body");
  }
  for (const char* name : {"Signature-Input", "Content-Digest", "Signature"}) {
    const std::size_t size = changed.field(name).size();
    for (int i = 0; i < 200; ++i) {
      changed = good;
      char& c = changed.field(name)[w.random.below(size)];
      c = static_cast<char>(c ^ (1 << w.random.below(7)));
      if (changed.fields != good.fields) {
        const Answer answer = w.ask(changed);
        EXPECT_TRUE(answer.reason != Reason::ok || answer.lane == Lane::unsigned_)
            << name << ": " << changed.field(name);
      }
    }
  }
  const Sent fast = w.fast_by(w.keys.bob);
  for (std::size_t i = 0; i < fast.body.size(); i += 3) {
    changed = fast;
    changed.body[i] ^= static_cast<std::uint8_t>(1u << (i % 8));
    EXPECT_NE(w.ask(changed).reason, Reason::ok) << "fast " << i;
  }
  Sent last = good;
  EXPECT_EQ(w.ask(last).reason, Reason::ok);
  last = fast;
  EXPECT_EQ(w.ask(last).reason, Reason::ok);
}

// Together or one by one: the same answers, whatever is among them.
TEST(Gate, AnswersABatchLikeSingleRequests) {
  GateOptions options;
  options.failures_burst = 1'000'000;
  World one(options), many(options);
  for (World* w : {&one, &many}) {
    w->random = TestRandom(99);
  }
  std::vector<Sent> sent;
  std::vector<std::string> nonces;
  ClientSession client_one = one.open(one.keys.alice), client_many = many.open(many.keys.alice);
  const Signer* signers[] = {&one.keys.alice, &one.keys.bob, &one.keys.carol, &one.keys.stranger};
  TestRandom random(11);
  for (int i = 0; i < 120; ++i) {
    const Signer& signer = *signers[random.below(4)];
    switch (random.below(5)) {
      case 0:
        sent.push_back(sent.empty() ? Sent{} : sent[random.below(sent.size())]);  // a duplicate
        break;
      case 1:
        sent.push_back(one.fast_by(signer));
        break;
      case 2: {
        Sent s;
        s.set("Authorization", client_one.authorize(s.view(), one.now));
        EXPECT_EQ(client_many.authorize(s.view(), one.now), s.field("Authorization"));
        sent.push_back(s);
        break;
      }
      default:
        sent.push_back(one.signed_by(signer));
    }
    if (random.below(4) == 0) {
      Sent& s = sent.back();
      const std::size_t at = random.below(s.body.size());
      s.body[at] ^= 1;
    }
  }
  std::vector<Reason> single;
  for (Sent& s : sent) {
    single.push_back(one.ask(s).reason);
  }
  std::size_t at = 0;
  while (at < sent.size()) {
    const std::size_t size = std::min(sent.size() - at, 1 + random.below(40));
    for (std::size_t i = 0; i < size; ++i) {
      ASSERT_FALSE(many.gate->full());
      many.gate->submit(sent[at + i].view(), many.peer, many.wall(), at + i);
    }
    EXPECT_EQ(many.gate->waiting(), size);
    const std::vector<Answer>& answers = many.flush();
    ASSERT_EQ(answers.size(), size);
    for (std::size_t i = 0; i < size; ++i) {
      EXPECT_EQ(answers[i].cookie, at + i);
      EXPECT_EQ(info(answers[i].reason).name, std::string(info(single[at + i]).name)) << at + i;
    }
    at += size;
  }
  const std::set<Reason> seen(single.begin(), single.end());
  EXPECT_GE(seen.size(), 5u);
  EXPECT_GT(many.gate->counters().batch_max, 10u);
}

TEST(Gate, TellsWhichShardOwnsAKey) {
  GateOptions options;
  options.shards = 16;
  World w(options);
  Sent header = w.signed_by(w.keys.alice), fast = w.fast_by(w.keys.alice);
  const unsigned owner = w.gate->owner(header.view());
  EXPECT_EQ(w.gate->owner(fast.view()), owner);
  EXPECT_EQ(owner, load_be<std::uint32_t>(w.keys.alice.id().data()) % 16);
  EXPECT_EQ(w.ask(header).reason, owner == 0 ? Reason::ok : Reason::wrong_shard);
  Sent plain;
  EXPECT_EQ(w.gate->owner(plain.view()), 0u);
}

TEST(Gate, HoldsNoMoreThanItSays) {
  World w;
  const std::size_t bound = w.gate->memory_bytes_max();
  EXPECT_GT(bound, w.options.prepared_bytes);
  EXPECT_LT(bound, w.options.prepared_bytes + (8u << 20));
}

}  // namespace
}  // namespace v100::auth
