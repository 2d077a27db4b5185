// ICE (RFC 8445) with one component and one pair: the lite agent of the server, and the controlling
// agent of the load generator and the tests. Consent freshness by RFC 7675.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/address.h"
#include "base/bytes.h"
#include "base/units.h"
#include "base/world.h"
#include "crypto/aead/aead.h"
#include "rtc/outbox.h"
#include "wire/stun.h"

namespace v100::rtc {

// RFC 8839 §5.4: ice-char only; ufrag 4..256, pwd 22..256 characters. The SDP reader checks that.
struct IceCredentials {
  std::string ufrag;
  std::string pwd;

  // 8-character fragment, 24-character password (144 bits), as browsers take them.
  static IceCredentials make(Random& random);
};

// RFC 7675 §5.1: without an authenticated check for 30 s we may not send any longer.
inline constexpr Duration consent_expiry = Duration::seconds(30);

enum class IceRole : std::uint8_t {
  lite,        // answers checks; takes the address that the peer nominates
  controlling  // checks one known address, nominating it, and keeps consent fresh
};

// One per transport; no I/O. The path is the peer's address that media goes to. It is the first
// authenticated one, and moves only with an authenticated check that carries USE-CANDIDATE.
class Ice {
 public:
  enum class Outcome : std::uint8_t {
    refused,   // not STUN, no FINGERPRINT, wrong user or password: not answered, to be counted
    ignored,   // STUN that asks nothing of us
    answered,  // an authenticated request was answered, or a response taken
    path       // likewise, and path() changed
  };

  // `server` is the address to check; only for controlling.
  Ice(IceRole role, IceCredentials local, IceCredentials remote, std::optional<Address> server,
      Random& random, Instant now);

  Outcome on_stun(Instant now, const Address& from, Bytes datagram, Outbox& out);
  // controlling: sends the check that is due.
  void on_timer(Instant now, Outbox& out);
  Instant deadline() const noexcept;  // consent's end, or the next check

  bool consent_is_over(Instant now) const noexcept { return now >= consent_until_; }
  const std::optional<Address>& path() const noexcept { return path_; }
  const IceCredentials& local() const noexcept { return current_.local; }

  // New credentials; the old ones keep consent alive until the new ones nominate (RFC 8445 §9).
  void restart(IceCredentials local, IceCredentials remote, Instant now);

 private:
  struct Generation {
    IceCredentials local;
    IceCredentials remote;
    crypto::Hmac check_in;   // keyed with local.pwd: requests to us, and our answers
    crypto::Hmac check_out;  // keyed with remote.pwd: our requests, and answers to us
    Generation(IceCredentials l, IceCredentials r);
    bool names(std::string_view username) const noexcept;  // "local:remote"
  };

  Outcome on_request(Instant now, const Address& from, const wire::StunMessage& request,
                     Outbox& out);
  Outcome on_response(Instant now, const Address& from, const wire::StunMessage& response);
  Generation* generation_of(const wire::StunMessage& request) noexcept;
  void answer(Generation& generation, const Address& from, const wire::StunMessage& request,
              Outbox& out);
  bool take_path(const Address& from, bool nominated, bool current);

  IceRole role_;
  Random& random_;
  Generation current_;
  std::optional<Generation> previous_;  // during a restart
  std::optional<Address> server_;
  std::optional<Address> path_;
  bool nominated_ = false;  // by the current generation
  Instant consent_until_;
  // controlling only
  Instant next_check_;
  Duration check_interval_;
  std::uint64_t tie_breaker_ = 0;
  wire::StunTransaction recent_[8]{};  // transactions that may still be answered
  std::size_t recent_next_ = 0;
};

}  // namespace v100::rtc
