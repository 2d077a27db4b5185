// The turns of the virtual world, in a fixed order so that a seed replays.
#include "testing/world.h"

namespace v100::testing_world {

std::uint64_t SeededRandom::next() {
  state_ += 0x9E3779B97F4A7C15u;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

void SeededRandom::fill(MutBytes out) {
  for (std::uint8_t& byte : out) {
    byte = static_cast<std::uint8_t>(next());
  }
}

namespace {

std::string labelled(std::string_view name, std::string_view label) {
  std::string full(name);
  if (!label.empty()) {
    full.append("{").append(label).append("}");
  }
  return full;
}

}  // namespace

void CountingMeter::count(std::string_view name, std::string_view label, std::uint64_t add) {
  counts_[labelled(name, label)] += add;
}

void CountingMeter::gauge(std::string_view name, std::string_view label, std::int64_t value) {
  counts_[labelled(name, label)] = static_cast<std::uint64_t>(value);
}

std::uint64_t CountingMeter::operator[](std::string_view name) const {
  const auto found = counts_.find(name);
  return found == counts_.end() ? 0 : found->second;
}

class World::ServiceRouter final : public Router {
 public:
  ServiceRouter(World& world, std::string service) : world_(world), service_(std::move(service)) {}
  void on(std::string_view method, Handler handler) override {
    world_.bus.on(service_, method, std::move(handler));
  }
  void http(std::string_view method, std::string_view path, HttpHandler handler) override {
    world_.routes_.push_back(
        std::make_unique<Route>(Route{std::string(method), std::string(path), std::move(handler)}));
  }
  void socket(std::string_view path, SocketHandler& handler) override {
    world_.socket_paths_.emplace(path, &handler);
  }
  void datagrams(DatagramHandler&) override {}

 private:
  World& world_;
  std::string service_;
};

World::World(std::uint64_t seed) : random(seed), bus(meter, nullptr) {}

World::~World() { close_services(); }

void World::add(std::string name, std::unique_ptr<Service> service) {
  ServiceRouter router(*this, name);
  service->open(router);
  services_.emplace(std::move(name), std::move(service));
}

Service& World::service(std::string_view name) {
  const auto found = services_.find(name);
  CHECK(found != services_.end());
  return *found->second;
}

void World::close_services() {
  for (auto& [name, service] : services_) {
    service->close();
  }
  bus.close();
  routes_.clear();
  socket_paths_.clear();
  for (auto& [id, line] : lines_) {
    line.open = line.closing = false;
  }
  services_.clear();
}

void World::settle() {
  for (bool busy = true; busy;) {
    busy = bus.queued() > 0;
    while (bus.deliver()) {
    }
    for (auto& [id, line] : lines_) {
      if (line.closing) {
        line.closing = false;
        line.handler->on_close(id, line.peer_code);
        busy = true;
      }
    }
    busy = store.turn(store_fails) || busy;
    for (auto& [name, service] : services_) {
      service->end_of_turn(clock.now());
    }
    busy = busy || bus.queued() > 0;
  }
}

void World::step() {
  clock.advance(Duration::milliseconds(10));
  for (auto& [name, service] : services_) {
    service->tick(clock.now());
  }
  settle();
}

void World::advance(Duration by) {
  for (std::int64_t left = by.ms(); left > 0; left -= 10) {
    step();
  }
}

HttpAnswer World::http(std::string_view method, std::string_view path, std::string_view body,
                       std::string_view ip) {
  const Result<Address> address = Address::parse(ip, 1);
  CHECK(address.has_value());
  const PeerInfo peer{*address, "X25519MLKEM768", true};
  HttpRequest request;
  request.method = method;
  const std::size_t mark = std::min(path.find('?'), path.size());
  request.query = path.substr(std::min(mark + 1, path.size()));
  path = path.substr(0, mark);
  request.path = path;
  request.caller = &caller;
  request.body = as_bytes(body);
  request.peer = &peer;
  std::optional<HttpAnswer> got;
  for (const auto& route : routes_) {
    const bool below = route->path.ends_with('/') && path.starts_with(route->path);
    if (route->method != method || (route->path != path && !below)) {
      continue;
    }
    request.path_tail = path.substr(route->path.size());
    route->handler(request, HttpReply([&got](HttpAnswer answer) { got = std::move(answer); }));
    settle();
    break;
  }
  CHECK(got.has_value());
  return *got;
}

SocketId World::connect(std::string_view path, std::string_view query, const PeerInfo& peer) {
  const auto handler = socket_paths_.find(path);
  CHECK(handler != socket_paths_.end());
  const SocketId id(++last_socket_);
  lines_[id].handler = handler->second;
  handler->second->on_open(id, peer, query);
  return id;
}

void World::send_to_server(SocketId socket, Bytes message) {
  const auto line = lines_.find(socket);
  if (line != lines_.end() && line->second.open) {
    line->second.handler->on_message(socket, message, true);
  }
}

void World::hang_up(SocketId socket, std::uint16_t code) {
  Line& line = lines_[socket];
  if (line.open) {
    line.open = false;
    line.peer_code = code;
    line.closing = true;
  }
}

bool World::open(SocketId socket) const {
  const auto line = lines_.find(socket);
  return line != lines_.end() && line->second.open;
}

std::optional<std::uint16_t> World::close_code(SocketId socket) const {
  const auto line = lines_.find(socket);
  return line == lines_.end() ? std::nullopt : line->second.code;
}

std::vector<Received> World::take(SocketId socket) {
  std::vector<Received> out;
  out.swap(lines_[socket].received);
  return out;
}

void World::send(SocketId socket, Bytes message, bool binary) {
  const auto line = lines_.find(socket);
  if (line != lines_.end() && line->second.open) {
    line->second.received.push_back({std::string(as_text(message)), binary});
  }
}

void World::close(SocketId socket, std::uint16_t code, std::string_view) {
  const auto line = lines_.find(socket);
  if (line != lines_.end() && line->second.open) {
    line->second.open = false;
    line->second.closing = true;
    line->second.code = code;
  }
}

}  // namespace v100::testing_world
