// DTLS for WebRTC (RFC 8827 §6.5, RFC 5764): one session interface, versions behind it. Today
// DTLS 1.2 by OpenSSL; DTLS 1.3 with a post-quantum group will be a second implementation.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/units.h"
#include "rtc/srtp.h"

namespace v100::rtc {

using Fingerprint = ByteArray<32>;  // SHA-256 over the DER certificate (RFC 8122 §5)

// No DTLS datagram we send is larger: it passes every path that carries IPv6 (1,280) with its
// headers.
inline constexpr std::size_t dtls_mtu_bytes = 1200;

struct DtlsInfo {
  std::uint16_t version = 0;  // on the wire: 0xfefd = 1.2, 0xfefc = 1.3
  const char* group = "";     // registered name: "x25519", "secp256r1", later "X25519MLKEM768"
  const char* cipher = "";    // IANA name
  SrtpProfile srtp = SrtpProfile::aead_aes_256_gcm;
};

// The certificate of one process (ECDSA P-256, self-signed: WebRTC trusts the SDP's fingerprint,
// not an authority) and what all sessions share. Made once by main; sessions borrow it.
class DtlsContext {
 public:
  // `wall` is the present, for the certificate's dates: valid from a day before for a year.
  static Result<std::unique_ptr<DtlsContext>> make(std::int64_t wall_seconds);
  ~DtlsContext();
  DtlsContext(const DtlsContext&) = delete;
  DtlsContext& operator=(const DtlsContext&) = delete;

  const Fingerprint& fingerprint() const noexcept;

  struct Shared;  // for the implementations
  Shared& shared() noexcept { return *shared_; }

 private:
  explicit DtlsContext(std::unique_ptr<Shared> shared) noexcept;
  std::unique_ptr<Shared> shared_;
};

enum class DtlsRole : std::uint8_t { passive, active };  // a=setup; active sends the ClientHello

enum class DtlsState : std::uint8_t { handshaking, connected, closed, failed };

// One handshake and what it leaves: SRTP keys. Single-threaded, no I/O; time comes in.
// Datagrams to send are appended to `out`, each at most dtls_mtu_bytes.
class DtlsSession {
 public:
  using Out = std::vector<Buffer>;

  virtual ~DtlsSession() = default;

  // Once, before anything else: the active side sends its first flight.
  virtual void start(Instant now, Out& out) = 0;
  // One datagram from the peer. Garbage is ignored, as RFC 6347 §4.1.2.7 asks.
  virtual void on_datagram(Instant now, Bytes datagram, Out& out) = 0;
  // When on_timer is due to repeat a flight; a far-away Instant when nothing is.
  virtual Instant deadline() const noexcept = 0;
  virtual void on_timer(Instant now, Out& out) = 0;
  // Sends close_notify when connected.
  virtual void close(Out& out) = 0;

  // connected implies: the peer's certificate has the fingerprint given at the start.
  virtual DtlsState state() const noexcept = 0;
  virtual Error error() const noexcept = 0;    // when failed
  virtual DtlsInfo info() const noexcept = 0;  // when connected
  // When connected, RFC 5764 §4.2: client key | server key | client salt | server salt, with the
  // sizes of info().srtp. `out` is exactly as long (CHECK).
  virtual void export_srtp(MutBytes out) const noexcept = 0;
};

// Never fails: memory aside, nothing can. Every session of this build is DTLS 1.2.
std::unique_ptr<DtlsSession> make_dtls_session(DtlsContext& context, DtlsRole role,
                                               const Fingerprint& peer);

inline constexpr Instant never = Instant::from_ns(INT64_MAX);

}  // namespace v100::rtc
