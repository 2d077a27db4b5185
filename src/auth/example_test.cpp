// Broken if this fails: docs/spec/request-signing.md says other bytes than the code does.
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "auth/session_mac.h"
#include "auth/test_world.h"
#include "base/text.h"
#include "wire/json.h"

namespace v100::auth {
namespace {

constexpr std::int64_t created = 2'000'000'000, expires = created + 30;
constexpr std::string_view nonce = "9f1c0a7d";
constexpr std::uint64_t sequence = 7;

Sent request() {
  Sent sent;
  sent.set("Content-Type", "application/json").set("Idempotency-Key", "order-1");
  return sent;
}

void add_header_lane(wire::JsonWriter& out, const Signer& signer, Sent sent) {
  constexpr std::string_view fields[] = {"idempotency-key"};
  const HeaderDraft draft =
      draft_header(signer, sent.view(),
                   {.created = created, .expires = expires, .nonce = nonce, .fields = fields})
          .value();
  out.key("header").object().key("content_digest").text(draft.content_digest);
  out.key("signature_input").text(draft.signature_input);
  out.key("signature_base").text(as_text(draft.base));
  out.key("signature").text(signature_field(draft, signer.sign(draft.base, nullptr).value()));
  out.end_object();
}

void add_fast_lane(wire::JsonWriter& out, const Signer& signer, Sent sent) {
  const FastDraft draft = draft_fast(signer, sent.view(),
                                     {.created = created, .expires = expires, .sequence = sequence})
                              .value();
  const Buffer body = fast_body(draft, sent.body, signer.sign(draft.structure, nullptr).value());
  out.key("fast").object().key("sequence").integer(static_cast<std::int64_t>(sequence));
  out.key("content_type").text(fast_content_type).key("protected").hex(draft.header);
  out.key("signed").hex(draft.structure).key("body").hex(body).end_object();
}

void add_session_lane(wire::JsonWriter& out, const Signer& signer, Sent sent) {
  ByteArray<32> bytes;
  bytes.fill(0x11);
  const xwing::SharedSecret secret{FixedBytes<32>(bytes)};
  SessionId id{0, 3, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const Buffer exporter(32, 0x22);
  const SessionKey key = derive_session_key(secret, id, signer.id(), exporter);
  SessionToken token{id, sequence, created, {}};
  const ByteArray<32> digest = sha256(sent.body);
  const RequestView view = sent.view();
  token.mac =
      session_mac(start_session_mac(key), {.token = token,
                                           .method = view.method,
                                           .scheme = view.scheme,
                                           .authority = view.authority,
                                           .target = view.target,
                                           .meaning = {view.header("idempotency-key"), {}, {}},
                                           .digest = digest});
  SessionFrame frame{.token = token,
                     .method = view.method,
                     .target = view.target,
                     .meaning = {view.header("idempotency-key"), {}, {}},
                     .content = view.body};
  out.key("session").object().key("secret").hex(secret.expose()).key("id").hex(id);
  out.key("exporter").hex(exporter).key("key").hex(key.expose());
  out.key("authorization").text(write_session_token(token));
  out.key("frame").hex(write_session_frame(frame).value()).end_object();
}

std::string example() {
  ByteArray<32> seed;
  for (std::size_t i = 0; i < seed.size(); ++i) {
    seed[i] = static_cast<std::uint8_t>(i);
  }
  const Signer signer =
      Signer::from(keys::PrivateKey::from_seed(keys::Algorithm::mldsa65, seed).value()).value();
  Sent sent = request();
  wire::JsonWriter out;
  out.object().key("seed").hex(seed).key("keyid").text(signer.id_text());
  out.key("method").text(sent.method).key("scheme").text(sent.scheme);
  out.key("authority").text(sent.authority).key("target").text(sent.target);
  out.key("headers").object();
  for (const auto& [name, value] : sent.fields) {
    out.key(name).text(value);
  }
  out.end_object().key("body").text(as_text(sent.body));
  out.key("created").integer(created).key("expires").integer(expires).key("nonce").text(nonce);
  add_header_lane(out, signer, sent);
  add_fast_lane(out, signer, sent);
  add_session_lane(out, signer, sent);
  return out.end_object().take() + "\n";
}

const std::string path = std::string(V100_SOURCE_DIR) + "/docs/spec/request-signing-example.json";

std::string read_file() {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(Example, IsWhatTheCodeMakes) {
  if (std::getenv("V100_WRITE_EXAMPLES") != nullptr) {
    std::ofstream(path, std::ios::binary) << example();
  }
  EXPECT_EQ(example(), read_file());
}

// From the file alone, as a reader of the specification would.
TEST(Example, IsLetIn) {
  const std::string text = read_file();
  const wire::JsonDocument document = wire::JsonDocument::parse(as_bytes(text), 1 << 20).value();
  const wire::JsonValue root = document.root();
  const Buffer seed = from_hex(root["seed"].text().value()).value();
  const Signer signer =
      Signer::from(keys::PrivateKey::from_seed(keys::Algorithm::mldsa65, seed).value()).value();
  World w;
  w.now = created + 1;
  w.directory.add(signer, 5);
  w.gate.emplace(w.options, w.directory, &w.sessions, w.random, WallTime((created - 10) * 1000));
  const auto member = [&](const char* lane, const char* name) {
    return std::string(root[lane][name].text().value());
  };
  Sent header = request();
  header.set("Content-Digest", member("header", "content_digest"));
  header.set("Signature-Input", member("header", "signature_input"));
  header.set("Signature", member("header", "signature"));
  Answer answer = w.ask(header);
  EXPECT_EQ(info(answer.reason).name, std::string("ok"));
  EXPECT_EQ(answer.meaning(Meaning::idempotency_key), "order-1");
  Sent fast = request();
  fast.set("Content-Type", member("fast", "content_type"));
  fast.body = from_hex(member("fast", "body")).value();
  answer = w.ask(fast);
  EXPECT_EQ(info(answer.reason).name, std::string("ok"));
  EXPECT_EQ(answer.meaning(Meaning::idempotency_key), "order-1");
  EXPECT_EQ(as_text(answer.content), as_text(request().body));
}

}  // namespace
}  // namespace v100::auth
