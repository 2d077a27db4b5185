// `v100 load call`: a room of synthetic participants, and what forwarding their media costs the
// server's thread.
#include <algorithm>
#include <ctime>
#include <fmt/core.h>
#include <pthread.h>
#include <sched.h>
#include <thread>

#include "io/loop.h"
#include "io/world.h"
#include "main/cli.h"
#include "main/load.h"
#include "main/load_participant.h"
#include "main/load_server.h"

namespace v100::load {
namespace {

constexpr Duration tick_interval = Duration::milliseconds(2);
constexpr Duration connect_within = Duration::seconds(20);
constexpr Duration warm_up = Duration::milliseconds(1000);  // keyframes asked for, layers chosen
constexpr Duration drain = Duration::milliseconds(300);     // what is under way arrives

struct Options {
  bool self = false;
  bool json = false;
  bool no_segmentation = false;
  std::size_t participants = 10;
  std::size_t publishers = 4;
  double seconds = 10;
  double limit_us = 0;  // 0: no limit
  MediaPlan plan;
};

std::int64_t cpu_ns() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

struct Figures {
  double seconds = 0;
  std::uint64_t uplink = 0;
  std::uint64_t forwarded = 0;  // received by participants, or lost on the way to them
  double server_us = 0;         // of CPU, in all
  double generator_us = 0;
  double per_packet_us() const noexcept {
    return forwarded == 0 ? 0 : server_us / static_cast<double>(forwarded);
  }
};

class Call {
 public:
  explicit Call(const Options& options) : options_(options) {}

  Result<void> set_up();
  Figures measure();
  void print(const Figures& figures) const;
  const ReceiveTotals& totals() const noexcept { return totals_; }

 private:
  Result<void> join(std::size_t index);
  void run_until(Instant end);
  std::uint64_t sent() const noexcept;
  void progress(int second);

