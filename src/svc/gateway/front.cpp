#include "svc/gateway/front.h"

#include <algorithm>
#include <openssl/sha.h>

#include "svc/gateway/trace.h"
#include "svc/problem.h"

namespace v100::gateway {
namespace {

using wire::HttpField;

// Who signs says so in one of these; everything else is unsigned without a look by the Gate.
bool has_credentials(const wire::HttpRequest& request) noexcept {
  return request.has(HttpField::signature_input) || request.has(HttpField::signature) ||
         request.has(HttpField::authorization) ||
         request.header(HttpField::content_type).starts_with("application/cose");
}

merkle::Lane lane_of(auth::Lane lane) noexcept {
  switch (lane) {
    case auth::Lane::header:
      return merkle::Lane::header;
    case auth::Lane::fast:
      return merkle::Lane::fast;
    case auth::Lane::session:
      return merkle::Lane::session;
    case auth::Lane::unsigned_:
      break;
  }
  return merkle::Lane::unauthenticated;
}

bool takes_gzip(std::string_view accepts) noexcept {
  const std::size_t at = accepts.find("gzip");
  return at != std::string_view::npos && !accepts.substr(at + 4).starts_with(";q=0");
}

}  // namespace

Front::Front(FrontLimits limits, Parts parts)
    : limits_(std::move(limits)),
      parts_(std::move(parts)),
      per_address_(limits_.per_address, limits_.buckets, parts_.random),
      per_key_(limits_.per_key, limits_.buckets, parts_.random),
      per_tenant_(limits_.per_tenant, limits_.buckets, parts_.random),
      cache_(limits_.cache_bytes),
      idempotency_(limits_.idempotency_keys),
      alive_(std::make_shared<bool>(true)) {}

Front::~Front() { *alive_ = false; }

void Front::use(auth::Gate* gate, merkle::Intake* intake) noexcept {
  gate_ = gate;
  intake_ = intake;
}

void Front::reload(FrontLimits limits) {
  limits_ = std::move(limits);
  per_address_ = Buckets(limits_.per_address, limits_.buckets, parts_.random);
  per_key_ = Buckets(limits_.per_key, limits_.buckets, parts_.random);
  per_tenant_ = Buckets(limits_.per_tenant, limits_.buckets, parts_.random);
}

void Front::forget_handlers() {
  for (Held& held : held_) {
    if (held.live) {
      refuse(held.context.exchange, 503, "unavailable", "The server is going away.");
      release(held);
    }
  }
  routes_.clear();
}

bool Front::on_request(const wire::HttpRequest& request, const FrontPeer& peer,
                       wire::ExchangeId exchange, Instant now) {
  now_ = now;
  const Routes::Found found = routes_.find(request.method, request.path);
  if (found.path == nullptr) {
    return false;
  }
  if (found.route == nullptr) {
    if (request.method == "OPTIONS" && preflight(request, found, exchange)) {
      return true;
    }
    const wire::HttpHeader allow[] = {{"Allow", found.allow}};
    parts_.outlet.answer(exchange, {.status = 405, .headers = allow});
    return true;
  }
  ++counters_.requests;
  ++found.route->counters.requests;
  if (request.body.size() > found.route->policy.body_bytes) {
    ++counters_.too_large;
    refuse(exchange, 413, "too_large", "The body is larger than this route takes.");
    return true;
  }
  const Pending pending{exchange, &request, found.route, found.tail, peer};
  if (gate_ == nullptr || !has_credentials(request)) {
    const Buckets::Taken taken = per_address_.take(peer.address.ip, now);
    if (overloaded_ || in_hand_ >= limits_.in_hand_max) {
      ++counters_.shed;
      refuse(exchange, 503, "overloaded", "The server has more to do than it can.", 1);
    } else if (!taken.ok) {
      ++counters_.over_limit[0];
      refuse(exchange, 429, "rate_limited", "Too many requests from this address.", taken.reset_s);
    } else {
      run(pending, nullptr);
    }
    return true;
  }
  if (gate_->full()) {
    end_of_turn(now);
  }
  pending_.push_back(pending);
  gate_->submit({.method = request.method,
                 .scheme = peer.secure ? "https" : "http",
                 .authority = request.authority,
                 .target = request.target,
                 .headers = request.headers,
                 .body = request.body},
                {.ip = peer.address.ip, .exporter = peer.exporter}, parts_.clock.wall(),
                pending_.size() - 1);
  return true;
}

void Front::end_of_turn(Instant now) {
  now_ = now;
  if (gate_ != nullptr && gate_->waiting() > 0) {
    gate_->flush(parts_.clock.wall(), *this);
  }
  pending_.clear();
}

void Front::answered(const auth::Answer& answer) {
  const Pending& pending = pending_[static_cast<std::size_t>(answer.cookie)];
  if (answer.reason != auth::Reason::ok) {
    const auth::ReasonInfo& why = auth::info(answer.reason);
    refuse(pending.exchange, why.status, why.name, why.detail,
           why.status == 429 || why.status == 503 ? 5 : 0);
    return;
  }
  run(pending, &answer);
}

// Let in: by the Gate's answer, or unsigned.
void Front::run(const Pending& pending, const auth::Answer* answer) {
  const wire::HttpRequest& request = *pending.request;
  Caller caller;
  Context context;
  context.route = pending.route;
  context.exchange = pending.exchange;
  context.gzip = request.has(HttpField::accept_encoding) &&
                 takes_gzip(request.header(HttpField::accept_encoding));
  std::string_view idempotency;
  if (answer != nullptr && answer->lane != auth::Lane::unsigned_) {
    caller = {.known = true,
              .key = answer->key,
              .owner = answer->owner,
              .scopes = answer->scopes,
              .lane = auth::name(answer->lane),
              .tenant = answer->meaning(auth::Meaning::tenant)};
    context.lane = lane_of(answer->lane);
    context.key = answer->key;
    idempotency = answer->meaning(auth::Meaning::idempotency_key);
  }
  const Bytes content = answer != nullptr ? answer->content : request.body;
  if (!admit(pending, caller)) {
    return;
  }
  if (!within_rates(pending, caller, context)) {
    return;
  }
  note_headers(pending, answer, content, context);
  const PeerInfo info{.address = pending.peer.address,
                      .kex = std::string(pending.peer.kex),
                      .post_quantum = pending.peer.post_quantum,
                      .exporter = pending.peer.exporter};
  const HttpRequest told{.method = request.method,
                         .path = request.path,
                         .query = request.query,
                         .headers = request.headers,
                         .body = content,
                         .peer = &info,
                         .path_tail = pending.tail,
                         .deadline = now_ + pending.route->policy.timeout,
                         .caller = &caller};
  if (serve_cached(pending, context) || (!idempotency.empty() && pending.route->writes &&
                                         serve_repeated(pending, context, idempotency))) {
    return;
  }
  run_handler(pending, told, context);
}

// The rates of a key and of a tenant. False: refused, and answered.
bool Front::within_rates(const Pending& pending, const Caller& caller, Context& context) {
  if (caller.known && per_key_.rate().burst > 0) {
    const Buckets::Taken taken = per_key_.take(caller.key, now_);
    context.limited = true;
    context.limit_left = taken.left;
    context.limit_reset_s = taken.reset_s;
    if (!taken.ok) {
      ++counters_.over_limit[1];
      refuse(pending.exchange, 429, "rate_limited", "This key has spent its rate.", taken.reset_s);
      return false;
    }
  }
  if (!caller.tenant.empty() && !per_tenant_.take(as_bytes(caller.tenant), now_).ok) {
    ++counters_.over_limit[2];
    refuse(pending.exchange, 429, "rate_limited", "This tenant has spent its rate.", 1);
    return false;
  }
  return true;
}

// What the answer will need of the request: its hash for the log, its trace, its origin.
void Front::note_headers(const Pending& pending, const auth::Answer* answer, Bytes content,
                         Context& context) {
  const wire::HttpRequest& request = *pending.request;
  if (intake_ != nullptr) {
    ByteArray<32> sha256;
    if (answer != nullptr && answer->has_body_sha256) {
      sha256 = answer->body_sha256;
    } else {
      SHA256(content.data(), content.size(), sha256.data());
    }
    context.digest.set(context.lane, answer != nullptr ? answer->unique : 0, sha256, request.method,
                       request.target);
    const std::string_view prefer = request.header("prefer");
    context.wait = !prefer.empty() && prefer.find("attest=wait") != std::string_view::npos;
  }
  if (request.has(HttpField::traceparent)) {
    context.trace = next_span(request.header(HttpField::traceparent), parts_.random);
  }
  if (pending.route->policy.cross_origin && request.has(HttpField::origin)) {
    context.origin = request.header(HttpField::origin);
  }
}

// False: refused, and answered.
bool Front::admit(const Pending& pending, const Caller& caller) {
  const RoutePolicy& policy = pending.route->policy;
  if (policy.signed_only && !caller.known) {
    ++counters_.no_signature;
    refuse(pending.exchange, 401, "signature_required", "This route takes signed requests only.");
    return false;
  }
  if ((policy.scopes & ~caller.scopes) != 0) {
    ++counters_.no_scope;
    refuse(pending.exchange, caller.known ? 403 : 401, "scope_missing",
           "The key has not the scope that this route needs.");
    return false;
  }
  if (intake_ != nullptr && !intake_->is_open()) {
    ++counters_.unattested;
    refuse(pending.exchange, 503, "log_unavailable", "The attestation log takes nothing now.", 1);
    return false;
  }
  if (!pending.route->breaker.allow(now_)) {
    ++counters_.breaker;
    refuse(pending.exchange, 503, "circuit_open", "The service behind is not well.", 1);
    return false;
  }
  return true;
}

void Front::run_handler(const Pending& pending, const HttpRequest& told, Context& context) {
  ++counters_.handled;
  Route& route = *pending.route;
  if (!route.now) {
    hold(pending, told, context);
    return;
  }
  now_body_.clear();
  HttpNowAnswer out{.body = now_body_};
  route.now(told, out);
  if (out.status >= 500) {
    ++route.counters.failed;
    route.breaker.failed(now_);
  } else {
    route.breaker.succeeded();
  }
  Done finished{.context = std::move(context),
                .status = out.status,
                .content_type = out.content_type,
                .body_at = scratch_.size(),
                .body_bytes = now_body_.size(),
                .owned = nullptr};
  append(scratch_, now_body_);
  done(std::move(finished));
}

// The handler answers later: what it needs then is kept, the request is not (but for a retry).
void Front::hold(const Pending& pending, const HttpRequest& told, Context& context) {
  if (free_held_.empty()) {
    free_held_.push_back(static_cast<std::uint32_t>(held_.size()));
    held_.emplace_back();
  }
  const std::uint32_t index = free_held_.back();
  free_held_.pop_back();
  Held& held = held_[index];
  held.index = index;
  ++held.generation;
  held.live = true;
  held.context = std::move(context);
  held.deadline = told.deadline;
  ++in_hand_;
  retries_.request();
  if (!pending.route->writes && told.body.empty()) {
    held.again =
        std::make_unique<OwnedRequest>(OwnedRequest{.method = std::string(told.method),
                                                    .path = std::string(told.path),
                                                    .query = std::string(told.query),
                                                    .tail = std::string(told.path_tail),
                                                    .headers = {},
                                                    .peer = *told.peer,
                                                    .caller = *told.caller,
                                                    .tenant = std::string(told.caller->tenant)});
    held.again->peer.exporter = {};
    for (const HttpHeader& header : told.headers) {
      held.again->headers.emplace_back(header.name, header.value);
    }
  }
  pending.route->handler(
      told, HttpReply([this, alive = alive_, index, generation = held.generation](HttpAnswer a) {
        if (*alive) {
          on_reply(index, generation, std::move(a));
        }
      }));
}

// Once, when a read's handler dropped it or its service was away, and the budget allows.
void Front::retry(Held& held) {
  ++counters_.retried;
  const std::unique_ptr<OwnedRequest> again = std::move(held.again);
  std::vector<HttpHeader> headers;
  for (const auto& [name, value] : again->headers) {
    headers.push_back({name, value});
  }
  again->caller.tenant = again->tenant;
  const HttpRequest told{.method = again->method,
                         .path = again->path,
                         .query = again->query,
                         .headers = headers,
                         .body = {},
                         .peer = &again->peer,
                         .path_tail = again->tail,
                         .deadline = held.deadline,
                         .caller = &again->caller};
  const std::uint32_t index = held.index, generation = ++held.generation;
  held.context.route->handler(told,
                              HttpReply([this, alive = alive_, index, generation](HttpAnswer a) {
                                if (*alive) {
                                  on_reply(index, generation, std::move(a));
                                }
                              }));
}

// True: answered from the cache, or waiting for another request's answer.
bool Front::serve_cached(const Pending& pending, Context& context) {
  const RoutePolicy& policy = pending.route->policy;
  if (policy.cache_for == Duration() || pending.route->writes || pending.route->now) {
    return false;
  }
  const std::string_view target = pending.request->target;
  if (const HttpAnswer* kept = cache_.find(target, now_)) {
    ++counters_.cache_hits;
    Done finished{.context = std::move(context),
                  .status = kept->status,
                  .content_type = {},
                  .owned = std::make_unique<HttpAnswer>(*kept)};
    finished.content_type = finished.owned->content_type;
    done(std::move(finished));
    return true;
  }
  // Coalescing: who comes while the answer is being made gets the same one.
  ++counters_.cache_misses;
  if (free_held_.empty()) {
    free_held_.push_back(static_cast<std::uint32_t>(held_.size()));
    held_.emplace_back();
  }
  const std::uint32_t index = free_held_.back();
  Held& held = held_[index];
  if (!cache_.join(target, (static_cast<std::uint64_t>(held.generation + 1) << 32) | index)) {
    context.cache_target = target;
    return false;  // the first: it fetches
  }
  ++counters_.coalesced;
  free_held_.pop_back();
  held.index = index;
  ++held.generation;
  held.live = true;
  held.context = std::move(context);
  held.deadline = now_ + policy.timeout;
  held.again.reset();
  ++in_hand_;
  return true;
}

// True: answered with what the first request of that key got, or refused.
bool Front::serve_repeated(const Pending& pending, Context& context, std::string_view idempotency) {
  std::string name(as_text(context.key));
  name.append(pending.route->method).append(pending.route->path).append("\n").append(idempotency);
  ByteArray<32> body;
  SHA256(pending.request->body.data(), pending.request->body.size(), body.data());
  // A COSE body holds its time and sequence: what counts there is that the caller says it is the
  // same request.
  if (context.lane == merkle::Lane::fast) {
    body = {};
  }
  const HttpAnswer* kept = nullptr;
  switch (idempotency_.begin(name, body, now_, kept)) {
    case Idempotency::State::fresh:
      context.idempotency = std::move(name);
      return false;
    case Idempotency::State::running:
      refuse(pending.exchange, 409, "still_running", "The first request of that key is running.",
             1);
      return true;
    case Idempotency::State::other_request:
      refuse(pending.exchange, 422, "key_reused", "That idempotency key was another request's.");
      return true;
    case Idempotency::State::full:
      refuse(pending.exchange, 503, "overloaded", "No room for a further idempotency key.", 5);
      return true;
    case Idempotency::State::done:
      break;
  }
  ++counters_.replayed_answers;
  Done finished{.context = std::move(context),
                .status = kept->status,
                .content_type = {},
                .owned = std::make_unique<HttpAnswer>(*kept)};
  finished.content_type = finished.owned->content_type;
  finished.owned->headers.emplace_back("Idempotent-Replayed", "true");
  done(std::move(finished));
  return true;
}

void Front::tick(Instant now) {
  now_ = now;
  for (Held& held : held_) {
    if (held.live && now >= held.deadline) {
      ++counters_.timed_out;
      ++held.context.route->counters.timed_out;
      held.again.reset();
      held.context.route->breaker.failed(now);
      settle(held, problem({Errc::timed_out, "the service did not answer in time"}));
    }
  }
}

// An average over some turns, so that one slow turn sheds nobody.
void Front::turn_took(Duration busy) noexcept {
  busy_ = (busy_ * 7 + busy) / 8;
  overloaded_ = busy_ > (overloaded_ ? limits_.turn_max / 2 : limits_.turn_max);
}

}  // namespace v100::gateway
