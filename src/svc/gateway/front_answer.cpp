// The Front's second half: from a handler's answer to the bytes that go out.
#include <algorithm>
#include <array>
#include <charconv>
#include <zlib.h>

#include "crypto/keccak/keccak.h"
#include "svc/gateway/front.h"
#include "svc/gateway/reference_text.h"

namespace v100::gateway {
namespace {

// Below it a gzip header costs more than it saves.
constexpr std::size_t zip_bytes_min = 1024;
constexpr std::string_view digest_label = "v100 request v1";

// What every answer of the API says; none of it is a page.
constexpr std::string_view api_lines =
    "X-Content-Type-Options: nosniff\r\n"
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n";
constexpr std::string_view shared_lines =
    "X-Content-Type-Options: nosniff\r\n"
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
    "Cross-Origin-Resource-Policy: cross-origin\r\n";

void append_number(std::string& out, std::int64_t value) {
  std::array<char, 20> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out.append(digits.data(), end);
}

// Ours, but for quotation marks in some sentences.
void append_json(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
    }
    out.push_back(c);
  }
}

bool has_header(const HttpAnswer& answer, std::string_view name) noexcept {
  return std::ranges::any_of(answer.headers,
                             [&](const auto& h) { return wire::same_token(h.first, name); });
}

bool is_text(std::string_view type) noexcept {
  return type.starts_with("text/") || type.starts_with("application/json") ||
         type.starts_with("application/problem+json");
}

}  // namespace

void RequestDigest::set(merkle::Lane lane, std::uint64_t unique, FixedBytes<32> body_sha256,
                        std::string_view method, std::string_view target) {
  ByteArray<64> head;
  std::size_t at = digest_label.size();
  std::memcpy(head.data(), digest_label.data(), at);
  head[at++] = static_cast<std::uint8_t>(lane);
  store_be(head.data() + at, unique);
  at += 8;
  std::memcpy(head.data() + at, body_sha256.data(), 32);
  at += 32;
  head[at++] = static_cast<std::uint8_t>(std::min<std::size_t>(method.size(), 255));
  if (at + method.size() + target.size() <= inline_bytes) {
    std::memcpy(bytes_.data(), head.data(), at);
    std::memcpy(bytes_.data() + at, method.data(), method.size());
    std::memcpy(bytes_.data() + at + method.size(), target.data(), target.size());
    size_ = static_cast<std::uint8_t>(at + method.size() + target.size());
    return;
  }
  size_ = 0;
  keccak::sha3_256(FixedMutBytes<32>(bytes_.data(), 32),
                   {Bytes(head).first(at), as_bytes(method), as_bytes(target)});
}

merkle::Hash RequestDigest::hash() const {
  merkle::Hash out;
  if (is_hashed()) {
    std::memcpy(out.data(), bytes_.data(), out.size());
  } else {
    keccak::sha3_256(out, {message()});
  }
  return out;
}

void Front::on_reply(std::uint32_t index, std::uint32_t generation, HttpAnswer answer) {
  Held& held = held_[index];
  if (!held.live || held.generation != generation) {
    return;  // timed out meanwhile
  }
  Route& route = *held.context.route;
  if (answer.status >= 500) {
    ++route.counters.failed;
    route.breaker.failed(now_);
    if (answer.status == 503 && held.again != nullptr && now_ < held.deadline && retries_.take()) {
      retry(held);
      return;
    }
  } else {
    route.breaker.succeeded();
  }
  settle(held, std::move(answer));
}

// The end of a request that waited for its handler, and of those that waited with it.
void Front::settle(Held& held, HttpAnswer answer) {
  if (!held.context.cache_target.empty()) {
    const RoutePolicy& policy = held.context.route->policy;
    const std::string target = std::move(held.context.cache_target);
    if (answer.status == 200) {
      cache_.put(target, answer, now_ + policy.cache_for);
    }
    for (const std::uint64_t waiter : cache_.take_waiters(target)) {
      Held& other = held_[static_cast<std::uint32_t>(waiter)];
      if (other.live && other.generation == static_cast<std::uint32_t>(waiter >> 32)) {
        settle(other, answer);
      }
    }
  }
  if (!held.context.idempotency.empty()) {
    idempotency_.finish(held.context.idempotency, answer);
  }
  Done finished{.context = std::move(held.context),
                .status = answer.status,
                .content_type = {},
                .owned = std::make_unique<HttpAnswer>(std::move(answer))};
  finished.content_type = finished.owned->content_type;
  release(held);
  done(std::move(finished));
}

