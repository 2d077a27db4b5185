// The service: sockets in, frames verified and put in order, each message to the room it is for.
#include "svc/signaling/signaling.h"

#include <map>

#include "base/limits.h"
#include "base/text.h"
#include "svc/identity/api.h"
#include "svc/meeting/api.h"
#include "svc/sfu/api.h"
#include "svc/signaling/api.h"
#include "svc/signaling/desk.h"
#include "svc/signaling/live_room.h"
#include "svc/signaling/server_message.h"
#include "wire/json.h"
#include "wire/ws.h"

namespace v100::signaling {

namespace {

constexpr Duration hello_max = Duration::seconds(60);  // from the socket's opening
constexpr Duration room_idle_max = Duration::seconds(60);
constexpr Duration sweep_every = Duration::milliseconds(250);
constexpr std::uint16_t close_no_room = 4404;
constexpr std::uint16_t close_no_hello = 4408;
constexpr std::uint16_t close_left = wire::ws_close::normal;
constexpr std::uint16_t close_overload = wire::ws_close::try_again;

class Signaling final : public Service, public SocketHandler {
 public:
  Signaling(SignalingConfig config, Env env, Sockets& sockets, RelayTap* tap)
      : config_(std::move(config)), desk_(env, sockets, tap) {}

  // ---- Service ----
  void open(Router& router) override {
    router.socket("/v1/signal", *this);
    router.on(method_sfu_event,
              [this](Bytes request, Reply reply) { reply.answer_with(on_sfu_event(request)); });
  }
  void end_of_turn(Instant) override {
    for (auto& [id, room] : rooms_) {
      room.live.publish();
    }
  }
  void tick(Instant now) override;
  void drain() override { draining_ = true; }
  void close() override {
    for (auto& [id, room] : rooms_) {
      room.live.end_all("draining");
    }
    for (const auto& [socket, connection] : desk_.all()) {
      desk_.bye(socket, "draining");
    }
  }

  // ---- SocketHandler ----
  void on_open(SocketId socket, const PeerInfo& peer, std::string_view query) override;
  void on_message(SocketId socket, Bytes message, bool binary) override;
  void on_close(SocketId socket, std::uint16_t code) override;

 private:
  struct Room {
    LiveRoom live;
    Instant used;
    bool asked = false;  // meeting was asked for it
    Room(Desk& desk, const e2ee::RoomId& id, std::uint16_t media_port, Instant now)
        : live(desk, id, media_port), used(now) {}
  };

  Instant now() { return desk_.env().clock.now(); }
  LiveRoom* room_of_connection(const Connection& connection);
  void load(Room& room);
  void loaded(const std::string& id, const Result<Buffer>& answer);
  void no_room(const std::string& id, Error error);

  void verify(Connection& connection, const ClientFrame& frame, std::uint64_t ticket);
  void advance(SocketId socket);
  void forget(const Connection& connection);
  void obey(Connection& connection, const FrameInTurn& frame);
  Result<void> handle(Connection& connection, std::uint64_t seq, const ClientMessage& message);
  Result<void> on_hello(Connection& connection, const HelloMessage& hello);
  Result<void> on_statement(Connection& connection, std::uint64_t seq,
                            const StatementMessage& message);
  void statement_verified(SocketId socket, std::uint64_t seq, const e2ee::Statement& statement,
                          const Result<Buffer>& verdict);
  void on_offer(Connection& connection, std::uint64_t seq, const OfferMessage& offer);
  Result<Buffer> on_sfu_event(Bytes request);

