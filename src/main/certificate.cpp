#include "main/certificate.h"

#include <ctime>
#include <fmt/format.h>

#include "io/file.h"
#include "io/machine.h"

namespace v100 {
namespace {

constexpr std::size_t pem_bytes_max = 256 * 1024;
// Browsers refuse leaf certificates of more than 398 days.
constexpr int self_made_days = 390;
constexpr std::int64_t renew_before_s = std::int64_t{30} * 86400;

std::vector<std::string> wanted_names(const Config& config) {
  std::vector<std::string> names = {"localhost", "127.0.0.1", "::1", io::host_name()};
  names.insert(names.end(), config.announce.begin(), config.announce.end());
  return names;
}

std::expected<std::string, std::string> read_text(const std::string& path, const char* setting) {
  const Result<Buffer> content = io::read_file(path, pem_bytes_max);
  if (!content) {
    return std::unexpected(
        fmt::format("--{}: {} cannot be read ({}).", setting, path, content.error().what));
  }
  return std::string(as_text(*content));
}

std::expected<Certificate, std::string> finish(io::TlsIdentity identity, std::string source) {
  const Result<io::CertificateInfo> info = io::inspect_certificate(identity, {});
  if (!info) {
    return std::unexpected(fmt::format("{}: no PEM certificate in it.", source));
  }
  Certificate out{.identity = std::move(identity),
                  .source = std::move(source),
                  .fingerprint = info->fingerprint,
                  .trusted = !info->self_signed,
                  .made_now = false};
  if (info->expires_s < std::time(nullptr)) {
    out.source += " (EXPIRED: browsers will refuse it)";
  }
  return out;
}

std::expected<Certificate, std::string> self_made(const Config& config, const std::string& data) {
  const std::string folder = data + "/tls";
  const std::string cert_path = folder + "/cert.pem";
  const std::string key_path = folder + "/key.pem";
  const std::vector<std::string> names = wanted_names(config);
  const char* source = "self-made: the browser warns once; see README for others";
  const Result<Buffer> cert = io::read_file(cert_path, pem_bytes_max);
  const Result<Buffer> key = io::read_file(key_path, pem_bytes_max);
  if (cert && key) {
    io::TlsIdentity kept{std::string(as_text(*cert)), std::string(as_text(*key))};
    const Result<io::CertificateInfo> info = io::inspect_certificate(kept, names);
    if (info && info->covers_all && info->expires_s - renew_before_s > std::time(nullptr)) {
      return finish(std::move(kept), source);
    }
  }
  Result<io::TlsIdentity> made = io::make_self_signed(names, self_made_days);
  if (!made) {
    return std::unexpected(fmt::format("no certificate can be made: {}.", made.error().what));
  }
  // The key first: a crash between the two leaves a pair that does not fit and is made anew.
  for (const bool is_key : {true, false}) {
    Result<void> written = io::make_folder(folder);
    if (written) {
      written = io::write_file(is_key ? key_path : cert_path,
                               as_bytes(is_key ? made->key_pem : made->certificate_pem),
                               {.mode = is_key ? 0600u : 0644u});
    }
    if (!written) {
      return std::unexpected(
          fmt::format("the certificate cannot be kept in {} ({}).", folder, written.error().what));
    }
  }
  std::expected<Certificate, std::string> out = finish(std::move(*made), source);
  if (out) {
    out->made_now = true;
  }
  return out;
}

}  // namespace

std::expected<Certificate, std::string> load_certificate(const Config& config,
                                                         const std::string& data) {
  if (!config.acme_domains.empty()) {
    const Result<Buffer> cert = io::read_file(data + "/acme/cert.pem", pem_bytes_max);
    const Result<Buffer> key = io::read_file(data + "/acme/key.pem", pem_bytes_max);
    if (cert && key) {
      return finish({std::string(as_text(*cert)), std::string(as_text(*key))},
                    fmt::format("by ACME for {}", config.acme_domains.front()));
    }
    // Until the authority has answered; the runner then puts the real one in its place.
    std::expected<Certificate, std::string> waiting = self_made(config, data);
    if (waiting) {
      waiting->source = "self-made until the ACME authority has answered";
    }
    return waiting;
  }
  if (config.cert.empty()) {
    return self_made(config, data);
  }
  std::expected<std::string, std::string> cert = read_text(config.cert, "cert");
  std::expected<std::string, std::string> key = read_text(config.key, "key");
  if (!cert || !key) {
    return std::unexpected(!cert ? cert.error() : key.error());
  }
  return finish({std::move(*cert), std::move(*key)}, config.cert);
}

}  // namespace v100
