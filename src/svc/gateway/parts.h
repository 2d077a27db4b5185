// What the Front knows of a request while it is in hand, step by step.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "merkle/leaf.h"
#include "svc/gateway/routes.h"
#include "svc/service.h"
#include "wire/http_answer.h"

namespace v100::gateway {

// Where answers go. Late ones and those of lost connections are ignored there.
class Outlet {
 public:
  virtual ~Outlet() = default;
  virtual void answer(wire::ExchangeId exchange, const wire::AnswerView& answer) = 0;
};

struct FrontPeer {
  Address address;
  std::string_view kex = "none";  // the TLS group; lives as long as the program
  bool post_quantum = false;
  bool secure = false;
  Bytes exporter = {};  // 32 bytes, or empty without TLS
};

// What the log says of a request: one Keccak block in most cases, hashed beside others.
// docs/spec/gateway.md §2:
//   "v100 request v1" | lane u8 | unique u64 | SHA-256 of the body 32 | length of method u8 |
//   method | target
class RequestDigest {
 public:
  static constexpr std::size_t inline_bytes = 135;
  void set(merkle::Lane lane, std::uint64_t unique, FixedBytes<32> body_sha256,
           std::string_view method, std::string_view target);
  bool is_hashed() const noexcept { return size_ == 0; }
  Bytes message() const noexcept { return Bytes(bytes_).first(size_); }
  merkle::Hash hash() const;  // message's, or the one that was made at once

 private:
  ByteArray<inline_bytes> bytes_{};
  std::uint8_t size_ = 0;  // 0: bytes_ starts with the hash of a longer message
};

// Read when the request was let in; kept until its answer goes out.
struct Context {
  Route* route = nullptr;
  wire::ExchangeId exchange;
  merkle::Lane lane = merkle::Lane::unauthenticated;
  merkle::Hash key{};
  RequestDigest digest;
  bool wait = false;  // the client wants the answer when it is in the log
  bool gzip = false;  // the client takes it
  bool limited = false;
  std::int64_t limit_left = 0, limit_reset_s = 0;  // of the bucket that this request took from
  std::string origin;                              // CORS: the page's, if it may read the answer
  std::string cache_target;                        // set: the answer is for the cache, too
  std::string idempotency;                         // set: the answer is kept under this name
  std::string trace;                               // set: traceparent for the answer
};

// Read in this turn; the views are the connection's.
struct Pending {
  wire::ExchangeId exchange;
  const wire::HttpRequest* request = nullptr;
  Route* route = nullptr;
  std::string_view tail;
  FrontPeer peer;
};

// A request that may be told a second time: reads, for a retry.
struct OwnedRequest {
  std::string method, path, query, tail;
  std::vector<std::pair<std::string, std::string>> headers;
  PeerInfo peer;
  Caller caller;
  std::string tenant;
};

// With a handler that answers later.
struct Held {
  std::uint32_t index = 0, generation = 0;
  bool live = false;
  Context context;
  Instant deadline;
  std::unique_ptr<OwnedRequest> again;  // null: not to be retried (any more)
};

// Has an answer that is not on its way yet.
struct Done {
  Context context;
  int status = 200;
  std::string_view content_type;            // a literal, or owned->content_type
  std::size_t body_at = 0, body_bytes = 0;  // in the turn's scratch, unless owned
  std::unique_ptr<HttpAnswer> owned;
};

}  // namespace v100::gateway