  SignalingConfig config_;
  Desk desk_;
  std::map<std::string, Room, std::less<>> rooms_;
  Instant sweep_at_;
  bool draining_ = false;
};

LiveRoom* Signaling::room_of_connection(const Connection& connection) {
  const auto found = rooms_.find(connection.room);
  return found == rooms_.end() || !found->second.live.loaded() ? nullptr : &found->second.live;
}

// ---- Sockets ----

void Signaling::on_open(SocketId socket, const PeerInfo& peer, std::string_view query) {
  const Result<e2ee::RoomId> id = room_of_query(query);
  Connection& connection = desk_.add(std::make_unique<Connection>(
      socket, peer, id ? std::string(id->text()) : std::string(), now()));
  if (!id) {
    desk_.send(socket, error_text(0, {Errc::not_found, "signal: no such room"}));
    return desk_.close(connection, close_no_room, "no such room");
  }
  if (desk_.all().size() > limits::connections) {
    desk_.send(socket, error_text(0, {Errc::busy, "signal: too many connections"}));
    return desk_.close(connection, close_overload, "too many connections");
  }
  desk_.env().random.fill(connection.nonce);
  desk_.send(socket, challenge_text(connection.nonce, peer, config_.version));
  Room& room =
      rooms_.try_emplace(connection.room, desk_, *id, config_.media_port, now()).first->second;
  load(room);
}

void Signaling::load(Room& room) {
  if (room.live.loaded() || room.asked) {
    return;
  }
  room.asked = true;
  desk_.env().bus.call("meeting", "open", as_bytes(room.live.id()),
                       [this, id = room.live.id()](Result<Buffer> answer) { loaded(id, answer); });
}

void Signaling::loaded(const std::string& id, const Result<Buffer>& answer) {
  const auto room = rooms_.find(id);
  CHECK(room != rooms_.end());  // an asked room stays
  room->second.asked = false;
  const Result<meeting::RoomState> state =
      answer ? meeting::decode_room_state(*answer) : std::unexpected<Error>(answer.error());
  if (!state) {
    rooms_.erase(room);
    return no_room(id, state.error());
  }
  room->second.live.load(*state);
  std::vector<SocketId> waiting;
  for (const auto& [socket, connection] : desk_.all()) {
    if (connection->room == id) {
      waiting.push_back(socket);
    }
  }
  for (const SocketId socket : waiting) {
    advance(socket);
  }
}

void Signaling::no_room(const std::string& id, Error error) {
  const bool known = error.code != Errc::not_found;
  for (const auto& [socket, connection] : desk_.all()) {
    if (connection->room == id && connection->stage != Stage::over) {
      desk_.send(socket, error_text(0, error));
      desk_.close(*connection, known ? close_overload : close_no_room, "room cannot be opened");
    }
  }
}

// A client may say `leave` and close at once: its last frames may still be under verification.
void Signaling::on_close(SocketId socket, std::uint16_t code) {
  Connection* const connection = desk_.find(socket);
  if (connection == nullptr) {
    return;
  }
  connection->gone = true;
  connection->closed_in_order = code == close_left || code == wire::ws_close::going_away;
  const bool pending = connection->frames.size() > 0 || connection->paused;
  if (!pending || connection->stage == Stage::over) {
    forget(*connection);
  }
}

void Signaling::forget(const Connection& connection) {
  if (LiveRoom* const room = room_of_connection(connection)) {
    room->disconnected(connection, now());
  }
  desk_.erase(connection.socket);
}

// ---- Frames ----

void Signaling::on_message(SocketId socket, Bytes message, bool binary) {
  Connection* const connection = desk_.find(socket);
  if (connection == nullptr || connection->stage == Stage::over) {
    return;
  }
  const Result<ClientFrame> frame =
      binary ? parse_frame(message) : fail(Errc::malformed, "signal: client frames are binary");
  if (!frame) {
    return desk_.refuse(*connection, 0, {Sin::malformed, frame.error()});
  }
  if (frame->seq <= connection->frames.last_seq()) {
    return desk_.refuse(*connection, frame->seq,
                        {Sin::replay, {Errc::conflict, "signal: seq was used"}});
  }
  const bool in_rate = connection->rate.take(now());
  const std::optional<std::uint64_t> ticket =
      connection->frames.push(frame->seq, in_rate ? frame->payload : Bytes());
  if (!ticket) {
    desk_.refuse(*connection, frame->seq, {Sin::rate, {Errc::busy, "signal: too many frames"}});
    return desk_.close(*connection, 4403, "too many frames");
  }
  if (!in_rate) {
    connection->frames.resolve(*ticket,
                               Refusal{Sin::rate, {Errc::busy, "signal: too many frames"}});
    return advance(socket);
  }
  verify(*connection, *frame, *ticket);
}

void Signaling::verify(Connection& connection, const ClientFrame& frame, std::uint64_t ticket) {
  const bool bound = connection.stage == Stage::lobby || connection.stage == Stage::member;
  if (!bound) {
    Result<e2ee::DeviceKey> key = key_of_hello(frame.payload);
    if (key) {
      connection.device_key = *key;
    } else if (!connection.device_key) {
      connection.frames.resolve(
          ticket, Refusal{sin_of(key.error().code).value_or(Sin::malformed), key.error()});
      return advance(connection.socket);
    }
  }
  const Buffer message = signed_bytes(connection.nonce, frame.seq, frame.payload);
  identity::Verify request;
  request.address = connection.peer.address.ip;
  request.seen = !bound;
  request.device_key = connection.device_key->bytes();
  request.context = as_bytes(e2ee::context_signal);
  request.message = message;
  request.signature = frame.signature;
  desk_.env().bus.call("identity", "verify", identity::encode(request),
                       [this, socket = connection.socket, ticket](Result<Buffer> verdict) {
                         Connection* const then = desk_.find(socket);
                         if (then == nullptr) {
                           return;
                         }
                         std::optional<Refusal> refused;
                         if (!verdict) {
                           const bool busy = verdict.error().code == Errc::busy;
                           refused = Refusal{
                               busy ? Sin::rate : sin_of(verdict.error().code).value_or(Sin::rate),
                               verdict.error()};
                         }
                         then->frames.resolve(ticket, refused);
                         advance(socket);
                       });
}

// Takes the frames whose turn it is. A statement under verification and a room not yet loaded hold
// them back.
void Signaling::advance(SocketId socket) {
  for (;;) {
    Connection* const connection = desk_.find(socket);
    if (connection == nullptr) {
      return;
    }
    const bool over = connection->stage == Stage::over;
    if (!over && (connection->paused || room_of_connection(*connection) == nullptr)) {
      return;
    }
    const std::optional<FrameInTurn> frame = over ? std::nullopt : connection->frames.next();
    if (!frame) {
      if (connection->gone && (over || connection->frames.size() == 0)) {
        forget(*connection);
      }
      return;
    }
    obey(*connection, *frame);
  }
}

void Signaling::obey(Connection& connection, const FrameInTurn& frame) {
  if (frame.refused) {
    return desk_.refuse(connection, frame.seq, *frame.refused);
  }
  const Result<ClientMessage> message = parse_message(frame.payload);
  const Result<void> done = message ? handle(connection, frame.seq, *message)
                                    : Result<void>(std::unexpected<Error>(message.error()));
  if (!done) {
    desk_.error(connection, frame.seq, done.error());
  }
}

Result<void> Signaling::handle(Connection& connection, std::uint64_t seq,
                               const ClientMessage& message) {
  LiveRoom& room = *room_of_connection(connection);
  if (const auto* const ping = std::get_if<PingMessage>(&message)) {
    desk_.send(connection.socket, pong_text(ping->at));
    return {};
  }
  if (const auto* const hello = std::get_if<HelloMessage>(&message)) {
    return on_hello(connection, *hello);
  }
  if (std::holds_alternative<LeaveMessage>(message)) {
    if (connection.stage != Stage::fresh) {
      room.leave(connection.leaf);
    }
    desk_.close(connection, close_left, "left");
    return {};
  }
  if (connection.stage != Stage::member) {
    return fail(Errc::forbidden, "signal: for members only");
  }
  if (const auto* const statement = std::get_if<StatementMessage>(&message)) {
    return on_statement(connection, seq, *statement);
  }
  if (const auto* const keys = std::get_if<KeysMessage>(&message)) {
    room.relay_keys(connection.leaf, *keys);
  } else if (const auto* const data = std::get_if<DataMessage>(&message)) {
    room.relay_data(connection.leaf, *data);
  } else if (const auto* const offer = std::get_if<OfferMessage>(&message)) {
    on_offer(connection, seq, *offer);
  } else if (const auto* const view = std::get_if<ViewMessage>(&message)) {
    desk_.env().bus.post("sfu", "view",
                         sfu::encode(sfu::View{room.id(), to_hex(connection.leaf.value()),
                                               view->mid, view->height}));
  } else if (const auto* const unmute = std::get_if<UnmuteMessage>(&message)) {
    room.hold(connection.leaf, unmute->track, false);
  }
  return {};
}

Result<void> Signaling::on_hello(Connection& connection, const HelloMessage& hello) {
  LiveRoom& room = *room_of_connection(connection);
  if (connection.stage != Stage::fresh) {
    return fail(Errc::forbidden, "signal: hello was said");
  }
  if (!connection.peer.post_quantum && !hello.classical) {
    desk_.count("v100_signal_classical_refused_total");
    return fail(Errc::forbidden, "classical hop");
  }
  const e2ee::Leaf leaf = TRY(e2ee::Leaf::parse(hello.leaf, room.hash()));
  connection.device_key = leaf.device_key();
  const LiveRoom::Arrival arrival{leaf, hello.knock, draining_};
  return room.arrive(connection, arrival);
}

// ---- Statements and media ----

Result<void> Signaling::on_statement(Connection& connection, std::uint64_t seq,
                                     const StatementMessage& message) {
  LiveRoom& room = *room_of_connection(connection);
  const e2ee::Statement statement = TRY(e2ee::Statement::parse(message.bytes, room.hash()));
  if (statement.fields().issuer != e2ee::fingerprint(connection.device_key->bytes())) {
    return fail(Errc::forbidden, "statement: not by this device");
  }
  const Result<void> allowed = room.check(statement.fields());
  if (!allowed) {
    if (allowed.error().code == Errc::conflict) {
      desk_.count("v100_signal_refused_total", "reason=\"replay\"");
    }
    return allowed;
  }
  identity::Verify request;
  request.address = connection.peer.address.ip;
  request.device_key = connection.device_key->bytes();
  request.context = as_bytes(e2ee::context_statement);
  request.message = Bytes(statement.bytes()).first(e2ee::Statement::body_bytes);
  request.signature = Bytes(statement.bytes()).subspan(e2ee::Statement::body_bytes);
  connection.paused = true;
  desk_.env().bus.call("identity", "verify", identity::encode(request),
                       [this, socket = connection.socket, seq, statement](Result<Buffer> verdict) {
                         statement_verified(socket, seq, statement, verdict);
                       });
  return {};
}

void Signaling::statement_verified(SocketId socket, std::uint64_t seq,
                                   const e2ee::Statement& statement,
                                   const Result<Buffer>& verdict) {
  Connection* const connection = desk_.find(socket);
  if (connection == nullptr) {
    return;
  }
  connection->paused = false;
  if (connection->stage != Stage::member) {
    return advance(socket);
  }
  LiveRoom* const room = room_of_connection(*connection);
  if (!verdict) {
    desk_.error(*connection, seq, verdict.error());
  } else if (room != nullptr) {
    const Result<void> done = room->obey(statement, *connection);
    if (!done) {
      desk_.error(*connection, seq, done.error());
    }
  }
  advance(socket);
}

void Signaling::on_offer(Connection& connection, std::uint64_t seq, const OfferMessage& offer) {
  sfu::Offer request;
  request.room = connection.room;
  request.member = to_hex(connection.leaf.value());
  request.sdp = offer.sdp;
  request.sends = offer.sends;
  request.receives = offer.receives;
  desk_.env().bus.call("sfu", "offer", sfu::encode(request),
                       [this, socket = connection.socket, seq, n = offer.n,
                        sends = offer.sends](Result<Buffer> answer) {
                         Connection* const then = desk_.find(socket);
                         if (then == nullptr || then->stage != Stage::member) {
                           return;
                         }
                         if (!answer) {
                           // The offer's faults are the browser's, no sins of the client.
                           desk_.count("v100_signal_offers_refused_total");
                           return desk_.send(socket, error_text(seq, answer.error()));
                         }
                         desk_.send(socket, answer_text(n, as_text(*answer)));
                         if (LiveRoom* const room = room_of_connection(*then)) {
                           room->set_tracks(then->leaf, sends);
                         }
                       });
}

Result<Buffer> Signaling::on_sfu_event(Bytes request) {
  const sfu::Event event = TRY(sfu::decode_event(request));
  const auto found = rooms_.find(event.room);
  if (found == rooms_.end()) {
    return fail(Errc::not_found, "signal: no such room");
  }
  const SocketId socket = found->second.live.socket_of(event.member);  // 0: away just now
  switch (event.kind) {
    case sfu::EventKind::connected:
      desk_.send(socket, media_text("connected", {}));
      break;
    case sfu::EventKind::failed:
      desk_.send(socket, media_text("failed", event.reason));
      break;
    case sfu::EventKind::quality:
      desk_.send(socket, quality_text(event));
      break;
    default:
      break;
  }
  return Buffer();
}

// ---- Time ----

void Signaling::tick(Instant now) {
  if (now < sweep_at_) {
    return;
  }
  sweep_at_ = now + sweep_every;
  std::vector<SocketId> gone;
  for (const auto& [socket, connection] : desk_.all()) {
    if (connection->stage == Stage::fresh && now - connection->opened > hello_max) {
      desk_.close(*connection, close_no_hello, "no hello");
    }
    if (connection->gone && connection->stage == Stage::over) {
      gone.push_back(socket);
    }
    const auto room = rooms_.find(connection->room);
    if (room != rooms_.end()) {
      room->second.used = now;
    }
  }
  for (const SocketId socket : gone) {
    desk_.erase(socket);
  }
  std::size_t members = 0;
  for (auto it = rooms_.begin(); it != rooms_.end();) {
    Room& room = it->second;
    if (room.live.loaded()) {
      room.live.tick(now);
      room.live.publish();
    }
    if (!room.live.idle()) {
      room.used = now;
    }
    members += room.live.members();
    if (!room.asked && now - room.used > room_idle_max) {
      room.live.forget_admits();
      it = rooms_.erase(it);
    } else {
      ++it;
    }
  }
  desk_.env().meter.gauge("v100_signal_rooms", "", static_cast<std::int64_t>(rooms_.size()));
  desk_.env().meter.gauge("v100_signal_members", "", static_cast<std::int64_t>(members));
}

}  // namespace

std::unique_ptr<Service> make_signaling(SignalingConfig config, Env env, Sockets& sockets,
                                        RelayTap* tap) {
  return std::make_unique<Signaling>(std::move(config), env, sockets, tap);
}

}  // namespace v100::signaling
