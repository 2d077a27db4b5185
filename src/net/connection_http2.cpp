// A connection that speaks HTTP/2.
#include "net/connection.h"

namespace v100::net {
namespace {

constexpr Duration idle_time = Duration::seconds(75);
constexpr std::size_t unsent_bytes_max = 512 * 1024;
constexpr std::size_t read_bytes = 32 * 1024;
constexpr int reads_per_turn = 8;

}  // namespace

void Connection::start_http2(Bytes first) {
  http2_.reset(new Http2(*this, server_.arena_, peer_.secure));
  expect_within(idle_time);
  taking_ = true;
  if (!first.empty() && !http2_->take(first)) {
    server_.meter_.count("v100_http_refused_total", R"(reason="malformed")", 1);
  }
  taking_ = false;
  pump_http2();
}

void Connection::serve_http2() {
  if (handed_out_turn_ != server_.loop_.turns()) {
    http2_->end_turn();
  }
  if (server_.draining_) {
    http2_->drain();
  }
  ByteArray<read_bytes> room;
  bool more = true;
  taking_ = true;
  for (int i = 0; i < reads_per_turn && more; ++i) {
    const io::ReadResult result = stream_.read(room);
    peer_ended_ = peer_ended_ || result.ended;
    if (result.bytes == 0) {
      break;
    }
    ++server_.counters_.reads;
    expect_within(idle_time);
    if (const Result<void> taken = http2_->take(Bytes(room).first(result.bytes)); !taken) {
      server_.meter_.count(
          "v100_http_refused_total",
          taken.error().code == Errc::busy ? R"(reason="busy")" : R"(reason="malformed")", 1);
      break;
    }
    more = peer_.secure ? stream_.has_more() : result.bytes == room.size();
  }
  taking_ = false;
  pump_http2();
  if (state_ == State::http && stream_.has_more()) {
    stream_.read_later();
  }
}

// What the session has to say, as far as the peer takes it.
void Connection::pump_http2() {
  if (state_ != State::http || taking_) {
    return;  // the session may not be asked from inside what it calls
  }
  if (stream_.queued_bytes() < unsent_bytes_max) {
    Buffer& out = stream_.tail();
    const std::size_t before = out.size();
    http2_->write(out);
    if (out.size() > before) {
      stream_.appended(out.size() - before);
    }
  }
  if (http2_->over() || (peer_ended_ && http2_->open_streams() == 0)) {
    end();
  }
}

void Connection::on_stream_request(const wire::HttpRequest& request) {
  ++server_.counters_.requests;
  handed_out_turn_ = server_.loop_.turns();
  server_.loop_.last(server_.turn_end_);
  server_.site_.on_request(request, peer_, Responder(server_, {id_, http2_->stream()}));
}

void Connection::on_stream_refused(int status) {
  server_.meter_.count(
      "v100_http_refused_total",
      status == 413 || status == 431 ? R"(reason="too_large")" : R"(reason="malformed")", 1);
}

}  // namespace v100::net
