// DTLS for WebRTC (RFC 8827 §6.5): one interface, versions behind it. Today DTLS 1.2 by OpenSSL.
#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "base/units.h"
#include "rtc/srtp.h"

namespace v100::rtc {

using Fingerprint = ByteArray<32>;  // SHA-256 over the DER certificate (RFC 8122 §5)

struct DtlsInfo {
  std::uint16_t version = 0;  // on the wire: 0xfefd = 1.2, 0xfefc = 1.3
  const char* group = "";     // "X25519", "P-256", later "X25519MLKEM768"
  const char* cipher = "";    // IANA name
  SrtpProfile srtp = SrtpProfile::aead_aes_256_gcm;
};

// The certificate of one process (ECDSA P-256, self-signed: WebRTC trusts the SDP's fingerprint,
// not an authority) and what sessions share. Made once by main; sessions borrow it.
class DtlsContext {
 public:
  // `wall_seconds` is the start of validity (less a day); valid for a year.
  static Result<std::unique_ptr<DtlsContext>> make(std::int64_t wall_seconds);
  ~DtlsContext();
  DtlsContext(const DtlsContext&) = delete;
  DtlsContext& operator=(const DtlsContext&) = delete;

  const Fingerprint& fingerprint() const noexcept;

  struct Shared;
  Shared& shared() noexcept { return *shared_; }

 private:
  explicit DtlsContext(std::unique_ptr<Shared> shared) noexcept;
  std::unique_ptr<Shared> shared_;
};

}  // namespace v100::rtc
