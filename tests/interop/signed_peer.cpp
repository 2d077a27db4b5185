// Our side of the signature tests: a line of JSON in, a line of JSON out. Signs and checks
// requests, answers and tokens with the library that the gateway uses.
#include <cstdio>
#include <iostream>
#include <map>
#include <string>

#include "auth/fast_lane.h"
#include "auth/gate.h"
#include "auth/key_id.h"
#include "auth/sign.h"
#include "auth/token.h"
#include "base/text.h"
#include "io/world.h"
#include "keys/codec.h"
#include "wire/json.h"

using namespace v100;
using namespace v100::auth;

namespace {

class Directory final : public KeyDirectory {
 public:
  const KeyRecord* find(const KeyId& id) const override {
    const auto found = keys_.find(id);
    return found == keys_.end() ? nullptr : &found->second;
  }
  std::uint64_t generation() const override { return keys_.size(); }
  void add(const keys::PublicKey& key) {
    KeyRecord record;
    record.algorithm = key.algorithm;
    record.public_key = key.bytes;
    keys_[key_id_of(key)] = record;
  }

 private:
  std::map<KeyId, KeyRecord> keys_;
};

// A message of the script's, with its own memory.
struct Message {
  explicit Message(const wire::JsonValue& json) {
    for (auto [member, name] : {std::pair{&method, "method"},
                                {&scheme, "scheme"},
                                {&authority, "authority"},
                                {&target, "target"}}) {
      *member = std::string(json[name].text().value_or(""));
    }
    status = static_cast<int>(json["status"].integer().value_or(0));
    body = json["body"].base64url().value_or(Buffer());
    for (const wire::JsonValue field : json["headers"]) {
      fields.emplace_back(field.key(), field.text().value_or(""));
    }
    for (const auto& [name, value] : fields) {
      headers.push_back({name, value});
    }
  }
  RequestView view() const { return {method, scheme, authority, target, headers, body}; }
  std::string method, scheme, authority, target;
  int status = 0;
  Buffer body;
  std::vector<std::pair<std::string, std::string>> fields;
  std::vector<wire::HttpHeader> headers;
};

struct Last final : AnswerSink {
  void answered(const Answer& answer) override { last = answer; }
  Answer last;
};

class Ours {
 public:
  std::string run(const wire::JsonValue& in) {
    const std::string_view verb = in["do"].text().value_or("");
    wire::JsonWriter out;
    out.object();
    Result<void> done = fail(Errc::unsupported, "no such verb");
    if (verb == "own") {
      done = own(in, out);
    } else if (verb == "learn") {
      done = learn(in, out);
    } else if (verb == "sign" || verb == "sign_response") {
      done = sign(in, out, verb == "sign_response");
    } else if (verb == "sign_fast") {
      done = sign_fast(in, out);
    } else if (verb == "ask") {
      done = ask(in, out);
    } else if (verb == "check") {
      done = check(in, out);
    } else if (verb == "issue") {
      done = issue(in, out);
    } else if (verb == "verify_token") {
      done = verify(in, out);
    }
    if (!done) {
      out.key("error").text(done.error().what);
    }
    return out.end_object().take();
  }

