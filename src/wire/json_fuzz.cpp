// Any text: our reader accepts what simdjson accepts, but for what we refuse on purpose; and what
// we read and write again reads back the same.
#include <cstdlib>
#include <simdjson.h>

#include "wire/json.h"

namespace v100::wire {
namespace {

void write(JsonWriter& out, JsonValue value) {
  switch (value.kind()) {
    case JsonKind::object:
      out.object();
      for (const JsonValue member : value) {
        out.key(member.key());
        write(out, member);
      }
      out.end_object();
      break;
    case JsonKind::array:
      out.array();
      for (const JsonValue item : value) {
        write(out, item);
      }
      out.end_array();
      break;
    case JsonKind::text:
      out.text(*value.text());
      break;
    case JsonKind::integer:
      out.integer(*value.integer());
      break;
    case JsonKind::number:
      out.number(*value.number());
      break;
    case JsonKind::boolean:
      out.boolean(*value.boolean());
      break;
    default:
      out.null();
  }
}

std::string again(const JsonDocument& document) {
  JsonWriter out;
  write(out, document.root());
  return out.take();
}

}  // namespace
}  // namespace v100::wire

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace v100;
  using wire::JsonDocument;
  const Result<JsonDocument> ours = JsonDocument::parse({data, size}, 1 << 20);
  static simdjson::dom::parser parser;
  simdjson::dom::element element;
  const simdjson::error_code theirs =
      size == 0 ? simdjson::EMPTY  // it copies from where the text is, and there is no where
                : parser.parse(reinterpret_cast<const char*>(data), size).get(element);
  if (ours) {
    // Theirs refuses integers above 64 bits, which we keep as numbers.
    if (theirs != simdjson::SUCCESS && theirs != simdjson::NUMBER_ERROR) {
      std::abort();
    }
    const std::string text = wire::again(*ours);
    const Result<JsonDocument> back = JsonDocument::parse(as_bytes(text), 8 << 20);
    if (!back || wire::again(*back) != text) {
      std::abort();
    }
  } else if (theirs == simdjson::SUCCESS && ours.error().code == Errc::malformed &&
             std::string_view(ours.error().what) != "json: a key stands twice" &&
             std::string_view(ours.error().what) != "json: number out of range") {
    // A byte order mark is the one thing that theirs skips and we refuse.
    const bool mark = size >= 3 && data[0] == 0xEF && data[1] == 0xBB && data[2] == 0xBF;
    if (!mark) {
      std::abort();
    }
  }
  return 0;
}
