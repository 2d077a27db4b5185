#include "io/stream.h"

#include <algorithm>
#include <cerrno>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "io/socket_address.h"
#include "io/tls_context.h"

namespace v100::io {
namespace {

constexpr std::size_t pieces_per_write = 16;
// A piece that answers are gathered in, and the largest that is kept for the next ones.
constexpr std::size_t piece_bytes = 64 * 1024;
constexpr std::size_t spare_bytes_max = 256 * 1024;

}  // namespace

Stream::Stream(Loop& loop, Fd fd, Address peer, TlsServer* tls)
    : loop_(loop),
      fd_(std::move(fd)),
      peer_(peer),
      ssl_(tls != nullptr ? new_connection(tls->context(), fd_.get()) : nullptr),
      alive_(std::make_shared<bool>(true)) {
  const int one = 1;
  setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

Stream::~Stream() {
  *alive_ = false;
  loop_.unwatch(watch_);
  SSL_free(ssl_);
}

void Stream::start(Events events) {
  events_ = std::move(events);
  interest_ = {.read = true};
  watch_ = loop_.watch(fd_.get(), interest_, [this](Readiness ready) { on_ready(ready); });
  if (ssl_ == nullptr) {
    loop_.later([this, alive = alive_] {
      if (*alive && state_ == State::handshake) {
        state_ = State::open;
        events_.on_open();
      }
    });
  }
}

void Stream::on_ready(Readiness ready) {
  if (ready.broken && (reading_paused_ || peer_ended_)) {
    fail_with("tcp: connection lost");  // no read would tell, and the event would come for ever
    return;
  }
  if (state_ == State::handshake && (ssl_ == nullptr || !handshake())) {
    return;
  }
  if (ready.write || wants_write_) {
    flush();
  }
  if (ready.read && !reading_paused_ && state_ != State::failed) {
    events_.on_readable();
  }
}

// True: the handshake is done.
bool Stream::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_);
  if (result != 1) {
    if (!wait_for_tls(result, "tls: handshake failed")) {
      return false;
    }
    fail_with("tls: the client left during the handshake");
    return false;
  }
  agreement_ = agreement_of(ssl_);
  state_ = State::open;
  wants_write_ = false;
  update_interest();
  events_.on_open();
  return state_ == State::open || state_ == State::finishing;
}

// After a call that did not succeed. True: the peer has said goodbye. False: waiting, or failed.
bool Stream::wait_for_tls(int result, const char* why) {
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
      break;
    case SSL_ERROR_WANT_WRITE:
      wants_write_ = true;
      break;
    case SSL_ERROR_ZERO_RETURN:
      return true;
    default: {
      const unsigned long error = ERR_peek_error();
      const char* reason = error != 0 ? ERR_reason_error_string(error) : nullptr;
      fail_with(reason != nullptr ? reason : why);
    }
  }
  update_interest();
  return false;
}

ReadResult Stream::read(MutBytes into) {
  if (state_ == State::failed || peer_ended_) {
    return {.bytes = 0, .ended = true};
  }
  CHECK(state_ != State::handshake);
  if (ssl_ == nullptr) {
    const ssize_t n = ::recv(fd_.get(), into.data(), into.size(), 0);
    if (n > 0) {
      return {.bytes = static_cast<std::size_t>(n)};
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
      return {};
    }
    if (n < 0) {
      fail_with("tcp: connection reset");
    }
  } else {
    ERR_clear_error();
    std::size_t got = 0;
    const int result = SSL_read_ex(ssl_, into.data(), into.size(), &got);
    more_ = result == 1;
    if (result == 1) {
      return {.bytes = got};
    }
    if (!wait_for_tls(result, "tls: connection broken") && state_ != State::failed) {
      return {};
    }
  }
  peer_ended_ = true;
  update_interest();
  return {.bytes = 0, .ended = true};
}

void Stream::send(Bytes bytes) {
  if (bytes.empty() || !writable()) {
    return;
  }
  append(tail(), bytes);
  appended(bytes.size());
}

Buffer& Stream::tail() {
  if (!writable()) {
    spare_.clear();
    return spare_;  // what is written there goes nowhere
  }
  // Answers of one turn share a piece, and so a write.
  if (head_ == queue_.size() || !queue_.back().fixed.empty() ||
      queue_.back().owned.size() >= piece_bytes) {
    queue_.push_back({std::move(spare_), {}, 0});
    queue_.back().owned.clear();
    spare_ = Buffer();
  }
  return queue_.back().owned;
}

void Stream::appended(std::size_t bytes) {
  if (!writable()) {
    return;
  }
  queued_ += bytes;
  if (queued_ > limits::send_queue_bytes) {
    fail_with("the peer reads too slowly: send queue over its limit");
    return;
  }
  loop_.last(flush_call_);
}

void Stream::send_forever(Bytes bytes) {
  if (bytes.empty() || !writable()) {
    return;
  }
  queue_.push_back({{}, bytes, 0});
  loop_.last(flush_call_);
}

