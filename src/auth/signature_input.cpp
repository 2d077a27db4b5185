#include "auth/signature_input.h"

#include "wire/base64.h"
#include "wire/structured.h"

namespace v100::auth {
namespace {

namespace sf = wire::sf;

bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_key_start(char c) noexcept { return is_lower(c) || c == '*'; }
bool is_key(char c) noexcept {
  return is_lower(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == '*';
}
bool is_token_start(char c) noexcept { return is_lower(static_cast<char>(c | 0x20)) || c == '*'; }
bool is_token(char c) noexcept {
  return is_token_start(c) || is_digit(c) || std::string_view("!#$%&'+-.^_`|~:/").contains(c);
}

// A parameter's value, as far as signatures use them.
struct Value {
  enum class Kind : std::uint8_t { yes, no, text, integer, token } kind = Kind::yes;
  std::string_view text;
  std::int64_t integer = 0;
};

bool is_tagged(const sf::Member& member, std::string_view tag) {
  const sf::InnerList* list = std::get_if<sf::InnerList>(&member);
  const sf::BareItem* value = list == nullptr ? nullptr : sf::find(list->parameters, "tag");
  const std::string* text = value == nullptr ? nullptr : std::get_if<std::string>(value);
  return text != nullptr && *text == tag;
}

bool is_untagged(const sf::Member& member) {
  const sf::InnerList* list = std::get_if<sf::InnerList>(&member);
  return list != nullptr && sf::find(list->parameters, "tag") == nullptr;
}

}  // namespace

// One pass over a canonical spelling (RFC 9651 §4.1). Whatever is not canonical, or of a type that
// no parameter of ours has, ends it: then the general parser has its turn.
class SignatureInput::Scan {
 public:
  explicit Scan(std::string_view text) noexcept : at_(text.data()), end_(at_ + text.size()) {}
  const char* at() const noexcept { return at_; }
  bool done() const noexcept { return at_ == end_; }
  bool take(char c) noexcept {
    if (at_ == end_ || *at_ != c) {
      return false;
    }
    ++at_;
    return true;
  }
  bool key(std::string_view& out) noexcept {
    const char* const from = at_;
    if (at_ == end_ || !is_key_start(*at_)) {
      return false;
    }
    while (at_ != end_ && is_key(*at_)) {
      ++at_;
    }
    out = {from, static_cast<std::size_t>(at_ - from)};
    return true;
  }
  // Without escapes: no value of ours has a quote or a backslash.
  bool string(std::string_view& out) noexcept {
    if (!take('"')) {
      return false;
    }
    const char* const from = at_;
    while (at_ != end_ && *at_ != '"') {
      if (*at_ < 0x20 || *at_ == 0x7f || *at_ == '\\') {
        return false;
      }
      ++at_;
    }
    out = {from, static_cast<std::size_t>(at_ - from)};
    return take('"');
  }
  // `;key` or `;key=value`, behind the semicolon.
  bool parameter(std::string_view& name, Value& value) noexcept {
    if (!key(name)) {
      return false;
    }
    value = {};
    if (!take('=')) {
      return true;
    }
    if (at_ == end_) {
      return false;
    }
    if (*at_ == '"') {
      value.kind = Value::Kind::text;
      return string(value.text);
    }
    if (*at_ == '?') {
      value.kind = Value::Kind::no;
      ++at_;
      return take('0');
    }
    return is_token_start(*at_) ? token(value) : integer(value);
  }

 private:
  bool token(Value& value) noexcept {
    const char* const from = at_;
    while (at_ != end_ && is_token(*at_)) {
      ++at_;
    }
    value.kind = Value::Kind::token;
    value.text = {from, static_cast<std::size_t>(at_ - from)};
    return true;
  }
  bool integer(Value& value) noexcept {
    const bool negative = take('-');
    const char* const from = at_;
    while (at_ != end_ && is_digit(*at_) && at_ - from < 16) {
      value.integer = value.integer * 10 + (*at_++ - '0');
    }
    const std::ptrdiff_t digits = at_ - from;
    const bool canonical = digits == 1 ? !(negative && *from == '0') : *from != '0';
    value.kind = Value::Kind::integer;
    value.integer = negative ? -value.integer : value.integer;
    return digits > 0 && digits <= 15 && canonical && (at_ == end_ || *at_ != '.');
  }

