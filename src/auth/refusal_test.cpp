// Broken if this fails: a reason for refusal is not reached, or another one is given.
#include <functional>
#include <gtest/gtest.h>
#include <set>

#include "auth/session_mac.h"
#include "auth/test_world.h"

namespace v100::auth {
namespace {

struct Case {
  Reason reason;
  const char* what;
  std::function<Answer(World&)> run;
};

void replace(std::string& text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  CHECK(at != text.npos);
  text.replace(at, from.size(), to);
}

// A signed request with a part of its Signature-Input put otherwise.
auto with_input(const char* from, const char* to) {
  return [=](World& w) {
    Sent sent = w.signed_by(w.keys.alice);
    replace(sent.field("Signature-Input"), from, to);
    return w.ask(sent);
  };
}

auto with_terms(std::int64_t created, std::int64_t expires) {
  return [=](World& w) {
    Sent sent;
    HeaderTerms terms = w.terms();
    terms.created = w.now + created;
    terms.expires = w.now + expires;
    return w.ask(w.sign(sent, w.keys.alice, terms));
  };
}

auto with_record(std::function<void(KeyRecord&, World&)> change) {
  return [=](World& w) {
    Sent sent = w.signed_by(w.keys.alice);
    change(w.directory.change(w.keys.alice.id()), w);
    return w.ask(sent);
  };
}

Answer with_field(World& w, const char* name, std::string value) {
  Sent sent = w.signed_by(w.keys.alice);
  sent.set(name, std::move(value));
  return w.ask(sent);
}

Answer spoilt(World& w, std::size_t at) {
  Sent sent;
  const HeaderDraft draft = draft_header(w.keys.alice, sent.view(), w.terms()).value();
  Buffer signature = w.keys.alice.sign(draft.base, nullptr).value();
  signature[at] ^= 1;
  sent.set("Content-Digest", draft.content_digest);
  sent.set("Signature-Input", draft.signature_input);
  sent.set("Signature", signature_field(draft, signature));
  return w.ask(sent);
}

Answer fast_with(World& w, const std::function<void(Sent&)>& change) {
  Sent sent = w.fast_by(w.keys.alice);
  change(sent);
  return w.ask(sent);
}

Answer session_with(World& w, const std::function<void(World&, ClientSession&, Sent&)>& change) {
  ClientSession client = w.open(w.keys.alice);
  Sent sent;
  sent.set("Authorization", client.authorize(sent.view(), w.now));
  change(w, client, sent);
  return w.ask(sent);
}

const std::vector<Case>& header_cases() {
  static const std::vector<Case> cases = {
      {Reason::malformed_signature_input, "not a list", with_input("(", "")},
      {Reason::malformed_signature_input, "two of ours",
       [](World& w) {
         Sent sent = w.signed_by(w.keys.alice);
         std::string& input = sent.field("Signature-Input");
         input += ", sig2" + input.substr(4);
         return w.ask(sent);
       }},
      {Reason::malformed_signature_input, "a component twice",
       with_input("\"@method\"", "\"@method\" \"@method\"")},
      {Reason::malformed_signature_input, "an empty nonce",
       [](World& w) {
         Sent sent = w.signed_by(w.keys.alice);
         replace(sent.field("Signature-Input"), w.nonce, "");
         return w.ask(sent);
       }},
      {Reason::malformed_signature, "not base64",
       [](World& w) { return with_field(w, "Signature", "sig1=:*AAA:"); }},
      {Reason::malformed_signature, "another label",
       [](World& w) { return with_field(w, "Signature", "sig2=:AAAA:"); }},
      {Reason::malformed_digest, "no digest that we know",
       [](World& w) { return with_field(w, "Content-Digest", "md5=:AAAA:"); }},
      {Reason::malformed_digest, "of a wrong length",
       [](World& w) { return with_field(w, "Content-Digest", "sha-256=:AAAA:"); }},
      {Reason::malformed_request, "no authority",
       [](World& w) {
         Sent sent = w.signed_by(w.keys.alice);
         sent.authority = "";
         return w.ask(sent);
       }},
      {Reason::malformed_request, "a line end in the target",
       [](World& w) {
         Sent sent = w.signed_by(w.keys.alice);
         sent.target += "\n\"@status\": 200";
         return w.ask(sent);
       }},
      {Reason::header_repeated, "a tenant twice",
       [](World& w) {
         Sent sent = w.signed_by(w.keys.alice);
         sent.fields.emplace_back("x-tenant", "a");
         sent.fields.emplace_back("X-Tenant", "b");
         return w.ask(sent);
       }},
      {Reason::component_missing, "no method", with_input("\"@method\" ", "")},
      {Reason::component_missing, "no target", with_input("\"@target-uri\" ", "")},
      {Reason::component_missing, "no digest", with_input(" \"content-digest\"", "")},
      {Reason::component_missing, "a digest's part only",
       with_input("\"content-digest\"", "\"content-digest\";key=\"sha-256\"")},
      {Reason::parameter_missing, "no created", with_input(";created=", ";created2=")},
      {Reason::parameter_missing, "no expires", with_input(";expires=", ";until=")},
      {Reason::parameter_missing, "no nonce", with_input(";nonce=", ";n=")},
      {Reason::parameter_missing, "no keyid", with_input(";keyid=", ";k=")},
      {Reason::parameter_missing, "no tag", with_input(";tag=", ";t=")},
      {Reason::component_unknown, "a field that is not there",
       with_input("\"@method\"", "\"@method\" \"x-absent\"")},
      {Reason::component_unknown, "a response's",
       with_input("\"@method\"", "\"@method\" \"@status\"")},
      {Reason::component_unknown, "req in a request",
       with_input("\"@method\"", "\"@method\" \"@path\";req")},
      {Reason::algorithm_mismatch, "another set", with_input("ml-dsa-65", "ml-dsa-44")},
      {Reason::algorithm_mismatch, "a name of JOSE", with_input("ml-dsa-65", "ML-DSA-65")},
      {Reason::key_unknown, "a stranger",
       [](World& w) {
         Sent sent = w.signed_by(w.keys.stranger);
         return w.ask(sent);
       }},
      {Reason::key_unknown, "not a thumbprint",
       [](World& w) {
         Sent sent = w.signed_by(w.keys.alice);
         replace(sent.field("Signature-Input"), w.keys.alice.id_text(), "alice");
         return w.ask(sent);
       }},
      {Reason::key_not_yet_valid, "tomorrow",
       with_record([](KeyRecord& r, World& w) { r.not_before = WallTime(w.now * 1000 + 1); })},
      {Reason::key_expired, "yesterday",
       with_record([](KeyRecord& r, World& w) { r.not_after = WallTime(w.now * 1000); })},
      {Reason::key_revoked, "revoked", with_record([](KeyRecord& r, World&) { r.revoked = true; })},
      {Reason::key_revoked, "revoked between submit and flush",
       [](World& w) {
         Sent sent = w.signed_by(w.keys.alice);
         w.gate->submit(sent.view(), w.peer, w.wall(), 1);
         w.directory.change(w.keys.alice.id()).revoked = true;
         return w.flush().back();
       }},
      {Reason::key_unknown, "removed between submit and flush",
       [](World& w) {
         Sent sent = w.signed_by(w.keys.alice);
         w.gate->submit(sent.view(), w.peer, w.wall(), 1);
         w.directory.remove(w.keys.alice.id());
         return w.flush().back();
       }},
      {Reason::signature_length, "short",
       [](World& w) { return with_field(w, "Signature", "sig1=:AAAA:"); }},
      {Reason::signature_length, "too long for any",
       [](World& w) {
         return with_field(w, "Signature", "sig1=:" + std::string(8000, 'A') + ":");
       }},
      {Reason::too_old, "61 s", with_terms(-61, 30)},
      {Reason::too_new, "3 s ahead", with_terms(3, 30)},
      {Reason::before_restart, "created in the first second",
       [](World& w) {
         w.now = World::start + 1;
         Sent sent = w.signed_by(w.keys.alice);
         w.now = World::start + 4;
         return w.ask(sent);
       }},
      {Reason::before_restart, "created before the clock went back",
       [](World& w) {
         Sent sent = w.signed_by(w.keys.alice), other = w.signed_by(w.keys.alice);
         EXPECT_EQ(w.ask(sent).reason, Reason::ok);
         w.now -= 10;
         w.gate->flush(w.wall(), w);
         w.now += 10;
         EXPECT_EQ(w.gate->counters().clock_backward, 1u);
         Sent late;
         HeaderTerms terms = w.terms();
         terms.created -= 9;
         return w.ask(w.sign(late, w.keys.alice, terms));
       }},
      {Reason::expired, "a second ago", with_terms(-10, -1)},
      {Reason::replayed, "the nonce again, signed anew",
       [](World& w) {
         Sent first, second;
         const HeaderTerms terms = w.terms();
         w.sign(first, w.keys.alice, terms);
         w.sign(second, w.keys.alice, terms);
         EXPECT_EQ(w.ask(first).reason, Reason::ok);
         return w.ask(second);
       }},
      {Reason::replayed, "twice in one batch",
       [](World& w) {
         Sent sent = w.signed_by(w.keys.alice);
         w.gate->submit(sent.view(), w.peer, w.wall(), 1);
         w.gate->submit(sent.view(), w.peer, w.wall(), 2);
         EXPECT_EQ(w.flush().front().reason, Reason::ok);
         return w.answers.back();
       }},
      {Reason::digest_mismatch, "another body",
       [](World& w) {
         Sent sent = w.signed_by(w.keys.alice), other = sent;
         other.body[3] ^= 1;
         const Answer answer = w.ask(other);
         EXPECT_EQ(w.ask(sent).reason, Reason::ok);  // its nonce was not used up
         return answer;
       }},
      {Reason::signature_encoding, "a hint out of order", [](World& w) { return spoilt(w, 3300); }},
      {Reason::signature_invalid, "the challenge", [](World& w) { return spoilt(w, 0); }},
      {Reason::signature_invalid, "the response", [](World& w) { return spoilt(w, 2000); }},
  };
  return cases;
}

const std::vector<Case>& other_cases() {
  static const std::vector<Case> cases = {
      {Reason::lanes_mixed, "header and session",
       [](World& w) {
         ClientSession client = w.open(w.keys.alice);
         Sent sent = w.signed_by(w.keys.alice);
         sent.set("Authorization", client.authorize(sent.view(), w.now));
         return w.ask(sent);
       }},
      {Reason::malformed_signature, "not COSE",
       [](World& w) { return fast_with(w, [](Sent& s) { s.body[0] = 0x84; }); }},
      {Reason::malformed_signature, "cut off",
       [](World& w) { return fast_with(w, [](Sent& s) { s.body.pop_back(); }); }},
      {Reason::malformed_signature, "bytes behind",
       [](World& w) { return fast_with(w, [](Sent& s) { s.body.push_back(0); }); }},
      {Reason::algorithm_mismatch, "the key's is another",
       [](World& w) {
         w.directory.change(w.keys.alice.id()).algorithm = keys::Algorithm::mldsa44;
         return fast_with(w, [](Sent&) {});
       }},
      {Reason::claims_mismatch, "method",
       [](World& w) { return fast_with(w, [](Sent& s) { s.method = "PUT"; }); }},
      {Reason::claims_mismatch, "target",
       [](World& w) { return fast_with(w, [](Sent& s) { s.target += "0"; }); }},
      {Reason::claims_mismatch, "authority",
       [](World& w) { return fast_with(w, [](Sent& s) { s.authority = "other"; }); }},
      {Reason::digest_mismatch, "content",
       [](World& w) {
         return fast_with(w, [](Sent& s) {
           const Bytes name = as_bytes("a room");
           *std::search(s.body.begin(), s.body.end(), name.begin(), name.end()) ^= 1;
         });
       }},
      {Reason::sequence_too_old, "fast lane",
       [](World& w) {
         Sent high, low;
         w.sign_fast(high, w.keys.alice, {.created = w.now, .expires = w.now, .sequence = 5000});
         w.sign_fast(low, w.keys.alice, {.created = w.now, .expires = w.now, .sequence = 3976});
         EXPECT_EQ(w.ask(high).reason, Reason::ok);
         return w.ask(low);
       }},
      {Reason::too_old, "fast lane",
       [](World& w) {
         Sent sent = w.fast_by(w.keys.alice);
         w.now += 61;
         return w.ask(sent);
       }},
      {Reason::malformed_signature, "not a token",
       [](World& w) {
         return session_with(w, [](World&, ClientSession&, Sent& s) {
           s.set("Authorization", "V100-Session AAAA");
         });
       }},
      {Reason::too_old, "session lane",
       [](World& w) {
         return session_with(w, [](World& v, ClientSession&, Sent&) { v.now += 61; });
       }},
      {Reason::signature_invalid, "another body",
       [](World& w) {
         return session_with(w, [](World&, ClientSession&, Sent& s) { s.body[0] ^= 1; });
       }},
      {Reason::session_unknown, "revoked",
       [](World& w) {
         return session_with(w, [](World& v, ClientSession&, Sent&) {
           EXPECT_FALSE(v.sessions.revoke(v.session, v.keys.bob.id()));
           EXPECT_TRUE(v.sessions.revoke(v.session, v.keys.alice.id()));
         });
       }},
      {Reason::key_revoked, "the session's key",
       [](World& w) {
         return session_with(w, [](World& v, ClientSession&, Sent&) {
           v.directory.change(v.keys.alice.id()).revoked = true;
         });
       }},
      {Reason::session_expired, "after an hour",
       [](World& w) {
         return session_with(w, [](World& v, ClientSession& client, Sent& s) {
           v.now += 3600;
           s.set("Authorization", client.authorize(s.view(), v.now));
         });
       }},
      {Reason::session_unbound, "another connection",
       [](World& w) {
         static const Buffer exporter(32, 1);
         return session_with(w,
                             [](World& v, ClientSession&, Sent&) { v.peer.exporter = exporter; });
       }},
      {Reason::sequence_too_old, "session lane",
       [](World& w) {
         return session_with(w, [](World& v, ClientSession& client, Sent&) {
           Sent late;
           for (std::uint64_t i = 0; i < SequenceWindow::size; ++i) {
             late.set("Authorization", client.authorize(late.view(), v.now));
           }
           EXPECT_EQ(v.ask(late).reason, Reason::ok);
         });
       }},
  };
  return cases;
}

Answer with_options(GateOptions options, const std::function<Answer(World&)>& run) {
  World w(std::move(options));
  return run(w);
}

Answer budget(World& w, bool move) {
  for (unsigned i = 0; i < w.options.failures_burst; ++i) {
    w.peer.ip[15] = static_cast<std::uint8_t>(i);
    w.peer.ip[0] = move ? static_cast<std::uint8_t>(i + 50) : 0;
    EXPECT_EQ(spoilt(w, 0).reason, Reason::signature_invalid);
  }
  Sent sent = w.signed_by(w.keys.alice);
  w.peer.ip[0] = move ? 2 : 0;
  return w.ask(sent);
}

const std::vector<Case>& bound_cases() {
  static const std::vector<Case> cases = {
      {Reason::wrong_authority, "not ours",
       [](World&) {
         return with_options({.authorities = {"other.example"}}, [](World& w) {
           Sent sent = w.signed_by(w.keys.alice);
           return w.ask(sent);
         });
       }},
      {Reason::wrong_shard, "another shard's key",
       [](World&) {
         const KeyId& id = Keys::get().alice.id();
         const unsigned owner = load_be<std::uint32_t>(id.data()) % 7;
         return with_options({.shard = (owner + 1) % 7, .shards = 7}, [](World& w) {
           Sent sent = w.signed_by(w.keys.alice);
           return w.ask(sent);
         });
       }},
      {Reason::budget_address, "twenty failures", [](World& w) { return budget(w, false); }},
      {Reason::budget_key, "twenty failures from as many addresses",
       [](World& w) { return budget(w, true); }},
      {Reason::replay_store_full, "keys",
       [](World&) {
         return with_options({.keys = 1}, [](World& w) {
           Sent first = w.signed_by(w.keys.alice), second = w.signed_by(w.keys.bob);
           EXPECT_EQ(w.ask(first).reason, Reason::ok);
           const Answer answer = w.ask(second);
           w.now += 65;  // alice's last is out of the window: her place is free
           Sent third = w.signed_by(w.keys.bob);
           EXPECT_EQ(w.ask(third).reason, Reason::ok);
           return answer;
         });
       }},
  };
  return cases;
}

TEST(Refusal, EachReasonIsGivenAndEachIsReached) {
  std::set<Reason> reached = {Reason::ok, Reason::sessions_full};  // the latter: session_test
  for (const std::vector<Case>* cases : {&header_cases(), &other_cases(), &bound_cases()}) {
    for (const Case& c : *cases) {
      World w;
      const Answer answer = c.run(w);
      EXPECT_EQ(info(answer.reason).name, std::string(info(c.reason).name)) << c.what;
      EXPECT_EQ(answer.meaning(Meaning::tenant), "");
      reached.insert(answer.reason);
    }
  }
  for (std::size_t i = 0; i < reasons; ++i) {
    EXPECT_EQ(reached.count(static_cast<Reason>(i)), 1u) << info(static_cast<Reason>(i)).name;
  }
}

TEST(Refusal, ABudgetRefillsAndNeverLocksAKnownAddressOut) {
  World w;
  Sent first = w.signed_by(w.keys.alice);
  const Peer home = w.peer;
  EXPECT_EQ(w.ask(first).reason, Reason::ok);
  w.peer.ip = {9};
  EXPECT_EQ(budget(w, true).reason, Reason::budget_key);
  // Alice's own address is known: others' failures do not count against her there.
  w.peer = home;
  Sent second = w.signed_by(w.keys.alice);
  EXPECT_EQ(w.ask(second).reason, Reason::ok);
  // Elsewhere she waits a second for each failure.
  w.peer.ip = {77};
  w.now += 2;
  Sent third = w.signed_by(w.keys.alice);
  EXPECT_EQ(w.ask(third).reason, Reason::ok);
}

TEST(Refusal, NamesAreUniqueAndStatusesRight) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < reasons; ++i) {
    const ReasonInfo& row = info(static_cast<Reason>(i));
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_NE(std::string(row.detail), "");
    EXPECT_TRUE(i == 0 || (row.status >= 400 && row.status <= 503));
  }
}

}  // namespace
}  // namespace v100::auth