  const Options& options_;
  io::Loop loop_;
  io::SystemClock clock_;
  io::SystemRandom random_;
  std::unique_ptr<rtc::DtlsContext> dtls_;
  std::unique_ptr<LoadServer> server_;
  ReceiveTotals totals_;
  std::vector<std::unique_ptr<Participant>> participants_;
  ServerSample last_;
};

Result<void> Call::set_up() {
  const bool two_cores = std::thread::hardware_concurrency() > 1;
  server_ = TRY(
      LoadServer::start({.core = two_cores ? 0 : -1, .segmentation = !options_.no_segmentation}));
  if (two_cores) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(1, &set);
    pthread_setaffinity_np(pthread_self(), sizeof set, &set);
  }
  dtls_ = TRY(rtc::DtlsContext::make(clock_.wall().value() / 1000));
  for (std::size_t i = 0; i < options_.participants; ++i) {
    TRY(join(i));
  }
  const Instant end = clock_.now() + connect_within;
  const auto all_connected = [this] {
    return std::all_of(participants_.begin(), participants_.end(),
                       [](const auto& p) { return p->connected(); });
  };
  while (!all_connected()) {
    if (clock_.now() > end) {
      return fail(Errc::timed_out, "load: not all participants connected");
    }
    run_until(clock_.now() + tick_interval);
  }
  return {};
}

Result<void> Call::join(std::size_t index) {
  participants_.push_back(TRY(Participant::open({index, options_.publishers}, options_.plan, loop_,
                                                *dtls_, random_, totals_)));
  const std::string answer = TRY(server_->offer(participants_.back()->offer()));
  return participants_.back()->accept(answer, clock_.now());
}

void Call::run_until(Instant end) {
  for (Instant now = clock_.now(); now < end; now = clock_.now()) {
    for (const auto& participant : participants_) {
      participant->tick(now);
    }
    loop_.turn(std::min(tick_interval, end - now));
  }
}

std::uint64_t Call::sent() const noexcept {
  std::uint64_t packets = 0;
  for (const auto& participant : participants_) {
    packets += participant->packets_sent();
  }
  return packets;
}

void Call::progress(int second) {
  const ServerSample now = server_->sample();
  const std::uint64_t out = now.udp.sent - last_.udp.sent;
  const double us = static_cast<double>(now.cpu_ns - last_.cpu_ns) / 1000;
  fmt::print(stderr, "{:4} s  {:>8} packets/s out  {:6.2f} us each  p50 {:.0f} us  p99 {:.0f} us\n",
             second, out, out == 0 ? 0 : us / static_cast<double>(out),
             totals_.latency.quantile_us(0.5), totals_.latency.quantile_us(0.99));
  last_ = now;
}

Figures Call::measure() {
  for (const auto& participant : participants_) {
    participant->send_media(true);
  }
  run_until(clock_.now() + warm_up);
  totals_ = {};
  for (const auto& participant : participants_) {
    participant->start_counting();
  }
  const ServerSample start = server_->sample();
  const std::int64_t own_start = cpu_ns();
  const std::uint64_t sent_start = sent();
  const Instant begin = clock_.now();
  last_ = start;
  const Instant end =
      begin + Duration::nanoseconds(static_cast<std::int64_t>(options_.seconds * 1e9));
  for (int second = 1; clock_.now() < end; ++second) {
    run_until(std::min(end, begin + Duration::seconds(second)));
    progress(second);
  }
  Figures figures;
  figures.seconds = static_cast<double>((clock_.now() - begin).ns()) / 1e9;
  figures.uplink = sent() - sent_start;
  for (const auto& participant : participants_) {
    participant->send_media(false);
  }
  run_until(clock_.now() + drain);
  const ServerSample stop = server_->sample();
  for (const auto& participant : participants_) {
    participant->add_losses(totals_);
  }
  figures.forwarded = totals_.packets + totals_.lost;
  figures.server_us = static_cast<double>(stop.cpu_ns - start.cpu_ns) / 1000;
  figures.generator_us = static_cast<double>(cpu_ns() - own_start) / 1000;
  last_ = stop;
  return figures;
}

void Call::print(const Figures& f) const {
  const double percent = 100 / (f.seconds * 1e6);
  if (!options_.json) {
    fmt::print(
        "{} participants, {} publishing, {} B packets, {} ({}, DTLS {})\n"
        "{:.0f} packets/s forwarded, {:.2f} us of server CPU each ({:.0f} % of one core)\n"
        "latency p50 {:.0f} us, p99 {:.0f} us; {} lost of {}\n",
        options_.participants, options_.publishers, options_.plan.packet_bytes,
        rtc::name(participants_[0]->profile()), last_.dtls_group,
        last_.dtls_version == 0xfefd ? "1.2" : "1.3", static_cast<double>(f.forwarded) / f.seconds,
        f.per_packet_us(), f.server_us * percent, totals_.latency.quantile_us(0.5),
        totals_.latency.quantile_us(0.99), totals_.lost, f.forwarded);
    return;
  }
  fmt::print(
      "{{\"participants\":{},\"publishers\":{},\"seconds\":{:.2f},\"packet_bytes\":{},"
      "\"uplink_packets\":{},\"forwarded_packets\":{},\"packets_per_s\":{:.0f},"
      "\"us_per_packet\":{:.3f},\"server_cpu_percent\":{:.1f},\"generator_cpu_percent\":{:.1f},"
      "\"latency_us_p50\":{:.0f},\"latency_us_p99\":{:.0f},\"lost\":{},\"unreadable\":{},"
      "\"segmentation\":{},\"srtp\":\"{}\",\"dtls\":\"{}\",\"group\":\"{}\"}}\n",
      options_.participants, options_.publishers, f.seconds, options_.plan.packet_bytes, f.uplink,
      f.forwarded, static_cast<double>(f.forwarded) / f.seconds, f.per_packet_us(),
      f.server_us * percent, f.generator_us * percent, totals_.latency.quantile_us(0.5),
      totals_.latency.quantile_us(0.99), totals_.lost, totals_.foreign, !options_.no_segmentation,
      rtc::name(participants_[0]->profile()), last_.dtls_version == 0xfefd ? "1.2" : "1.3",
      last_.dtls_group);
}

int run(const Options& options) {
  Call call(options);
  if (const Result<void> ready = call.set_up(); !ready) {
    fmt::print(stderr, "v100 load call: {}\n", ready.error().what);
    return 2;
  }
  const Figures figures = call.measure();
  call.print(figures);
  if (figures.forwarded == 0) {
    fmt::print(stderr, "v100 load call: nothing was forwarded\n");
    return 1;
  }
  if (options.limit_us > 0 && figures.per_packet_us() > options.limit_us) {
    fmt::print(stderr, "v100 load call: {:.2f} us a packet is over the limit of {:.2f}\n",
               figures.per_packet_us(), options.limit_us);
    return 1;
  }
  return 0;
}

}  // namespace

int run_load_call(int argc, char** argv) {
  Options options;
  CommandLine line("A room of synthetic participants; what forwarding costs the server's thread.",
                   "v100 load call");
  line.flag("--self", options.self, "run the server in this process, on another core").required();
  line.option("--participants", options.participants, "in the room; all receive")
      .range(2, 200)
      .show_default();
  line.option("--publishers", options.publishers, "how many of them send audio and video")
      .range(1, 200)
      .show_default();
  line.option("--seconds", options.seconds, "measured, after a second of warming up")
      .between(0.1, 86400.0)
      .show_default();
  line.option("--bitrate", options.plan.video_bits_per_second, "of each video, bits per second")
      .range(10'000, 1'000'000'000)
      .show_default();
  line.option("--packet-bytes", options.plan.packet_bytes, "of a video packet on the wire")
      .range(100, 1400)
      .show_default();
  bool no_audio = false;
  line.flag("--no-audio", no_audio, "video only");
  line.flag("--no-segmentation", options.no_segmentation,
            "send packet by packet even where the kernel could take runs (UDP_SEGMENT)");
  line.option("--limit-us", options.limit_us, "exit 1 if a forwarded packet costs more CPU");
  line.flag("--json", options.json, "end with one JSON object");
  if (const auto ended = line.parse(argc, argv)) {
    return *ended;
  }
  options.plan.audio = !no_audio;
  options.publishers = std::min(options.publishers, options.participants);
  return run(options);
}

}  // namespace v100::load