  const char* at_;
  const char* end_;
};

namespace {

// Parameters of a component, RFC 9421 §2.1 and §2.2.8. False: given twice, or not canonical.
bool note(Component& c, std::string_view name, const Value& value) {
  const bool flag = value.kind == Value::Kind::yes;
  bool* set = name == "sf"     ? &c.sf
              : name == "bs"   ? &c.bs
              : name == "tr"   ? &c.tr
              : name == "req"  ? &c.req
              : name == "key"  ? &c.has_key
              : name == "name" ? &c.has_query_name
                               : nullptr;
  if (set == nullptr) {
    c.odd = true;
    return true;
  }
  if (*set) {
    return false;
  }
  *set = true;
  const bool text = set == &c.has_key || set == &c.has_query_name;
  if (text) {
    (set == &c.has_key ? c.key : c.query_name) = value.text;
  }
  c.odd = c.odd || (text ? value.kind != Value::Kind::text : !flag);
  return true;
}

struct TextParameter {
  std::string_view name;
  bool SignatureInput::* has;
  std::string_view SignatureInput::* value;
};
constexpr TextParameter text_parameters[] = {
    {"nonce", &SignatureInput::has_nonce, &SignatureInput::nonce},
    {"keyid", &SignatureInput::has_keyid, &SignatureInput::keyid},
    {"alg", &SignatureInput::has_alg, &SignatureInput::alg},
    {"tag", &SignatureInput::has_tag, &SignatureInput::tag}};

// Parameters of the signature, RFC 9421 §2.3. False: given twice, or of a wrong type.
bool note(SignatureInput& input, std::string_view name, const Value& value) {
  for (const TextParameter& row : text_parameters) {
    if (name == row.name) {
      if (input.*row.has || value.kind != Value::Kind::text) {
        return false;
      }
      input.*row.has = true;
      input.*row.value = value.text;
      return true;
    }
  }
  const bool is_created = name == "created";
  if (is_created || name == "expires") {
    bool& has = is_created ? input.has_created : input.has_expires;
    if (has || value.kind != Value::Kind::integer) {
      return false;
    }
    has = true;
    (is_created ? input.created : input.expires) = value.integer;
  }
  return true;  // others count as part of the base, and say nothing to us
}

}  // namespace

bool SignatureInput::scan(std::string_view text) {
  has_created = has_expires = has_nonce = has_keyid = has_alg = has_tag = false;
  count_ = 0;
  Scan in(text);
  if (!in.key(label_) || !in.take('=')) {
    return false;
  }
  const char* const from = in.at();
  if (!in.take('(')) {
    return false;
  }
  std::string_view name;
  Value value;
  while (!in.take(')')) {
    if (count_ == components_max || (count_ > 0 && !in.take(' '))) {
      return false;
    }
    Component& c = components_[count_++];
    c = {};
    const char* const start = in.at();
    if (!in.string(c.name)) {
      return false;
    }
    while (in.take(';')) {
      if (!in.parameter(name, value) || !note(c, name, value)) {
        return false;
      }
    }
    c.identifier = {start, static_cast<std::size_t>(in.at() - start)};
  }
  std::string_view others[8];  // names that note() does not watch over
  std::size_t other_count = 0;
  while (in.take(';')) {
    if (!in.parameter(name, value) || !note(*this, name, value) || other_count == 8) {
      return false;
    }
    for (std::size_t i = 0; i < other_count; ++i) {
      if (others[i] == name) {
        return false;
      }
    }
    others[other_count++] = name;
  }
  params_ = {from, static_cast<std::size_t>(in.at() - from)};
  return in.done();
}

SignatureInput::Found SignatureInput::read(std::string_view header, std::string_view wanted) {
  if (scan(header)) {
    return !has_tag ? Found::no_tag : tag == wanted ? Found::one : Found::none;
  }
  return pick(header, wanted);
}

SignatureInput::Found SignatureInput::pick(std::string_view header, std::string_view wanted) {
  const Result<sf::Dictionary> all = sf::parse_dictionary(header);
  if (!all || all->empty()) {
    return Found::malformed;
  }
  const std::pair<std::string, sf::Member>* ours = nullptr;
  bool untagged = true;
  for (const auto& member : *all) {
    if (is_tagged(member.second, wanted)) {
      if (ours != nullptr) {
        return Found::several;
      }
      ours = &member;
    }
    untagged = untagged && is_untagged(member.second);
  }
  if (ours == nullptr) {
    return untagged ? Found::no_tag : Found::none;
  }
  const Result<std::string> text = sf::serialize(std::get<sf::InnerList>(ours->second));
  if (!text) {
    return Found::malformed;
  }
  kept_ = ours->first + "=" + *text;
  return scan(kept_) ? Found::one : Found::malformed;
}

bool SignatureInput::covers(std::string_view name) const noexcept {
  for (const Component& c : components()) {
    if (c.name == name && c.identifier.size() == name.size() + 2) {
      return true;
    }
  }
  return false;
}

Result<std::size_t> read_signature(std::string_view header, std::string_view label, MutBytes out) {
  // `label=:base64:` and nothing else.
  const std::size_t head = label.size() + 2;
  if (header.size() > head && header.starts_with(label) && header.substr(label.size(), 2) == "=:" &&
      header.ends_with(':')) {
    const std::string_view text = header.substr(head, header.size() - head - 1);
    if (wire::base64_room(text.size()) > out.size()) {
      return fail(Errc::too_large, "signature: too long");
    }
    // A colon inside (a second member) is outside the alphabet.
    if (const Result<std::size_t> size = wire::decode_base64(text, out)) {
      return size;
    }
  }
  const sf::Dictionary all = TRY(sf::parse_dictionary(header));
  const sf::Member* member = sf::find(all, label);
  const sf::Item* item = member == nullptr ? nullptr : std::get_if<sf::Item>(member);
  const Buffer* bytes = item == nullptr ? nullptr : std::get_if<Buffer>(&item->value);
  if (bytes == nullptr) {
    return fail(Errc::malformed, "signature: no byte sequence of that label");
  }
  if (bytes->size() > out.size()) {
    return fail(Errc::too_large, "signature: too long");
  }
  copy(out.first(bytes->size()), *bytes);
  return bytes->size();
}

}  // namespace v100::auth
