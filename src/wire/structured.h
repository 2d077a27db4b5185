// Structured field values for HTTP (RFC 9651, which replaces RFC 8941): what Signature-Input,
// Signature and Content-Digest are written in. Strict parser and canonical serialiser; pure,
// bounded by the caller's header limit and by `members_max`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace v100::wire::sf {

inline constexpr std::size_t members_max = 1024;  // RFC 9651 §3.1: lists of at least 1024 members

struct Token {
  std::string text;
  friend bool operator==(const Token&, const Token&) = default;
};
// A fixed-point number with three decimals: 1.5 is 1500 (RFC 9651 §3.3.2).
struct Decimal {
  std::int64_t thousandths;
  friend bool operator==(const Decimal&, const Decimal&) = default;
};
struct Date {
  std::int64_t seconds;  // since 1970
  friend bool operator==(const Date&, const Date&) = default;
};
struct DisplayString {
  std::string utf8;
  friend bool operator==(const DisplayString&, const DisplayString&) = default;
};

using BareItem =
    std::variant<std::int64_t, Decimal, std::string, Token, Buffer, bool, Date, DisplayString>;
// In order of appearance; a repeated key keeps its last value, at the first one's place.
using Parameters = std::vector<std::pair<std::string, BareItem>>;

struct Item {
  BareItem value;
  Parameters parameters;
  friend bool operator==(const Item&, const Item&) = default;
};
struct InnerList {
  std::vector<Item> items;
  Parameters parameters;
  friend bool operator==(const InnerList&, const InnerList&) = default;
};
using Member = std::variant<Item, InnerList>;
using List = std::vector<Member>;
using Dictionary = std::vector<std::pair<std::string, Member>>;

// §4.2. Several header lines are joined with ", " by the caller. Errors: malformed; too_large.
Result<Item> parse_item(std::string_view text);
Result<List> parse_list(std::string_view text);
Result<Dictionary> parse_dictionary(std::string_view text);

// §4.1. Malformed: a value that the format cannot carry (a number out of range, a key in upper
// case).
Result<std::string> serialize(const Item& item);
Result<std::string> serialize(const InnerList& list);
Result<std::string> serialize(const List& list);
Result<std::string> serialize(const Dictionary& dictionary);

// The last parameter or member of that key, or null.
const BareItem* find(const Parameters& parameters, std::string_view key);
const Member* find(const Dictionary& dictionary, std::string_view key);

}  // namespace v100::wire::sf
