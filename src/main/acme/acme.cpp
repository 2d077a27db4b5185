#include "main/acme/acme.h"

#include <curl/curl.h>
#include <fmt/core.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <simdjson.h>
#include <unistd.h>

#include "base/text.h"
#include "main/acme/jose.h"

namespace v100::acme {
namespace {

constexpr std::size_t answer_bytes_max = 256 * 1024;  // a chain is under 10 KB
constexpr int polls_max = 60;                         // two seconds apart
constexpr int poll_seconds = 2;

struct Answer {
  long status = 0;
  std::string body;
  std::string nonce;     // Replay-Nonce
  std::string location;  // Location
};

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* user) {
  auto& answer = *static_cast<Answer*>(user);
  if (answer.body.size() + size * count > answer_bytes_max) {
    return 0;  // libcurl then fails the transfer
  }
  answer.body.append(data, size * count);
  return size * count;
}

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* user) {
  auto& answer = *static_cast<Answer*>(user);
  const std::string header(data, size * count);
  const std::string_view line = header;
  const auto value_of = [&](const std::string& name) -> std::string {
    if (line.size() <= name.size() || line[name.size()] != ':' ||
        strncasecmp(header.c_str(), name.c_str(), name.size()) != 0) {
      return {};
    }
    std::string_view value = line.substr(name.size() + 1);
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
    value.remove_suffix(value.size() - (value.find_last_not_of("\r\n ") + 1));
    return std::string(value);
  };
  if (std::string nonce = value_of("replay-nonce"); !nonce.empty()) {
    answer.nonce = std::move(nonce);
  }
  if (std::string location = value_of("location"); !location.empty()) {
    answer.location = std::move(location);
  }
  return size * count;
}

// One conversation with an authority: keeps the connection, the nonce and the account's URL.
class Conversation {
 public:
  Conversation(const Options& options, EVP_PKEY* account, std::string* detail)
      : curl_(curl_easy_init()), account_(account), detail_(detail) {
    curl_easy_setopt(curl_, CURLOPT_USERAGENT, "v100");
    curl_easy_setopt(curl_, CURLOPT_TIMEOUT, 30L);
    curl_easy_setopt(curl_, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl_, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl_, CURLOPT_PROTOCOLS_STR, "https");
    if (!options.ca_file.empty()) {
      curl_easy_setopt(curl_, CURLOPT_CAINFO, options.ca_file.c_str());
    }
  }
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;
  ~Conversation() { curl_easy_cleanup(curl_); }

  Result<std::string> get(const std::string& url) {
    curl_easy_setopt(curl_, CURLOPT_HTTPGET, 1L);
    Answer answer = TRY(perform(url, nullptr));
    return std::move(answer.body);
  }

  // A signed request (RFC 8555 §6.2); a refused nonce is tried again with the fresh one (§6.5).
  Result<Answer> post(const std::string& url, std::string_view payload) {
    for (int attempt = 0;; ++attempt) {
      if (nonce_.empty()) {
        TRY(get(new_nonce_url));
      }
      const std::string identity = account_url.empty() ? "\"jwk\":" + jwk(account_)
                                                       : fmt::format("\"kid\":\"{}\"", account_url);
      const std::string head = fmt::format(R"({{"alg":"ES256",{},"nonce":"{}","url":"{}"}})",
                                           identity, std::exchange(nonce_, {}), url);
      const std::string body = sign_jws(account_, head, payload);
      Answer answer = TRY(perform(url, &body));
      if (answer.status < 400) {
        return answer;
      }
      if (attempt < 8 && answer.body.find("acme:error:badNonce") != std::string::npos) {
        continue;
      }
      if (detail_ != nullptr) {
        *detail_ = answer.body;
      }
      return fail(Errc::forbidden, "acme: the authority refuses");
    }
  }

  std::string new_nonce_url;
  std::string account_url;

