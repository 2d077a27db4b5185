#include "svc/gateway/openapi.h"

#include <map>
#include <vector>

namespace v100::gateway {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  }
  return out;
}

// "post_v1_rooms": unique, as a path has one route a method.
std::string operation_id(const Route& route) {
  std::string out = lower(route.method);
  for (const char c : route.path) {
    out.push_back((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '_');
  }
  return out;
}

constexpr std::string_view problem_ref = R"({"$ref":"#/components/responses/Problem"})";

void append_operation(std::string& out, const Route& route) {
  out.append("\"").append(lower(route.method)).append(R"(":{"operationId":")");
  out.append(operation_id(route)).append(R"(","tags":[")").append(route.service);
  out.append(R"("],"summary":")");
  out.append(*route.policy.summary != 0 ? route.policy.summary : route.path.c_str());
  out.append("\",");
  if (route.path.ends_with('/')) {
    out.append(R"("parameters":[{"name":"rest","in":"path","required":true,)"
               R"("schema":{"type":"string"}}],)");
  }
  if (route.method == "POST" || route.method == "PUT" || route.method == "PATCH") {
    out.append(R"("requestBody":{"content":{"application/json":{},)"
               R"("application/cose":{},"application/octet-stream":{}}},)");
  }
  out.append(route.policy.signed_only ? R"("security":[{"httpSignature":[]},{"session":[]}],)"
                                      : R"("security":[{},{"httpSignature":[]},{"session":[]}],)");
  out.append(R"("responses":{"2XX":{"$ref":"#/components/responses/Answer"},"4XX":)");
  out.append(problem_ref).append(R"(,"5XX":)").append(problem_ref).append("}}");
}

constexpr std::string_view head =
    R"({"openapi":"3.1.0","info":{"title":"V100","version":"1","description":"Requests are signed )"
    R"((RFC 9421, COSE_Sign1 or a session's KMAC); each answer carries its place in the log.",)"
    R"("license":{"name":"see the source","url":"/"}},"servers":[{"url":"/"}],"paths":{)";
constexpr std::string_view tail =
    R"(},"components":{"responses":{"Answer":{"description":"Done","headers":{"Attestation":)"
    R"({"description":"The answer's place in the attestation log","schema":{"type":"string"}}},)"
    R"("content":{"application/json":{}}},"Problem":{"description":"RFC 9457","content":)"
    R"({"application/problem+json":{"schema":{"type":"object","properties":{"type":)"
    R"({"type":"string"},"title":{"type":"string"},"status":{"type":"integer"},"detail":)"
    R"({"type":"string"}}}}}}},"securitySchemes":{"httpSignature":{"type":"http","scheme":)"
    R"("signature","description":"RFC 9421 with ml-dsa-65, or a COSE_Sign1 body"},"session":)"
    R"({"type":"http","scheme":"V100-Session"}}}})";

}  // namespace

std::string openapi(const Routes& routes) {
  std::map<std::string, std::vector<const Route*>> paths;
  for (const Route& route : routes.all()) {
    paths[route.path].push_back(&route);
  }
  std::string out(head);
  bool first = true;
  for (const auto& [path, list] : paths) {
    out.append(first ? "\"" : ",\"").append(path);
    out.append(path.ends_with('/') ? "{rest}\":{" : "\":{");
    first = false;
    bool first_method = true;
    for (const Route* route : list) {
      out.append(first_method ? "" : ",");
      first_method = false;
      append_operation(out, *route);
    }
    out.append("}");
  }
  return out.append(tail);
}

}  // namespace v100::gateway
