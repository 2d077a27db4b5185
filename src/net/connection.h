// One connection of an HttpServer: pipelined requests, answered in order, then perhaps a WebSocket.
// Internal to net.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "net/http2.h"
#include "net/http_server.h"
#include "wire/ws.h"

namespace v100::net {

class Connection final : private Http2::Owner {
 public:
  Connection(HttpServer& server, ConnectionId id, io::Fd fd, const Address& peer);
  void start();

  ConnectionId id() const noexcept { return id_; }
  void answer(std::uint32_t number, const AnswerView& answer);
  void send(Bytes message, bool binary);
  void close_socket(std::uint16_t code, std::string_view reason);
  void close(std::uint16_t code, std::string_view reason);
  void check_time(Instant now);

 private:
  enum class State : unsigned char {
    opening,  // TLS handshake
    http,     // requests and answers
    socket,   // upgraded
    closing,  // close frame sent, waiting for the peer's
    ending,   // all is said: flush, then the peer's end
    dead,
  };
  // A request that has not been answered, or whose answer waits for an earlier one's.
  struct Exchange {
    Instant start;
    bool keep_alive = true, head_only = false, answered = false;
    int status = 0;
    Buffer late;  // its answer, whole, until its turn comes
  };

  void on_open();
  void on_readable();
  void on_failed(const char* why);
  void end();
  void die();
  void expect_within(Duration limit);

  // HTTP/1.1
  void serve_requests();
  bool read_requests();
  void parse_requests();
  void serve_one();
  void refuse_request(const Error& error);
  std::uint32_t begin_exchange(bool keep_alive, bool head_only);
  Exchange& exchange(std::uint32_t number) noexcept;
  std::uint32_t in_flight() const noexcept { return next_ - first_; }
  void write_answer(Buffer& out, Exchange& exchange, const AnswerView& answer, bool in_place);
  void pop_answered();
  void after_answers();
  void check_http_time(Instant now, bool moving);

  // HTTP/2
  void start_http2(Bytes first);
  void serve_http2();
  void pump_http2();
  void on_stream_request(const wire::HttpRequest& request) override;
  void on_stream_refused(int status) override;

  // WebSocket
  bool read_more(MutBytes into, std::size_t& got);
  void upgrade(const wire::HttpRequest& request);
  bool refuse_upgrade(const wire::HttpRequest& request, SocketEvents*& events);
  void become_socket(SocketEvents& events, std::string_view query);
  void read_socket();
  void on_socket_message();
  void refuse_socket(const Error& error);

  HttpServer& server_;
  const ConnectionId id_;
  io::Stream stream_;
  Peer peer_;
  State state_ = State::opening;
  wire::Http1Reader reader_;
  std::vector<Exchange> exchanges_;        // a ring, its size a power of two; [first_, next_) live
  std::uint32_t first_ = 0, next_ = 0;     // exchange numbers
  std::uint64_t handed_out_turn_ = ~0ull;  // when views into the reader's buffer were last given
  bool serving_ = false;
  bool taking_ = false;         // HTTP/2: inside Http2::take()
  bool unparsed_ = false;       // whole requests may lie in the buffer
  bool input_done_ = false;     // the last request of this connection was read
  bool owes_continue_ = false;  // "100 Continue", behind the answers before it
  bool peer_ended_ = false;
  std::unique_ptr<Http2> http2_;
  std::optional<wire::WsReader> socket_reader_;
  SocketEvents* events_ = nullptr;
  bool deflate_ = false;  // permessage-deflate was agreed on
  Instant deadline_;      // what is awaited must come before; checked by the server's sweep
  Instant last_heard_;    // sockets: anything from the peer
  Instant next_ping_;     // sockets
  Instant last_moved_;    // when the peer last took some of our bytes, or had none to take
  std::uint64_t sent_at_check_ = 0;
};

}  // namespace v100::net
