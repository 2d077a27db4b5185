#include "svc/gateway/service.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "auth/key_id.h"
#include "base/text.h"
#include "svc/gateway/front.h"
#include "svc/gateway/openapi.h"
#include "svc/problem.h"

namespace v100::gateway {
namespace {

void put(Buffer& out, std::string_view text) { append(out, as_bytes(text)); }

void put_number(Buffer& out, std::int64_t value) {
  char digits[20];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
  put(out, {digits, static_cast<std::size_t>(end - digits)});
}

void refuse(HttpNowAnswer& out, const Error& error) {
  out.status = http_status(error.code);
  out.content_type = "application/problem+json";
  put(out.body, R"({"type":"about:blank","title":")");
  put(out.body, name(error.code));
  put(out.body, R"(","detail":")");
  put(out.body, error.what);
  put(out.body, R"(","status":)");
  put_number(out.body, out.status);
  put(out.body, "}");
}

class GatewayService final : public Service {
 public:
  explicit GatewayService(OwnParts parts) : parts_(parts) {}

  void open(Router& router) override {
    // An echo changes nothing: its answer carries the log's promise and does not wait.
    const RoutePolicy echo{.summary = "How a request arrived: bytes, lane, key",
                           .effect = RoutePolicy::Effect::read,
                           .cross_origin = true};
    for (const char* method : {"GET", "POST"}) {
      router.http_now(echo, method, "/v1/echo", [](const HttpRequest& request, HttpNowAnswer& out) {
        on_echo(request, out);
      });
    }
    if (parts_.front != nullptr) {
      router.http_now({.summary = "This description", .cross_origin = true}, "GET", "/openapi.json",
                      [this](const HttpRequest&, HttpNowAnswer& out) {
                        put(out.body, openapi(parts_.front->routes()));
                      });
    }
    if (parts_.sessions != nullptr) {
      open_sessions(router);
    }
  }

  void tick(Instant) override {
    if (parts_.sessions != nullptr && ++ticks_ % 1000 == 0) {  // every ten seconds
      parts_.sessions->expire(parts_.clock.wall());
    }
  }

 private:
  static void on_echo(const HttpRequest& request, HttpNowAnswer& out) {
    put(out.body, R"({"bytes":)");
    put_number(out.body, static_cast<std::int64_t>(request.body.size()));
    put(out.body, R"(,"lane":")");
    put(out.body, request.caller->lane);
    if (request.caller->known) {
      put(out.body, R"(","owner":)");
      put_number(out.body, static_cast<std::int64_t>(request.caller->owner));
      put(out.body, "}");
    } else {
      put(out.body, "\"}");
    }
  }

  void open_sessions(Router& router) {
    router.http_now({.summary = "The X-Wing key that sessions are encapsulated to"}, "GET",
                    "/v1/sessions/kem", [this](const HttpRequest&, HttpNowAnswer& out) {
                      put(out.body, R"({"alg":"X-Wing","pub":")");
                      put(out.body, to_base64url(parts_.kem->public_key().bytes()));
                      put(out.body, "\"}");
                    });
    router.http_now({.summary = "Opens a session: the body is an X-Wing ciphertext",
                     .signed_only = true,
                     .body_bytes = 64 * 1024},
                    "POST", "/v1/sessions", [this](const HttpRequest& request, HttpNowAnswer& out) {
                      const auto opened =
                          parts_.sessions->open(*parts_.kem, request.body, request.caller->key,
                                                request.peer->exporter, parts_.clock.wall());
                      tell(opened, 201, out);
                    });
    router.http_now({.summary = "Binds a session to this connection", .signed_only = true}, "POST",
                    "/v1/sessions/", [this](const HttpRequest& request, HttpNowAnswer& out) {
                      const Result<auth::SessionId> id = parse_id(request.path_tail);
                      if (!id) {
                        return refuse(out, id.error());
                      }
                      tell(parts_.sessions->resume(*id, request.caller->key, request.peer->exporter,
                                                   parts_.clock.wall()),
                           200, out);
                    });
    router.http_now({.summary = "Ends a session", .signed_only = true}, "DELETE", "/v1/sessions/",
                    [this](const HttpRequest& request, HttpNowAnswer& out) {
                      const Result<auth::SessionId> id = parse_id(request.path_tail);
                      if (!id || !parts_.sessions->revoke(*id, request.caller->key)) {
                        return refuse(out, {Errc::not_found, "session: none of yours"});
                      }
                      put(out.body, "{}");
                    });
  }

  static Result<auth::SessionId> parse_id(std::string_view text) {
    const Buffer bytes = TRY(from_base64url(text));
    auth::SessionId id;
    if (bytes.size() != id.size()) {
      return fail(Errc::malformed, "session: not an id");
    }
    copy(id, bytes);
    return id;
  }

  static void tell(const Result<auth::Sessions::Opened>& opened, int status, HttpNowAnswer& out) {
    if (!opened) {
      return refuse(out, opened.error());
    }
    out.status = status;
    put(out.body, R"({"session":")");
    put(out.body, to_base64url(opened->id));
    put(out.body, R"(","expires":)");
    put_number(out.body, opened->expires.value() / 1000);
    put(out.body, "}");
  }

  OwnParts parts_;
  std::uint64_t ticks_ = 0;
};

}  // namespace

std::unique_ptr<Service> make_gateway_service(OwnParts parts) {
  return std::make_unique<GatewayService>(parts);
}

}  // namespace v100::gateway
