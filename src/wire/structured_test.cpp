// Broken if this fails: signature headers are read or written in another way than everybody else
// does.
#include "wire/structured.h"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <simdjson.h>
#include <string>

#include "base/text.h"

namespace v100::wire::sf {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;

// RFC 4648 §6, as the vector files write binary values.
Buffer from_base32(std::string_view text) {
  Buffer out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    if (c == '=') {
      break;
    }
    bits = (bits << 5) | static_cast<std::uint32_t>(c >= 'A' ? c - 'A' : c - '2' + 26);
    held += 5;
    if (held >= 8) {
      held -= 8;
      out.push_back(static_cast<std::uint8_t>(bits >> held));
    }
  }
  return out;
}

BareItem bare_of(const element& e) {
  switch (e.type()) {
    case simdjson::dom::element_type::INT64:
    case simdjson::dom::element_type::UINT64:
      return std::int64_t(e);
    case simdjson::dom::element_type::DOUBLE:
      return Decimal{static_cast<std::int64_t>(std::nearbyint(double(e) * 1000))};
    case simdjson::dom::element_type::STRING:
      return std::string(std::string_view(e));
    case simdjson::dom::element_type::BOOL:
      return bool(e);
    default:
      break;
  }
  const std::string_view type = e["__type"];
  if (type == "token") {
    return Token{std::string(std::string_view(e["value"]))};
  }
  if (type == "binary") {
    return from_base32(e["value"]);
  }
  if (type == "date") {
    return Date{std::int64_t(e["value"])};
  }
  EXPECT_EQ(type, "displaystring");
  return DisplayString{std::string(std::string_view(e["value"]))};
}

Parameters parameters_of(const element& e) {
  Parameters out;
  for (const element pair : array(e)) {
    out.emplace_back(std::string(std::string_view(pair.at(0))), bare_of(pair.at(1)));
  }
  return out;
}

Item item_of(const element& e) { return {bare_of(e.at(0)), parameters_of(e.at(1))}; }

Member member_of(const element& e) {
  if (!e.at(0).is_array()) {
    return item_of(e);
  }
  InnerList out;
  for (const element item : array(e.at(0))) {
    out.items.push_back(item_of(item));
  }
  out.parameters = parameters_of(e.at(1));
  return out;
}

List list_of(const element& e) {
  List out;
  for (const element member : array(e)) {
    out.push_back(member_of(member));
  }
  return out;
}

Dictionary dictionary_of(const element& e) {
  Dictionary out;
  for (const element pair : array(e)) {
    out.emplace_back(std::string(std::string_view(pair.at(0))), member_of(pair.at(1)));
  }
  return out;
}

std::string joined(const element& lines) {
  std::string out;
  for (const element line : array(lines)) {
    out += (out.empty() ? "" : ", ") + std::string(std::string_view(line));
  }
  return out;
}

struct Case {
  bool must_fail = false;
  bool can_fail = false;
  element json;

  explicit Case(const element& e)
      : must_fail(flag(e, "must_fail")), can_fail(flag(e, "can_fail")), json(e) {}
  static bool flag(const element& e, const char* key) {
    bool value = false;
    return e[key].get(value) == simdjson::SUCCESS && value;
  }
  bool has(const char* key) const { return json[key].error() == simdjson::SUCCESS; }
  std::string name() const { return std::string(std::string_view(json["name"])); }

  template <class Value, class Parse, class Expected>
  void check(Parse parse, Expected expected) const {
    if (!has("raw")) {  // serialise only
      const Result<std::string> text = serialize(Value(expected(json["expected"])));
      EXPECT_EQ(text.has_value(), !must_fail) << name();
      if (text && has("canonical")) {
        EXPECT_EQ(*text, joined(json["canonical"])) << name();
      }
      return;
    }
    const std::string raw = joined(json["raw"]);
    const Result<Value> parsed = parse(raw);
    if (must_fail || (can_fail && !parsed)) {
      EXPECT_FALSE(parsed.has_value()) << name();
      return;
    }
    ASSERT_TRUE(parsed.has_value()) << name() << ": " << raw;
    EXPECT_EQ(*parsed, expected(json["expected"])) << name();
    const std::string canonical = has("canonical") ? joined(json["canonical"]) : raw;
    EXPECT_EQ(serialize(*parsed).value_or("?"), canonical) << name();
  }
};

TEST(StructuredFields, PublicVectors) {
  const char* folder = std::getenv("V100_VECTORS");
  if (folder == nullptr) {
    GTEST_SKIP() << "V100_VECTORS is not set: skipped structured-fields";
  }
  int cases = 0;
  simdjson::dom::parser parser;
  for (const auto& file : std::filesystem::recursive_directory_iterator(
           std::filesystem::path(folder) / "structured-fields")) {
    if (file.path().extension() != ".json") {
      continue;
    }
    for (const element e : array(parser.load(file.path().string()))) {
      const Case one(e);
      const std::string_view type = e["header_type"];
      if (type == "item") {
        one.check<Item>(parse_item, item_of);
      } else if (type == "list") {
        one.check<List>(parse_list, list_of);
      } else {
        one.check<Dictionary>(parse_dictionary, dictionary_of);
      }
      ++cases;
    }
  }
  EXPECT_GT(cases, 1000);
}

TEST(StructuredFields, ReadsASignatureInput) {
  const Dictionary input =
      parse_dictionary(R"(sig1=("@method" "content-digest";req);created=1618884473;keyid="k")")
          .value();
  const auto& list = std::get<InnerList>(*find(input, "sig1"));
  EXPECT_EQ(list.items.size(), 2u);
  EXPECT_EQ(*find(list.items[1].parameters, "req"), BareItem(true));
  EXPECT_EQ(*find(list.parameters, "created"), BareItem(std::int64_t{1618884473}));
  EXPECT_EQ(find(list.parameters, "nonce"), nullptr);
}

}  // namespace
}  // namespace v100::wire::sf