 private:
  HeaderTerms terms(const wire::JsonValue& in) {
    return {.created = in["created"].integer().value_or(0),
            .expires = in["expires"].integer().value_or(0),
            .nonce = in["nonce"].text().value_or(""),
            .tag = in["tag"].text().value_or("v100"),
            .digest = in["sha512"].boolean().value_or(false) ? DigestAlgorithm::sha512
                                                             : DigestAlgorithm::sha256,
            .split_target = in["split"].boolean().value_or(false),
            .fields = fields_};
  }
  Result<void> own(const wire::JsonValue& in, wire::JsonWriter& out) {
    const keys::Algorithm algorithm = TRY(keys::algorithm_by_name(TRY(in["alg"].text())));
    signer_.emplace(TRY(Signer::from(keys::PrivateKey::generate(algorithm, random_))));
    keys_.add(signer_->public_key());
    const keys::PublicKey* const all[] = {&signer_->public_key()};
    out.key("keyid").text(signer_->id_text());
    out.key("jwk").json(keys::write_jwk(signer_->public_key())).key("jwks").json(write_jwks(all));
    return {};
  }
  Result<void> learn(const wire::JsonValue& in, wire::JsonWriter& out) {
    const keys::Algorithm algorithm = TRY(keys::algorithm_by_name(TRY(in["jwk"]["alg"].text())));
    const keys::PublicKey key =
        TRY(keys::PublicKey::from(algorithm, TRY(in["jwk"]["pub"].base64url())));
    keys_.add(key);
    out.key("keyid").text(keys::thumbprint(key));
    return {};
  }
  Result<void> sign(const wire::JsonValue& in, wire::JsonWriter& out, bool response) {
    const Message message(in["message"]);
    const Message request(in["request"]);
    const RequestView view = request.view();
    const HeaderDraft draft =
        response ? TRY(draft_response(*signer_, {message.status, message.headers, message.body},
                                      &view, terms(in)))
                 : TRY(draft_header(*signer_, message.view(), terms(in)));
    out.key("content-digest").text(draft.content_digest);
    out.key("signature-input").text(draft.signature_input);
    out.key("signature").text(signature_field(draft, TRY(signer_->sign(draft.base, &random_))));
    return {};
  }
  Result<void> sign_fast(const wire::JsonValue& in, wire::JsonWriter& out) {
    const Message message(in["message"]);
    const FastDraft draft =
        TRY(draft_fast(*signer_, message.view(),
                       {.created = TRY(in["created"].integer()),
                        .expires = TRY(in["expires"].integer()),
                        .sequence = static_cast<std::uint64_t>(TRY(in["sequence"].integer()))}));
    out.key("body").base64url(
        fast_body(draft, message.body, TRY(signer_->sign(draft.structure, &random_))));
    return {};
  }
  Result<void> ask(const wire::JsonValue& in, wire::JsonWriter& out) {
    const Message message(in["message"]);
    const WallTime now(TRY(in["now"].integer()) * 1000);
    if (!gate_) {
      GateOptions options;
      options.nonces = 1000;
      options.keys = 100;
      gate_ =
          std::make_unique<Gate>(options, keys_, nullptr, random_, WallTime(now.value() - 60'000));
    }
    Last last;
    const RequestView view = message.view();
    gate_->submit(view, {}, now, 1);
    gate_->flush(now, last);
    out.key("reason").text(info(last.last.reason).name).key("lane").text(name(last.last.lane));
    out.key("keyid").text(to_text(last.last.key)).key("content").base64url(last.last.content);
    return {};
  }
  Result<void> check(const wire::JsonValue& in, wire::JsonWriter& out) {
    const Message message(in["message"]);
    const Message request(in["request"]);
    const RequestView view = request.view();
    Checked checked;
    const Reason reason = check_message(
        {.request = &view, .status = message.status, .headers = message.headers}, keys_,
        {.tag = in["tag"].text().value_or("v100"),
         .now = TRY(in["now"].integer()),
         .body = message.body},
        checked);
    out.key("reason").text(info(reason).name).key("keyid").text(to_text(checked.key));
    return {};
  }
  Result<void> issue(const wire::JsonValue& in, wire::JsonWriter& out) {
    const std::int64_t now = TRY(in["now"].integer());
    const TokenClaims claims{.issuer = "https://v100.example",
                             .subject = "user-7",
                             .audience = "storage",
                             .issued = now,
                             .expires = now + 60,
                             .id = "t1",
                             .scope = "read"};
    out.key("token").text(TRY(issue_token(*signer_, claims, &random_)));
    return {};
  }
  Result<void> verify(const wire::JsonValue& in, wire::JsonWriter& out) {
    const VerifiedToken token = TRY(verify_token(TRY(in["token"].text()), keys_,
                                                 {.issuer = TRY(in["issuer"].text()),
                                                  .audience = "storage",
                                                  .now = TRY(in["now"].integer())}));
    out.key("sub").text(token.claims.subject).key("keyid").text(to_text(token.key));
    return {};
  }

  io::SystemRandom random_;
  Directory keys_;
  std::optional<Signer> signer_;
  std::unique_ptr<Gate> gate_;
  const std::vector<std::string_view> fields_ = {"content-type", "x-tenant"};
};

}  // namespace

int main() {
  Ours peer;
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto in = wire::JsonDocument::parse(as_bytes(line), 1 << 20);
    std::cout << (in ? peer.run(in->root()) : std::string("{\"error\":\"not JSON\"}")) << std::endl;
  }
  return 0;
}
