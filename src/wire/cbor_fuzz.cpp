// Any bytes through the CBOR reader: a value that was passed over has one spelling, so that writing
// its heads again gives the same bytes.
#include "wire/cbor.h"

using namespace v100;
using namespace v100::wire;

namespace {

// Reads a value that skip() liked, and writes it anew; false at a floating-point number.
bool rewrite(CborReader& reader, CborWriter& writer, Bytes whole) {
  const CborHead h = *reader.head();
  const std::size_t used = whole.size() - reader.rest().size();
  if (h.major == CborMajor::simple && used > 2) {
    return false;
  }
  switch (h.major) {
    case CborMajor::bytes:
    case CborMajor::text: {
      CborReader again(whole);
      h.major == CborMajor::bytes ? (void)writer.bytes(*again.bytes())
                                  : (void)writer.text(*again.text());
      reader = again;
      return true;
    }
    case CborMajor::array:
    case CborMajor::map:
    case CborMajor::tag: {
      writer.head(h.major, h.value);
      std::uint64_t children = h.major == CborMajor::tag ? 1 : h.value;
      children *= h.major == CborMajor::map ? 2 : 1;
      for (std::uint64_t i = 0; i < children; ++i) {
        if (!rewrite(reader, writer, reader.rest())) {
          return false;
        }
      }
      return true;
    }
    default:
      writer.head(h.major, h.value);
      return true;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes in(data, size);
  CborReader reader(in);
  if (reader.skip()) {
    const Bytes value = in.first(size - reader.rest().size());
    Buffer out;
    CborWriter writer(out);
    CborReader again(value);
    if (rewrite(again, writer, value)) {
      CHECK(same(out, value));
    }
  }
  (void)CborReader(in).integer();
  (void)CborReader(in).map();
  return 0;
}
