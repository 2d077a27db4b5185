// HTTP message signatures: C2SP's post-quantum vectors (JSON: seed, base, deterministic signature)
// and RFC 9421's examples (a signed message, and its base in the file beside it).
#include <fmt/format.h>
#include <sstream>

#include "auth/key_id.h"
#include "auth/sign.h"
#include "base/text.h"
#include "main/vectors/http.h"

namespace v100::vectors {
namespace {

using auth::Reason;

// A message as text.
struct Message {
  std::string method, target;
  std::vector<std::pair<std::string, std::string>> fields;
  std::vector<wire::HttpHeader> headers;

  std::string_view field(std::string_view name) const {
    for (const auto& [have, value] : fields) {
      if (wire::same_token(have, name)) {
        return value;
      }
    }
    return {};
  }
  auth::RequestView view() {
    headers.clear();
    for (const auto& [name, value] : fields) {
      headers.push_back({name, value});
    }
    return {method, "https", field("host"), target, headers, {}};
  }
};

Message parse_message(const std::string& content) {
  Message out;
  std::istringstream in(content);
  std::string line;
  std::getline(in, line);
  std::istringstream(line) >> out.method >> out.target;
  while (std::getline(in, line) && !line.empty() && line != "\r") {
    const std::size_t colon = line.find(':');
    if (colon == line.npos) {
      break;
    }
    std::string value = line.substr(colon + 1);
    value.erase(0, value.find_first_not_of(' '));
    value.erase(value.find_last_not_of("\r ") + 1);
    out.fields.emplace_back(line.substr(0, colon), value);
  }
  return out;
}

Result<std::string> rebuild(Message& message, std::string_view input_text) {
  const std::string tagged(input_text);
  auth::SignatureInput input;
  const std::size_t tag = tagged.find(";tag=\"");
  const std::string_view wanted =
      tag == tagged.npos
          ? std::string_view()
          : std::string_view(tagged).substr(tag + 6, tagged.find('"', tag + 6) - tag - 6);
  const auto found = input.read(tagged, wanted);
  if (found != auth::SignatureInput::Found::one && found != auth::SignatureInput::Found::no_tag) {
    return fail(Errc::malformed, "httpsig: Signature-Input");
  }
  Buffer room(64 * 1024);
  auth::BoundedText base(room);
  const auth::RequestView view = message.view();
  if (auth::append_signature_base(base, {.request = &view}, input.components(), input.params()) !=
      Reason::ok) {
    return fail(Errc::malformed, "httpsig: a base that cannot be rebuilt");
  }
  return std::string(as_text(base.written()));
}

// The message that C2SP's vectors sign, from the lines of its base.
Message message_of_base(std::string_view base) {
  Message out;
  while (!base.empty()) {
    const std::string_view line = base.substr(0, base.find('\n'));
    base.remove_prefix(std::min(line.size() + 1, base.size()));
    const std::size_t end = line.find("\": ");
    if (end == line.npos || line.starts_with("\"@signature-params\"")) {
      continue;
    }
    const std::string name(line.substr(1, end - 1)), value(line.substr(end + 3));
    if (name == "@method") {
      out.method = value;
    } else if (name == "@target-uri") {
      const std::size_t host = value.find("://");
      const std::size_t path = host == value.npos ? value.npos : value.find('/', host + 3);
      out.target = path == value.npos ? "/" : value.substr(path);
    } else {
      out.fields.emplace_back(name, value);
    }
  }
  return out;
}

struct Case {
  keys::Algorithm algorithm;
  keys::PrivateKey key;
  Buffer public_key, base, signature;
  std::string input;
};

Result<Case> read_case(const Json& test) {
  const std::string_view name = text(test, "algorithm");
  for (const keys::Algorithm a :
       {keys::Algorithm::mldsa44, keys::Algorithm::mldsa65, keys::Algorithm::mldsa87}) {
    if (name != auth::signature_name(a)) {
      continue;
    }
    std::string_view input = text(test, "serialized_signature_input");
    constexpr std::string_view head = "Signature-Input: ";
    input.remove_prefix(input.starts_with(head) ? head.size() : 0);
    return Case{a,
                TRY(keys::PrivateKey::from_seed(a, TRY(hex(test, "private_key_seed_hex")))),
                TRY(from_base64(text(test, "public_key_base64"))),
                TRY(from_base64(text(test, "signature_base_base64"))),
                TRY(from_base64(text(test, "deterministic_signature_base64"))),
                std::string(input)};
  }
  return fail(Errc::malformed, "httpsig: no such algorithm");
}

Result<Verdict> base_agrees(const Case& c) {
  Message message = message_of_base(as_text(c.base));
  return pass_if(TRY(rebuild(message, c.input)) == as_text(c.base));
}

Result<Verdict> signature_agrees(const Case& c) {
  const auth::Signer signer = TRY(auth::Signer::from(c.key));
  return pass_if(TRY(signer.sign(c.base, nullptr)) == c.signature &&
                 keys::verify(c.key.public_key(), c.base, {}, c.signature).has_value());
}

// The specification's list of what must be refused: another base, a changed, cut or longer
// signature, another parameter set's key.
Result<Verdict> negatives_agree(const Case& c) {
  const auto taken = [&](Bytes base, Bytes signature) {
    return keys::verify(c.key.public_key(), base, {}, signature).has_value();
  };
  Buffer base = c.base, signature = c.signature;
  base[0] ^= 1;
  bool good = !taken(base, c.signature);
  for (const std::size_t at : {std::size_t{0}, signature.size() / 2, signature.size() - 1}) {
    signature[at] ^= 1;
    good = good && !taken(c.base, signature);
    signature[at] ^= 1;
  }
  good = good && !taken(c.base, Bytes(signature).first(signature.size() - 1));
  signature.push_back(0);
  good = good && !taken(c.base, signature) && !taken(c.base, {});
  const Bytes context = as_bytes("context");
  return pass_if(good && !keys::verify(c.key.public_key(), c.base, context, c.signature));
}

}  // namespace

Result<void> run_httpsig(const Json& root, Tally& tally) {
  simdjson::dom::array tests;
  if (root["vectors"].get(tests) != simdjson::SUCCESS) {
    return fail(Errc::malformed, "httpsig: no vectors");
  }
  for (const Json test : tests) {
    const std::string_view id = text(test, "id");
    const Result<Case> c = read_case(test);
    if (!c) {
      tally.add(id, std::unexpected<Error>(c.error()));
      continue;
    }
    tally.add(fmt::format("{} key", id), pass_if(c->key.public_key().bytes == c->public_key));
    tally.add(fmt::format("{} base", id), base_agrees(*c));
    tally.add(fmt::format("{} signature", id), signature_agrees(*c));
    tally.add(fmt::format("{} negatives", id), negatives_agree(*c));
  }
  return {};
}

bool is_signed_message(const File& file) {
  return !file.expected.empty() && file.content.find("\nSignature-Input: ") != std::string::npos;
}

void run_signed_message(const File& file, Tally& tally) {
  Message message = parse_message(file.content);
  const std::string input(message.field("signature-input"));
  const Result<std::string> base = rebuild(message, input);
  tally.add("base", base ? Result<Verdict>(pass_if(*base == file.expected))
                         : Result<Verdict>(std::unexpected<Error>(base.error())));
  tally.add("signature", skip("httpsig: RSA, ECDSA, Ed25519 and HMAC signatures are not ours"));
}

}  // namespace v100::vectors
