// Speaking to connections.
#include "svc/signaling/desk.h"

#include "svc/signaling/server_message.h"

namespace v100::signaling {

namespace {

constexpr std::uint16_t close_bye = 4000;
constexpr std::uint16_t close_refused = 4403;

}  // namespace

Connection& Desk::add(std::unique_ptr<Connection> connection) {
  Connection& out = *connection;
  connections_.emplace(out.socket, std::move(connection));
  env_.meter.gauge("v100_signal_connections", "", static_cast<std::int64_t>(connections_.size()));
  return out;
}

Connection* Desk::find(SocketId socket) noexcept {
  const auto found = connections_.find(socket);
  return found == connections_.end() ? nullptr : found->second.get();
}

void Desk::erase(SocketId socket) {
  connections_.erase(socket);
  env_.meter.gauge("v100_signal_connections", "", static_cast<std::int64_t>(connections_.size()));
}

void Desk::send(SocketId socket, std::string_view text) {
  sockets_.send(socket, as_bytes(text), false);
}

void Desk::bye(SocketId socket, std::string_view reason) {
  Connection* const connection = find(socket);
  if (connection == nullptr || connection->stage == Stage::over) {
    return;
  }
  send(socket, bye_text(reason));
  std::string label = "reason=\"";
  count("v100_signal_bye_total", label.append(reason).append("\""));
  close(*connection, close_bye, reason);
}

void Desk::close(Connection& connection, std::uint16_t code, std::string_view reason) {
  connection.stage = Stage::over;
  sockets_.close(connection.socket, code, reason);
}

void Desk::refuse(Connection& connection, std::uint64_t seq, const Refusal& refusal) {
  std::string label = "reason=\"";
  count("v100_signal_refused_total", label.append(name(refusal.sin)).append("\""));
  send(connection.socket, error_text(seq, refusal.error));
  if (++connection.sins >= Connection::sins_max) {
    close(connection, close_refused, "too many refused frames");
  }
}

void Desk::error(Connection& connection, std::uint64_t seq, Error error) {
  if (const std::optional<Sin> sin = sin_of(error.code)) {
    return refuse(connection, seq, {*sin, error});
  }
  send(connection.socket, error_text(seq, error));
}

}  // namespace v100::signaling
