#include "net/connection.h"

#include <algorithm>
#include <bit>
#include <fmt/format.h>
#include <iterator>
#include <string>

namespace v100::net {
namespace {

// A handshake, or one whole request from its first byte: slower clients are cut.
constexpr Duration request_time = Duration::seconds(30);
// Browsers keep a connection for a minute or more; proxies mostly 60 s.
constexpr Duration idle_time = Duration::seconds(75);
// No byte of an answer taken for that long: the reader is gone.
constexpr Duration stall_time = Duration::seconds(30);
constexpr Duration goodbye_time = Duration::seconds(3);
constexpr Duration silence_max = Duration::seconds(60);
constexpr Duration ping_every = Duration::seconds(20);
// Requests of one connection in hand at once; a client that pipelines more waits.
constexpr std::uint32_t pipeline_max = 64;
constexpr int requests_per_turn = 64;
// Above it no further request is read until the client takes its answers.
constexpr std::size_t unsent_bytes_max = 512 * 1024;

}  // namespace

Connection::Connection(HttpServer& server, ConnectionId id, io::Fd fd, const Address& peer)
    : server_(server),
      id_(id),
      stream_(server.loop_, std::move(fd), peer, server.options_.tls),
      peer_{.address = peer, .tls = {}, .secure = server.options_.tls != nullptr} {}

void Connection::start() {
  expect_within(request_time);
  last_moved_ = server_.loop_.now();
  stream_.start({.on_open = [this] { on_open(); },
                 .on_readable = [this] { on_readable(); },
                 .on_drained = [this] { after_answers(); },
                 .on_failed = [this](const char* why) { on_failed(why); }});
}

void Connection::expect_within(Duration limit) { deadline_ = server_.loop_.now() + limit; }

void Connection::on_open() {
  peer_.tls = stream_.agreement();
  state_ = State::http;
  if (server_.options_.tls != nullptr) {
    stream_.export_binding(peer_.exporter);
    const std::string label = fmt::format(R"(group="{}")", peer_.tls.group);
    server_.meter_.count("v100_tls_handshakes_total", label, 1);
    server_.log_.write(peer_.tls.post_quantum ? Level::debug : Level::info, "tls.open",
                       {{"peer", peer_.address.text()},
                        {"group", peer_.tls.group},
                        {"post_quantum", peer_.tls.post_quantum ? 1 : 0},
                        {"cipher", peer_.tls.cipher}});
    if (peer_.tls.protocol == "h2") {
      start_http2({});
    }
  }
}

void Connection::on_failed(const char* why) {
  if (state_ == State::opening && server_.options_.tls != nullptr) {
    server_.meter_.count("v100_tls_failures_total", "", 1);
    server_.log_.write(Level::info, "tls.failed", {{"peer", peer_.address.text()}, {"why", why}});
  } else if (state_ != State::ending) {
    server_.log_.write(Level::debug, "http.lost", {{"peer", peer_.address.text()}, {"why", why}});
  }
  die();
}

void Connection::die() {
  if (state_ == State::dead) {
    return;
  }
  const bool was_socket = events_ != nullptr;
  state_ = State::dead;
  stream_.pause_reading(true);
  if (was_socket) {
    --server_.sockets_;
    std::exchange(events_, nullptr)->on_close(id_, wire::ws_close::lost);
  }
  server_.forget(id_);
}

void Connection::end() {
  if (state_ != State::dead) {
    state_ = State::ending;
    expect_within(goodbye_time);
    stream_.pause_reading(false);
    stream_.finish();
    if (peer_ended_) {
      deadline_ = server_.loop_.now() + Duration::milliseconds(1);
    }
  }
}

void Connection::on_readable() {
  switch (state_) {
    case State::http:
      if (http2_ != nullptr) {
        serve_http2();
      } else {
        serve_requests();
      }
      break;
    case State::socket:
    case State::closing:
      read_socket();
      break;
    case State::ending: {
      // What still comes is thrown away, so that our last words are not lost to a reset.
      ByteArray<4096> ignored;
      io::ReadResult result;
      do {
        result = stream_.read(ignored);
      } while (result.bytes > 0);
      if (result.ended) {
        die();
      }
      break;
    }
    case State::opening:
    case State::dead:
      break;
  }
}

// Requests handed out in a turn point into the reader's buffer until the turn is over: bytes are
// read first, and no more once a request is out.
void Connection::serve_requests() {
  if (serving_) {
    return;  // an answer given inside serve_one(): the loop below goes on
  }
  serving_ = true;
  const std::uint64_t turn = server_.loop_.turns();
  if (handed_out_turn_ != turn) {
    if (unparsed_) {
      parse_requests();
    }
    while (state_ == State::http && http2_ == nullptr && !unparsed_ && !input_done_ &&
           handed_out_turn_ != turn && read_requests()) {
      parse_requests();
    }
  }
  serving_ = false;
  if (state_ != State::http || http2_ != nullptr) {
    return;
  }
  if (peer_ended_ && in_flight() == 0 && !unparsed_) {
    end();
    return;
  }
  const bool full = in_flight() >= pipeline_max || stream_.queued_bytes() > unsent_bytes_max;
  stream_.pause_reading(full || input_done_);
  if (!full && !input_done_ && (unparsed_ || stream_.has_more())) {
    stream_.read_later();
  }
}

// As much as there is room for. False: nothing came.
bool Connection::read_requests() {
  const bool was_idle = reader_.idle();
  const MutBytes space = reader_.space();
  std::size_t filled = 0;
  do {
    const io::ReadResult result = stream_.read(space.subspan(filled));
    filled += result.bytes;
    peer_ended_ = peer_ended_ || result.ended;
    if (result.bytes == 0) {
      break;
    }
  } while (filled < space.size() && stream_.has_more());
  if (filled == 0) {
    return false;
  }
  ++server_.counters_.reads;
  if (was_idle && in_flight() == 0) {
    expect_within(request_time);
  }
  reader_.filled(filled);
  return true;
}

// What lies in the buffer, until a request's end is missing or enough are in hand.
void Connection::parse_requests() {
  unparsed_ = false;
  // A client that knows that HTTP/2 is spoken here says so without asking (RFC 9113 §3.3).
  if (next_ == 0 && !peer_.secure && as_text(reader_.rest()).starts_with("PRI ")) {
    start_http2(reader_.rest());
    return;
  }
  for (int budget = requests_per_turn; state_ == State::http && !input_done_;) {
    if (budget-- == 0 || in_flight() >= pipeline_max || stream_.queued_bytes() > unsent_bytes_max) {
      unparsed_ = true;
      return;
    }
    const Result<wire::HttpProgress> progress = reader_.next();
    if (!progress) {
      refuse_request(progress.error());
      return;
    }
    switch (*progress) {
      case wire::HttpProgress::request:
        serve_one();
        break;
      case wire::HttpProgress::head:
        owes_continue_ = true;
        after_answers();
        break;
      case wire::HttpProgress::need_more:
        return;
    }
  }
}

void Connection::serve_one() {
  const wire::HttpRequest& request = reader_.request();
  ++server_.counters_.requests;
  owes_continue_ = false;
  if (request.has(wire::HttpField::upgrade) &&
      wire::list_has(request.header(wire::HttpField::upgrade), "websocket")) {
    upgrade(request);
    return;
  }
  wire::HttpRequest* kept = server_.arena_.keep(request);
  kept->headers = server_.arena_.keep(request.headers);
  handed_out_turn_ = server_.loop_.turns();
  server_.loop_.last(server_.turn_end_);
  const std::uint32_t number = begin_exchange(request.keep_alive, request.method == "HEAD");
  input_done_ = !request.keep_alive;
  server_.site_.on_request(*kept, peer_, Responder(server_, {id_, number}));
}

void Connection::refuse_request(const Error& error) {
  const int status = reader_.refusal_status();
  server_.meter_.count("v100_http_refused_total", fmt::format(R"(reason="{}")", name(error.code)),
                       1);
  server_.log_.write(Level::debug, "http.refused",
                     {{"peer", peer_.address.text()}, {"status", status}, {"why", error.what}});
  input_done_ = true;
  server_.answer({id_, begin_exchange(false, false)},
                 Response::text(status, fmt::format("{}\n", error.what)));
}

std::uint32_t Connection::begin_exchange(bool keep_alive, bool head_only) {
  if (in_flight() == exchanges_.size()) {
    // Grown by doubling, each live one to its new place.
    std::vector<Exchange> larger(std::max<std::size_t>(4, 2 * exchanges_.size()));
    for (std::uint32_t n = first_; n != next_; ++n) {
      larger[n & (larger.size() - 1)] = std::move(exchange(n));
    }
    exchanges_ = std::move(larger);
  }
  Exchange& made = exchange(next_);
  made.start = server_.loop_.now();
  made.keep_alive = keep_alive;
  made.head_only = head_only;
  made.answered = false;
  return next_++;
}

Connection::Exchange& Connection::exchange(std::uint32_t number) noexcept {
  return exchanges_[number & (exchanges_.size() - 1)];
}

void Connection::answer(std::uint32_t number, const AnswerView& answer) {
  if (http2_ != nullptr) {
    if (state_ == State::http &&
        http2_->answer(number, answer, server_.date_line(), peer_.tls.group)) {
      ++server_.counters_.by_status[static_cast<std::size_t>(answer.status)];
      pump_http2();
    }
    return;
  }
  if (state_ != State::http || number - first_ >= in_flight() || exchange(number).answered) {
    return;
  }
  Exchange& x = exchange(number);
  x.answered = true;
  x.keep_alive = x.keep_alive && !server_.draining_;
  if (number == first_) {
    const std::size_t before = stream_.tail().size();
    Buffer& out = stream_.tail();
    write_answer(out, x, answer, true);
    stream_.appended(out.size() - before);
    if (answer.body_is_forever && !x.head_only && !wire::is_bodiless(answer.status)) {
      stream_.send_forever(answer.body);
    }
    pop_answered();
    after_answers();
  } else {
    x.late.clear();
    write_answer(x.late, x, answer, false);
  }
}

void Connection::write_answer(Buffer& out, Exchange& x, const AnswerView& answer, bool in_place) {
  wire::append_answer_head(
      out, answer,
      {.date_line = server_.date_line(), .kex = peer_.tls.group, .keep_alive = x.keep_alive});
  const bool bodiless = x.head_only || wire::is_bodiless(answer.status);
  if (!bodiless && !(in_place && answer.body_is_forever)) {
    append(out, answer.body);
  }
  HttpCounters& counters = server_.counters_;
  ++counters.by_status[static_cast<std::size_t>(answer.status)];
  const std::int64_t us = (server_.loop_.now() - x.start).us();
  const auto bucket = std::ranges::lower_bound(HttpCounters::latency_us, us);
  ++counters.latency[static_cast<std::size_t>(bucket - HttpCounters::latency_us.begin())];
  counters.latency_sum_us += static_cast<std::uint64_t>(us);
}

// Takes the answered ones off the front, and sends what waited behind them.
void Connection::pop_answered() {
  for (bool sent = true; in_flight() > 0 && exchange(first_).answered; sent = false) {
    Exchange& x = exchange(first_);
    if (!sent) {
      stream_.send(x.late);
      x.late.clear();
    }
    ++first_;
    if (!x.keep_alive) {
      first_ = next_;
      end();
      return;
    }
  }
}

void Connection::after_answers() {
  if (state_ != State::http) {
    return;
  }
  if (http2_ != nullptr) {
    pump_http2();
    return;
  }
  if (in_flight() == 0) {
    if (owes_continue_) {
      owes_continue_ = false;
      stream_.send(as_bytes("HTTP/1.1 100 Continue\r\n\r\n"));
    }
    expect_within(reader_.idle() ? idle_time : request_time);
    if (peer_ended_ && !unparsed_ && !serving_) {
      end();
      return;
    }
  }
  if (!serving_ && (unparsed_ || stream_.reading_paused()) && !input_done_ &&
      in_flight() < pipeline_max) {
    stream_.pause_reading(false);
    stream_.read_later();
  }
}

void Connection::close(std::uint16_t code, std::string_view reason) {
  if (state_ == State::socket) {
    close_socket(code, reason);
  } else if (state_ == State::http && http2_ != nullptr) {
    http2_->drain();
    pump_http2();
  } else if (state_ == State::opening || (state_ == State::http && in_flight() == 0)) {
    end();
  }
}

void Connection::check_http_time(Instant now, bool moving) {
  if (stream_.queued_bytes() == 0 || moving) {
    last_moved_ = now;
  } else if (now - last_moved_ > stall_time) {
    ++server_.counters_.stalled;
    die();
    return;
  }
  if (http2_ != nullptr) {
    if (handed_out_turn_ != server_.loop_.turns()) {
      http2_->end_turn();
    }
    if (server_.draining_) {
      http2_->drain();
      pump_http2();
    } else if (http2_->open_streams() == 0 && now > deadline_ && !moving) {
      http2_->drain();
      pump_http2();
    }
    return;
  }
  if (in_flight() > 0) {
    return;  // the site's time, not the client's
  }
  if (moving) {
    expect_within(stream_.queued_bytes() > 0 ? stall_time : idle_time);
  } else if (now > deadline_) {
    if (reader_.idle()) {
      end();
    } else {
      ++server_.counters_.timed_out;
      server_.meter_.count("v100_http_refused_total", R"(reason="timed_out")", 1);
      input_done_ = true;
      answer(begin_exchange(false, false), {.status = 408});
    }
  } else if (reader_.idle()) {
    reader_.shrink();
    stream_.trim();
  }
}

void Connection::check_time(Instant now) {
  // An answer on its way may take as long as it moves.
  const bool moving = stream_.sent_bytes() != sent_at_check_;
  sent_at_check_ = stream_.sent_bytes();
  switch (state_) {
    case State::opening:
    case State::ending:
      if (now > deadline_ && !moving) {
        die();
      }
      break;
    case State::closing:
      if (now > deadline_) {
        --server_.sockets_;
        std::exchange(events_, nullptr)->on_close(id_, wire::ws_close::lost);
        end();
      }
      break;
    case State::http:
      check_http_time(now, moving);
      break;
    case State::socket:
      if (now - last_heard_ > silence_max) {
        on_failed("websocket: silent for too long");
      } else if (now > next_ping_) {
        next_ping_ = now + ping_every;
        Buffer frame;
        wire::append_ws_frame(frame, wire::WsKind::ping, {});
        stream_.send(frame);
      }
      break;
    case State::dead:
      break;
  }
}

}  // namespace v100::net
