// One connection of an HttpServer: requests one after another, then perhaps a WebSocket. Internal
// to net.
#pragma once

#include <optional>

#include "net/http_server.h"
#include "wire/ws.h"

namespace v100::net {

class Connection final {
 public:
  Connection(HttpServer& server, ConnectionId id, io::Fd fd, const Address& peer);
  void start();

  void answer(const Response& response);
  void send(Bytes message, bool binary);
  void close_socket(std::uint16_t code, std::string_view reason);
  void close(std::uint16_t code, std::string_view reason);
  void check_time(Instant now);

 private:
  enum class State : unsigned char {
    opening,    // TLS handshake
    reading,    // waiting for a request, or in one
    answering,  // the site has it
    socket,     // upgraded
    closing,    // close frame sent, waiting for the peer's
    ending,     // all is said: flush, then the peer's end
    dead,
  };

  void on_open();
  void on_readable();
  void on_failed(const char* why);
  void serve_requests();
  bool read_more(MutBytes into, std::size_t& got);
  void serve_one();
  void refuse_request(const Error& error);
  void upgrade(const wire::HttpRequest& request);
  void read_socket();
  void on_socket_message();
  void refuse_socket(const Error& error);
  void end();
  void die();
  void expect_within(Duration limit);
  void write_answer(const Response& response, bool keep_alive);

  HttpServer& server_;
  const ConnectionId id_;
  io::Stream stream_;
  Peer peer_;
  State state_ = State::opening;
  wire::Http1Reader reader_;
  std::optional<wire::WsReader> socket_reader_;
  SocketEvents* events_ = nullptr;
  bool keep_alive_ = false, head_only_ = false, serving_ = false;
  bool peer_ended_ = false;
  Instant deadline_;    // what is awaited must come before; checked by the server's sweep
  Instant last_heard_;  // sockets: anything from the peer
  Instant next_ping_;   // sockets
  std::uint64_t sent_at_check_ = 0;
};

}  // namespace v100::net
