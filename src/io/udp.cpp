#include "io/udp.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <netinet/udp.h>

#include "base/limits.h"
#include "io/return_paths.h"
#include "io/socket_address.h"

#if !defined(UDP_SEGMENT)
#define UDP_SEGMENT 103
#endif

namespace v100::io {
namespace {

constexpr std::size_t batch_messages = 64;
// One byte more than we take, so that a longer datagram shows.
constexpr std::size_t receive_bytes = limits::datagram_bytes + 1;
// Linux: UDP_MAX_SEGMENTS, and the largest UDP payload over IPv4.
constexpr std::size_t segments_max = 64;
constexpr std::size_t segmented_bytes_max = 65000;
// Room for about 100 ms of a busy call; the kernel caps it at net.core.*mem_max.
constexpr int socket_buffer_bytes = 4 * 1024 * 1024;
// Reads a turn may do before timers and other sockets get their chance.
constexpr int batches_per_turn = 8;

// Peers whose return path is kept: more than there can be connections.
constexpr std::size_t peers_max = 2 * limits::connections;

// Both clocks at one moment: the kernel stamps by the one, and we count by the other.
struct ClockPair {
  std::int64_t real_ns, monotonic_ns;
};

ClockPair read_clocks() noexcept {
  timespec real{}, monotonic{};
  clock_gettime(CLOCK_REALTIME, &real);
  clock_gettime(CLOCK_MONOTONIC, &monotonic);
  return {real.tv_sec * 1000000000LL + real.tv_nsec,
          monotonic.tv_sec * 1000000000LL + monotonic.tv_nsec};
}

// Senders estimate their bandwidth from the differences of arrival times: when we got round to
// reading would blur them. A stamp from the future or over a second old (the clock was set) is not
// believed.
Instant arrival(msghdr& header, const ClockPair& clocks) noexcept {
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
      timespec stamp{};
      std::memcpy(&stamp, CMSG_DATA(c), sizeof stamp);
      const std::int64_t age = clocks.real_ns - (stamp.tv_sec * 1000000000LL + stamp.tv_nsec);
      return Instant::from_ns(clocks.monotonic_ns - (age >= 0 && age < 1000000000 ? age : 0));
    }
  }
  return Instant::from_ns(clocks.monotonic_ns);
}

// Appends one control message.
template <class T>
void put_control(msghdr& header, int level, int type, const T& value) noexcept {
  auto* const at = reinterpret_cast<cmsghdr*>(static_cast<std::uint8_t*>(header.msg_control) +
                                              header.msg_controllen);
  at->cmsg_level = level;
  at->cmsg_type = type;
  at->cmsg_len = CMSG_LEN(sizeof value);
  std::memcpy(CMSG_DATA(at), &value, sizeof value);
  header.msg_controllen += CMSG_SPACE(sizeof value);
}

bool link_local(const ByteArray<16>& ip) noexcept {
  return ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80;
}

}  // namespace

struct UdpSocket::Rings {
  std::array<mmsghdr, batch_messages> in{};
  std::array<iovec, batch_messages> in_pieces{};
  std::array<sockaddr_storage, batch_messages> in_peers{};
  std::array<ByteArray<receive_bytes>, batch_messages> in_bytes;
  std::array<Datagram, batch_messages> in_batch{};
  struct alignas(cmsghdr) Stamp {
    std::uint8_t bytes[CMSG_SPACE(sizeof(timespec)) + CMSG_SPACE(sizeof(in6_pktinfo))];
  };
  std::array<Stamp, batch_messages> in_stamps{};

  struct alignas(cmsghdr) Control {
    std::uint8_t bytes[CMSG_SPACE(sizeof(std::uint16_t)) + CMSG_SPACE(sizeof(in6_pktinfo))];
  };
  std::array<mmsghdr, batch_messages> out{};
  std::array<sockaddr_storage, batch_messages> out_peers{};
  std::array<Control, batch_messages> out_control{};
  std::array<iovec, batch_messages * 8> out_pieces{};
  ReturnPaths paths{peers_max};
};

