// The certificate of the public port: from files, by ACME, or self-made and kept.
#pragma once

#include <expected>
#include <string>

#include "io/tls.h"
#include "main/config.h"

namespace v100 {

struct Certificate {
  io::TlsIdentity identity;
  std::string source;       // for people: where it comes from, and what browsers will say
  std::string fingerprint;  // SHA-256 of the leaf, "AB:CD:…"
  bool trusted = false;     // not self-signed
  bool made_now = false;
};

// `data` is the absolute data folder. The error is a sentence for the person at the terminal.
std::expected<Certificate, std::string> load_certificate(const Config& config,
                                                         const std::string& data);

}  // namespace v100