 private:
  Result<Answer> perform(const std::string& url, const std::string* body) {
    Answer answer;
    curl_slist* headers = nullptr;
    if (body != nullptr) {
      headers = curl_slist_append(headers, "Content-Type: application/jose+json");
      curl_easy_setopt(curl_, CURLOPT_POSTFIELDS, body->c_str());
      curl_easy_setopt(curl_, CURLOPT_POSTFIELDSIZE, static_cast<long>(body->size()));
    }
    curl_easy_setopt(curl_, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl_, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl_, CURLOPT_WRITEDATA, &answer);
    curl_easy_setopt(curl_, CURLOPT_HEADERDATA, &answer);
    const CURLcode code = curl_easy_perform(curl_);
    curl_slist_free_all(headers);
    if (code != CURLE_OK) {
      if (detail_ != nullptr) {
        *detail_ = curl_easy_strerror(code);
      }
      return fail(Errc::unavailable, "acme: no connection to the authority");
    }
    curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &answer.status);
    if (!answer.nonce.empty()) {
      nonce_ = answer.nonce;
    }
    return answer;
  }

  CURL* curl_;
  EVP_PKEY* account_;
  std::string* detail_;
  std::string nonce_;
};

// The answers' members that we need, or malformed.
class Json {
 public:
  static Result<Json> parse(const std::string& text) {
    Json json;
    if (json.parser_->parse(text).get(json.root_) != simdjson::SUCCESS) {
      return fail(Errc::malformed, "acme: an answer that is no JSON");
    }
    return json;
  }
  Result<std::string> text(std::string_view key) const { return text_of(root_, key); }
  std::vector<std::string> texts(std::string_view key) const {
    std::vector<std::string> out;
    simdjson::dom::array array;
    if (root_[key].get(array) == simdjson::SUCCESS) {
      for (const simdjson::dom::element entry : array) {
        std::string_view value;
        if (entry.get(value) == simdjson::SUCCESS) {
          out.emplace_back(value);
        }
      }
    }
    return out;
  }
  // Of an authorization: the HTTP-01 challenge's URL and token.
  Result<std::pair<std::string, std::string>> http_challenge() const {
    simdjson::dom::array array;
    if (root_["challenges"].get(array) == simdjson::SUCCESS) {
      for (const simdjson::dom::element entry : array) {
        if (TRY(text_of(entry, "type")) == "http-01") {
          return std::pair(TRY(text_of(entry, "url")), TRY(text_of(entry, "token")));
        }
      }
    }
    return fail(Errc::unsupported, "acme: the authority offers no HTTP-01 challenge");
  }

 private:
  static Result<std::string> text_of(const simdjson::dom::element& element, std::string_view key) {
    std::string_view value;
    if (element[key].get(value) != simdjson::SUCCESS) {
      return fail(Errc::malformed, "acme: an answer lacks a member");
    }
    return std::string(value);
  }
  std::unique_ptr<simdjson::dom::parser> parser_ = std::make_unique<simdjson::dom::parser>();
  simdjson::dom::element root_;
};

// Asks until the object's status is no longer pending or processing (RFC 8555 §7.1.6).
Result<Json> poll(Conversation& authority, const std::string& url) {
  for (int i = 0; i < polls_max; ++i) {
    Json json = TRY(Json::parse(TRY(authority.post(url, "")).body));
    const std::string status = TRY(json.text("status"));
    if (status != "pending" && status != "processing") {
      return json;
    }
    sleep(poll_seconds);
  }
  return fail(Errc::timed_out, "acme: no decision in two minutes");
}

// Answers one authorization's challenge and waits for the verdict (RFC 8555 §7.5.1).
Result<void> authorize(Conversation& authority, const std::string& url, EVP_PKEY* account,
                       Challenges& challenges, std::string* detail) {
  const Answer answer = TRY(authority.post(url, ""));
  const Json authorization = TRY(Json::parse(answer.body));
  if (TRY(authorization.text("status")) == "valid") {
    return {};
  }
  const auto [challenge_url, token] = TRY(authorization.http_challenge());
  challenges.publish(token, token + "." + thumbprint(account));
  const Result<Answer> told = authority.post(challenge_url, "{}");
  Result<Json> verdict = told ? poll(authority, url) : std::unexpected(told.error());
  challenges.withdraw(token);
  if (TRY(TRY(std::move(verdict)).text("status")) != "valid") {
    if (detail != nullptr) {
      *detail = authority.post(url, "").value_or(Answer{}).body;
    }
    return fail(Errc::forbidden,
                "acme: the authority could not fetch the challenge over port 80 of this domain");
  }
  return {};
}

