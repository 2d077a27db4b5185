// One UDP socket of a shard, IPv4 and IPv6 together: batches in by recvmmsg, batches out by
// sendmmsg, runs of equal packets to one peer by segmentation offload (UDP_SEGMENT).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "base/address.h"
#include "base/bytes.h"
#include "base/result.h"
#include "io/fd.h"
#include "io/loop.h"

struct msghdr;

namespace v100::io {

struct UdpOptions {
  Address bind;              // ip :: takes both families; port 0 lets the kernel choose
  bool reuse_port = false;   // several shards on one port
  bool segmentation = true;  // UDP_SEGMENT where the kernel has it; off to measure without
};

struct UdpCounters {
  std::uint64_t received = 0, received_bytes = 0;
  std::uint64_t sent = 0, sent_bytes = 0;
  std::uint64_t oversized = 0;  // received, over limits::datagram_bytes: dropped
  std::uint64_t refused = 0;    // not taken by the kernel: dropped
};

class UdpSocket final {
 public:
  // Called from the loop with up to 64 datagrams, whose bytes live until it returns.
  using Receive = std::move_only_function<void(Instant now, std::span<Datagram> batch)>;

  // Errors: conflict (the port is taken), forbidden, unavailable.
  static Result<std::unique_ptr<UdpSocket>> open(Loop& loop, UdpOptions options, Receive receive);
  ~UdpSocket();

  Address local() const noexcept { return local_; }
  // All of them, in order. What the kernel refuses is dropped and counted, as a network would do
  // it.
  void send(std::span<const Datagram> batch);
  const UdpCounters& counters() const noexcept { return counters_; }
  bool segments() const noexcept { return segments_; }  // whether offload is (still) in use

 private:
  struct Rings;  // the message headers and buffers of both directions
  UdpSocket(Loop& loop, Fd fd, Receive receive);
  void on_readable();
  void note_path(const Address& peer, msghdr& header);
  // Writes what is to be said with a message: its source, and the size of its segments (0: one).
  void control(const Address& peer, std::uint16_t segment, std::size_t message);
  std::size_t build_message(std::span<const Datagram> batch, std::size_t message,
                            std::size_t& pieces);
  std::size_t send_some(std::span<const Datagram> batch);
  void send_singly(std::span<const Datagram> batch, std::size_t message);

  Loop& loop_;
  Fd fd_;
  Receive receive_;
  Loop::WatchId watch_;
  Address local_;
  bool v6_ = true;
  bool segments_ = true;
  bool any_ = false;  // bound to all addresses: where an answer leaves is ours to say
  std::unique_ptr<Rings> rings_;
  UdpCounters counters_;
};

}  // namespace v100::io