void Front::release(Held& held) {
  held.live = false;
  held.again.reset();
  held.context = Context();
  free_held_.push_back(held.index);
  --in_hand_;
}

void Front::done(Done what) {
  done_.push_back(std::move(what));
  if (done_.size() == 1) {
    parts_.wake();
  }
}

Bytes Front::body_of(const Done& done) const noexcept {
  return done.owned != nullptr ? Bytes(done.owned->body)
                               : Bytes(scratch_).subspan(done.body_at, done.body_bytes);
}

void Front::finish(Instant now) {
  now_ = now;
  while (!done_.empty()) {
    finishing_.swap(done_);
    bool ok = true;
    references_.resize(finishing_.size());
    if (intake_ != nullptr) {
      attest(finishing_, references_, ok);
    }
    for (std::size_t i = 0; i < finishing_.size(); ++i) {
      Done& one = finishing_[i];
      if (!ok) {
        ++counters_.unattested;
        refuse(one.context.exchange, 503, "log_unavailable",
               "The attestation log takes nothing now.", 1);
      } else if (intake_ != nullptr && (one.context.route->writes || one.context.wait)) {
        wait_for_log(one, references_[i]);
      } else {
        send(one, intake_ != nullptr ? &references_[i] : nullptr, false);
      }
    }
    finishing_.clear();
  }
  scratch_.clear();
}

// One leaf an answer; requests' and answers' hashes side by side.
void Front::attest(std::span<const Done> batch, std::span<merkle::Reference> references, bool& ok) {
  constexpr std::size_t group = 16;
  leaves_.resize(batch.size());
  const WallTime time = parts_.clock.wall();
  std::array<keccak::HashItem, 2 * group> items;
  for (std::size_t at = 0; at < batch.size(); at += group) {
    const std::size_t end = std::min(at + group, batch.size());
    std::size_t count = 0;
    for (std::size_t i = at; i < end; ++i) {
      const Context& context = batch[i].context;
      merkle::Leaf& leaf = leaves_[i];
      leaf.kind = merkle::LeafKind::request;
      leaf.lane = context.lane;
      leaf.service = context.route->service_number;
      leaf.time = time;
      leaf.key = context.key;
      items[count++] = {keccak::Hash::sha3_256, body_of(batch[i]), leaf.answer};
      if (context.digest.is_hashed()) {
        leaf.request = context.digest.hash();
      } else {
        items[count++] = {keccak::Hash::sha3_256, context.digest.message(), leaf.request};
      }
    }
    keccak::hash_batch(std::span(items).first(count));
  }
  ok = intake_->append(leaves_, references).has_value();
  counters_.attested += ok ? batch.size() : 0;
}

// An answer to a write says that the log holds it; so it waits until that is true.
void Front::wait_for_log(Done& done, const merkle::Reference& reference) {
  ++counters_.waited;
  if (done.owned == nullptr) {
    done.owned = std::make_unique<HttpAnswer>();
    done.owned->status = done.status;
    done.owned->content_type = done.content_type;
    done.owned->body = to_buffer(Bytes(scratch_).subspan(done.body_at, done.body_bytes));
    done.content_type = done.owned->content_type;
  }
  intake_->when_committed(reference.sequence,
                          [this, alive = alive_, reference,
                           kept = std::make_unique<Done>(std::move(done))](Result<void> result) {
                            if (!*alive) {
                              return;
                            }
                            if (result) {
                              send(*kept, &reference, true);
                            } else {
                              ++counters_.unattested;
                              refuse(kept->context.exchange, 503, "log_unavailable",
                                     "Done, but the attestation log did not keep it.", 1);
                            }
                          });
}

void Front::send(const Done& done, const merkle::Reference* reference, bool committed) {
  const Context& context = done.context;
  header_room_.clear();
  text_.clear();
  text_.reserve(512);  // views into it are taken as it grows
  const auto made = [this](std::string_view name, std::size_t from) {
    header_room_.push_back({name, std::string_view(text_).substr(from)});
  };
  if (reference != nullptr) {
    append_reference(text_, *reference, committed);
    made("Attestation", 0);
  }
  if (context.limited) {
    const std::size_t from = text_.size();
    text_.append("\"key\";r=");
    append_number(text_, context.limit_left);
    text_.append(";t=");
    append_number(text_, context.limit_reset_s);
    made("RateLimit", from);
  }
  if (!context.trace.empty()) {
    header_room_.push_back({"traceparent", context.trace});
  }
  bool no_store = true;
  if (done.owned != nullptr) {
    no_store = !has_header(*done.owned, "cache-control");
    for (const auto& [name, value] : done.owned->headers) {
      header_room_.push_back({name, value});
    }
  }
  if (no_store) {
    header_room_.push_back({"Cache-Control", "no-store"});
  }
  add_cors(context, false);
  Bytes body = body_of(done);
  if (context.gzip && body.size() >= zip_bytes_min && compressed(done, body)) {
    body = zipped_;
    header_room_.push_back({"Content-Encoding", "gzip"});
    header_room_.push_back({"Vary", "Accept-Encoding"});
  }
  parts_.outlet.answer(context.exchange,
                       {.status = done.status,
                        .content_type = done.content_type,
                        .headers = header_room_,
                        .lines = context.route->policy.cross_origin ? shared_lines : api_lines,
                        .body = body});
}

