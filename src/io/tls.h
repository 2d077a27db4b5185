// TLS 1.3 on OpenSSL. Key agreement is X25519MLKEM768 first: OpenSSL's own where it has it (3.5 and
// newer), else our provider (crypto/tls). Only TLS 1.3 is spoken.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

struct ssl_st;

namespace v100::io {

struct TlsIdentity {
  std::string certificate_pem;  // leaf first, then the chain
  std::string key_pem;
};

struct TlsOptions {
  bool strict = false;  // post-quantum or nothing: only X25519MLKEM768 is listed
};

// What a handshake agreed on. `group` is the registered name, such as "X25519MLKEM768" or "X25519".
// The views are to literals.
struct TlsAgreement {
  std::string_view group = "none";
  bool post_quantum = false;
  std::string_view cipher = "none";
  std::string_view protocol = "http/1.1";  // ALPN (RFC 7301); http/1.1 where none was offered
};

// The server's side: settings and certificate, shared by its connections. Connections that exist
// keep the certificate they began with.
class TlsServer final {
 public:
  // Errors: unavailable (no hybrid group to be had), malformed (certificate or key), conflict (the
  // key is not the certificate's).
  static Result<std::unique_ptr<TlsServer>> create(const TlsIdentity& identity, TlsOptions options);
  ~TlsServer();

  Result<void> replace_identity(const TlsIdentity& identity);  // renewal, without dropping anyone
  // "openssl" or "v100": whose implementation of the hybrid group is in use.
  const char* group_provider() const noexcept;
  struct Context;
  Context& context() noexcept { return *context_; }

 private:
  explicit TlsServer(std::unique_ptr<Context> context) noexcept;
  std::unique_ptr<Context> context_;
};

// A self-made certificate: ECDSA P-256, for these names and addresses, valid from an hour ago for
// `days`. For browsers it is a stranger: they warn once.
Result<TlsIdentity> make_self_signed(std::span<const std::string> names, int days);

struct CertificateInfo {
  bool self_signed = false;
  bool covers_all = false;     // every name asked for is among its subject alternative names
  std::int64_t expires_s = 0;  // seconds since 1970
  std::string fingerprint;     // SHA-256 of the DER, as "AB:CD:..."
};
Result<CertificateInfo> inspect_certificate(const TlsIdentity& identity,
                                            std::span<const std::string> names);

}  // namespace v100::io
