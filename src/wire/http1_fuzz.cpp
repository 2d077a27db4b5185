// Any byte stream, read whole and read in pieces, gives the same requests and the same refusal;
// every view lies inside the reader's buffer.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "wire/http1.h"

namespace v100::wire {
namespace {

// What came out, as one string, so that two readings can be compared.
std::string read(Bytes stream, std::size_t piece) {
  const HttpLimits limits{.head_bytes = 512, .headers = 8, .body_bytes = 256};
  Http1Reader reader(limits);
  std::string seen;
  for (;;) {
    const Result<HttpProgress> progress = reader.next();
    if (!progress) {
      return seen.append("refused ").append(std::to_string(reader.refusal_status()));
    }
    if (*progress == HttpProgress::request) {
      const HttpRequest& request = reader.request();
      seen.append(request.method).append(" ").append(request.path).append(" ");
      seen.append(request.query).append(" ").append(request.authority).append(" ");
      for (const HttpHeader& header : request.headers) {
        seen.append(header.name).append("=").append(header.value).append(";");
      }
      seen.append(as_text(request.body)).append(request.keep_alive ? " keep\n" : " close\n");
      if (request.path.empty() || request.body.size() > limits.body_bytes) {
        std::abort();
      }
      continue;
    }
    if (stream.empty()) {
      return seen;
    }
    const MutBytes room = reader.space();
    const std::size_t take = std::min({piece, stream.size(), room.size()});
    copy(room.first(take), stream.first(take));
    reader.filled(take);
    stream = stream.subspan(take);
  }
}

}  // namespace
}  // namespace v100::wire

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) {
    return 0;
  }
  const v100::Bytes stream(data + 1, size - 1);
  const std::string whole = v100::wire::read(stream, stream.size());
  if (v100::wire::read(stream, 1u + data[0] % 64u) != whole ||
      v100::wire::read(stream, 1) != whole) {
    std::abort();
  }
  return 0;
}
