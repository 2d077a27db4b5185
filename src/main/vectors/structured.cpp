// Structured field vectors of the HTTP working group (RFC 9651's test suite): arrays of cases with
// a header_type; binary values are base32.
#include "wire/structured.h"

#include <cmath>
#include <fmt/format.h>

#include "main/vectors/http.h"

namespace v100::vectors {
namespace {

namespace sf = wire::sf;

// RFC 4648 §6.
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

std::string own(std::string_view text) { return std::string(text); }

Result<sf::BareItem> bare_of(const Json& e) {
  switch (e.type()) {
    case simdjson::dom::element_type::INT64:
    case simdjson::dom::element_type::UINT64: {
      std::int64_t value = 0;
      if (e.get(value) != simdjson::SUCCESS) {
        return fail(Errc::malformed, "structured: an integer out of range");
      }
      return value;
    }
    case simdjson::dom::element_type::DOUBLE:
      return sf::Decimal{static_cast<std::int64_t>(std::nearbyint(double(e) * 1000))};
    case simdjson::dom::element_type::STRING:
      return own(std::string_view(e));
    case simdjson::dom::element_type::BOOL:
      return bool(e);
    default:
      break;
  }
  const std::string_view type = text(e, "__type");
  if (type == "token") {
    return sf::Token{own(text(e, "value"))};
  }
  if (type == "binary") {
    return from_base32(text(e, "value"));
  }
  if (type == "date") {
    std::int64_t seconds = 0;
    if (e["value"].get(seconds) == simdjson::SUCCESS) {
      return sf::Date{seconds};
    }
  }
  if (type == "displaystring") {
    return sf::DisplayString{own(text(e, "value"))};
  }
  return fail(Errc::malformed, "structured: a value of no known type");
}

Result<simdjson::dom::array> array_of(const Json& e) {
  simdjson::dom::array out;
  if (e.get(out) != simdjson::SUCCESS) {
    return fail(Errc::malformed, "structured: not an array");
  }
  return out;
}

Result<Json> at(const Json& e, std::size_t index) {
  Json out;
  if (e.at(index).get(out) != simdjson::SUCCESS) {
    return fail(Errc::malformed, "structured: an array that is too short");
  }
  return out;
}

Result<sf::Parameters> parameters_of(const Json& e) {
  sf::Parameters out;
  for (const Json pair : TRY(array_of(e))) {
    std::string_view name;
    if (TRY(at(pair, 0)).get(name) != simdjson::SUCCESS) {
      return fail(Errc::malformed, "structured: a parameter without a name");
    }
    out.emplace_back(own(name), TRY(bare_of(TRY(at(pair, 1)))));
  }
  return out;
}

Result<sf::Item> item_of(const Json& e) {
  return sf::Item{TRY(bare_of(TRY(at(e, 0)))), TRY(parameters_of(TRY(at(e, 1))))};
}

Result<sf::Member> member_of(const Json& e) {
  const Json first = TRY(at(e, 0));
  if (!first.is_array()) {
    return sf::Member(TRY(item_of(e)));
  }
  sf::InnerList out;
  for (const Json item : TRY(array_of(first))) {
    out.items.push_back(TRY(item_of(item)));
  }
  out.parameters = TRY(parameters_of(TRY(at(e, 1))));
  return sf::Member(std::move(out));
}

Result<sf::List> list_of(const Json& e) {
  sf::List out;
  for (const Json member : TRY(array_of(e))) {
    out.push_back(TRY(member_of(member)));
  }
  return out;
}

Result<sf::Dictionary> dictionary_of(const Json& e) {
  sf::Dictionary out;
  for (const Json pair : TRY(array_of(e))) {
    std::string_view name;
    if (TRY(at(pair, 0)).get(name) != simdjson::SUCCESS) {
      return fail(Errc::malformed, "structured: a member without a name");
    }
    out.emplace_back(own(name), TRY(member_of(TRY(at(pair, 1)))));
  }
  return out;
}

Result<std::string> joined(const Json& test, std::string_view key) {
  std::string out;
  const std::optional<Json> lines = member(test, key);
  if (!lines) {
    return fail(Errc::malformed, "structured: no lines");
  }
  for (const Json line : TRY(array_of(*lines))) {
    std::string_view one;
    if (line.get(one) != simdjson::SUCCESS) {
      return fail(Errc::malformed, "structured: a line that is no text");
    }
    out += out.empty() ? own(one) : ", " + own(one);
  }
  return out;
}

template <class Value>
Result<Verdict> check(const Json& test, Result<Value> (*parse)(std::string_view),
                      Result<Value> (*expected)(const Json&)) {
  const bool must_fail = flag(test, "must_fail");
  const std::optional<Json> value = member(test, "expected");
  if (!has(test, "raw")) {  // only written
    const Result<std::string> written = sf::serialize(TRY(expected(*value)));
    const bool right =
        !written || !has(test, "canonical") || *written == TRY(joined(test, "canonical"));
    return pass_if(written.has_value() != must_fail && right);
  }
  const std::string raw = TRY(joined(test, "raw"));
  const Result<Value> parsed = parse(raw);
  if (must_fail || (flag(test, "can_fail") && !parsed)) {
    return pass_if(!parsed.has_value());
  }
  if (!parsed || !value || *parsed != TRY(expected(*value))) {
    return pass_if(false);
  }
  const std::string canonical = has(test, "canonical") ? TRY(joined(test, "canonical")) : raw;
  return pass_if(sf::serialize(*parsed).value_or("?") == canonical);
}

Result<Verdict> run_case(const Json& test) {
  const std::string_view type = text(test, "header_type");
  if (!has(test, "raw") && !has(test, "expected")) {
    return fail(Errc::malformed, "structured: a case without raw and expected");
  }
  if (type == "item") {
    return check<sf::Item>(test, sf::parse_item, item_of);
  }
  if (type == "list") {
    return check<sf::List>(test, sf::parse_list, list_of);
  }
  if (type == "dictionary") {
    return check<sf::Dictionary>(test, sf::parse_dictionary, dictionary_of);
  }
  return fail(Errc::malformed, "structured: no such header_type");
}

}  // namespace

Result<void> run_structured(const Json& root, Tally& tally) {
  std::size_t index = 0;
  for (const Json test : TRY(array_of(root))) {
    tally.add(fmt::format("case {} {}", index++, text(test, "name")), run_case(test));
  }
  return {};
}

}  // namespace v100::vectors
