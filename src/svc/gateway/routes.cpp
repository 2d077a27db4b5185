#include "svc/gateway/routes.h"

#include "merkle/leaf.h"

namespace v100::gateway {

Route& Routes::add(std::string_view service, const RoutePolicy& policy, std::string_view method,
                   std::string_view path) {
  CHECK(path.starts_with('/'));
  Path& at = paths_[std::string(path)];
  for (const Route* other : at.methods) {
    CHECK(other->method != method);
  }
  Route& route = routes_.emplace_back();
  route.method = method;
  route.path = path;
  route.service = service;
  route.policy = policy;
  route.writes = policy.effect == RoutePolicy::Effect::by_method
                     ? method != "GET" && method != "HEAD" && method != "OPTIONS"
                     : policy.effect == RoutePolicy::Effect::write;
  route.service_number = merkle::service_number(service);
  at.methods.push_back(&route);
  at.allow.append(at.allow.empty() ? "" : ", ").append(method);
  if (method == "GET") {
    at.allow.append(", HEAD");
  }
  return route;
}

Routes::Found Routes::find(std::string_view method, std::string_view path) const {
  Found out;
  std::string_view prefix = path;
  auto found = paths_.find(prefix);
  // Exact first, then the longest prefix.
  while (found == paths_.end()) {
    const std::size_t slash =
        prefix.size() < 2 ? std::string_view::npos : prefix.rfind('/', prefix.size() - 2);
    if (slash == std::string_view::npos || slash == 0) {
      return out;
    }
    prefix = prefix.substr(0, slash + 1);
    found = paths_.find(prefix);
  }
  out.path = &found->second;
  out.tail = path.substr(prefix.size());
  out.allow = found->second.allow;
  for (Route* route : found->second.methods) {
    if (route->method == method) {
      out.route = route;
      return out;
    }
    if (method == "HEAD" && route->method == "GET") {
      out.route = route;  // a HEAD of its own comes first, if there is one
    }
  }
  return out;
}

void Routes::clear() {
  paths_.clear();
  routes_.clear();
}

}  // namespace v100::gateway
