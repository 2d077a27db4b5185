// The gateway of one shard, without its sockets: what happens between a request that was read and
// the answer that is written. A loop turn goes through it in three steps:
//
//   on_request()   route, cheap refusals, then the Gate (signatures) or, unsigned, the handler
//   end_of_turn()  the Gate verifies what the turn gathered, and handlers run
//   finish()       answers are hashed side by side, get their places in the log, and go out
//
// Everything a turn hands in may point into the connections' buffers: nothing of a request is
// copied unless its handler answers later. In steady state routes with http_now() handlers allocate
// nothing. Not thread-safe; one object a shard.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "auth/gate.h"
#include "base/world.h"
#include "merkle/intake.h"
#include "svc/gateway/buckets.h"
#include "svc/gateway/cache.h"
#include "svc/gateway/idempotency.h"
#include "svc/gateway/parts.h"
#include "svc/gateway/routes.h"
#include "svc/service.h"

namespace v100::gateway {

// May be changed while serving: see Front::reload().
struct FrontLimits {
  // Token buckets; burst 0: no limit.
  Rate per_address{.per_second_thousandths = 200'000, .burst = 400};  // unsigned requests only
  Rate per_key{.per_second_thousandths = 0, .burst = 0};
  Rate per_tenant{.per_second_thousandths = 0, .burst = 0};
  std::size_t buckets = 65'536;      // of each kind; 16 bytes each
  std::size_t in_hand_max = 10'000;  // requests that wait for a handler; more: 503
  std::size_t cache_bytes = 32u << 20;
  std::size_t idempotency_keys = 10'000;
  std::vector<std::string> origins;  // CORS: of pages that may read cross_origin routes; "*": all
  // A turn that takes longer means that more comes in than goes out: unsigned requests get 503.
  Duration turn_max = Duration::milliseconds(250);
};

struct FrontCounters {
  std::uint64_t requests = 0;  // that a route took
  std::uint64_t handled = 0;   // handlers run
  std::uint64_t attested = 0;
  std::uint64_t waited = 0;      // answers that waited for the log
  std::uint64_t unattested = 0;  // 503: the log took no leaf
  std::uint64_t shed = 0, no_signature = 0, no_scope = 0,
                over_limit[3] = {};  // address, key, tenant
  std::uint64_t too_large = 0, timed_out = 0, breaker = 0, retried = 0;
  std::uint64_t cache_hits = 0, cache_misses = 0, coalesced = 0;
  std::uint64_t replayed_answers = 0;  // idempotency
};

class Front final : private auth::AnswerSink {
 public:
  struct Parts {
    Clock& clock;
    Random& random;
    Log& log;
    Outlet& outlet;
    std::function<void()> wake;  // finish() is wanted before this turn ends
  };
  Front(FrontLimits limits, Parts parts);
  ~Front();

  Routes& routes() noexcept { return routes_; }
  // Borrowed; null: no signatures are understood, nothing is attested.
  void use(auth::Gate* gate, merkle::Intake* intake) noexcept;
  void reload(FrontLimits limits);  // takes effect with the next request; nobody is dropped
  void forget_handlers();           // before the services die: what is in hand is answered 503

  // True: it is this object's to answer. False: no route has that path. `request` and what it
  // points to stay until finish() of this turn.
  bool on_request(const wire::HttpRequest& request, const FrontPeer& peer,
                  wire::ExchangeId exchange, Instant now);
  void end_of_turn(Instant now);
  void finish(Instant now);
  void tick(Instant now);                  // every 10 ms: timeouts
  void turn_took(Duration busy) noexcept;  // how long the last turn worked

  const FrontCounters& counters() const noexcept { return counters_; }
  std::size_t in_hand() const noexcept { return in_hand_; }
  bool overloaded() const noexcept { return overloaded_; }
  void tell(Meter& meter);  // what was counted since the last call

 private:
  // front.cpp: requests
  void answered(const auth::Answer& answer) override;
  void run(const Pending& pending, const auth::Answer* answer);
  bool admit(const Pending& pending, const Caller& caller);
  bool within_rates(const Pending& pending, const Caller& caller, Context& context);
  void note_headers(const Pending& pending, const auth::Answer* answer, Bytes content,
                    Context& context);
  bool preflight(const wire::HttpRequest& request, const Routes::Found& found,
                 wire::ExchangeId exchange);
  void run_handler(const Pending& pending, const HttpRequest& told, Context& context);
  void hold(const Pending& pending, const HttpRequest& told, Context& context);
  bool serve_cached(const Pending& pending, Context& context);
  bool serve_repeated(const Pending& pending, Context& context, std::string_view idempotency);
  void retry(Held& held);

  // front_answer.cpp: answers
  void on_reply(std::uint32_t index, std::uint32_t generation, HttpAnswer answer);
  void settle(Held& held, HttpAnswer answer);
  void release(Held& held);
  void done(Done what);
  void attest(std::span<const Done> batch, std::span<merkle::Reference> references, bool& ok);
  void send(const Done& done, const merkle::Reference* reference, bool committed);
  void wait_for_log(Done& done, const merkle::Reference& reference);
  void refuse(wire::ExchangeId exchange, int status, std::string_view type, std::string_view detail,
              std::int64_t retry_after_s = 0);
  Bytes body_of(const Done& done) const noexcept;
  void add_cors(const Context& context, bool preflight);
  bool compressed(const Done& done, Bytes body);

  FrontLimits limits_;
  Parts parts_;
  Routes routes_;
  auth::Gate* gate_ = nullptr;
  merkle::Intake* intake_ = nullptr;
  Buckets per_address_, per_key_, per_tenant_;
  Cache cache_;
  Idempotency idempotency_;
  RetryBudget retries_;
  FrontCounters counters_, told_;
  auth::GateCounters gate_told_;
  std::vector<Pending> pending_;  // what the Gate has; a cookie is an index
  std::deque<Held> held_;         // requests with a handler that answers later
  std::vector<std::uint32_t> free_held_;
  std::size_t in_hand_ = 0;
  std::vector<Done> done_, finishing_;
  Buffer scratch_;  // bodies of http_now() answers of this turn
  Buffer now_body_;
  Buffer zipped_;
  std::vector<wire::HttpHeader> header_room_;
  std::vector<merkle::Leaf> leaves_;
  std::vector<merkle::Reference> references_;
  std::string text_;  // of headers that are made for one answer
  Instant now_;
  Duration busy_;
  bool overloaded_ = false;
  std::shared_ptr<bool> alive_;  // replies that outlive the gateway see false
};

}  // namespace v100::gateway
