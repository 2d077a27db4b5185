// JSON fields, and which reader a JSON file goes to.
#include "main/vectors/json.h"

#include "base/text.h"
#include "main/vectors/http.h"

namespace v100::vectors {

std::optional<Json> member(const Json& object, std::string_view key) {
  Json value;
  if (object[key].get(value) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  return value;
}

std::string_view text(const Json& object, std::string_view key) {
  std::string_view value;
  return object[key].get(value) == simdjson::SUCCESS ? value : std::string_view();
}

std::uint64_t number(const Json& object, std::string_view key) {
  std::uint64_t value = 0;
  return object[key].get(value) == simdjson::SUCCESS ? value : 0;
}

bool flag(const Json& object, std::string_view key) {
  bool value = false;
  return object[key].get(value) == simdjson::SUCCESS && value;
}

bool has(const Json& object, std::string_view key) { return member(object, key).has_value(); }

Result<Buffer> hex(const Json& object, std::string_view key) {
  std::string_view value;
  if (object[key].get(value) != simdjson::SUCCESS) {
    return fail(Errc::malformed, "vectors: a hex field is missing");
  }
  return from_hex(value);
}

Result<Buffer> hex_or_empty(const Json& object, std::string_view key) {
  return has(object, key) ? hex(object, key) : Result<Buffer>(Buffer());
}

namespace {

Result<Json> parse(simdjson::dom::parser& parser, const std::string& content) {
  Json root;
  if (parser.parse(content).get(root) != simdjson::SUCCESS) {
    return fail(Errc::malformed, "vectors: not valid JSON");
  }
  return root;
}

// Some ACVP files wrap the vector set in an array, after a version object.
Json vector_set(const Json& root) {
  Json inner;
  return root.at(1).get(inner) == simdjson::SUCCESS ? inner : root;
}

}  // namespace

Result<void> run_json(const File& file, const Options& options, Tally& tally) {
  simdjson::dom::parser parser;
  simdjson::dom::parser expected_parser;
  const Json root = TRY(parse(parser, file.content));
  Json first;
  if (root.at(0).get(first) == simdjson::SUCCESS && has(first, "seed") && has(first, "ss")) {
    return run_xwing(root, tally);
  }
  if (root.at(0).get(first) == simdjson::SUCCESS && has(first, "kem_id") && has(first, "aead_id")) {
    return run_hpke(root, tally);
  }
  if (root.at(0).get(first) == simdjson::SUCCESS && has(first, "header_type")) {
    return run_structured(root, tally);
  }
  Json vectors;
  if (root["vectors"].get(vectors) == simdjson::SUCCESS &&
      vectors.at(0).get(first) == simdjson::SUCCESS && has(first, "signature_base_base64")) {
    return run_httpsig(root, tally);
  }
  if (const Result<void> falcon = run_falcon(root, tally);
      falcon || falcon.error().code != Errc::not_found) {
    return falcon;
  }
  if (const Result<void> tlog = run_tlog(root, tally);
      tlog || tlog.error().code != Errc::not_found) {
    return tlog;
  }
  const Json set = vector_set(root);
  if (!has(set, "testGroups")) {
    return fail(Errc::not_found, "no reader for this JSON format");
  }
  if (has(set, "numberOfTests") || has(set, "schema")) {
    return run_wycheproof(set, tally);
  }
  if (file.expected.empty()) {
    return run_acvp(set, set, options, tally);  // internalProjection: both in one file
  }
  const Json expected = TRY(parse(expected_parser, file.expected));
  return run_acvp(set, vector_set(expected), options, tally);
}

}  // namespace v100::vectors
