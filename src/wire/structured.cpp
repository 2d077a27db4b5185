// Parsing, RFC 9651 §4.2: one cursor over the text, one function a production.
#include "wire/structured.h"

#include "base/text.h"

namespace v100::wire::sf {
namespace {

constexpr Error bad_number{Errc::malformed, "structured field: number"};
constexpr Error bad_string{Errc::malformed, "structured field: string"};
constexpr Error bad_bytes{Errc::malformed, "structured field: byte sequence"};
constexpr Error bad_display{Errc::malformed, "structured field: display string"};
constexpr Error bad_key{Errc::malformed, "structured field: key"};
constexpr Error bad_list{Errc::malformed, "structured field: list"};
constexpr Error trailing{Errc::malformed, "structured field: something after the value"};
constexpr Error too_many{Errc::too_large, "structured field: more than 1024 members"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_alpha(char c) { return is_lower(static_cast<char>(c | 0x20)); }
bool is_key(char c) {
  return is_lower(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == '*';
}
bool is_token(char c) {  // tchar of RFC 9110 §5.6.2, and ':' and '/'
  return is_alpha(c) || is_digit(c) || std::string_view("!#$%&'*+-.^_`|~:/").contains(c);
}

int lower_hex(char c) { return is_digit(c) ? c - '0' : (c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1); }

// RFC 3629: shortest form, no surrogates, up to U+10FFFF.
bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<std::uint8_t>(text[i]);
    const std::size_t extra = lead < 0x80 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    if ((lead >= 0x80 && lead < 0xC2) || lead > 0xF4 || text.size() - i <= extra) {
      return false;
    }
    std::uint32_t point = extra == 0 ? lead : lead & (0x3Fu >> extra);
    for (std::size_t k = 1; k <= extra; ++k) {
      const auto next = static_cast<std::uint8_t>(text[i + k]);
      if ((next & 0xC0) != 0x80) {
        return false;
      }
      point = (point << 6) | (next & 0x3F);
    }
    constexpr std::uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    if (point < least[extra] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) {
      return false;
    }
    i += extra + 1;
  }
  return true;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) { skip(" "); }

