// What all parts of signaling share: the connections, and how anything is said to them, refused and
// counted.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "svc/service.h"
#include "svc/signaling/connection.h"
#include "svc/signaling/relay_tap.h"

namespace v100::signaling {

class Desk {
 public:
  Desk(Env env, Sockets& sockets, RelayTap* tap) : env_(env), sockets_(sockets), tap_(tap) {}

  Env& env() noexcept { return env_; }
  RelayTap* tap() noexcept { return tap_; }

  Connection& add(std::unique_ptr<Connection> connection);
  Connection* find(SocketId socket) noexcept;  // null when it is gone
  void erase(SocketId socket);
  const std::unordered_map<SocketId, std::unique_ptr<Connection>>& all() const noexcept {
    return connections_;
  }

  void send(SocketId socket, std::string_view text);
  // The last word: bye, then the socket closes with 4000.
  void bye(SocketId socket, std::string_view reason);
  void close(Connection& connection, std::uint16_t code, std::string_view reason);
  // A frame refused: answered, counted, and the tenth closes the connection with 4403.
  void refuse(Connection& connection, std::uint64_t seq, const Refusal& refusal);
  // A request that was not granted. A sin when its kind is one.
  void error(Connection& connection, std::uint64_t seq, Error error);

  void count(std::string_view name, std::string_view label = {}, std::uint64_t add = 1) {
    env_.meter.count(name, label, add);
  }

 private:
  Env env_;
  Sockets& sockets_;
  RelayTap* tap_;
  std::unordered_map<SocketId, std::unique_ptr<Connection>> connections_;
};

}  // namespace v100::signaling
