// Delays and cuts.
#include "network.h"

#include <algorithm>

namespace v100::sim {

SocketId Network::connect(const std::string& query) {
  PeerInfo peer;
  peer.address = *Address::parse("192.0.2.1", 4000);
  peer.kex = "X25519MLKEM768";
  peer.post_quantum = true;
  const SocketId socket = world_.connect("/v1/signal", query, peer);
  lines_[socket];
  return socket;
}

// A line's own order is kept: nothing arrives before what was sent earlier on it.
Instant Network::arrival(const std::deque<Flying>& behind) {
  std::uint64_t ms = 5 + random_.below(calm_ ? 20 : 120);
  if (!calm_ && random_.one_in(40)) {
    ms += random_.below(1500);  // a lost packet, repaired by TCP
  }
  const Instant due = world_.clock.now() + Duration::milliseconds(static_cast<std::int64_t>(ms));
  return behind.empty() ? due : std::max(due, behind.back().due);
}

void Network::send(SocketId socket, Buffer message) {
  Line& line = lines_.at(socket);
  if (!line.dead) {
    line.up.push_back({arrival(line.up), std::move(message), {}, false});
  }
}

void Network::hang_up(SocketId socket) {
  Line& line = lines_.at(socket);
  if (!line.dead) {
    line.up.push_back({arrival(line.up), {}, {}, true});
  }
}

void Network::cut(SocketId socket) {
  Line& line = lines_.at(socket);
  line.dead = true;
  line.up.clear();
  line.down.clear();
  line.server_notices =
      world_.clock.now() + Duration::milliseconds(static_cast<std::int64_t>(random_.below(3000)));
}

void Network::step() {
  const Instant now = world_.clock.now();
  for (auto& [socket, line] : lines_) {
    for (const testing_world::Received& received : world_.take(socket)) {
      if (!line.dead) {
        line.down.push_back({arrival(line.down), {}, received.text, false});
      }
    }
    while (!line.up.empty() && line.up.front().due <= now) {
      const Flying flying = std::move(line.up.front());
      line.up.pop_front();
      if (flying.hang_up) {
        line.dead = true;
        world_.hang_up(socket, 1000);
      } else {
        world_.send_to_server(socket, flying.up);
      }
    }
    while (!line.down.empty() && line.down.front().due <= now) {
      line.arrived.push_back(std::move(line.down.front().down));
      line.down.pop_front();
    }
    if (line.server_notices && *line.server_notices <= now) {
      line.server_notices.reset();
      world_.cut(socket);
    }
    line.closed_by_server = !world_.open(socket) && line.down.empty();
  }
}

std::vector<std::string> Network::take(SocketId socket) {
  std::vector<std::string> out;
  out.swap(lines_.at(socket).arrived);
  return out;
}

bool Network::closed(SocketId socket) const {
  const Line& line = lines_.at(socket);
  return line.dead || (line.closed_by_server && line.arrived.empty());
}

std::size_t Network::in_flight() const noexcept {
  std::size_t n = 0;
  for (const auto& [socket, line] : lines_) {
    n += line.up.size() + line.down.size();
  }
  return n;
}

}  // namespace v100::sim
