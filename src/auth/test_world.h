// For tests: a directory with a key of each parameter set, a gate with a clock that stands, and
// requests that are signed, spoilt and asked.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "auth/fast_lane.h"
#include "auth/gate.h"
#include "auth/key_id.h"
#include "auth/sequence_window.h"
#include "auth/session.h"
#include "auth/sign.h"

namespace v100::auth {

class TestRandom final : public Random {
 public:
  explicit TestRandom(std::uint64_t seed) : state_(seed) {}
  void fill(MutBytes out) override {
    for (std::uint8_t& byte : out) {
      byte = static_cast<std::uint8_t>(next());
    }
  }
  std::uint64_t next() {  // splitmix64
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(next() % n); }

 private:
  std::uint64_t state_;
};

class TestDirectory final : public KeyDirectory {
 public:
  const KeyRecord* find(const KeyId& id) const override {
    const auto found = keys_.find(id);
    return found == keys_.end() ? nullptr : &found->second;
  }
  std::uint64_t generation() const override { return generation_; }
  void add(const Signer& signer, std::uint64_t owner) {
    KeyRecord record;
    record.algorithm = signer.algorithm();
    record.public_key = signer.public_key().bytes;
    record.owner = owner;
    record.scopes = owner << 8;
    change(signer.id()) = record;
  }
  KeyRecord& change(const KeyId& id) {
    ++generation_;
    return keys_[id];
  }
  void remove(const KeyId& id) {
    ++generation_;
    keys_.erase(id);
  }

 private:
  std::map<KeyId, KeyRecord> keys_;
  std::uint64_t generation_ = 1;
};

// A request with its own memory.
struct Sent {
  std::string method = "POST", scheme = "https", authority = "v100.example",
              target = "/v1/rooms?limit=3";
  std::vector<std::pair<std::string, std::string>> fields = {};
  Buffer body = to_buffer(as_bytes("{\"name\":\"a room\"}"));
  std::vector<wire::HttpHeader> headers = {};

  RequestView view() {
    headers.clear();
    for (const auto& [name, value] : fields) {
      headers.push_back({name, value});
    }
    return {method, scheme, authority, target, headers, body};
  }
  Sent& set(std::string name, std::string value) {
    std::erase_if(fields, [&](const auto& field) { return field.first == name; });
    fields.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  std::string& field(std::string_view name) {
    for (auto& [have, value] : fields) {
      if (have == name) {
        return value;
      }
    }
    CHECK(false);
  }
};

inline Signer make_signer(keys::Algorithm algorithm, std::uint64_t seed) {
  TestRandom random(seed);
  return std::move(Signer::from(keys::PrivateKey::generate(algorithm, random)).value());
}

struct Keys {
  Signer alice = make_signer(keys::Algorithm::mldsa65, 1);
  Signer bob = make_signer(keys::Algorithm::mldsa44, 2);
  Signer carol = make_signer(keys::Algorithm::mldsa87, 3);
  Signer stranger = make_signer(keys::Algorithm::mldsa65, 4);
  xwing::PrivateKey kem = [] {
    TestRandom random(5);
    return xwing::PrivateKey::generate(random);
  }();
  static const Keys& get() {
    static const Keys keys;
    return keys;
  }
};

struct World : AnswerSink {
  static constexpr std::int64_t start = 2'000'000'000;  // seconds
  const Keys& keys = Keys::get();
  TestRandom random{7};
  TestDirectory directory;
  Sessions sessions{SessionsOptions{}, random};
  GateOptions options;
  std::optional<Gate> gate;
  std::int64_t now = start + 100;
  Peer peer{.ip = {1, 2, 3, 4, 5}, .exporter = {}};
  std::vector<Answer> answers;
  std::uint64_t counter = 0;

  explicit World(GateOptions o = {}) : options(std::move(o)) {
    options.nonces = std::min<std::size_t>(options.nonces, 10'000);
    options.keys = std::min<std::size_t>(options.keys, 1000);
    directory.add(keys.alice, 1);
    directory.add(keys.bob, 2);
    directory.add(keys.carol, 3);
    gate.emplace(options, directory, &sessions, random, WallTime(start * 1000));
  }
  WallTime wall() const { return WallTime(now * 1000); }
  void answered(const Answer& answer) override { answers.push_back(answer); }
  const std::vector<Answer>& flush() {
    answers.clear();
    gate->flush(wall(), *this);
    return answers;
  }
  Answer ask(Sent& sent) {
    gate->submit(sent.view(), peer, wall(), ++counter);
    return flush().back();
  }
  Answer ask_frame(Bytes frame) {
    gate->submit_frame(frame, "v100.example", peer, wall(), ++counter);
    return flush().back();
  }

  HeaderTerms terms() {
    nonce = "n-" + std::to_string(++counter);
    return {.created = now, .expires = now + 30, .nonce = nonce};
  }
  Sent& sign(Sent& sent, const Signer& signer, const HeaderTerms& with) {
    const HeaderDraft draft = draft_header(signer, sent.view(), with).value();
    if (!draft.content_digest.empty()) {
      sent.set("Content-Digest", draft.content_digest);
    }
    sent.set("Signature-Input", draft.signature_input);
    sent.set("Signature", signature_field(draft, signer.sign(draft.base, &random).value()));
    return sent;
  }
  Sent signed_by(const Signer& signer) {
    Sent sent;
    return sign(sent, signer, terms());
  }
  Sent& sign_fast(Sent& sent, const Signer& signer, const FastTerms& with) {
    const FastDraft draft = draft_fast(signer, sent.view(), with).value();
    sent.body = fast_body(draft, sent.body, signer.sign(draft.structure, &random).value());
    return sent.set("Content-Type", std::string(fast_content_type));
  }
  Sent fast_by(const Signer& signer) {
    Sent sent;
    return sign_fast(sent, signer, {.created = now, .expires = now + 30, .sequence = ++counter});
  }
  ClientSession open(const Signer& signer) {
    ClientSession client = ClientSession::begin(keys.kem.public_key(), random);
    const Sessions::Opened opened =
        sessions.open(keys.kem, client.ciphertext(), signer.id(), peer.exporter, wall()).value();
    client.opened(opened.id, signer.id(), peer.exporter);
    session = opened.id;
    return client;
  }
  std::string nonce;
  SessionId session{};
};

}  // namespace v100::auth
