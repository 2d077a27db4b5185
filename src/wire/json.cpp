// The reader: recursive descent over the text, depth bounded, into nodes in text order.
#include "wire/json.h"

#include <charconv>

#include "base/limits.h"
#include "base/text.h"
#include "wire/utf8.h"

namespace v100::wire {

// Friend of JsonDocument: fills one while it reads.
class JsonParser {
 public:
  JsonParser(std::string_view text, JsonDocument& out) : in_(text), out_(out) {}

  Result<void> run() {
    skip_space();
    TRY(value(0));
    skip_space();
    if (at_ != in_.size()) {
      return fail(Errc::malformed, "json: text after the value");
    }
    return {};
  }

 private:
  using Node = JsonDocument::Node;

  bool more() const { return at_ < in_.size(); }
  char peek() const { return more() ? in_[at_] : '\0'; }
  bool take(char c) {
    if (!more() || in_[at_] != c) {
      return false;
    }
    ++at_;
    return true;
  }
  void skip_space() {
    while (more() &&
           (in_[at_] == ' ' || in_[at_] == '\n' || in_[at_] == '\r' || in_[at_] == '\t')) {
      ++at_;
    }
  }
  Node& node(std::size_t index) { return out_.nodes_[index]; }

  Result<void> value(std::size_t depth) {
    const std::size_t index = out_.nodes_.size();
    out_.nodes_.emplace_back();
    TRY(fill(index, depth));
    node(index).next = static_cast<std::uint32_t>(out_.nodes_.size());
    return {};
  }

  Result<void> fill(std::size_t index, std::size_t depth) {
    switch (peek()) {
      case '{':
        return object(index, depth + 1);
      case '[':
        return array(index, depth + 1);
      case '"': {
        const auto at = static_cast<std::uint32_t>(out_.text_.size());
        TRY(string());
        node(index).kind = JsonKind::text;
        node(index).at = at;
        node(index).bytes = static_cast<std::uint32_t>(out_.text_.size()) - at;
        return {};
      }
      case 't':
        node(index).boolean = true;
        return word("true", index, JsonKind::boolean);
      case 'f':
        return word("false", index, JsonKind::boolean);
      case 'n':
        return word("null", index, JsonKind::null);
      default:
        return number(index);
    }
  }

  Result<void> word(std::string_view expected, std::size_t index, JsonKind kind) {
    if (in_.substr(at_, expected.size()) != expected) {
      return fail(Errc::malformed, "json: no value");
    }
    at_ += expected.size();
    node(index).kind = kind;
    return {};
  }

  Result<void> object(std::size_t index, std::size_t depth) {
    TRY(check_depth(depth));
    node(index).kind = JsonKind::object;
    ++at_;
    skip_space();
    if (take('}')) {
      return {};
    }
    for (;;) {
      const auto key_at = static_cast<std::uint32_t>(out_.text_.size());
      if (peek() != '"') {
        return fail(Errc::malformed, "json: no key");
      }
      TRY(string());
      const auto key_bytes = static_cast<std::uint32_t>(out_.text_.size()) - key_at;
      TRY(check_key(index, std::string_view(out_.text_).substr(key_at, key_bytes)));
      skip_space();
      if (!take(':')) {
        return fail(Errc::malformed, "json: no colon");
      }
      skip_space();
      const std::size_t member = out_.nodes_.size();
      TRY(value(depth));
      node(member).key_at = key_at;
      node(member).key_bytes = key_bytes;
      ++node(index).count;
      skip_space();
      if (take('}')) {
        return {};
      }
      if (!take(',')) {
        return fail(Errc::malformed, "json: object not closed");
      }
      skip_space();
    }
  }

  Result<void> array(std::size_t index, std::size_t depth) {
    TRY(check_depth(depth));
    node(index).kind = JsonKind::array;
    ++at_;
    skip_space();
    if (take(']')) {
      return {};
    }
    for (;;) {
      TRY(value(depth));
      ++node(index).count;
      skip_space();
      if (take(']')) {
        return {};
      }
      if (!take(',')) {
        return fail(Errc::malformed, "json: array not closed");
      }
      skip_space();
    }
  }

  static Result<void> check_depth(std::size_t depth) {
    if (depth > limits::json_depth) {
      return fail(Errc::too_large, "json: too deep");
    }
    return {};
  }

  // The members so far lie behind their parent; each says where the next begins.
  Result<void> check_key(std::size_t parent, std::string_view key) {
    if (node(parent).count == limits::json_keys) {
      return fail(Errc::too_large, "json: too many keys");
    }
    std::size_t member = parent + 1;
    for (std::uint32_t i = 0; i < node(parent).count; ++i) {
      if (std::string_view(out_.text_).substr(node(member).key_at, node(member).key_bytes) == key) {
        return fail(Errc::malformed, "json: a key stands twice");
      }
      member = node(member).next;
    }
    return {};
  }

  Result<void> string() {
    ++at_;
    for (;;) {
      const std::size_t from = at_;
      while (more() && in_[at_] != '"' && in_[at_] != '\\' &&
             static_cast<unsigned char>(in_[at_]) >= 0x20) {
        ++at_;
      }
      const std::string_view plain = in_.substr(from, at_ - from);
      if (!is_utf8(plain)) {
        return fail(Errc::malformed, "json: not UTF-8");
      }
      out_.text_.append(plain);
      if (take('"')) {
        return {};
      }
      if (!take('\\')) {
        return fail(Errc::malformed, "json: string not closed, or a control character");
      }
      TRY(escape());
    }
  }

