// TCP, plain or under TLS: a listener and its connections' byte streams.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/limits.h"
#include "base/result.h"
#include "io/fd.h"
#include "io/loop.h"
#include "io/tls.h"

namespace v100::io {

struct ReadResult {
  std::size_t bytes = 0;
  bool ended = false;  // the peer finished, or the connection broke: nothing will come any more
};

// One connection. Whoever serves it owns it, and destroys it from Loop::later(), never from inside
// one of its own callbacks. Output is gathered and written once a turn.
class Stream final {
 public:
  // `on_open` once the handshake is done (in a later turn for plain ones too); `on_readable` while
  // there may be something to read and reading is not paused; `on_drained` when the send queue ran
  // empty; `on_failed` once, when the connection is lost, cut, or the handshake fails. The reason
  // is a literal.
  struct Events {
    std::move_only_function<void()> on_open;
    std::move_only_function<void()> on_readable;
    std::move_only_function<void()> on_drained;
    std::move_only_function<void(const char* why)> on_failed;
  };

  Stream(Loop& loop, Fd fd, Address peer, TlsServer* tls);
  ~Stream();
  void start(Events events);

  ReadResult read(MutBytes into);  // 0 bytes and not ended: wait for on_readable
  void send(Bytes bytes);
  void send_forever(Bytes bytes);  // not copied: the bytes live as long as the program
  // Room at the queue's end, for who writes in place: append to it, then tell how much. The
  // reference ends with the next call on this stream.
  Buffer& tail();
  void appended(std::size_t bytes);
  void finish();  // no more output: flush, then say goodbye; reading goes on
  void pause_reading(bool pause);
  void read_later();  // on_readable in the next turn, for who stops reading before read() gave 0
  // After a read() that gave bytes: whether there may be more that no event will tell of, because
  // TLS reads ahead.
  bool has_more() const noexcept { return more_; }
  void trim();  // gives spare memory back; for idle connections

  std::size_t queued_bytes() const noexcept { return queued_; }
  bool reading_paused() const noexcept { return reading_paused_; }
  const Address& peer() const noexcept { return peer_; }
  // RFC 9266: what binds something to this very TLS connection. Zeros on a plain one.
  void export_binding(FixedMutBytes<32> out) const;
  const TlsAgreement& agreement() const noexcept { return agreement_; }
  std::uint64_t sent_bytes() const noexcept { return sent_; }

 private:
  struct Piece {
    Buffer owned;
    Bytes fixed;  // used when not empty
    std::size_t at = 0;
    Bytes left() const noexcept { return (fixed.empty() ? Bytes(owned) : fixed).subspan(at); }
  };
  struct Flush final : Call {
    explicit Flush(Stream& s) noexcept : stream(s) {}
    void run() override { stream.flush(); }
    Stream& stream;
  };
  struct Reread final : Call {
    explicit Reread(Stream& s) noexcept : stream(s) {}
    void run() override { stream.reread(); }
    Stream& stream;
  };
  enum class State : unsigned char { handshake, open, finishing, finished, failed };

  void on_ready(Readiness ready);
  bool handshake();
  bool writable() const noexcept { return state_ == State::open || state_ == State::handshake; }
  void flush();
  void reread();
  bool write_some();
  bool write_tls();
  bool took(std::size_t bytes);
  bool wait_for_tls(int result, const char* why);
  void fail_with(const char* why);
  void update_interest();

  Loop& loop_;
  Fd fd_;
  const Address peer_;
  ssl_st* ssl_ = nullptr;
  Events events_;
  Loop::WatchId watch_;
  TlsAgreement agreement_;
  std::vector<Piece> queue_;
  std::size_t head_ = 0;  // the first piece with something left
  Buffer spare_;          // memory of the last piece that was sent
  std::size_t queued_ = 0;
  std::uint64_t sent_ = 0;
  State state_ = State::handshake;
  bool reading_paused_ = false, wants_write_ = false, peer_ended_ = false, more_ = false;
  Interest interest_;
  Flush flush_call_{*this};
  Reread reread_call_{*this};
  std::shared_ptr<bool> alive_;  // tasks in the loop that outlive the stream see false
};

// Accepts until destroyed. At its limit of open descriptors it pauses for a moment and goes on.
class Listener final {
 public:
  using Accept = std::move_only_function<void(Fd fd, Address peer)>;
  struct Options {
    Address bind;
    bool reuse_port = false;
  };
  // Errors: conflict (the port is taken), forbidden, unavailable.
  static Result<std::unique_ptr<Listener>> open(Loop& loop, Options options, Accept accept);
  ~Listener();
  Address local() const noexcept { return local_; }

 private:
  Listener(Loop& loop, Fd fd, Accept accept);
  void on_ready();

  Loop& loop_;
  Fd fd_;
  Accept accept_;
  Address local_;
  Loop::WatchId watch_;
  Loop::TimerId pause_;
};

}  // namespace v100::io