Result<std::unique_ptr<UdpSocket>> UdpSocket::open(Loop& loop, UdpOptions options,
                                                   Receive receive) {
  const BoundSocket bound = bind_socket(SOCK_DGRAM, options.bind, options.reuse_port);
  if (bound.fd < 0) {
    return errno == EADDRINUSE ? fail(Errc::conflict, "udp: the port is in use")
           : errno == EACCES   ? fail(Errc::forbidden, "udp: no permission for this port")
                               : fail(Errc::unavailable, "udp: the address cannot be bound");
  }
  auto self = std::unique_ptr<UdpSocket>(new UdpSocket(loop, Fd(bound.fd), std::move(receive)));
  self->v6_ = bound.v6;
  self->segments_ = options.segmentation;
  self->any_ = self->local_.ip == Address{}.ip || self->local_.ip_text() == "0.0.0.0";
  if (self->any_) {
    const int on = 1;
    setsockopt(bound.fd, bound.v6 ? IPPROTO_IPV6 : IPPROTO_IP,
               bound.v6 ? IPV6_RECVPKTINFO : IP_PKTINFO, &on, sizeof on);
  }
  return self;
}

UdpSocket::UdpSocket(Loop& loop, Fd fd, Receive receive)
    : loop_(loop), fd_(std::move(fd)), receive_(std::move(receive)), rings_(new Rings) {
  for (const int option : {SO_RCVBUF, SO_SNDBUF}) {
    setsockopt(fd_.get(), SOL_SOCKET, option, &socket_buffer_bytes, sizeof socket_buffer_bytes);
  }
  const int on = 1;
  setsockopt(fd_.get(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  local_ = local_address(fd_.get());
  watch_ = loop_.watch(fd_.get(), {.read = true}, [this](Readiness) { on_readable(); });
}

UdpSocket::~UdpSocket() { loop_.unwatch(watch_); }

void UdpSocket::on_readable() {
  Rings& r = *rings_;
  for (int round = 0; round < batches_per_turn; ++round) {
    for (std::size_t i = 0; i < batch_messages; ++i) {
      r.in_pieces[i] = {r.in_bytes[i].data(), receive_bytes};
      msghdr& header = r.in[i].msg_hdr;
      header = msghdr{};
      header.msg_name = &r.in_peers[i];
      header.msg_namelen = sizeof(sockaddr_storage);
      header.msg_iov = &r.in_pieces[i];
      header.msg_iovlen = 1;
      header.msg_control = r.in_stamps[i].bytes;
      header.msg_controllen = sizeof r.in_stamps[i].bytes;
    }
    const int got = recvmmsg(fd_.get(), r.in.data(), batch_messages, 0, nullptr);
    if (got <= 0) {
      return;  // empty, or the pending error of an earlier send, which is now read
    }
    std::size_t taken = 0;
    const ClockPair clocks = read_clocks();
    for (std::size_t i = 0; i < static_cast<std::size_t>(got); ++i) {
      const std::size_t size = r.in[i].msg_len;
      if (size > limits::datagram_bytes || (r.in[i].msg_hdr.msg_flags & MSG_TRUNC) != 0) {
        ++counters_.oversized;
        continue;
      }
      ++counters_.received;
      counters_.received_bytes += size;
      r.in_batch[taken] = {from_kernel(r.in_peers[i]), MutBytes(r.in_bytes[i]).first(size),
                           arrival(r.in[i].msg_hdr, clocks)};
      if (any_) {
        note_path(r.in_batch[taken].peer, r.in[i].msg_hdr);
      }
      ++taken;
    }
    receive_(loop_.now(), std::span(r.in_batch).first(taken));
    if (static_cast<std::size_t>(got) < batch_messages) {
      return;
    }
  }
}

void UdpSocket::note_path(const Address& peer, msghdr& header) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    ReturnPath path;
    if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(c), sizeof info);
      copy(path.ip, Bytes(info.ipi6_addr.s6_addr, 16));
      path.interface = link_local(path.ip) ? info.ipi6_ifindex : 0;
    } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      in_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(c), sizeof info);
      ByteArray<4> ip{};
      std::memcpy(ip.data(), &info.ipi_spec_dst, sizeof info.ipi_spec_dst);
      path.ip = Address::from_ipv4(ip, 0).ip;
    } else {
      continue;
    }
    rings_->paths.note(peer, path);
  }
}

void UdpSocket::control(const Address& peer, std::uint16_t segment, std::size_t message) {
  msghdr& header = rings_->out[message].msg_hdr;
  header.msg_control = &rings_->out_control[message];
  header.msg_controllen = 0;
  if (segment != 0) {
    put_control(header, IPPROTO_UDP, UDP_SEGMENT, segment);
  }
  const ReturnPath* const path = any_ ? rings_->paths.find(peer) : nullptr;
  if (path != nullptr && v6_) {
    in6_pktinfo info{};
    std::memcpy(info.ipi6_addr.s6_addr, path->ip.data(), path->ip.size());
    info.ipi6_ifindex = path->interface;
    put_control(header, IPPROTO_IPV6, IPV6_PKTINFO, info);
  } else if (path != nullptr) {
    in_pktinfo info{};
    std::memcpy(&info.ipi_spec_dst, path->ip.data() + 12, sizeof info.ipi_spec_dst);
    put_control(header, IPPROTO_IP, IP_PKTINFO, info);
  }
  if (header.msg_controllen == 0) {
    header.msg_control = nullptr;
  }
}