  Result<void> escape() {
    constexpr std::string_view letters = "\"\\/bfnrt";
    constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
    const char c = peek();
    const std::size_t which = more() ? letters.find(c) : std::string_view::npos;
    if (which != std::string_view::npos) {
      ++at_;
      out_.text_.push_back(meanings[which]);
      return {};
    }
    if (c != 'u') {
      return fail(Errc::malformed, "json: unknown escape");
    }
    ++at_;
    std::uint32_t point = TRY(hex4());
    if (point >= 0xDC00 && point <= 0xDFFF) {
      return fail(Errc::malformed, "json: lone surrogate");
    }
    if (point >= 0xD800 && point <= 0xDBFF) {
      if (!take('\\') || !take('u')) {
        return fail(Errc::malformed, "json: lone surrogate");
      }
      const std::uint32_t low = TRY(hex4());
      if (low < 0xDC00 || low > 0xDFFF) {
        return fail(Errc::malformed, "json: lone surrogate");
      }
      point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    }
    append_utf8(out_.text_, point);
    return {};
  }

  Result<std::uint32_t> hex4() {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = peek();
      std::uint32_t digit = 0;
      if (c >= '0' && c <= '9') {
        digit = static_cast<std::uint32_t>(c - '0');
      } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
        digit = static_cast<std::uint32_t>((c | 0x20) - 'a') + 10;
      } else {
        return fail(Errc::malformed, "json: bad \\u escape");
      }
      value = value << 4 | digit;
      ++at_;
    }
    return value;
  }

  std::size_t digits() {
    const std::size_t from = at_;
    while (more() && in_[at_] >= '0' && in_[at_] <= '9') {
      ++at_;
    }
    return at_ - from;
  }

  // RFC 8259 §6: no leading zeros, digits around the point and behind the exponent.
  Result<void> number(std::size_t index) {
    const std::size_t from = at_;
    take('-');
    const std::size_t whole_at = at_;
    const std::size_t whole = digits();
    if (whole == 0 || (whole > 1 && in_[whole_at] == '0')) {
      return fail(Errc::malformed, "json: no value");
    }
    bool integer = true;
    if (take('.')) {
      integer = false;
      if (digits() == 0) {
        return fail(Errc::malformed, "json: number ends in a point");
      }
    }
    if (take('e') || take('E')) {
      integer = false;
      if (!take('+')) {
        take('-');
      }
      if (digits() == 0) {
        return fail(Errc::malformed, "json: exponent without digits");
      }
    }
    const char* const first = in_.data() + from;
    const char* const last = in_.data() + at_;
    Node& out = node(index);
    if (integer && std::from_chars(first, last, out.integer).ec == std::errc()) {
      out.kind = JsonKind::integer;
      out.number = static_cast<double>(out.integer);
      return {};
    }
    if (std::from_chars(first, last, out.number).ec != std::errc()) {
      return fail(Errc::malformed, "json: number out of range");
    }
    out.kind = JsonKind::number;
    return {};
  }

  std::string_view in_;
  std::size_t at_ = 0;
  JsonDocument& out_;
};

Result<JsonDocument> JsonDocument::parse(Bytes text, std::size_t bytes_max) {
  if (text.size() > bytes_max || text.size() > 0x7FFFFFFF) {
    return fail(Errc::too_large, "json: text too long");
  }
  JsonDocument document;
  TRY(JsonParser(as_text(text), document).run());
  return document;
}

JsonKind JsonValue::kind() const noexcept {
  return document_ == nullptr ? JsonKind::absent : document_->nodes_[at_].kind;
}

JsonValue JsonValue::operator[](std::string_view key) const noexcept {
  if (kind() == JsonKind::object) {
    for (const JsonValue member : *this) {
      if (member.key() == key) {
        return member;
      }
    }
  }
  return {};
}

std::size_t JsonValue::size() const noexcept {
  return document_ == nullptr ? 0 : document_->nodes_[at_].count;
}

Result<std::string_view> JsonValue::text() const noexcept {
  if (kind() != JsonKind::text) {
    return fail(Errc::malformed, "json: a text is missing");
  }
  const JsonDocument::Node& node = document_->nodes_[at_];
  return std::string_view(document_->text_).substr(node.at, node.bytes);
}

Result<std::int64_t> JsonValue::integer() const noexcept {
  if (kind() != JsonKind::integer) {
    return fail(Errc::malformed, "json: an integer is missing");
  }
  return document_->nodes_[at_].integer;
}

Result<double> JsonValue::number() const noexcept {
  if (kind() != JsonKind::integer && kind() != JsonKind::number) {
    return fail(Errc::malformed, "json: a number is missing");
  }
  return document_->nodes_[at_].number;
}

Result<bool> JsonValue::boolean() const noexcept {
  if (kind() != JsonKind::boolean) {
    return fail(Errc::malformed, "json: a boolean is missing");
  }
  return document_->nodes_[at_].boolean;
}

Result<Buffer> JsonValue::base64url() const { return from_base64url(TRY(text())); }

std::string_view JsonValue::key() const noexcept {
  if (document_ == nullptr) {
    return {};
  }
  const JsonDocument::Node& node = document_->nodes_[at_];
  return std::string_view(document_->text_).substr(node.key_at, node.key_bytes);
}

JsonValue::Iterator& JsonValue::Iterator::operator++() noexcept {
  at_ = document_->nodes_[at_].next;
  return *this;
}

JsonValue::Iterator JsonValue::begin() const noexcept {
  return size() == 0 ? Iterator(document_, 0) : Iterator(document_, at_ + 1);
}

JsonValue::Iterator JsonValue::end() const noexcept {
  return size() == 0 ? Iterator(document_, 0) : Iterator(document_, document_->nodes_[at_].next);
}

}  // namespace v100::wire