// True: zipped_ holds the body, and is smaller.
bool Front::compressed(const Done& done, Bytes body) {
  if (!is_text(done.content_type) ||
      (done.owned != nullptr && has_header(*done.owned, "content-encoding"))) {
    return false;
  }
  z_stream stream{};
  // RFC 1952 framing (+16); level 1: the rest costs three times as much for a tenth less.
  if (deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    return false;
  }
  zipped_.resize(deflateBound(&stream, static_cast<uLong>(body.size())));
  stream.next_in = const_cast<Bytef*>(body.data());  // zlib only reads it
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = zipped_.data();
  stream.avail_out = static_cast<uInt>(zipped_.size());
  const bool whole = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  zipped_.resize(zipped_.size() - stream.avail_out);
  deflateEnd(&stream);
  return whole && zipped_.size() < body.size();
}

// The Fetch standard's CORS protocol, for routes that other sites' pages may read.
void Front::add_cors(const Context& context, bool preflight) {
  if (context.origin.empty()) {
    return;
  }
  const bool all = std::ranges::find(limits_.origins, "*") != limits_.origins.end();
  if (!all && std::ranges::find(limits_.origins, context.origin) == limits_.origins.end()) {
    return;
  }
  // Never with credentials: nothing here is done on a cookie's word.
  header_room_.push_back(
      {"Access-Control-Allow-Origin", all ? std::string_view("*") : context.origin});
  if (!all) {
    header_room_.push_back({"Vary", "Origin"});
  }
  if (preflight) {
    header_room_.push_back({"Access-Control-Allow-Headers",
                            "content-type, content-digest, signature, signature-input, "
                            "authorization, idempotency-key, prefer, traceparent, x-tenant"});
    header_room_.push_back({"Access-Control-Max-Age", "600"});
  } else {
    header_room_.push_back(
        {"Access-Control-Expose-Headers", "attestation, ratelimit, retry-after"});
  }
}

// True: answered.
bool Front::preflight(const wire::HttpRequest& request, const Routes::Found& found,
                      wire::ExchangeId exchange) {
  const Routes::Found wanted =
      routes_.find(request.header("access-control-request-method"), request.path);
  if (wanted.route == nullptr || !wanted.route->policy.cross_origin) {
    return false;
  }
  header_room_.clear();
  Context context;
  context.origin = request.header(wire::HttpField::origin);
  add_cors(context, true);
  header_room_.push_back({"Access-Control-Allow-Methods", found.allow});
  parts_.outlet.answer(exchange, {.status = 204, .headers = header_room_});
  return true;
}

// RFC 9457. `type` and `detail` are literals of ours.
void Front::refuse(wire::ExchangeId exchange, int status, std::string_view type,
                   std::string_view detail, std::int64_t retry_after_s) {
  std::string body = R"({"type":"/problems/)";
  body.append(type).append(R"(","title":")").append(wire::reason_phrase(status));
  body.append(R"(","status":)");
  append_number(body, status);
  body.append(R"(,"detail":")");
  append_json(body, detail);
  body.append("\"}");
  header_room_.clear();
  std::string after;
  if (retry_after_s > 0) {
    append_number(after, retry_after_s);
    header_room_.push_back({"Retry-After", after});
  }
  if (status == 401) {
    header_room_.push_back(
        {"Accept-Signature",
         "v100=(\"@method\" \"@target-uri\" \"content-digest\");created;expires;nonce;keyid;"
         "alg=\"ml-dsa-65\";tag=\"v100\""});
  }
  header_room_.push_back({"Cache-Control", "no-store"});
  parts_.outlet.answer(exchange, {.status = status,
                                  .content_type = "application/problem+json",
                                  .headers = header_room_,
                                  .lines = api_lines,
                                  .body = as_bytes(body)});
}

}  // namespace v100::gateway
