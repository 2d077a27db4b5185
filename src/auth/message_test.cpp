// Broken if this fails: signature bases differ from everybody else's, so nobody's signatures
// verify.
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "auth/test_world.h"
#include "base/text.h"
#include "wire/structured.h"

namespace v100::auth {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// An HTTP message as the RFC's files have it.
struct Message {
  std::vector<std::pair<std::string, std::string>> fields;
  Sent sent;
};
Message parse(const std::string& text) {
  Message out;
  std::istringstream in(text);
  std::string line;
  std::getline(in, line);
  std::istringstream start(line);
  start >> out.sent.method >> out.sent.target;
  out.sent.fields.clear();
  while (std::getline(in, line) && line != "\r" && !line.empty()) {
    while (!line.empty() && line.back() == '\r') {
      line.pop_back();
    }
    const std::size_t colon = line.find(':');
    out.sent.fields.emplace_back(line.substr(0, colon), line.substr(colon + 2));
  }
  out.sent.authority = out.sent.field("Host");
  return out;
}

// RFC 9421, appendix B.2: requests and their bases.
TEST(SignatureBase, OfTheRfc) {
  const char* folder = std::getenv("V100_VECTORS");
  if (folder == nullptr) {
    GTEST_SKIP() << "V100_VECTORS is not set: skipped httpsig/rfc9421";
  }
  for (const char* name : {"b21", "b22", "b25", "b26"}) {
    const std::string path = std::string(folder) + "/httpsig/rfc9421/" + name + "_request_";
    Message message = parse(read_file(path + "signed.txt"));
    ASSERT_FALSE(message.sent.fields.empty()) << path;
    SignatureInput input;
    EXPECT_EQ(
        input.read(message.sent.field("Signature-Input"), "header-example"),
        std::string(name) == "b22" ? SignatureInput::Found::one : SignatureInput::Found::no_tag);
    Buffer room(4096);
    BoundedText base(room);
    const RequestView view = message.sent.view();
    EXPECT_EQ(append_signature_base(base, {.request = &view}, input.components(), input.params()),
              Reason::ok);
    EXPECT_EQ(as_text(base.written()), read_file(path + "sigbase.txt"));
    Buffer signature(1024);
    EXPECT_GT(read_signature(message.sent.field("Signature"), input.label(), signature).value(),
              30u);
  }
}

std::string base_of(Sent& sent, const std::string& list) {
  const std::string text = "sig=" + list + ";tag=\"t\"";
  SignatureInput input;
  input.read(text, "t");
  Buffer room(4096);
  BoundedText base(room);
  const RequestView view = sent.view();
  const Reason reason =
      append_signature_base(base, {.request = &view}, input.components(), input.params());
  if (reason != Reason::ok) {
    return info(reason).name;
  }
  const std::string_view lines = as_text(base.written());
  return std::string(lines.substr(0, lines.find("\"@signature-params\"")));
}

// RFC 9421 §2.1 and §2.2: each derived component and each form of a field.
TEST(SignatureBase, Components) {
  Sent sent{.method = "GET",
            .authority = "WWW.Example.com:443",
            .target = "/path?param=value&foo=bar&baz=batman&qux=&bar=with+plus%20space&a%2fb=c"};
  sent.fields = {{"X-OWS", "Leading"},
                 {"Cache-Control", "max-age=60"},
                 {"cache-control", "must-revalidate"},
                 {"Example-Dict", "a=1,    b=2;x=1;y=2,   c=(a   b   c)"},
                 {"Empty", ""}};
  const auto one = [&](const std::string& component) {
    return base_of(sent, "(" + component + ")");
  };
  EXPECT_EQ(one("\"@method\""), "\"@method\": GET\n");
  EXPECT_EQ(one("\"@target-uri\""),
            "\"@target-uri\": https://www.example.com" + sent.target + "\n");
  EXPECT_EQ(one("\"@authority\""), "\"@authority\": www.example.com\n");
  EXPECT_EQ(one("\"@scheme\""), "\"@scheme\": https\n");
  EXPECT_EQ(one("\"@request-target\""), "\"@request-target\": " + sent.target + "\n");
  EXPECT_EQ(one("\"@path\""), "\"@path\": /path\n");
  EXPECT_EQ(one("\"@query\""), "\"@query\": " + sent.target.substr(5) + "\n");
  EXPECT_EQ(one("\"@query-param\";name=\"baz\""), "\"@query-param\";name=\"baz\": batman\n");
  EXPECT_EQ(one("\"@query-param\";name=\"qux\""), "\"@query-param\";name=\"qux\": \n");
  EXPECT_EQ(one("\"@query-param\";name=\"bar\""),
            "\"@query-param\";name=\"bar\": with%20plus%20space\n");
  EXPECT_EQ(one("\"@query-param\";name=\"a%2Fb\""), "\"@query-param\";name=\"a%2Fb\": c\n");
  EXPECT_EQ(one("\"@query-param\";name=\"none\""), "component_unknown");
  EXPECT_EQ(one("\"cache-control\""), "\"cache-control\": max-age=60, must-revalidate\n");
  EXPECT_EQ(one("\"empty\""), "\"empty\": \n");
  EXPECT_EQ(one("\"example-dict\";key=\"b\""), "\"example-dict\";key=\"b\": 2;x=1;y=2\n");
  EXPECT_EQ(one("\"example-dict\";key=\"c\""), "\"example-dict\";key=\"c\": (a b c)\n");
  EXPECT_EQ(one("\"cache-control\";bs"),
            "\"cache-control\";bs: :bWF4LWFnZT02MA==:, :bXVzdC1yZXZhbGlkYXRl:\n");
  for (const char* bad : {"\"@method\";sf", "\"@status\"", "\"@nothing\"", "\"X-OWS\"",
                          "\"x-ows\";tr", "\"x-ows\";sf", "\"x-ows\";bs;key=\"a\"", "\"x-ows\";req",
                          "\"@path\";name=\"a\"", "\"@query-param\"", "\"x-absent\"",
                          "\"x-ows\";odd", "\"\"", "\"example-dict\";key=\"z\""}) {
    EXPECT_EQ(one(bad), "component_unknown") << bad;
  }
  sent.target = "*";
  sent.method = "OPTIONS";
  EXPECT_EQ(one("\"@target-uri\""), "\"@target-uri\": https://www.example.com\n");
  sent.target = "";
  EXPECT_EQ(one("\"@path\" \"@query\""), "\"@path\": /\n\"@query\": ?\n");
}

TEST(SignatureInput, ReadsItsParametersAndPicksByTag) {
  SignatureInput input;
  using Found = SignatureInput::Found;
  ASSERT_EQ(
      input.read(
          "sig1=(\"@method\" \"x-a\";req;key=\"b\");created=5;expires=-7;nonce=\"n\";keyid=\"k\";"
          "alg=\"ml-dsa-65\";tag=\"v100\";more=token",
          "v100"),
      Found::one);
  EXPECT_EQ(input.label(), "sig1");
  EXPECT_EQ(input.components().size(), 2u);
  EXPECT_TRUE(input.components()[1].req);
  EXPECT_EQ(input.components()[1].key, "b");
  EXPECT_EQ(input.components()[1].identifier, "\"x-a\";req;key=\"b\"");
  EXPECT_TRUE(input.covers("@method"));
  EXPECT_FALSE(input.covers("x-a"));
  EXPECT_EQ(input.created, 5);
  EXPECT_EQ(input.expires, -7);
  EXPECT_EQ(std::string(input.nonce) + std::string(input.keyid) + std::string(input.alg),
            "nkml-dsa-65");
  EXPECT_EQ(input.read("a=();tag=\"b\"", "v100"), Found::none);
  EXPECT_EQ(input.read("a=()", "v100"), Found::no_tag);
  EXPECT_EQ(input.read("a=();tag=\"v100\", b=();tag=\"v100\"", "v100"), Found::several);
  for (const char* bad : {"", "a", "a=1", "a=(", "a=(\"x\" ", "A=()", "a=();tag=\"v100\" x",
                          "a=(\"x\"\"y\");tag=\"v100\"", "a=();created=1.0;tag=\"v100\"",
                          "a=();created=\"1\";tag=\"v100\"", "a=();keyid=k;tag=\"v100\"",
                          "a=(1);tag=\"v100\"", "a=(\"x\\\"\");tag=\"v100\""}) {
    const Found found = input.read(bad, "v100");
    EXPECT_TRUE(found == Found::malformed || found == Found::none) << bad;
  }
  // Not canonical: the same as the canonical one.
  ASSERT_EQ(
      input.read(
          "x=();tag=\"other\" ,\t a=( \"@method\"   \"@path\" );created=1; tag=\"v100\";created=2",
          "v100"),
      Found::one);
  EXPECT_EQ(input.params(), "(\"@method\" \"@path\");created=2;tag=\"v100\"");
  EXPECT_EQ(input.created, 2);
}

// An answer is bound to its request; anyone who has both can check it.
TEST(Message, AnswersAreSignedAndBoundToTheirRequest) {
  World w;
  Sent request = w.signed_by(w.keys.bob);
  const std::string body = "{\"id\":1}";
  std::vector<wire::HttpHeader> headers = {{"content-type", "application/json"}};
  constexpr std::string_view fields[] = {"content-type"};
  HeaderTerms terms = w.terms();
  terms.fields = fields;
  const RequestView view = request.view();
  const ResponseView response{.status = 201, .headers = headers, .body = as_bytes(body)};
  const HeaderDraft draft = draft_response(w.keys.alice, response, &view, terms).value();
  EXPECT_EQ(
      draft.signature_input.substr(0, 105),
      "sig1=(\"@status\" \"content-digest\" \"content-type\" \"@method\";req \"@target-uri\";req "
      "\"signature\";req);created=");
  const std::string signature =
      signature_field(draft, w.keys.alice.sign(draft.base, nullptr).value());
  headers.push_back({"Content-Digest", draft.content_digest});
  headers.push_back({"Signature-Input", draft.signature_input});
  headers.push_back({"Signature", signature});
  constexpr std::string_view needed[] = {"\"@status\"", "\"signature\";req"};
  const Expected expected{.now = w.now + 20, .body = as_bytes(body), .components = needed};
  Checked checked;
  MessageView message{.request = &view, .status = 201, .headers = headers};
  EXPECT_EQ(check_message(message, w.directory, expected, checked), Reason::ok);
  EXPECT_EQ(checked.key, w.keys.alice.id());
  EXPECT_EQ(checked.nonce, terms.nonce);
  message.status = 200;
  EXPECT_EQ(check_message(message, w.directory, expected, checked), Reason::signature_invalid);
  Sent other = w.signed_by(w.keys.bob);
  const RequestView other_view = other.view();
  message = {.request = &other_view, .status = 201, .headers = headers};
  EXPECT_EQ(check_message(message, w.directory, expected, checked), Reason::signature_invalid);
  message.request = &view;
  EXPECT_EQ(check_message(message, w.directory, {.now = w.now, .body = as_bytes("{}")}, checked),
            Reason::digest_mismatch);
  EXPECT_EQ(
      check_message(message, w.directory, {.now = w.now + 31, .body = as_bytes(body)}, checked),
      Reason::expired);
  constexpr std::string_view more[] = {"\"date\""};
  EXPECT_EQ(check_message(message, w.directory,
                          {.now = w.now, .body = as_bytes(body), .components = more}, checked),
            Reason::component_missing);
}

// A webhook is a request that we sign and somebody else checks.
TEST(Message, WebhooksAreSignedRequests) {
  World w;
  Sent hook{.authority = "customer.example", .target = "/hooks/v100"};
  HeaderTerms terms = w.terms();
  terms.tag = "v100-webhook";
  w.sign(hook, w.keys.carol, terms);
  const RequestView view = hook.view();
  Checked checked;
  const Expected expected{.tag = "v100-webhook", .now = w.now, .body = hook.body};
  EXPECT_EQ(check_message({.request = &view}, w.directory, expected, checked), Reason::ok);
  hook.body[0] ^= 1;
  EXPECT_EQ(check_message({.request = &view}, w.directory, expected, checked),
            Reason::digest_mismatch);
  // For the gate it is no request of ours: the tag is another.
  EXPECT_EQ(w.ask(hook).lane, Lane::unsigned_);
}

TEST(ContentDigest, ReadsAndWrites) {
  const Bytes body = as_bytes("{\"hello\": \"world\"}\n");
  for (const DigestAlgorithm algorithm : {DigestAlgorithm::sha256, DigestAlgorithm::sha512}) {
    const std::string text = write_content_digest(body, algorithm);
    const ContentDigest digest = read_content_digest(text).value();
    EXPECT_EQ(digest.has_sha256, algorithm == DigestAlgorithm::sha256);
    EXPECT_TRUE(digest.has_sha256 ? digest.sha256 == sha256(body) : digest.sha512 == sha512(body));
  }
  // RFC 9530, appendix B.1.
  EXPECT_EQ(write_content_digest(body, DigestAlgorithm::sha256),
            "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:");
  const std::string both = write_content_digest(body, DigestAlgorithm::sha256) +
                           ", unknown=:AA==:, " +
                           write_content_digest(body, DigestAlgorithm::sha512);
  EXPECT_TRUE(read_content_digest(both)->has_sha256 && read_content_digest(both)->has_sha512);
  for (const char* bad :
       {"", "sha-256", "sha-256=:AAAA:", "sha-256=1", "md5=:AAAA:", "sha-256=:****:"}) {
    EXPECT_FALSE(read_content_digest(bad)) << bad;
  }
}

}  // namespace
}  // namespace v100::auth