  bool done() const { return rest_.empty(); }
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) {
      return false;
    }
    rest_.remove_prefix(1);
    return true;
  }
  void skip(std::string_view any_of) {
    while (!rest_.empty() && any_of.contains(rest_.front())) {
      rest_.remove_prefix(1);
    }
  }

  // Between members: OWS "," OWS, with nothing after a comma refused. True when another follows.
  Result<bool> next_member() {
    skip(" \t");
    if (done()) {
      return false;
    }
    if (!take(',')) {
      return std::unexpected(trailing);
    }
    skip(" \t");
    if (done()) {
      return std::unexpected(bad_list);
    }
    return true;
  }

  Result<std::string> key() {
    if (!is_lower(peek()) && peek() != '*') {
      return std::unexpected(bad_key);
    }
    return take_while(is_key);
  }

  Result<Parameters> parameters() {
    Parameters out;
    while (take(';')) {
      skip(" ");
      std::string name = TRY(key());
      BareItem value = true;
      if (take('=')) {
        value = TRY(bare_item());
      }
      TRY(set(out, std::move(name), std::move(value)));
    }
    return out;
  }

  Result<Item> item() {
    BareItem value = TRY(bare_item());
    return Item{std::move(value), TRY(parameters())};
  }

  Result<Member> member() {
    if (peek() == '(') {
      return TRY(inner_list());
    }
    return TRY(item());
  }

  template <class V>
  static Result<void> set(std::vector<std::pair<std::string, V>>& out, std::string name, V value) {
    for (auto& [known, held] : out) {
      if (known == name) {
        held = std::move(value);
        return {};
      }
    }
    if (out.size() == members_max) {
      return std::unexpected(too_many);
    }
    out.emplace_back(std::move(name), std::move(value));
    return {};
  }

 private:
  template <class Predicate>
  std::string take_while(Predicate wanted) {
    std::size_t size = 0;
    while (size < rest_.size() && wanted(rest_[size])) {
      ++size;
    }
    std::string out(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return out;
  }

  Result<InnerList> inner_list() {
    take('(');
    InnerList out;
    for (;;) {
      skip(" ");
      if (take(')')) {
        out.parameters = TRY(parameters());
        return out;
      }
      if (out.items.size() == members_max) {
        return std::unexpected(too_many);
      }
      out.items.push_back(TRY(item()));
      if (peek() != ' ' && peek() != ')') {
        return std::unexpected(bad_list);
      }
    }
  }

  Result<BareItem> bare_item() {
    const char c = peek();
    if (c == '-' || is_digit(c)) {
      return number();
    }
    if (c == '"') {
      return string();
    }
    if (c == '*' || is_alpha(c)) {
      return Token{take_while(is_token)};
    }
    if (c == ':') {
      return byte_sequence();
    }
    if (c == '?') {
      return boolean();
    }
    if (c == '@') {
      return date();
    }
    if (c == '%') {
      return display_string();
    }
    return fail(Errc::malformed, "structured field: no item here");
  }

  // At most 15 digits, or 12 and 1 to 3 after the point.
  Result<BareItem> number() {
    const bool negative = take('-');
    const std::string whole = take_while(is_digit);
    if (whole.empty() || whole.size() > 15) {
      return std::unexpected(bad_number);
    }
    std::int64_t value = 0;
    for (const char c : whole) {
      value = value * 10 + (c - '0');
    }
    if (!take('.')) {
      return negative ? -value : value;
    }
    const std::string fraction = take_while(is_digit);
    if (whole.size() > 12 || fraction.empty() || fraction.size() > 3) {
      return std::unexpected(bad_number);
    }
    for (std::size_t i = 0; i < 3; ++i) {
      value = value * 10 + (i < fraction.size() ? fraction[i] - '0' : 0);
    }
    return Decimal{negative ? -value : value};
  }

  Result<BareItem> string() {
    take('"');
    std::string out;
    while (!done()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') {
        return out;
      }
      if (c < 0x20 || c > 0x7E) {
        return std::unexpected(bad_string);
      }
      if (c != '\\') {
        out.push_back(c);
      } else if (peek() == '"' || peek() == '\\') {
        out.push_back(rest_.front());
        rest_.remove_prefix(1);
      } else {
        return std::unexpected(bad_string);
      }
    }
    return std::unexpected(bad_string);
  }

  Result<BareItem> byte_sequence() {
    take(':');
    const std::size_t end = rest_.find(':');
    if (end == std::string_view::npos) {
      return std::unexpected(bad_bytes);
    }
    Result<Buffer> bytes = from_base64(rest_.substr(0, end));
    if (!bytes) {
      return std::unexpected(bad_bytes);
    }
    rest_.remove_prefix(end + 1);
    return std::move(*bytes);
  }

  Result<BareItem> boolean() {
    take('?');
    if (take('1')) {
      return true;
    }
    if (take('0')) {
      return false;
    }
    return fail(Errc::malformed, "structured field: boolean");
  }

  Result<BareItem> date() {
    take('@');
    const BareItem value = TRY(number());
    if (const auto* seconds = std::get_if<std::int64_t>(&value)) {
      return Date{*seconds};
    }
    return std::unexpected(bad_number);
  }

  Result<BareItem> display_string() {
    take('%');
    if (!take('"')) {
      return std::unexpected(bad_display);
    }
    std::string out;
    while (!done()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c < 0x20 || c > 0x7E) {
        return std::unexpected(bad_display);
      }
      if (c == '"') {
        return is_utf8(out) ? Result<BareItem>(DisplayString{std::move(out)})
                            : std::unexpected(bad_display);
      }
      if (c != '%') {
        out.push_back(c);
        continue;
      }
      if (rest_.size() < 2 || lower_hex(rest_[0]) < 0 || lower_hex(rest_[1]) < 0) {
        return std::unexpected(bad_display);
      }
      out.push_back(static_cast<char>(lower_hex(rest_[0]) * 16 + lower_hex(rest_[1])));
      rest_.remove_prefix(2);
    }
    return std::unexpected(bad_display);
  }

  std::string_view rest_;
};

}  // namespace

Result<Item> parse_item(std::string_view text) {
  Parser parser(text);
  Item out = TRY(parser.item());
  parser.skip(" ");
  if (!parser.done()) {
    return std::unexpected(trailing);
  }
  return out;
}

Result<List> parse_list(std::string_view text) {
  Parser parser(text);
  List out;
  for (bool more = !parser.done(); more; more = TRY(parser.next_member())) {
    if (out.size() == members_max) {
      return std::unexpected(too_many);
    }
    out.push_back(TRY(parser.member()));
  }
  return out;
}

Result<Dictionary> parse_dictionary(std::string_view text) {
  Parser parser(text);
  Dictionary out;
  for (bool more = !parser.done(); more; more = TRY(parser.next_member())) {
    std::string name = TRY(parser.key());
    Member value;
    if (parser.take('=')) {
      value = TRY(parser.member());
    } else {
      value = Item{true, TRY(parser.parameters())};
    }
    TRY(Parser::set(out, std::move(name), std::move(value)));
  }
  return out;
}

const BareItem* find(const Parameters& parameters, std::string_view key) {
  for (const auto& [name, value] : parameters) {
    if (name == key) {
      return &value;
    }
  }
  return nullptr;
}

const Member* find(const Dictionary& dictionary, std::string_view key) {
  for (const auto& [name, value] : dictionary) {
    if (name == key) {
      return &value;
    }
  }
  return nullptr;
}

}  // namespace v100::wire::sf
