// Accounts over HTTP, and what outlives a request of them: the store and the key log.
// docs/identity.md lists the routes.
#pragma once

#include <cstdint>
#include <string>

#include "base/limits.h"
#include "svc/identity/accounts.h"
#include "svc/rate.h"
#include "svc/service.h"

namespace v100::identity {

class AccountApi {
 public:
  explicit AccountApi(Env env);

  // Loads and adds the routes. While the store is away the API answers 503 and tick() tries again.
  void open(Router& router);
  void tick(Instant now);
  bool ready() const noexcept { return loaded_; }
  const auth::KeyDirectory& directory() const noexcept { return accounts_; }

  // While nobody can sign: a token with which the platform's owner enrols a first key. It lives a
  // day; a restart makes another. Empty once there is a key.
  std::string first_token();

 private:
  using Handler = HttpAnswer (AccountApi::*)(const HttpRequest&, Change&);
  // What a handler returns is answered once its change is durable.
  void route(Router& router, const RoutePolicy& policy, const char* method, const char* path,
             Handler handler);
  void run(const HttpRequest& request, HttpReply reply, Handler handler);
  void commit(Change change, std::move_only_function<void(Result<void>)> done);
  void load();
  void attest(std::uint64_t number, std::string line);

  HttpAnswer me(const HttpRequest& request, Change& change);
  HttpAnswer enrol(const HttpRequest& request, Change& change);
  HttpAnswer rotate(const HttpRequest& request, Change& change);
  HttpAnswer revoke(const HttpRequest& request, Change& change);
  HttpAnswer key(const HttpRequest& request, Change& change);
  HttpAnswer tenants(const HttpRequest& request, Change& change);
  HttpAnswer make_tenant(const HttpRequest& request, Change& change);
  HttpAnswer edit_tenant(const HttpRequest& request, Change& change);
  HttpAnswer principals(const HttpRequest& request, Change& change);
  HttpAnswer principal(const HttpRequest& request, Change& change);
  HttpAnswer make_principal(const HttpRequest& request, Change& change);
  HttpAnswer edit_principal(const HttpRequest& request, Change& change);
  HttpAnswer make_token(const HttpRequest& request, Change& change);
  HttpAnswer key_log(const HttpRequest& request, Change& change);

  // Whether the caller may read or write a principal of that tenant.
  Result<void> may(const HttpRequest& request, std::uint64_t tenant, std::uint64_t scope) const;
  // Whether the caller has every scope of these roles itself.
  Result<void> may_give(const HttpRequest& request, std::uint32_t roles) const;

  Env env_;
  Accounts accounts_;
  AddressBuckets enrolments_;
  bool loaded_ = false;
  bool stale_ = false;  // a commit failed: memory is ahead of the store
  Instant retry_at_{};
  Instant expire_at_{};
  std::uint64_t events_ = 0;  // lines of the key log
};

}  // namespace v100::identity
