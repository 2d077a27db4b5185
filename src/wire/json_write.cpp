// The writer of wire/json.h.
#include <charconv>
#include <cmath>

#include "base/text.h"
#include "wire/json.h"
#include "wire/utf8.h"

namespace v100::wire {

// A value follows another unless something was just opened: strings end in '"', so the last byte
// tells.
void JsonWriter::separate() {
  if (!out_.empty() && out_.back() != '{' && out_.back() != '[' && out_.back() != ':') {
    out_.push_back(',');
  }
}

void JsonWriter::quote(std::string_view value) {
  constexpr std::string_view digits = "0123456789abcdef";
  out_.push_back('"');
  while (!value.empty()) {
    const std::size_t length = utf8_length(value);
    const auto c = static_cast<unsigned char>(value[0]);
    if (length == 0) {
      out_.append("\xEF\xBF\xBD");
    } else if (c == '"' || c == '\\') {
      out_.push_back('\\');
      out_.push_back(value[0]);
    } else if (c == '\n') {
      out_.append("\\n");
    } else if (c == '\r') {
      out_.append("\\r");
    } else if (c < 0x20) {
      out_.append("\\u00");
      out_.push_back(digits[c >> 4]);
      out_.push_back(digits[c & 15]);
    } else {
      out_.append(value.substr(0, length));
    }
    value.remove_prefix(length == 0 ? 1 : length);
  }
  out_.push_back('"');
}

JsonWriter& JsonWriter::object() {
  separate();
  out_.push_back('{');
  return *this;
}

JsonWriter& JsonWriter::end_object() {
  out_.push_back('}');
  return *this;
}

JsonWriter& JsonWriter::array() {
  separate();
  out_.push_back('[');
  return *this;
}

JsonWriter& JsonWriter::end_array() {
  out_.push_back(']');
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  quote(name);
  out_.push_back(':');
  return *this;
}

JsonWriter& JsonWriter::text(std::string_view value) {
  separate();
  quote(value);
  return *this;
}

JsonWriter& JsonWriter::integer(std::int64_t value) {
  separate();
  char digits[24];
  const auto done = std::to_chars(digits, digits + sizeof digits, value);
  out_.append(digits, done.ptr);
  return *this;
}

JsonWriter& JsonWriter::number(double value) {
  if (!std::isfinite(value)) {
    return null();
  }
  separate();
  char digits[32];
  const auto done = std::to_chars(digits, digits + sizeof digits, value + 0.0);  // no -0
  out_.append(digits, done.ptr);
  return *this;
}

JsonWriter& JsonWriter::boolean(bool value) { return json(value ? "true" : "false"); }

JsonWriter& JsonWriter::null() { return json("null"); }

JsonWriter& JsonWriter::base64url(Bytes value) { return text(to_base64url(value)); }

JsonWriter& JsonWriter::hex(Bytes value) { return text(to_hex(value)); }

JsonWriter& JsonWriter::json(std::string_view value) {
  separate();
  out_.append(value);
  return *this;
}

}  // namespace v100::wire
