#include "net/http_server.h"

#include <array>
#include <ctime>

#include "base/limits.h"
#include "net/connection.h"

namespace v100::net {
namespace {

constexpr Duration sweep_every = Duration::milliseconds(500);
constexpr unsigned slot_bits = 20;
constexpr std::uint64_t slot_mask = (1u << slot_bits) - 1;
static_assert(limits::connections < slot_mask);

}  // namespace

Responder::~Responder() {
  if (server_ != nullptr) {
    answer(Response::text(503, "unavailable\n"));
  }
}

void Responder::answer(const AnswerView& answer) {
  CHECK(server_ != nullptr);
  std::exchange(server_, nullptr)->answer(exchange_, answer);
}

void Responder::answer(const Response& response) {
  CHECK(server_ != nullptr);
  std::exchange(server_, nullptr)->answer(exchange_, response);
}

Result<std::unique_ptr<HttpServer>> HttpServer::open(io::Loop& loop, ServerOptions options,
                                                     Site& site, Clock& clock, Log& log,
                                                     Meter& meter) {
  auto self = std::unique_ptr<HttpServer>(new HttpServer(loop, options, site, clock, log, meter));
  HttpServer* server = self.get();
  self->listener_ = TRY(io::Listener::open(
      loop, {.bind = options.bind, .reuse_port = options.reuse_port},
      [server](io::Fd fd, Address peer) { server->on_accept(std::move(fd), peer); }));
  self->sweep_ = loop.after(sweep_every, [server] { server->sweep(); });
  return self;
}

HttpServer::HttpServer(io::Loop& loop, ServerOptions options, Site& site, Clock& clock, Log& log,
                       Meter& meter)
    : loop_(loop),
      options_(options),
      site_(site),
      clock_(clock),
      log_(log),
      meter_(meter),
      label_("server=\"" + std::string(options.name) + "\"") {}

HttpServer::~HttpServer() { loop_.cancel(sweep_); }

void HttpServer::on_accept(io::Fd fd, const Address& peer) {
  if (open_ >= limits::connections) {
    meter_.count("v100_http_refused_total", R"(reason="connections")", 1);
    return;  // closed by its owner going away
  }
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  const ConnectionId id = (++last_serial_ << slot_bits) | slot;
  slots_[slot] = std::make_unique<Connection>(*this, id, std::move(fd), peer);
  ++open_;
  slots_[slot]->start();
}

Connection* HttpServer::find(ConnectionId id) const noexcept {
  const std::size_t slot = id & slot_mask;
  Connection* found = slot < slots_.size() ? slots_[slot].get() : nullptr;
  return found != nullptr && found->id() == id ? found : nullptr;
}

void HttpServer::answer(ExchangeId exchange, const AnswerView& answer) {
  if (Connection* connection = find(exchange.connection)) {
    connection->answer(exchange.number, answer);
  }
}

void HttpServer::answer(ExchangeId exchange, const Response& response) {
  answer(exchange, response.view(header_room_));
}

void HttpServer::send(ConnectionId socket, Bytes message, bool binary) {
  if (Connection* connection = find(socket)) {
    connection->send(message, binary);
  }
}

void HttpServer::close(ConnectionId socket, std::uint16_t code, std::string_view reason) {
  if (Connection* connection = find(socket)) {
    connection->close_socket(code, reason);
  }
}

// The connection is destroyed when no callback of its own can be running, and nobody looks at its
// requests any more.
void HttpServer::forget(ConnectionId id) {
  dead_.push_back(id);
  loop_.last(turn_end_);
}

void HttpServer::end_turn() {
  arena_.reset();
  for (const ConnectionId id : dead_) {
    const std::uint32_t slot = static_cast<std::uint32_t>(id & slot_mask);
    slots_[slot].reset();
    free_slots_.push_back(slot);
    --open_;
  }
  dead_.clear();
}

void HttpServer::tell(Meter& meter) {
  const auto add = [&meter](std::string_view name, std::string_view label, std::uint64_t now,
                            std::uint64_t before) {
    if (now != before) {
      meter.count(name, label, now - before);
    }
  };
  for (std::size_t status = 100; status < counters_.by_status.size(); ++status) {
    add("v100_http_requests_total", "code=\"" + std::to_string(status) + "\"",
        counters_.by_status[status], told_.by_status[status]);
  }
  std::uint64_t now = 0, before = 0;
  for (std::size_t i = 0; i < counters_.latency.size(); ++i) {
    now += counters_.latency[i];
    before += told_.latency[i];
    char label[40];
    if (i < HttpCounters::latency_us.size()) {
      std::snprintf(label, sizeof label, "le=\"%lld\"",
                    static_cast<long long>(HttpCounters::latency_us[i]));
    } else {
      std::snprintf(label, sizeof label, "le=\"+Inf\"");
    }
    meter.count("v100_http_request_microseconds_bucket", label, now - before);
  }
  add("v100_http_request_microseconds_count", "", now, before);
  add("v100_http_request_microseconds_sum", "", counters_.latency_sum_us, told_.latency_sum_us);
  add("v100_http_reads_total", label_, counters_.reads, told_.reads);
  add("v100_http_slow_clients_total", "while=\"sending\"", counters_.timed_out, told_.timed_out);
  add("v100_http_slow_clients_total", "while=\"reading\"", counters_.stalled, told_.stalled);
  told_ = counters_;
}

void HttpServer::drain() { draining_ = true; }

void HttpServer::close_all(std::uint16_t code, std::string_view reason) {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i] != nullptr) {
      slots_[i]->close(code, reason);
    }
  }
}

void HttpServer::sweep() {
  meter_.gauge("v100_http_connections", label_, static_cast<std::int64_t>(open_));
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i] != nullptr) {
      slots_[i]->check_time(loop_.now());
    }
  }
  sweep_ = loop_.after(sweep_every, [this] { sweep(); });
}

// RFC 9110 §5.6.7, made once a second.
std::string_view HttpServer::date_line() {
  if (date_turn_ == loop_.turns()) {
    return date_line_;
  }
  date_turn_ = loop_.turns();
  const std::int64_t now_s = clock_.wall().value() / 1000;
  if (now_s != date_s_) {
    static constexpr std::array<const char*, 7> days{"Sun", "Mon", "Tue", "Wed",
                                                     "Thu", "Fri", "Sat"};
    static constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    date_s_ = now_s;
    const std::time_t seconds = static_cast<std::time_t>(now_s);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    char text[48];
    std::snprintf(text, sizeof text, "Date: %s, %02d %s %d %02d:%02d:%02d GMT\r\n",
                  days[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                  months[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour,
                  utc.tm_min, utc.tm_sec);
    date_line_ = text;
  }
  return date_line_;
}

}  // namespace v100::net