std::string order_payload(const std::vector<std::string>& domains) {
  std::string list;
  for (const std::string& domain : domains) {
    list += fmt::format(R"({}{{"type":"dns","value":"{}"}})", list.empty() ? "" : ",", domain);
  }
  return "{\"identifiers\":[" + list + "]}";
}

bool plain_name(std::string_view domain) {
  return !domain.empty() && domain.size() <= 253 &&
         domain.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") == std::string::npos;
}

Result<Certificate> converse(const Options& options, Pkey account, Challenges& challenges,
                             std::string* detail) {
  Conversation authority(options, account.get(), detail);
  options.progress("asking the authority for its directory");
  const Json directory = TRY(Json::parse(TRY(authority.get(options.directory))));
  authority.new_nonce_url = TRY(directory.text("newNonce"));
  const std::string contact =
      options.contact.empty() ? "" : fmt::format(R"(,"contact":["{}"])", options.contact);
  const Answer registered =
      TRY(authority.post(TRY(directory.text("newAccount")),
                         fmt::format(R"({{"termsOfServiceAgreed":true{}}})", contact)));
  authority.account_url = registered.location;

  options.progress("ordering");
  const Answer ordered =
      TRY(authority.post(TRY(directory.text("newOrder")), order_payload(options.domains)));
  const Json order = TRY(Json::parse(ordered.body));
  for (const std::string& url : order.texts("authorizations")) {
    options.progress("answering a challenge");
    TRY(authorize(authority, url, account.get(), challenges, detail));
  }

  options.progress("fetching the certificate");
  const Pkey key = make_p256_key();
  const std::string csr = to_base64url(as_bytes(make_csr(key.get(), options.domains)));
  TRY(authority.post(TRY(order.text("finalize")), fmt::format(R"({{"csr":"{}"}})", csr)));
  const Json done = TRY(poll(authority, ordered.location));
  if (TRY(done.text("status")) != "valid") {
    return fail(Errc::forbidden, "acme: the order was refused");
  }
  Answer chain = TRY(authority.post(TRY(done.text("certificate")), ""));
  TRY(days_left(chain.body));
  return Certificate{.chain_pem = std::move(chain.body),
                     .key_pem = write_key(key.get()),
                     .account_key_pem = write_key(account.get())};
}

}  // namespace

void Challenges::publish(const std::string& token, const std::string& key_authorization) {
  const std::lock_guard lock(mutex_);
  answers_[token] = key_authorization;
}

void Challenges::withdraw(const std::string& token) {
  const std::lock_guard lock(mutex_);
  answers_.erase(token);
}

std::string Challenges::answer(std::string_view token) const {
  const std::lock_guard lock(mutex_);
  const auto found = answers_.find(token);
  return found == answers_.end() ? std::string() : found->second;
}

Result<Certificate> obtain(const Options& options, Challenges& challenges, std::string* detail) {
  if (options.domains.empty()) {
    return fail(Errc::malformed, "acme: no domain given");
  }
  for (const std::string& domain : options.domains) {
    if (!plain_name(domain)) {
      return fail(Errc::malformed, "acme: a domain is lower-case letters, digits, '-' and '.'");
    }
  }
  if (options.contact.find_first_of("\"\\\n") != std::string::npos) {
    return fail(Errc::malformed, "acme: the contact holds a quote");
  }
  Pkey account =
      options.account_key_pem.empty() ? make_p256_key() : TRY(read_key(options.account_key_pem));
  return converse(options, std::move(account), challenges, detail);
}

Result<int> days_left(std::string_view chain_pem) {
  BIO* bio = BIO_new_mem_buf(chain_pem.data(), static_cast<int>(chain_pem.size()));
  X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  if (certificate == nullptr) {
    return fail(Errc::malformed, "acme: no certificate in the chain");
  }
  int days = 0;
  int seconds = 0;
  const int good = ASN1_TIME_diff(&days, &seconds, nullptr, X509_get0_notAfter(certificate));
  X509_free(certificate);
  if (good != 1) {
    return fail(Errc::malformed, "acme: a certificate without an end");
  }
  return seconds < 0 ? days - 1 : days;
}

}  // namespace v100::acme
