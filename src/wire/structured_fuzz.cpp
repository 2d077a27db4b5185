// Whatever parses must serialise, and parse back to the same value.
#include <cstdint>

#include "wire/structured.h"

namespace {

template <class T>
void round_trip(std::string_view text, v100::Result<T> (*parse)(std::string_view)) {
  const v100::Result<T> value = parse(text);
  if (value) {
    const v100::Result<std::string> written = v100::wire::sf::serialize(*value);
    CHECK(written.has_value());
    const v100::Result<T> again = parse(*written);
    CHECK(again.has_value() && *again == *value);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  round_trip(text, v100::wire::sf::parse_item);
  round_trip(text, v100::wire::sf::parse_list);
  round_trip(text, v100::wire::sf::parse_dictionary);
  return 0;
}
