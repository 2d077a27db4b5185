#include "svc/identity/account_api.h"

#include "base/text.h"
#include "crypto/keccak/keccak.h"
#include "svc/attest/api.h"
#include "svc/codec.h"
#include "svc/identity/account_records.h"
#include "svc/problem.h"

namespace v100::identity {
namespace {

constexpr std::size_t body_bytes_max = 32 * 1024;
constexpr std::int64_t first_token_seconds = 86'400;
constexpr Duration retry_every = Duration::seconds(1);
constexpr Duration expire_every = Duration::seconds(60);
// Each costs a verification of a key that nobody knows.
constexpr Rate enrol_rate{.per_second_thousandths = 200, .burst = 20};

}  // namespace

AccountApi::AccountApi(Env env) : env_(env), enrolments_(enrol_rate, limits::rate_clients) {}

void AccountApi::route(Router& router, const RoutePolicy& policy, const char* method,
                       const char* path, Handler handler) {
  router.http_with(policy, method, path,
                   [this, handler](const HttpRequest& request, HttpReply reply) {
                     run(request, std::move(reply), handler);
                   });
}

void AccountApi::open(Router& router) {
  load();
  const auto add = [&](const char* method, const char* path, const char* summary, bool signed_only,
                       Handler handler) {
    route(router, {.summary = summary, .signed_only = signed_only, .body_bytes = body_bytes_max},
          method, path, handler);
  };
  using Me = AccountApi;
  add("GET", "/v1/identity/me", "Who the caller is, and what its key may do", true, &Me::me);
  add("POST", "/v1/identity/enrol", "A first key, by a one-time token", false, &Me::enrol);
  add("POST", "/v1/identity/keys", "A new key in place of the caller's", true, &Me::rotate);
  add("GET", "/v1/identity/keys/", "A key", true, &Me::key);
  add("DELETE", "/v1/identity/keys/", "Revokes a key, at once", true, &Me::revoke);
  add("GET", "/v1/identity/tenants", "The tenants", true, &Me::tenants);
  add("POST", "/v1/identity/tenants", "A new tenant", true, &Me::make_tenant);
  add("PATCH", "/v1/identity/tenants/", "Closes or opens a tenant", true, &Me::edit_tenant);
  add("GET", "/v1/identity/principals", "The principals of a tenant", true, &Me::principals);
  add("POST", "/v1/identity/principals", "A new user, device or service account", true,
      &Me::make_principal);
  add("GET", "/v1/identity/principals/", "A principal", true, &Me::principal);
  add("PATCH", "/v1/identity/principals/", "Roles, and whether its keys count", true,
      &Me::edit_principal);
  add("POST", "/v1/identity/tokens", "A one-time token to enrol a key with", true, &Me::make_token);
  add("GET", "/v1/identity/log", "What happened to keys, in order", false, &Me::key_log);
}

void AccountApi::load() {
  const Result<void> loaded = accounts_.load(env_.store);
  const auto lines = loaded ? env_.store.scan(records::key_log, "", SIZE_MAX / 2)
                            : Result<std::vector<Record>>(std::unexpected<Error>(loaded.error()));
  loaded_ = lines.has_value();
  stale_ = false;
  if (!loaded_) {
    env_.log.write(Level::error, "identity.load", {{"why", lines.error().what}});
    return;
  }
  events_ = lines->size();
  // Lines that a crash kept from the attestation log go there now.
  for (const Record& record : *lines) {
    Decoder in(record.value);
    const bool attested = in.flag();
    const std::string line = in.text(records::key_log_line_max);
    const Result<Buffer> number = from_hex(record.key);
    if (in.done() && !attested && number && number->size() == 8) {
      attest(load_be<std::uint64_t>(number->data()), line);
    }
  }
}

void AccountApi::tick(Instant now) {
  if ((!loaded_ || stale_) && now >= retry_at_) {
    retry_at_ = now + retry_every;
    load();
  }
  if (loaded_ && now >= expire_at_) {
    expire_at_ = now + expire_every;
    Change change;
    accounts_.expire_tokens(env_.clock.wall(), change);
    if (!change.batch.writes().empty()) {
      commit(std::move(change), [](Result<void>) {});
    }
  }
}

std::string AccountApi::first_token() {
  if (!loaded_ || accounts_.has_any_key()) {
    return {};
  }
  const WallTime now = env_.clock.wall();
  // One batch each: what a crash leaves half done the next start finds and goes on with.
  const auto keep = [this](Change& change) {
    commit(std::exchange(change, {}), [](Result<void>) {});
  };
  Change change;
  std::uint64_t tenant = 0, owner = 0;
  for (const Tenant* t : accounts_.all_tenants()) {
    tenant = t->name == "platform" ? t->id : tenant;
  }
  if (tenant == 0) {
    tenant = accounts_.make_tenant("platform", now, change).value();
    keep(change);
  }
  for (const Principal* p : accounts_.principals_of(tenant, 0, 100)) {
    owner = p->name == "owner" ? p->id : owner;
  }
  if (owner == 0) {
    owner = accounts_.make_principal({.tenant = tenant, .roles = 1, .name = "owner"}, now, change)
                .value();
    keep(change);
  }
  const auto token = accounts_.make_token(owner, first_token_seconds, now, env_.random, change);
  keep(change);
  return token.value_or(std::string());
}

void AccountApi::run(const HttpRequest& request, HttpReply reply, Handler handler) {
  if (!loaded_ || stale_) {
    return reply.answer(problem({Errc::unavailable, "identity: the store is away"}));
  }
  Change change;
  HttpAnswer answer = (this->*handler)(request, change);
  if (change.batch.writes().empty()) {
    return reply.answer(std::move(answer));
  }
  commit(std::move(change),
         [reply = std::move(reply), answer = std::move(answer)](Result<void> done) mutable {
           reply.answer(done ? std::move(answer) : problem(done.error()));
         });
}

// The event is part of the batch: what happened to a key and that it is in the key log are one.
void AccountApi::commit(Change change, std::move_only_function<void(Result<void>)> done) {
  const std::uint64_t number = events_;
  std::string line;
  if (!change.event.empty()) {
    line = std::move(change.event);
    line.insert(1, "\"time_ms\":" + std::to_string(env_.clock.wall().value()) + ",");
    change.batch.put(records::key_log, records::number_key(number),
                     Encoder().flag(false).text(line).take());
    ++events_;
  }
  env_.store.commit(std::move(change.batch), [this, number, line = std::move(line),
                                              done = std::move(done)](Result<void> kept) mutable {
    if (!kept) {
      env_.meter.count("v100_identity_store_errors_total", "", 1);
      stale_ = true;  // what memory has and the store has not is dropped by load()
    } else if (!line.empty()) {
      attest(number, std::move(line));
    }
    done(kept);
  });
}

// A leaf in the attestation log; then the line is marked, so that a restart knows.
void AccountApi::attest(std::uint64_t number, std::string line) {
  attest::Append wanted;
  wanted.leaf.kind = merkle::LeafKind::key_event;
  wanted.leaf.service = merkle::service_number("identity");
  wanted.leaf.time = env_.clock.wall();
  keccak::sha3_256(wanted.leaf.request, {as_bytes(line)});
  wanted.wait = true;
  env_.bus.call("attest", "append", attest::encode(wanted),
                [this, number, line = std::move(line)](const Result<Buffer>& answer) {
                  if (!answer) {
                    env_.meter.count("v100_identity_unattested_total", "", 1);
                    return;
                  }
                  Batch batch;
                  batch.put(records::key_log, records::number_key(number),
                            Encoder().flag(true).text(line).take());
                  env_.store.commit(std::move(batch), [](Result<void>) {});
                });
}

}  // namespace v100::identity
