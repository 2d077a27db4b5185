// Sockets between simulated clients and the services: each connection keeps its order and has its
// own delays; a cut loses what is in flight, and the server may notice late.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "testing/world.h"

namespace v100::sim {

class Network {
 public:
  explicit Network(testing_world::World& world, testing_world::SeededRandom& random)
      : world_(world), random_(random) {}

  SocketId connect(const std::string& query);
  void send(SocketId socket, Buffer message);  // by the client
  // The line is dead: nothing in flight arrives, the client knows at once, the server within 3 s.
  void cut(SocketId socket);
  void hang_up(SocketId socket);  // the client closes in order: what it sent arrives first

  // Moves what is due. What arrived at the client, and whether its end is closed now.
  void step();
  std::vector<std::string> take(SocketId socket);
  bool closed(SocketId socket) const;  // and everything that came before the close was taken

  void heal() { calm_ = true; }  // short delays from now on
  std::size_t in_flight() const noexcept;

 private:
  struct Flying {
    Instant due;
    Buffer up;
    std::string down;
    bool hang_up = false;
  };
  struct Line {
    std::deque<Flying> up;
    std::deque<Flying> down;
    std::vector<std::string> arrived;
    std::optional<Instant> server_notices;
    bool dead = false;
    bool closed_by_server = false;
  };
  Instant arrival(const std::deque<Flying>& behind);

  testing_world::World& world_;
  testing_world::SeededRandom& random_;
  std::map<SocketId, Line> lines_;
  bool calm_ = false;
};

}  // namespace v100::sim