void UdpSocket::send(std::span<const Datagram> batch) {
  while (!batch.empty()) {
    batch = batch.subspan(send_some(batch));
  }
}

void UdpSocket::send_singly(std::span<const Datagram> batch, std::size_t message) {
  Rings& r = *rings_;
  msghdr& header = r.out[message].msg_hdr;  // is sent already, or given up
  iovec piece{};
  for (const Datagram& datagram : batch) {
    piece = {datagram.bytes.data(), datagram.bytes.size()};
    header.msg_name = &r.out_peers[message];
    header.msg_namelen = to_kernel(datagram.peer, v6_, r.out_peers[message]);
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    control(datagram.peer, 0, message);
    if (sendmsg(fd_.get(), &header, 0) < 0) {
      ++counters_.refused;
    } else {
      ++counters_.sent;
      counters_.sent_bytes += datagram.bytes.size();
    }
  }
}

// One message from the front of `batch`: a run to one peer of one size, of which the last may be
// shorter. Returns how many datagrams it took.
std::size_t UdpSocket::build_message(std::span<const Datagram> batch, std::size_t message,
                                     std::size_t& pieces) {
  Rings& r = *rings_;
  const Datagram& first = batch.front();
  msghdr& header = r.out[message].msg_hdr;
  header = msghdr{};
  header.msg_iov = &r.out_pieces[pieces];
  std::size_t run = 0;
  std::size_t bytes = 0;
  while (run < batch.size() && run < segments_max && pieces < r.out_pieces.size()) {
    const Datagram& next = batch[run];
    const bool joins = run == 0 || (segments_ && next.peer == first.peer && !next.bytes.empty() &&
                                    next.bytes.size() <= first.bytes.size() &&
                                    bytes + next.bytes.size() <= segmented_bytes_max);
    if (!joins) {
      break;
    }
    r.out_pieces[pieces++] = {next.bytes.data(), next.bytes.size()};
    bytes += next.bytes.size();
    ++run;
    if (next.bytes.size() < first.bytes.size()) {
      break;
    }
  }
  header.msg_name = &r.out_peers[message];
  header.msg_namelen = to_kernel(first.peer, v6_, r.out_peers[message]);
  header.msg_iovlen = run;
  control(first.peer, run > 1 ? static_cast<std::uint16_t>(first.bytes.size()) : std::uint16_t{0},
          message);
  return run;
}

// Builds and sends up to 64 messages; returns how many datagrams that dealt with.
std::size_t UdpSocket::send_some(std::span<const Datagram> batch) {
  Rings& r = *rings_;
  std::array<std::size_t, batch_messages> datagrams{};  // in each message
  std::size_t messages = 0;
  std::size_t pieces = 0;
  for (std::size_t at = 0;
       at < batch.size() && messages < batch_messages && pieces < r.out_pieces.size();) {
    datagrams[messages] = build_message(batch.subspan(at), messages, pieces);
    at += datagrams[messages++];
  }
  std::size_t done = 0;
  for (std::size_t message = 0; message < messages;) {
    const int sent =
        sendmmsg(fd_.get(), &r.out[message], static_cast<unsigned>(messages - message), 0);
    for (int i = 0; i < sent; ++i, ++message) {
      done += datagrams[message];
      counters_.sent += datagrams[message];
      counters_.sent_bytes += r.out[message].msg_len;
    }
    if (sent > 0 || errno == EINTR) {
      continue;
    }
    const std::size_t given_up = message;
    const std::size_t run = datagrams[message++];
    if (run > 1 && (errno == EIO || errno == EINVAL || errno == EMSGSIZE)) {
      // EIO: this device cannot checksum segments, never again. EINVAL: larger than this path's
      // MTU.
      segments_ = segments_ && errno != EIO;
      send_singly(batch.subspan(done, run), given_up);
    } else {
      counters_.refused += run;  // queue full, peer unreachable, ...: lost
    }
    done += run;
  }
  return done;
}

}  // namespace v100::io
