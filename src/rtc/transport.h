// Transport: one peer connection's encrypted path. ICE (RFC 8445; lite on the server), DTLS
// (RFC 6347, 5764) and SRTP (RFC 3711, 7714) behind one door; datagrams and time go in, datagrams
// and events come out. It never reads a clock or a socket.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/result.h"
#include "base/units.h"
#include "base/world.h"
#include "rtc/dtls.h"
#include "rtc/ice.h"
#include "rtc/outbox.h"
#include "rtc/srtp.h"

namespace v100::rtc {

// What a transport tells its owner. `path` comes first: the address that passed ICE; bind it in the
// Mux. It comes again with each later check from there (every few seconds), so that a Mux entry
// that somebody with a forged source address took away comes back. `connected` comes once; from
// then on protect_rtp/protect_rtcp work.
struct TransportEvent {
  enum class Kind : std::uint8_t { path, connected, failed, closed };
  Kind kind;
  Address address{};  // path
  DtlsInfo dtls{};    // connected: version, group, SRTP profile
  Error error{Errc::unavailable,
              "not an error"};  // failed: timed_out (ICE or consent),
                                // unauthenticated (fingerprint), malformed (DTLS)
};

struct TransportOut {
  Outbox& datagrams;
  std::vector<TransportEvent>& events;  // appended; the owner clears it
};

// What one datagram carried for the layer above. STUN and DTLS are answered inside: `nothing`.
struct Received {
  enum class Kind : std::uint8_t { nothing, rtp, rtcp };
  Kind kind = Kind::nothing;
  MutBytes packet{};  // plaintext, decrypted in place: lies in the datagram that was passed in
};

struct TransportStats {
  std::uint64_t stun_answered = 0;
  std::uint64_t stun_refused = 0;  // malformed, wrong user name or bad MESSAGE-INTEGRITY
  std::uint64_t dtls_datagrams = 0;
  std::uint64_t dtls_unsent = 0;  // the outbox was full
  std::uint64_t rtp_in = 0;
  std::uint64_t rtcp_in = 0;
  std::uint64_t rtp_out = 0;
  std::uint64_t rtcp_out = 0;
  std::uint64_t srtp_replayed = 0;
  std::uint64_t srtp_unauthenticated = 0;  // bad tag
  std::uint64_t srtp_malformed = 0;        // too short, or more SSRCs than the limit
  std::uint64_t srtp_early = 0;            // arrived before the keys
  std::uint64_t unknown = 0;               // neither STUN, DTLS nor SRTP
};

// `server`: ICE-lite (controlled), DTLS passive. `client`: sends checks to one server address and
// nominates it, DTLS active (used by `v100 load` and tests).
enum class TransportSide : std::uint8_t { server, client };

struct TransportConfig {
  TransportSide side = TransportSide::server;
  IceCredentials local;
  IceCredentials remote;
  Fingerprint remote_fingerprint{};       // SHA-256 of the peer's certificate, from its SDP
  std::optional<Address> remote_address;  // client only: where the server listens
};

// Owned by the sfu service (or the load generator), one per peer connection, used by one thread.
// Holds a few KiB and the SRTP keys (wiped when it dies). References outlive it.
class Transport {
 public:
  Transport(TransportConfig config, DtlsContext& dtls, Random& random, Instant now);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // One datagram from the network. Answers go to `out`. Never fails: bad input is counted and
  // dropped.
  Received on_datagram(Instant now, const Address& from, MutBytes datagram, TransportOut& out);

  // When on_timer wants to be called next (DTLS retransmission, ICE checks, consent).
  Instant next_deadline() const noexcept;
  void on_timer(Instant now, TransportOut& out);

  // Encrypts in place. `buffer` holds the plaintext packet in its first `bytes` and at least
  // srtp_rtp_overhead / srtp_rtcp_overhead bytes behind it; returns the size on the wire.
  // Errors: unavailable (not connected), malformed, too_large (no room, too many SSRCs), conflict
  // (this SSRC has already sent this sequence number: sending it again under one key would break
  // AES-GCM; retransmit by RTX).
  Result<std::size_t> protect_rtp(MutBytes buffer, std::size_t bytes) noexcept;
  Result<std::size_t> protect_rtcp(MutBytes buffer, std::size_t bytes) noexcept;

  // ICE restart (RFC 8445 §9): new credentials at once; DTLS, SRTP and the path stay until the new
  // credentials nominate one.
  void restart(IceCredentials local, IceCredentials remote, Instant now);

  // Sends close_notify. The owner drops the transport afterwards.
  void close(TransportOut& out);

  bool connected() const noexcept;
  // The peer's address: where media goes. Empty until ICE has passed.
  const std::optional<Address>& path() const noexcept;
  const IceCredentials& local_credentials() const noexcept;
  const TransportStats& stats() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace v100::rtc
