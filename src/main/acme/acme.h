// A certificate from an ACME authority (RFC 8555) by the HTTP-01 challenge, so that phones and
// other machines open the page without a warning. Blocking: runs in a thread of its own, on
// libcurl.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace v100::acme {

// What the authority will fetch from http://DOMAIN/.well-known/acme-challenge/TOKEN. Written by the
// client's thread, read by the plain HTTP listener on port 80.
class Challenges {
 public:
  void publish(const std::string& token, const std::string& key_authorization);
  void withdraw(const std::string& token);
  // Empty when there is no such challenge.
  std::string answer(std::string_view token) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> answers_;
};

struct Options {
  std::string directory = "https://acme-v02.api.letsencrypt.org/directory";
  std::vector<std::string> domains;  // the first is the common name; at least one
  std::string contact;               // "mailto:ops@example.org", or empty
  std::string account_key_pem;       // ECDSA P-256; empty: a new one is made and returned
  std::string ca_file;               // extra trust for the authority's own TLS; empty: the system's
  // Called with a few words at each step.
  std::function<void(std::string_view)> progress = [](std::string_view) {};
};

struct Certificate {
  std::string chain_pem;  // leaf first
  std::string key_pem;    // ECDSA P-256, PKCS#8
  std::string account_key_pem;
};

// Errors: unavailable (no connection), forbidden (the authority or a challenge says no), timed_out
// (no decision within two minutes), malformed (an answer that is no ACME). `detail`, when not null,
// gets the authority's own words for the log.
Result<Certificate> obtain(const Options& options, Challenges& challenges, std::string* detail);

// Days until the first certificate of a PEM chain expires; negative: expired; malformed: none in
// it.
Result<int> days_left(std::string_view chain_pem);

}  // namespace v100::acme
