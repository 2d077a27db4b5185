// `v100 load http`: signed requests in every lane against a server of its own, on another core.
#include <algorithm>
#include <ctime>
#include <fmt/core.h>
#include <pthread.h>
#include <sched.h>
#include <string>
#include <sys/resource.h>
#include <thread>

#include "base/text.h"
#include "crypto/hybrid/xwing_native.h"
#include "io/world.h"
#include "main/cli.h"
#include "main/load.h"
#include "main/load_http_client.h"
#include "main/load_http_requests.h"
#include "main/load_http_server.h"

namespace v100::load {
namespace {

// More than the server can take, so that the time is filled; each is about 4.7 KB.
struct LaneInfo {
  const char* name;
  auth::Lane lane;
  double requests_per_s;
};
constexpr LaneInfo lane_infos[] = {
    {"unsigned", auth::Lane::unsigned_, 0},
    {"header", auth::Lane::header, 190'000},
    {"fast", auth::Lane::fast, 330'000},
    {"session", auth::Lane::session, 550'000},
};

struct Options {
  bool self = false, json = false, no_attest = false, wait = false, tls = false;
  std::string lane = "fast", method = "POST";
  int pipeline = 16, connections = 32, keys = 1000, body = 1024;
  double seconds = 2, rate = 0;
  std::uint64_t requests = 0;
};

std::int64_t cpu_ns(int who) {
  rusage usage{};
  getrusage(who, &usage);
  const auto ns = [](const timeval& t) { return t.tv_sec * 1'000'000'000 + t.tv_usec * 1000; };
  return ns(usage.ru_utime) + ns(usage.ru_stime);
}

class HttpLoad {
 public:
  explicit HttpLoad(const Options& options) : options_(options) {}
  Result<void> set_up();
  Result<void> measure();
  void print() const;
  const DriveTotals& totals() const noexcept { return totals_; }

 private:
  struct Sample {
    HttpServerSample server;
    std::int64_t server_cpu_ns = 0, own_cpu_ns = 0;
  };
  Sample sample();
  void sign_all(std::size_t each);
  Result<void> open_sessions();
  Result<void> open_session(const auth::Signer& client);
  void progress(int second);

  const Options& options_;
  LaneInfo lane_ = lane_infos[0];
  io::SystemRandom random_;
  std::vector<auth::Signer> clients_;
  std::vector<std::uint64_t> sequences_;
  std::unique_ptr<LoadHttpServer> server_;
  RequestShape shape_;
  std::vector<RequestRun> runs_;
  std::vector<auth::ClientSession> sessions_;
  double signing_s_ = 0;
  std::uint64_t made_ = 0;
  Sample before_, after_, last_;
  DriveTotals totals_;
};

double monotonic_s() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

Result<void> HttpLoad::set_up() {
  lane_ =
      *std::ranges::find_if(lane_infos, [&](const LaneInfo& l) { return options_.lane == l.name; });
  const bool is_signed = lane_.lane != auth::Lane::unsigned_;
  clients_ = make_clients(is_signed ? static_cast<std::size_t>(options_.keys) : 1, random_);
  sequences_.assign(clients_.size(), 0);
  const bool two_cores = std::thread::hardware_concurrency() > 1;
  server_ = TRY(LoadHttpServer::start(
      {.core = two_cores ? 0 : -1, .tls = options_.tls, .attest = !options_.no_attest}, clients_));
  shape_ = {.lane = lane_.lane,
            .authority = server_->address().text(),
            .scheme = options_.tls ? "https" : "http",
            .method = options_.method,
            .target = "/v1/echo",
            .body_bytes = static_cast<std::size_t>(options_.method == "GET" ? 0 : options_.body),
            .created_s = server_->first_created_s(),
            .wait = options_.wait};
  if (lane_.lane == auth::Lane::session) {
    TRY(open_sessions());
  }
  const auto connections = static_cast<std::size_t>(options_.connections);
  const double rate = options_.rate > 0 ? options_.rate * 1.05 : lane_.requests_per_s;
  const double wanted = options_.requests > 0 ? static_cast<double>(options_.requests)
                                              : rate * (options_.seconds + 0.5);
  const std::size_t each =
      is_signed ? static_cast<std::size_t>(wanted / static_cast<double>(connections)) + 1
                : std::max<std::size_t>(64, static_cast<std::size_t>(options_.pipeline));
  const double start = monotonic_s();
  sign_all(each);
  signing_s_ = monotonic_s() - start;
  // Nothing may be created in the future.
  while (std::time(nullptr) < shape_.created_s) {
    const timespec nap{.tv_sec = 0, .tv_nsec = 100'000'000};
    nanosleep(&nap, nullptr);
  }
  return {};
}

// A client's requests all go over one connection, in order: its sequence numbers come in order.
void HttpLoad::sign_all(std::size_t each) {
  const auto connections = static_cast<std::size_t>(options_.connections);
  runs_.resize(connections);
  const Signing signing{clients_, sequences_, sessions_};
  const auto make = [&](std::size_t from, std::size_t step) {
    io::SystemRandom random;
    for (std::size_t i = from; i < connections; i += step) {
      runs_[i] = make_ahead(shape_, signing, i % clients_.size(), connections, each, random);
    }
  };
  const bool shared_keys = clients_.size() < connections;  // sequences must not be drawn twice
  if (!shared_keys && std::thread::hardware_concurrency() > 1) {
    std::thread other([&] { make(1, 2); });
    make(0, 2);
    other.join();
  } else {
    make(0, 1);
  }
  for (const RequestRun& run : runs_) {
    made_ += run.sizes.size();
  }
}

Result<void> HttpLoad::open_sessions() {
  while (std::time(nullptr) < shape_.created_s) {
    const timespec nap{.tv_sec = 0, .tv_nsec = 100'000'000};
    nanosleep(&nap, nullptr);
  }
  for (const auth::Signer& client : clients_) {
    TRY(open_session(client));
  }
  return {};
}

Result<void> HttpLoad::open_session(const auth::Signer& client) {
  const xwing::PublicKey kem = TRY(xwing::PublicKey::parse(server_->kem_key()));
  sessions_.push_back(auth::ClientSession::begin(kem, random_));
  RequestShape shape = shape_;
  shape.method = "POST";
  shape.target = "/v1/sessions";
  int status = 0;
  const std::string answer = TRY(
      exchange_once(server_->address(),
                    signed_post(shape, client, sessions_.back().ciphertext(), random_), status));
  constexpr std::string_view key = "\"session\":\"";
  const std::size_t at = answer.find(key);
  if (status != 201 || at == answer.npos) {
    fmt::print(stderr, "v100 load http: {} {}\n", status, answer);
    return fail(Errc::unavailable, "load: no session was opened");
  }
  const std::string_view rest = std::string_view(answer).substr(at + key.size());
  const Buffer bytes = TRY(from_base64url(rest.substr(0, rest.find('"'))));
  auth::SessionId id;
  copy(id, bytes);
  sessions_.back().opened(id, client.id(), {});
  return {};
}

HttpLoad::Sample HttpLoad::sample() {
  Sample out;
  out.server = server_->sample();
  out.own_cpu_ns = cpu_ns(RUSAGE_THREAD);
  out.server_cpu_ns = cpu_ns(RUSAGE_SELF) - out.own_cpu_ns;
  return out;
}

void HttpLoad::progress(int second) {
  const Sample now = sample();
  if (second == 0) {
    before_ = now;
  } else {
    const double done = static_cast<double>(now.server.front.handled - last_.server.front.handled);
    const double cpu_s = static_cast<double>(now.server_cpu_ns - last_.server_cpu_ns) / 1e9;
    fmt::print(stderr, "{:4} s  {:>9.0f} requests  {:.2f} s of server CPU  {:.2f} us each\n",
               second, done, cpu_s, done > 0 ? cpu_s * 1e6 / done : 0);
  }
  last_ = now;
}

Result<void> HttpLoad::measure() {
  if (std::thread::hardware_concurrency() > 1) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(1, &set);
    pthread_setaffinity_np(pthread_self(), sizeof set, &set);
  }
  Driver driver(server_->address(), std::move(runs_),
                {.pipeline = static_cast<std::size_t>(options_.pipeline),
                 .rate = options_.rate,
                 .warm_up_ns = 300'000'000,
                 .measure_ns = static_cast<std::int64_t>(options_.seconds * 1e9),
                 .repeat = lane_.lane == auth::Lane::unsigned_});
  TRY(driver.connect());
  totals_ = TRY(driver.run([this](int second) { progress(second); }));
  after_ = sample();
  return {};
}

void HttpLoad::print() const {
  const double cpu_s = static_cast<double>(after_.server_cpu_ns - before_.server_cpu_ns) / 1e9;
  const double own_s = static_cast<double>(after_.own_cpu_ns - before_.own_cpu_ns) / 1e9;
  const double answers = static_cast<double>(totals_.answers);
  const auto& gate = after_.server.gate;
  const auto& gate0 = before_.server.gate;
  const double batches = static_cast<double>(gate.batches - gate0.batches);
  const double batched = static_cast<double>(gate.batched - gate0.batched);
  std::string refused;
  for (const auto& [reason, count] : totals_.refused) {
    refused += fmt::format("{}\"{}\":{}", refused.empty() ? "" : ",", reason, count);
  }
  const double reads = static_cast<double>(after_.server.reads - before_.server.reads);
  const double requests = static_cast<double>(after_.server.requests - before_.server.requests);
  if (!options_.json) {
    fmt::print(
        "{} lane, {} connections x {} pipelined, {} keys, {} B bodies, attested: {}\n"
        "{:.0f} requests/s; {:.0f} per server CPU-second ({:.2f} us each, {:.0f} % of a core)\n"
        "latency p50 {:.0f} us, p99 {:.0f} us, p99.9 {:.0f} us{}\n"
        "verified in batches of {:.1f} (at most {}); refused: {}\n",
        options_.lane, options_.connections, options_.pipeline, options_.keys, options_.body,
        options_.no_attest ? "no" : "yes", answers / totals_.seconds, answers / cpu_s,
        cpu_s * 1e6 / answers, cpu_s * 100 / totals_.seconds, totals_.latency.quantile_us(0.5),
        totals_.latency.quantile_us(0.99), totals_.latency.quantile_us(0.999),
        totals_.ran_out ? " (the requests made ahead ran out)" : "",
        batches > 0 ? batched / batches : 0, gate.batch_max, refused.empty() ? "none" : refused);
    return;
  }
  fmt::print(
      "{{\"lane\":\"{}\",\"pipeline\":{},\"connections\":{},\"keys\":{},\"body_bytes\":{},"
      "\"tls\":{},\"attest\":{},\"wait\":{},\"rate\":{:.0f},\"seconds\":{:.3f},\"requests\":{},"
      "\"requests_per_s\":{:.0f},\"requests_per_server_cpu_s\":{:.0f},\"server_us\":{:.3f},"
      "\"server_cpu_percent\":{:.1f},\"generator_cpu_percent\":{:.1f},\"latency_us_p50\":{:.0f},"
      "\"latency_us_p99\":{:.0f},\"latency_us_p999\":{:.0f},\"late\":{},\"ran_out\":{},"
      "\"refused\":{{{}}},\"batch_mean\":{:.2f},\"batch_max\":{},\"requests_per_read\":{:.2f},"
      "\"attested\":{},\"resident_mib\":{},\"made_ahead\":{},\"signing_s\":{:.1f}}}\n",
      options_.lane, options_.pipeline, options_.connections, options_.keys, shape_.body_bytes,
      options_.tls, !options_.no_attest, options_.wait, options_.rate, totals_.seconds,
      totals_.answers, answers / totals_.seconds, answers / cpu_s, cpu_s * 1e6 / answers,
      cpu_s * 100 / totals_.seconds, own_s * 100 / totals_.seconds,
      totals_.latency.quantile_us(0.5), totals_.latency.quantile_us(0.99),
      totals_.latency.quantile_us(0.999), totals_.late, totals_.ran_out, refused,
      batches > 0 ? batched / batches : 0, gate.batch_max, reads > 0 ? requests / reads : 0,
      after_.server.front.attested - before_.server.front.attested,
      after_.server.resident_bytes >> 20, made_, signing_s_);
}

int run(const Options& options) {
  HttpLoad load(options);
  if (const Result<void> ready = load.set_up(); !ready) {
    fmt::print(stderr, "v100 load http: {}\n", ready.error().what);
    return 2;
  }
  if (const Result<void> measured = load.measure(); !measured) {
    fmt::print(stderr, "v100 load http: {}\n", measured.error().what);
    return 2;
  }
  load.print();
  return load.totals().answers > 0 ? 0 : 1;
}

}  // namespace

int run_load_http(int argc, char** argv) {
  Options options;
  CommandLine line("Signed requests against a gateway, and what each costs the server.",
                   "v100 load http");
  line.flag("--self", options.self, "run the server in this process, on another core").required();
  line.option("--lane", options.lane, "how requests are signed")
      .one_of({"header", "fast", "session", "unsigned"})
      .show_default();
  line.option("--method", options.method, "GET has no body").one_of({"GET", "POST"}).show_default();
  line.option("--pipeline", options.pipeline, "requests on the way on each connection")
      .range(1, 64)
      .show_default();
  line.option("--connections", options.connections, "of the generator")
      .range(1, 10'000)
      .show_default();
  line.option("--keys", options.keys, "clients, each with a key of its own")
      .range(1, 20'000)
      .show_default();
  line.option("--seconds", options.seconds, "measured, after 0.3 s of warming up")
      .between(0.1, 86400)
      .show_default();
  line.option("--rate", options.rate,
              "open loop: requests a second, sent when they are due; 0: closed loop")
      .show_default();
  line.option("--requests", options.requests, "made ahead (as many as the time may take)");
  line.option("--body", options.body, "bytes of each body").range(0, 1'000'000).show_default();
  line.flag("--wait", options.wait, "ask for answers that are in the log already");
  line.flag("--no-attest", options.no_attest, "without attestation, to see what it costs");
  line.flag("--json", options.json, "end with one JSON object");
  if (const std::optional<int> code = line.parse(argc, argv)) {
    return *code;
  }
  return run(options);
}

}  // namespace v100::load
