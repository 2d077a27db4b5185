// Rooms over HTTP and over the bus, and their end after a day without members.
#include "svc/meeting/meeting.h"

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/limits.h"
#include "base/text.h"
#include "svc/meeting/api.h"
#include "svc/meeting/kept_room.h"
#include "svc/problem.h"
#include "svc/rate.h"
#include "wire/json.h"

namespace v100::meeting {

namespace {

constexpr std::int64_t idle_ms = 24 * 3600 * 1000;  // without members, then it is forgotten
constexpr std::int64_t used_step_ms =
    3600 * 1000;  // how exact last_used is while members are there
constexpr Duration retry_every = Duration::seconds(1);
constexpr Duration expire_every = Duration::seconds(60);
// A person makes a few rooms a day; a classroom behind one address, some dozens at once.
constexpr Rate make_rate{.per_second_thousandths = 500, .burst = 60};
constexpr Rate ask_rate{.per_second_thousandths = 20'000, .burst = 200};
constexpr std::size_t body_bytes_max = 4096;

HttpAnswer json_answer(int status, const std::string& text) {
  HttpAnswer answer;
  answer.status = status;
  answer.headers.emplace_back("Cache-Control", "no-store");
  answer.body = to_buffer(as_bytes(text));
  return answer;
}

struct NewRoom {
  e2ee::Fingerprint host;
  bool lobby = false;
};

Result<NewRoom> parse_new_room(Bytes body) {
  const wire::JsonDocument document = TRY(wire::JsonDocument::parse(body, body_bytes_max));
  NewRoom out;
  out.host = e2ee::Fingerprint(TRY(e2ee::hash_from_hex(TRY(document.root()["host"].text()))));
  const wire::JsonValue lobby = document.root()["lobby"];
  out.lobby = lobby.exists() ? TRY(lobby.boolean()) : false;
  return out;
}

class Meeting final : public Service {
 public:
  explicit Meeting(Env env)
      : env_(env),
        makers_(make_rate, limits::rate_clients),
        askers_(ask_rate, limits::rate_clients) {}

  void open(Router& router) override {
    load();
    router.http("POST", "/v1/rooms", [this](const HttpRequest& request, HttpReply reply) {
      on_make(request, std::move(reply));
    });
    router.http("GET", "/v1/rooms/", [this](const HttpRequest& request, HttpReply reply) {
      reply.answer(on_ask(request));
    });
    router.on("open",
              [this](Bytes request, Reply reply) { reply.answer_with(on_open(as_text(request))); });
    router.on("keep", [this](Bytes request, Reply reply) { reply.answer_with(on_keep(request)); });
    router.on("presence",
              [this](Bytes request, Reply reply) { reply.answer_with(on_presence(request)); });
  }

  void tick(Instant now) override {
    if (now >= retry_at_) {
      retry_at_ = now + retry_every;
      for (auto& [id, room] : rooms_) {
        save(room);
      }
      for (const std::string& id : std::exchange(unerased_, {})) {
        if (!forget(id)) {
          unerased_.insert(id);
        }
      }
    }
    if (now >= expire_at_) {
      expire_at_ = now + expire_every;
      expire();
    }
  }

  bool ready() override { return loaded_; }
  void drain() override { draining_ = true; }

 private:
  // The store answers at start, or rooms are loaded as soon as it does.
  void load() {
    const Result<std::vector<Record>> records = env_.store.scan(rooms_table, "", limits::rooms);
    if (!records) {
      env_.log.write(Level::error, "rooms_not_loaded", {{"what", records.error().what}});
      return;
    }
    for (const Record& record : *records) {
      const Result<RoomRecord> room = decode_record(record.value);
      if (!room) {
        env_.log.write(Level::error, "room_record_malformed", {{"room", record.key}});
        continue;
      }
      rooms_.try_emplace(record.key, record.key, *room);
    }
    loaded_ = true;
    gauge();
  }

  void on_make(const HttpRequest& request, HttpReply reply) {
    if (draining_ || !loaded_) {
      return reply.answer(problem({Errc::unavailable, "meeting: not taking new rooms now"}));
    }
    if (!makers_.of(request.peer->address.ip, env_.clock.now()).take(env_.clock.now())) {
      env_.meter.count("v100_rooms_refused_total", "reason=\"rate\"", 1);
      return reply.answer(problem({Errc::busy, "meeting: too many rooms from this address"}));
    }
    const Result<NewRoom> wish = parse_new_room(request.body);
    if (!wish) {
      env_.meter.count("v100_rooms_refused_total", "reason=\"malformed\"", 1);
      return reply.answer(problem(wish.error()));
    }
    if (rooms_.size() >= limits::rooms) {
      env_.meter.count("v100_rooms_refused_total", "reason=\"full\"", 1);
      return reply.answer(problem({Errc::busy, "meeting: the server holds all the rooms it can"}));
    }
    make(*wish, std::move(reply));
  }

  void make(const NewRoom& wish, HttpReply reply) {
    const std::string id = fresh_id();
    RoomRecord record{wish.host, wish.lobby, env_.clock.wall(), env_.clock.wall()};
    rooms_.try_emplace(id, id, record);
    Batch batch;
    batch.put(rooms_table, id, encode(record));
    env_.store.commit(std::move(batch),
                      [this, id, kept = std::move(reply)](Result<void> result) mutable {
                        made(id, result, std::move(kept));
                      });
  }

  void made(const std::string& id, Result<void> result, HttpReply reply) {
    if (!result) {
      rooms_.erase(id);
      env_.meter.count("v100_store_errors_total", "service=\"meeting\"", 1);
      return reply.answer(problem({Errc::unavailable, "meeting: the room could not be kept"}));
    }
    env_.meter.count("v100_rooms_made_total", "", 1);
    gauge();
    wire::JsonWriter out;
    HttpAnswer answer = json_answer(201, out.object().key("room").text(id).end_object().take());
    answer.headers.emplace_back("Location", "/v1/rooms/" + id);
    reply.answer(std::move(answer));
  }

  std::string fresh_id() {
    for (;;) {
      ByteArray<8> random;
      env_.random.fill(random);
      std::string id(e2ee::RoomId::from_random(random).text());
      if (!rooms_.contains(id) && !unerased_.contains(id)) {
        return id;
      }
    }
  }

  HttpAnswer on_ask(const HttpRequest& request) {
    if (!askers_.of(request.peer->address.ip, env_.clock.now()).take(env_.clock.now())) {
      return problem({Errc::busy, "meeting: too many requests from this address"});
    }
    const Result<e2ee::RoomId> id = e2ee::RoomId::parse(request.path_tail);
    const auto room = id ? rooms_.find(std::string(id->text())) : rooms_.end();
    if (room == rooms_.end()) {
      return problem({Errc::not_found, "meeting: no such room"});
    }
    const Presence& now = room->second.now();
    wire::JsonWriter out;
    out.object().key("room").text(room->first).key("open").boolean(now.open);
    out.key("locked").boolean(now.locked).key("lobby").boolean(now.lobby);
    out.key("members").integer(now.members).end_object();
    return json_answer(200, out.take());
  }

  Result<Buffer> on_open(std::string_view id) {
    const auto room = rooms_.find(std::string(id));
    if (room == rooms_.end()) {
      return loaded_ ? fail(Errc::not_found, "meeting: no such room")
                     : fail(Errc::unavailable, "meeting: rooms are not loaded");
    }
    return encode(TRY(room->second.state(env_.store)));
  }

  Result<Buffer> on_keep(Bytes request) {
    const Keep keep = TRY(decode_keep(request));
    const auto room = rooms_.find(keep.room);
    if (room == rooms_.end()) {
      return fail(Errc::not_found, "meeting: no such room");
    }
    room->second.write(keep);
    save(room->second);
    return Buffer();
  }

  Result<Buffer> on_presence(Bytes request) {
    const Presence presence = TRY(decode_presence(request));
    const auto found = rooms_.find(presence.room);
    if (found == rooms_.end()) {
      return fail(Errc::not_found, "meeting: no such room");
    }
    KeptRoom& room = found->second;
    const bool emptied = room.now().members > 0 && presence.members == 0;
    room.set_now(presence);
    const WallTime now = env_.clock.wall();
    if (emptied || now.value() - room.record().last_used.value() > used_step_ms) {
      room.used(now);
      save(room);
    }
    return Buffer();
  }

  void save(KeptRoom& room) {
    Batch batch = room.next_batch();
    if (batch.writes().empty()) {
      return;
    }
    env_.store.commit(std::move(batch), [this, id = room.id()](Result<void> result) {
      const auto found = rooms_.find(id);
      if (found == rooms_.end()) {
        return;
      }
      found->second.committed(result.has_value());
      if (!result) {
        env_.meter.count("v100_store_errors_total", "service=\"meeting\"", 1);
        return;  // tick() tries again
      }
      save(found->second);
    });
  }

  void expire() {
    const std::int64_t now = env_.clock.wall().value();
    for (auto it = rooms_.begin(); it != rooms_.end();) {
      KeptRoom& room = it->second;
      if (room.now().members > 0) {
        if (now - room.record().last_used.value() > used_step_ms) {
          room.used(env_.clock.wall());
          save(room);
        }
        ++it;
      } else if (now - room.record().last_used.value() > idle_ms && !room.in_flight() &&
                 forget(room.id())) {
        it = rooms_.erase(it);
        env_.meter.count("v100_rooms_expired_total", "", 1);
        gauge();
      } else {
        ++it;
      }
    }
  }

  // Erases what the store has of a room. False: it cannot be read now. A write that fails is tried
  // again by tick(): what has expired must not stay on the disk until the next start.
  bool forget(const std::string& id) {
    Batch batch;
    batch.erase(rooms_table, id);
    for (const std::string_view table : {statements_table, issuers_table}) {
      const auto records = env_.store.scan(table, id + "/", 2 * limits::room_statements);
      if (!records) {
        return false;
      }
      for (const Record& record : *records) {
        batch.erase(table, record.key);
      }
    }
    env_.store.commit(std::move(batch), [this, id](Result<void> result) {
      if (!result) {
        unerased_.insert(id);
        env_.meter.count("v100_store_errors_total", "service=\"meeting\"", 1);
      }
    });
    return true;
  }

  void gauge() { env_.meter.gauge("v100_rooms", "", static_cast<std::int64_t>(rooms_.size())); }

  Env env_;
  AddressBuckets makers_;
  AddressBuckets askers_;
  std::unordered_map<std::string, KeptRoom> rooms_;
  std::set<std::string> unerased_;  // expired; the store still has them
  Instant retry_at_;
  Instant expire_at_;
  bool loaded_ = false;
  bool draining_ = false;
};

}  // namespace

std::unique_ptr<Service> make_meeting(Env env) { return std::make_unique<Meeting>(env); }

}  // namespace v100::meeting
