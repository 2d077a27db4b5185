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
  if (bytes.empty() || state_ == State::failed || state_ >= State::finishing) {
    return;
  }
  if (queued_ + bytes.size() > limits::send_queue_bytes) {
    fail_with("the peer reads too slowly: send queue over its limit");
    return;
  }
  // Small answers of one turn share a piece, and so a record and a packet.
  if (!queue_.empty() && !queue_.back().owned.empty() &&
      queue_.back().left.size() == queue_.back().owned.size() &&
      queue_.back().owned.size() + bytes.size() <= 16 * 1024) {
    Piece& last = queue_.back();
    append(last.owned, bytes);
    last.left = last.owned;
  } else {
    queue_.push_back({to_buffer(bytes), {}});
    queue_.back().left = queue_.back().owned;
  }
  queued_ += bytes.size();
  flush_later();
}

void Stream::send_forever(Bytes bytes) {
  if (bytes.empty() || state_ == State::failed || state_ >= State::finishing) {
    return;
  }
  queue_.push_back({{}, bytes});
  flush_later();
}

void Stream::finish() {
  if (state_ == State::open || state_ == State::handshake) {
    state_ = State::finishing;
    flush_later();
  }
}

void Stream::flush_later() {
  if (!flush_planned_) {
    flush_planned_ = true;
    loop_.later([this, alive = alive_] {
      if (*alive) {
        flush_planned_ = false;
        flush();
      }
    });
  }
}

void Stream::flush() {
  if (state_ == State::failed || state_ == State::finished || state_ == State::handshake) {
    return;
  }
  wants_write_ = false;
  const bool had = !queue_.empty();
  while (!queue_.empty() && write_some(queue_.front())) {
    if (queue_.front().left.empty()) {
      queue_.pop_front();
    }
  }
  if (state_ == State::failed) {
    return;
  }
  if (queue_.empty() && state_ == State::finishing) {
    state_ = State::finished;
    if (ssl_ != nullptr) {
      ERR_clear_error();
      SSL_shutdown(ssl_);
    }
    ::shutdown(fd_.get(), SHUT_WR);
  }
  update_interest();
  if (had && queue_.empty() && events_.on_drained) {
    events_.on_drained();
  }
}

// False: the kernel takes no more now, or the connection failed.
bool Stream::write_some(Piece& piece) {
  std::size_t wrote = 0;
  if (ssl_ != nullptr) {
    ERR_clear_error();
    const int result = SSL_write_ex(ssl_, piece.left.data(), piece.left.size(), &wrote);
    if (result != 1) {
      wait_for_tls(result, "tls: connection broken");
      return false;
    }
    piece.left = piece.left.subspan(wrote);
    queued_ -= piece.owned.empty() ? 0 : wrote;
    sent_ += wrote;
    return true;
  }
  iovec pieces[pieces_per_write];
  const std::size_t count = std::min(queue_.size(), pieces_per_write);
  for (std::size_t i = 0; i < count; ++i) {
    // sendmsg does not write through it.
    pieces[i] = {const_cast<std::uint8_t*>(queue_[i].left.data()), queue_[i].left.size()};
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
  wrote = static_cast<std::size_t>(n);
  sent_ += wrote;
  for (std::size_t i = 0; i < count; ++i) {
    Piece& p = queue_.front();
    const std::size_t take = std::min(wrote, p.left.size());
    p.left = p.left.subspan(take);
    queued_ -= p.owned.empty() ? 0 : take;
    wrote -= take;
    if (!p.left.empty()) {
      wants_write_ = true;
      return false;
    }
    if (i + 1 < count) {
      queue_.pop_front();
    }
  }
  return true;
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
void Stream::read_later() {
  loop_.later([this, alive = alive_] {
    if (*alive && !reading_paused_ && state_ != State::failed && state_ != State::handshake) {
      events_.on_readable();
    }
  });
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
  queued_ = 0;
  loop_.later([this, alive = alive_, why] {
    if (*alive) {
      events_.on_failed(why);
    }
  });
}

}  // namespace v100::io
