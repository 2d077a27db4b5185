// A cursor over one JSON text, for the few small objects that members exchange: no tree, no
// allocation but the strings asked for, nesting bounded. Strict RFC 8259.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace v100::e2ee {

class JsonCursor {
 public:
  explicit JsonCursor(Bytes text) noexcept : text_(text) {}

  // Consumes `c` (one of {}[]:,) after white space. False, and nothing consumed, when it is
  // another.
  bool take(char c) noexcept;
  // A string, unescaped, of at most `bytes_max` bytes (too_large beyond).
  Result<std::string> string(std::size_t bytes_max);
  Result<std::uint32_t> number();  // an integer 0..2^32-1, no fraction or exponent
  Result<bool> boolean();
  Result<void> skip();  // any value, nesting at most 8
  // The end of the text, after white space.
  Result<void> end();

  // Calls `field(key)` for each member of an object; it must consume the value.
  template <class F>
  Result<void> object(F&& field) {
    if (!take('{')) {
      return fail(Errc::malformed, "json: no object");
    }
    if (take('}')) {
      return {};
    }
    do {
      const std::string key = TRY(string(key_bytes_max));
      if (!take(':')) {
        return fail(Errc::malformed, "json: no colon");
      }
      TRY(field(std::string_view(key)));
    } while (take(','));
    return take('}') ? Result<void>() : fail(Errc::malformed, "json: object not closed");
  }
  // Calls `element()` for each element of an array; it must consume it.
  template <class F>
  Result<void> array(F&& element) {
    if (!take('[')) {
      return fail(Errc::malformed, "json: no array");
    }
    if (take(']')) {
      return {};
    }
    do {
      TRY(element());
    } while (take(','));
    return take(']') ? Result<void>() : fail(Errc::malformed, "json: array not closed");
  }

 private:
  static constexpr std::size_t key_bytes_max = 64;
  static constexpr unsigned depth_max = 8;

  void space() noexcept;
  bool literal(std::string_view word) noexcept;
  Result<void> escape(std::string& out);
  Result<std::uint32_t> hex4();
  Result<void> skip_number();
  Result<void> skip_value(unsigned depth);

  Bytes text_;
  std::size_t at_ = 0;
};

// Appends `text` as a JSON string, quotes included.
void append_json_string(std::string& out, std::string_view text);

}  // namespace v100::e2ee
