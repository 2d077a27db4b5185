// Whatever comes after the preface, HTTP/2 neither breaks nor holds more than it may; every request
// that is told has a target and views that can be read.
#include <cstdlib>

#include "net/http2.h"

namespace v100::net {
namespace {

class Echo final : public Http2::Owner {
 public:
  void on_stream_request(const wire::HttpRequest& request) override {
    std::size_t sum = request.body.size();
    for (const wire::HttpHeader& header : request.headers) {
      sum += header.name.size() + header.value.size();
    }
    if (request.target.empty() || request.path.empty() ||
        sum > limits::http_body_bytes + limits::http_header_bytes) {
      std::abort();
    }
    wire::AnswerView answer;
    answer.content_type = "text/plain";
    answer.body = request.body;
    session->answer(session->stream(), answer, "Date: x\r\n", "none");
  }
  void on_stream_refused(int) override {}
  Http2* session = nullptr;
};

}  // namespace
}  // namespace v100::net

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace v100;
  net::Echo echo;
  net::Arena arena;
  net::Http2 session(echo, arena, false);
  echo.session = &session;
  Buffer out;
  if (!session.take(as_bytes(net::http2_preface))) {
    std::abort();
  }
  for (Bytes rest(data, size); !rest.empty();) {
    const Bytes piece = rest.first(std::min<std::size_t>(rest.size(), 97));
    rest = rest.subspan(piece.size());
    if (!session.take(piece)) {
      break;
    }
    session.write(out);
    out.clear();
    session.end_turn();
    arena.reset();
  }
  session.write(out);
  if (session.open_streams() > net::Http2::streams_max + 1) {
    std::abort();
  }
  return 0;
}
