#include "main/admin/api_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include "base/text.h"
#include "io/world.h"

namespace v100 {
namespace {

constexpr std::size_t answer_bytes_max = 4 * 1024 * 1024;
constexpr std::int64_t signature_seconds = 30;

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* user) {
  auto& answer = *static_cast<ApiAnswer*>(user);
  if (answer.body.size() + size * count > answer_bytes_max) {
    return 0;  // libcurl then fails the transfer
  }
  answer.body.append(data, size * count);
  return size * count;
}

bool is_loopback(const std::string& authority) {
  return authority.starts_with("localhost") || authority.starts_with("127.") ||
         authority.starts_with("[::1]");
}

class HeaderList {
 public:
  HeaderList() = default;
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  ~HeaderList() { curl_slist_free_all(list_); }
  void add(const std::string& name, const std::string& value) {
    list_ = curl_slist_append(list_, (name + ": " + value).c_str());
  }
  curl_slist* get() const noexcept { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

}  // namespace

struct ApiClient::Line {
  Line() : curl(curl_easy_init()) {}
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  ~Line() { curl_easy_cleanup(curl); }
  CURL* curl;
  std::string server, scheme, authority;
  io::SystemClock clock;
  io::SystemRandom random;
};

ApiClient::ApiClient(std::unique_ptr<Line> line, std::optional<auth::Signer> signer) noexcept
    : line_(std::move(line)), signer_(std::move(signer)) {}
ApiClient::ApiClient(ApiClient&&) noexcept = default;
ApiClient::~ApiClient() = default;

std::expected<ApiClient, std::string> ApiClient::open(const ApiOptions& options,
                                                      std::optional<auth::Signer> signer) {
  auto line = std::make_unique<Line>();
  line->server = options.server;
  while (line->server.ends_with('/')) {
    line->server.pop_back();
  }
  const std::size_t mark = line->server.find("://");
  line->scheme = line->server.substr(0, mark == std::string::npos ? 0 : mark);
  if (line->scheme != "https" && line->scheme != "http") {
    return std::unexpected(
        fmt::format("{}: a server is a URL, as in https://call.example.org", options.server));
  }
  line->authority = line->server.substr(mark + 3);
  if (line->authority.empty() || line->authority.find('/') != std::string::npos) {
    return std::unexpected(fmt::format("{}: a server is a URL without a path", options.server));
  }
  if (line->scheme == "http" && !is_loopback(line->authority)) {
    return std::unexpected(fmt::format("{}: plain HTTP is for this machine only", options.server));
  }
  CURL* curl = line->curl;
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "v100");
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, 30L);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https,http");
  if (!options.ca.empty()) {
    curl_easy_setopt(curl, CURLOPT_CAINFO, options.ca.c_str());
  } else if (is_loopback(line->authority)) {
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  return ApiClient(std::move(line), std::move(signer));
}

std::expected<ApiAnswer, std::string> ApiClient::ask(const std::string& method,
                                                     const std::string& target,
                                                     const std::string& body) {
  HeaderList headers;
  if (!body.empty()) {
    headers.add("Content-Type", "application/json");
  }
  if (signer_) {
    ByteArray<16> nonce;
    line_->random.fill(nonce);
    const std::string nonce_text = to_base64url(nonce);
    const std::int64_t now = line_->clock.wall().value() / 1000;
    const auth::RequestView view{.method = method,
                                 .scheme = line_->scheme,
                                 .authority = line_->authority,
                                 .target = target,
                                 .headers = {},
                                 .body = as_bytes(body)};
    const auto draft = auth::draft_header(
        *signer_, view, {.created = now, .expires = now + signature_seconds, .nonce = nonce_text});
    const auto signature = draft ? signer_->sign(draft->base, &line_->random)
                                 : Result<Buffer>(std::unexpected<Error>(draft.error()));
    if (!signature) {
      return std::unexpected(fmt::format("{}: {}", target, signature.error().what));
    }
    if (!draft->content_digest.empty()) {
      headers.add("Content-Digest", draft->content_digest);
    }
    headers.add("Signature-Input", draft->signature_input);
    headers.add("Signature", auth::signature_field(*draft, *signature));
  }
  CURL* curl = line_->curl;
  ApiAnswer answer;
  const std::string url = line_->server + target;
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.empty() ? nullptr : body.c_str());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
  curl_easy_setopt(curl, CURLOPT_HTTPGET, body.empty() && method == "GET" ? 1L : 0L);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
  const CURLcode code = curl_easy_perform(curl);
  if (code != CURLE_OK) {
    return std::unexpected(fmt::format("{}: {}", line_->server, curl_easy_strerror(code)));
  }
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  return answer;
}

}  // namespace v100