void Stream::finish() {
  if (writable()) {
    state_ = State::finishing;
    loop_.last(flush_call_);
  }
}

void Stream::trim() {
  if (head_ == queue_.size()) {
    spare_ = Buffer();
  }
}

void Stream::flush() {
  if (state_ == State::failed || state_ == State::finished || state_ == State::handshake) {
    return;
  }
  wants_write_ = false;
  const bool had = head_ < queue_.size();
  while (head_ < queue_.size() && (ssl_ != nullptr ? write_tls() : write_some())) {
  }
  if (state_ == State::failed) {
    return;
  }
  const bool empty = head_ == queue_.size();
  if (empty && state_ == State::finishing) {
    state_ = State::finished;
    if (ssl_ != nullptr) {
      ERR_clear_error();
      SSL_shutdown(ssl_);
    }
    ::shutdown(fd_.get(), SHUT_WR);
  }
  update_interest();
  if (had && empty && events_.on_drained) {
    events_.on_drained();
  }
}

// Takes what the kernel or TLS accepted off the queue. True: all of the pieces in question.
bool Stream::took(std::size_t bytes) {
  sent_ += bytes;
  while (bytes > 0 || (head_ < queue_.size() && queue_[head_].left().empty())) {
    Piece& piece = queue_[head_];
    const std::size_t take = std::min(bytes, piece.left().size());
    piece.at += take;
    bytes -= take;
    queued_ -= piece.fixed.empty() ? take : 0;
    if (!piece.left().empty()) {
      return false;
    }
    if (piece.owned.capacity() > spare_.capacity() && piece.owned.capacity() <= spare_bytes_max) {
      spare_ = std::move(piece.owned);
    }
    piece = Piece();
    ++head_;
  }
  if (head_ == queue_.size()) {
    queue_.clear();
    head_ = 0;
  }
  return true;
}

// False: the connection takes no more now, or failed.
bool Stream::write_tls() {
  std::size_t wrote = 0;
  const Bytes left = queue_[head_].left();
  if (left.empty()) {
    return took(0);
  }
  ERR_clear_error();
  const int result = SSL_write_ex(ssl_, left.data(), left.size(), &wrote);
  if (result != 1) {
    wait_for_tls(result, "tls: connection broken");
    return false;
  }
  took(wrote);
  return true;  // perhaps not all, but TLS may take more
}

bool Stream::write_some() {
  iovec pieces[pieces_per_write];
  const std::size_t count = std::min(queue_.size() - head_, pieces_per_write);
  for (std::size_t i = 0; i < count; ++i) {
    const Bytes left = queue_[head_ + i].left();
    // sendmsg does not write through it.
    pieces[i] = {const_cast<std::uint8_t*>(left.data()), left.size()};
  }
  msghdr message{};
  message.msg_iov = pieces;
  message.msg_iovlen = count;
  const ssize_t n = ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
  if (n < 0) {
    if (errno == EAGAIN || errno == EINTR) {
      wants_write_ = true;
    } else {
      fail_with("tcp: connection reset");
    }
    return false;
  }
  if (!took(static_cast<std::size_t>(n))) {
    wants_write_ = true;
    return false;
  }
  return true;
}

void Stream::export_binding(FixedMutBytes<32> out) const {
  static constexpr std::string_view label = "EXPORTER-Channel-Binding";
  std::fill(out.begin(), out.end(), std::uint8_t{0});
  if (ssl_ != nullptr) {
    CHECK(SSL_export_keying_material(ssl_, out.data(), out.size(), label.data(), label.size(),
                                     nullptr, 0, 1) == 1);
  }
}

void Stream::pause_reading(bool pause) {
  if (reading_paused_ == pause) {
    return;
  }
  reading_paused_ = pause;
  update_interest();
  if (!pause) {
    read_later();
  }
}

// What TLS has already decrypted does not make the descriptor readable again.
void Stream::read_later() { loop_.next_turn(reread_call_); }

void Stream::reread() {
  if (!reading_paused_ && state_ != State::failed && state_ != State::handshake) {
    events_.on_readable();
  }
}

void Stream::update_interest() {
  if (state_ == State::failed) {
    return;
  }
  const Interest wanted{.read = !reading_paused_ && !peer_ended_, .write = wants_write_};
  if (wanted.read != interest_.read || wanted.write != interest_.write) {
    interest_ = wanted;
    loop_.set_interest(watch_, interest_);
  }
}

void Stream::fail_with(const char* why) {
  if (state_ == State::failed) {
    return;
  }
  state_ = State::failed;
  loop_.unwatch(watch_);
  queue_.clear();
  head_ = 0;
  queued_ = 0;
  loop_.later([this, alive = alive_, why] {
    if (*alive) {
      events_.on_failed(why);
    }
  });
}

}  // namespace v100::io
