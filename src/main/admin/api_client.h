// Signed requests to a V100 server (header lane, RFC 9421), over libcurl.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "auth/sign.h"

namespace v100 {

struct ApiOptions {
  std::string server = "https://localhost:8443";
  std::string ca;  // PEM of the authority to trust; empty: the system's. On loopback nothing is
                   // checked without it: the server's own certificate is self-made there.
};

struct ApiAnswer {
  int status = 0;
  std::string body;
};

// Keeps its connection. One thread. Errors are sentences for the person at the terminal.
class ApiClient {
 public:
  static std::expected<ApiClient, std::string> open(const ApiOptions& options,
                                                    std::optional<auth::Signer> signer);
  ApiClient(ApiClient&&) noexcept;
  ~ApiClient();

  const auth::Signer* signer() const noexcept { return signer_ ? &*signer_ : nullptr; }
  // `target` starts with '/'. Signed where there is a signer.
  std::expected<ApiAnswer, std::string> ask(const std::string& method, const std::string& target,
                                            const std::string& body = "");

 private:
  struct Line;
  ApiClient(std::unique_ptr<Line> line, std::optional<auth::Signer> signer) noexcept;
  std::unique_ptr<Line> line_;
  std::optional<auth::Signer> signer_;
};

}  // namespace v100
