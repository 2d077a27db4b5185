// Any bytes as a protected frame under any codec: opened, or dropped for a counted reason; a header
// that parses is the one that is written.
#include "e2ee/frames.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace v100;
  using namespace v100::e2ee;
  if (size < 2) {
    return 0;
  }
  const Bytes frame = Bytes(data, size).subspan(2);
  const SenderId sender(frame.size() > 3 ? load_be<std::uint32_t>(frame.data()) >> 8 : 1u);
  FrameBook book{SenderId(5)};
  book.install(sender, Epoch(data[1]));
  const FrameBook::Source source{sender, static_cast<Track>(data[0] % tracks)};
  const auto opening = book.open(source, static_cast<Codec>(data[0] / 64), frame, Instant());
  if (opening) {
    CHECK(opening->clear + opening->header + sframe_tag_bytes <= frame.size());
    CHECK(book.opened(source, *opening, Instant()));
    CHECK(!book.opened(source, *opening, Instant()));
  }
  if (const Result<ParsedHeader> parsed = parse_header(frame)) {
    CHECK(same(write_header(parsed->header).view(), frame.first(parsed->size)));
  }
  return 0;
}
