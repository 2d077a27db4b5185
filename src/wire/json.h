// JSON (RFC 8259): a bounded reader into one flat tree, and a writer. Stricter than the RFC where
// two readers could differ: a key stands once in an object, surrogates come in pairs, UTF-8 is
// valid.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace v100::wire {

enum class JsonKind : std::uint8_t { absent, null, boolean, integer, number, text, array, object };

class JsonDocument;

// A value in a document, or the absence of one: asking an absent value for a member gives another
// absent value, so a path is checked once, at its end. Valid while the document lives.
class JsonValue {
 public:
  JsonValue() noexcept = default;  // absent

  JsonKind kind() const noexcept;
  bool exists() const noexcept { return kind() != JsonKind::absent; }

  JsonValue operator[](std::string_view key) const noexcept;  // absent: no object, no such key
  std::size_t size() const noexcept;  // elements of an array, members of an object, else 0

  // malformed: absent, or of another kind.
  Result<std::string_view> text() const noexcept;
  Result<std::int64_t> integer() const noexcept;  // without fraction or exponent, and fits
  Result<double> number() const noexcept;         // an integer too
  Result<bool> boolean() const noexcept;
  Result<Buffer> base64url() const;  // a text in base/text.h's strict form

  // The elements of an array, or the values of an object with key(); nothing for other kinds.
  class Iterator {
   public:
    JsonValue operator*() const noexcept { return JsonValue(document_, at_); }
    Iterator& operator++() noexcept;
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept { return a.at_ == b.at_; }

   private:
    friend class JsonValue;
    Iterator(const JsonDocument* document, std::uint32_t at) : document_(document), at_(at) {}
    const JsonDocument* document_;
    std::uint32_t at_;
  };
  Iterator begin() const noexcept;
  Iterator end() const noexcept;
  std::string_view key() const noexcept;  // of an object's member; else empty

 private:
  friend class JsonDocument;
  JsonValue(const JsonDocument* document, std::uint32_t at) : document_(document), at_(at) {}
  const JsonDocument* document_ = nullptr;
  std::uint32_t at_ = 0;
};

// One parsed text. Owns its strings; the input may go.
class JsonDocument {
 public:
  // malformed: not JSON as above. too_large: above `bytes_max`, deeper than limits::json_depth, or
  // an object of more than limits::json_keys members.
  static Result<JsonDocument> parse(Bytes text, std::size_t bytes_max);
  JsonValue root() const noexcept { return JsonValue(this, 0); }

 private:
  friend class JsonValue;
  friend class JsonParser;
  struct Node {
    JsonKind kind = JsonKind::null;
    bool boolean = false;
    std::uint32_t next = 0;  // index behind this value and all it holds
    std::uint32_t count = 0;
    std::uint32_t key_at = 0, key_bytes = 0;  // in text_
    std::uint32_t at = 0, bytes = 0;          // in text_, of a text
    std::int64_t integer = 0;
    double number = 0;
  };
  std::vector<Node> nodes_;  // in the order of the text, parents first
  std::string text_;
};

// Writes one JSON text without white space. Commas come by themselves; that keys and brackets fit
// is the caller's care. Bytes that are not UTF-8 become U+FFFD.
class JsonWriter {
 public:
  JsonWriter& object();  // {
  JsonWriter& end_object();
  JsonWriter& array();  // [
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);
  JsonWriter& text(std::string_view value);
  JsonWriter& integer(std::int64_t value);
  JsonWriter& number(double value);  // finite, else null
  JsonWriter& boolean(bool value);
  JsonWriter& null();
  JsonWriter& base64url(Bytes value);
  JsonWriter& hex(Bytes value);
  JsonWriter& json(std::string_view value);  // already JSON
  std::string_view view() const noexcept { return out_; }
  std::string take() { return std::move(out_); }

 private:
  void separate();
  void quote(std::string_view value);
  std::string out_;
};

}  // namespace v100::wire
