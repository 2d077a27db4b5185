// Which handler answers which method and path: exact paths, and prefixes that end in '/'.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "svc/gateway/breaker.h"
#include "svc/service.h"

namespace v100::gateway {

// What a route did, for metrics.
struct RouteCounters {
  std::uint64_t requests = 0;
  std::uint64_t timed_out = 0;
  std::uint64_t failed = 0;  // 5xx of the handler's
};

struct Route {
  std::string method, path, service;
  RoutePolicy policy;
  bool writes = false;              // policy.effect, decided
  std::uint8_t service_number = 0;  // of the attestation log
  Router::HttpHandler handler;      // one of the two is set
  Router::HttpNow now;
  Breaker breaker;
  RouteCounters counters;
};

class Routes {
 public:
  struct Found {
    Route* route = nullptr;
    std::string_view tail;       // what a prefix route leaves over
    std::string_view allow;      // no route of that method: the path's methods, "GET, HEAD"
    const void* path = nullptr;  // null: no such path at all
  };

  Route& add(std::string_view service, const RoutePolicy& policy, std::string_view method,
             std::string_view path);  // CHECKs that it is new
  Found find(std::string_view method, std::string_view path) const;
  const std::deque<Route>& all() const noexcept { return routes_; }
  std::deque<Route>& all() noexcept { return routes_; }
  void clear();

 private:
  struct Path {
    std::vector<Route*> methods;
    std::string allow;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>()(text);
    }
  };
  std::deque<Route> routes_;  // in order of adding; addresses stay
  std::unordered_map<std::string, Path, Hash, std::equal_to<>> paths_;
};

}  // namespace v100::gateway
