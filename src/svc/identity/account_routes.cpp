// What each route of the account API says and does.
#include <charconv>

#include "auth/key_id.h"
#include "base/text.h"
#include "svc/codec.h"
#include "svc/identity/account_api.h"
#include "svc/identity/account_records.h"
#include "svc/problem.h"
#include "wire/json.h"

namespace v100::identity {
namespace {

constexpr std::size_t body_bytes_max = 32 * 1024;
constexpr std::size_t page = 100;

HttpAnswer json(int status, wire::JsonWriter& writer) {
  HttpAnswer answer;
  answer.status = status;
  answer.body = to_buffer(as_bytes(writer.view()));
  return answer;
}

template <class T>
Result<T> number_in(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) {
    return fail(Errc::malformed, "identity: a number is due here");
  }
  return value;
}

// `name=NUMBER` in a query; 0 where it is not there.
Result<std::uint64_t> query_number(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view part = query.substr(0, end);
    if (part.size() > name.size() && part.starts_with(name) && part[name.size()] == '=') {
      return number_in<std::uint64_t>(part.substr(name.size() + 1));
    }
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return std::uint64_t{0};
}

Result<std::uint32_t> read_roles(wire::JsonValue list) {
  std::uint32_t bits = 0;
  for (const wire::JsonValue item : list) {
    const std::string_view name = TRY(item.text());
    const std::uint32_t before = bits;
    for (std::size_t i = 0; i < roles().size(); ++i) {
      bits |= name == roles()[i].name ? 1u << i : 0u;
    }
    if (bits == before) {
      return fail(Errc::malformed,
                  "identity: roles are owner, admin, operator, member, service, auditor");
    }
  }
  return bits;
}

struct ReadKey {
  keys::PublicKey key;
  Buffer proof;
};
// {"key": a JWK, "proof": base64url}
Result<ReadKey> read_new_key(wire::JsonValue root) {
  const wire::JsonValue jwk = root["key"];
  const auto algorithm = TRY(keys::algorithm_by_name(TRY(jwk["alg"].text())));
  if (TRY(jwk["kty"].text()) != "AKP") {
    return fail(Errc::malformed, "identity: the key is a JWK of kty AKP (RFC 9964)");
  }
  const Buffer bytes = TRY(jwk["pub"].base64url());
  return ReadKey{TRY(keys::PublicKey::from(algorithm, bytes)), TRY(root["proof"].base64url())};
}

void write_roles(wire::JsonWriter& out, std::uint32_t bits) {
  out.key("roles").array();
  for (std::size_t i = 0; i < roles().size(); ++i) {
    if ((bits >> i & 1) != 0) {
      out.text(roles()[i].name);
    }
  }
  out.end_array();
}

void write(wire::JsonWriter& out, const Tenant& m) {
  out.object().key("id").integer(static_cast<std::int64_t>(m.id)).key("name").text(m.name);
  out.key("made_ms").integer(m.made.value()).key("closed").boolean(m.closed).end_object();
}

void write(wire::JsonWriter& out, const Principal& m, const Accounts& accounts) {
  out.object().key("id").integer(static_cast<std::int64_t>(m.id));
  out.key("tenant").integer(static_cast<std::int64_t>(m.tenant));
  out.key("kind").text(name(m.kind)).key("name").text(m.name);
  if (m.user != 0) {
    out.key("user").integer(static_cast<std::int64_t>(m.user));
  }
  write_roles(out, m.roles);
  out.key("made_ms").integer(m.made.value()).key("disabled").boolean(m.disabled);
  out.key("keys").array();
  for (const auth::KeyId& id : accounts.keys_of(m.id)) {
    out.text(auth::to_text(id));
  }
  out.end_array().end_object();
}

void write(wire::JsonWriter& out, const auth::KeyId& id, const auth::KeyRecord& m) {
  out.object().key("id").text(auth::to_text(id));
  out.key("alg").text(keys::info(m.algorithm).name);
  out.key("principal").integer(static_cast<std::int64_t>(m.owner));
  out.key("not_before_ms").integer(m.not_before.value());
  if (m.not_after.value() != INT64_MAX) {
    out.key("not_after_ms").integer(m.not_after.value());
  }
  out.key("revoked").boolean(m.revoked).key("pub").base64url(m.public_key).end_object();
}

// A handler's body in Results, its error as a problem document.
template <class F>
HttpAnswer answered(F&& body) {
  Result<HttpAnswer> answer = body();
  return answer ? std::move(*answer) : problem(answer.error());
}

constexpr Error no_principal{Errc::not_found, "identity: no such principal"};

}  // namespace

Result<void> AccountApi::may(const HttpRequest& request, std::uint64_t tenant,
                             std::uint64_t scope) const {
  const Principal* caller = accounts_.principal(request.caller->owner);
  const bool own = caller != nullptr && caller->tenant == tenant;
  if ((request.caller->scopes & scope::tenants) != 0 ||
      (own && (request.caller->scopes & scope) != 0)) {
    return {};
  }
  return fail(Errc::forbidden, "identity: the caller's roles do not allow this");
}

// Nobody gives a role that may do what the giver may not: no way up.
Result<void> AccountApi::may_give(const HttpRequest& request, std::uint32_t wanted) const {
  if ((scopes_of(wanted) & ~request.caller->scopes) != 0) {
    return fail(Errc::forbidden, "identity: a role beyond the caller's own");
  }
  return {};
}

HttpAnswer AccountApi::me(const HttpRequest& request, Change&) {
  const Principal* caller = accounts_.principal(request.caller->owner);
  if (caller == nullptr) {
    return problem(no_principal);
  }
  wire::JsonWriter out;
  out.object().key("principal");
  write(out, *caller, accounts_);
  out.key("key").text(auth::to_text(request.caller->key));
  out.key("lane").text(request.caller->lane);
  out.key("scopes").integer(static_cast<std::int64_t>(request.caller->scopes & 0xff)).end_object();
  return json(200, out);
}

HttpAnswer AccountApi::enrol(const HttpRequest& request, Change& change) {
  return answered([&]() -> Result<HttpAnswer> {
    if (!enrolments_.of(request.peer->address.ip, env_.clock.now()).take(env_.clock.now())) {
      return fail(Errc::busy, "identity: too many enrolments from this address");
    }
    const auto document = TRY(wire::JsonDocument::parse(request.body, body_bytes_max));
    const ReadKey wanted = TRY(read_new_key(document.root()));
    const std::string_view token = TRY(document.root()["token"].text());
    const auth::KeyId id =
        TRY(accounts_.enrol(token, {wanted.key, wanted.proof}, env_.clock.wall(), change));
    wire::JsonWriter out;
    write(out, id, *accounts_.find(id));
    return json(201, out);
  });
}

HttpAnswer AccountApi::rotate(const HttpRequest& request, Change& change) {
  return answered([&]() -> Result<HttpAnswer> {
    const auto document = TRY(wire::JsonDocument::parse(request.body, body_bytes_max));
    const ReadKey wanted = TRY(read_new_key(document.root()));
    const wire::JsonValue overlap = document.root()["overlap_seconds"];
    const std::int64_t seconds = overlap.exists() ? TRY(overlap.integer()) : 86'400;
    const auth::KeyId id = TRY(accounts_.rotate(request.caller->key, {wanted.key, wanted.proof},
                                                seconds, env_.clock.wall(), change));
    wire::JsonWriter out;
    write(out, id, *accounts_.find(id));
    return json(201, out);
  });
}

HttpAnswer AccountApi::key(const HttpRequest& request, Change&) {
  return answered([&]() -> Result<HttpAnswer> {
    const auth::KeyId id = TRY(auth::parse_key_id(request.path_tail));
    const auth::KeyRecord* record = accounts_.find(id);
    const Principal* owner = record == nullptr ? nullptr : accounts_.principal(record->owner);
    if (owner == nullptr) {
      return fail(Errc::not_found, "identity: no such key");
    }
    if (record->owner != request.caller->owner) {
      TRY(may(request, owner->tenant, scope::identity_read));
    }
    wire::JsonWriter out;
    write(out, id, *record);
    return json(200, out);
  });
}

HttpAnswer AccountApi::revoke(const HttpRequest& request, Change& change) {
  return answered([&]() -> Result<HttpAnswer> {
    const auth::KeyId id = TRY(auth::parse_key_id(request.path_tail));
    const auth::KeyRecord* record = accounts_.find(id);
    const Principal* owner = record == nullptr ? nullptr : accounts_.principal(record->owner);
    if (owner == nullptr) {
      return fail(Errc::not_found, "identity: no such key");
    }
    if (record->owner != request.caller->owner) {
      TRY(may(request, owner->tenant, scope::identity_write));
      TRY(may_give(request, owner->roles));
    }
    TRY(accounts_.revoke(id, change));
    wire::JsonWriter out;
    write(out, id, *accounts_.find(id));
    return json(200, out);
  });
}

HttpAnswer AccountApi::tenants(const HttpRequest& request, Change&) {
  wire::JsonWriter out;
  out.object().key("tenants").array();
  for (const Tenant* tenant : accounts_.all_tenants()) {
    if (may(request, tenant->id, scope::identity_read)) {
      write(out, *tenant);
    }
  }
  out.end_array().end_object();
  return json(200, out);
}

HttpAnswer AccountApi::make_tenant(const HttpRequest& request, Change& change) {
  return answered([&]() -> Result<HttpAnswer> {
    TRY(may(request, 0, scope::tenants));
    const auto document = TRY(wire::JsonDocument::parse(request.body, body_bytes_max));
    const std::uint64_t id =
        TRY(accounts_.make_tenant(TRY(document.root()["name"].text()), env_.clock.wall(), change));
    wire::JsonWriter out;
    write(out, *accounts_.tenant(id));
    return json(201, out);
  });
}

HttpAnswer AccountApi::edit_tenant(const HttpRequest& request, Change& change) {
  return answered([&]() -> Result<HttpAnswer> {
    TRY(may(request, 0, scope::tenants));
    const auto id = TRY(number_in<std::uint64_t>(request.path_tail));
    const auto document = TRY(wire::JsonDocument::parse(request.body, body_bytes_max));
    TRY(accounts_.close_tenant(id, TRY(document.root()["closed"].boolean()), change));
    wire::JsonWriter out;
    write(out, *accounts_.tenant(id));
    return json(200, out);
  });
}

HttpAnswer AccountApi::principals(const HttpRequest& request, Change&) {
  return answered([&]() -> Result<HttpAnswer> {
    std::uint64_t tenant = TRY(query_number(request.query, "tenant"));
    const Principal* caller = accounts_.principal(request.caller->owner);
    tenant = tenant == 0 && caller != nullptr ? caller->tenant : tenant;
    TRY(may(request, tenant, scope::identity_read));
    const std::uint64_t after = TRY(query_number(request.query, "after"));
    wire::JsonWriter out;
    out.object().key("principals").array();
    const auto found = accounts_.principals_of(tenant, after, page);
    for (const Principal* principal : found) {
      write(out, *principal, accounts_);
    }
    out.end_array();
    if (found.size() == page) {
      out.key("next_after").integer(static_cast<std::int64_t>(found.back()->id));
    }
    out.end_object();
    return json(200, out);
  });
}

HttpAnswer AccountApi::principal(const HttpRequest& request, Change&) {
  return answered([&]() -> Result<HttpAnswer> {
    const auto id = TRY(number_in<std::uint64_t>(request.path_tail));
    const Principal* found = accounts_.principal(id);
    if (found == nullptr) {
      return std::unexpected<Error>(no_principal);
    }
    if (id != request.caller->owner) {
      TRY(may(request, found->tenant, scope::identity_read));
    }
    wire::JsonWriter out;
    write(out, *found, accounts_);
    return json(200, out);
  });
}

HttpAnswer AccountApi::make_principal(const HttpRequest& request, Change& change) {
  return answered([&]() -> Result<HttpAnswer> {
    const auto document = TRY(wire::JsonDocument::parse(request.body, body_bytes_max));
    const wire::JsonValue root = document.root();
    const Principal* caller = accounts_.principal(request.caller->owner);
    Accounts::NewPrincipal wanted;
    const wire::JsonValue tenant = root["tenant"];
    wanted.tenant = tenant.exists()     ? static_cast<std::uint64_t>(TRY(tenant.integer()))
                    : caller != nullptr ? caller->tenant
                                        : 0;
    TRY(may(request, wanted.tenant, scope::identity_write));
    const std::string_view kind = TRY(root["kind"].text());
    wanted.kind = kind == "device"    ? PrincipalKind::device
                  : kind == "service" ? PrincipalKind::service
                                      : PrincipalKind::user;
    if (kind != name(wanted.kind)) {
      return fail(Errc::malformed, "identity: a kind is user, device or service");
    }
    const wire::JsonValue user = root["user"];
    wanted.user = user.exists() ? static_cast<std::uint64_t>(TRY(user.integer())) : 0;
    wanted.roles = TRY(read_roles(root["roles"]));
    TRY(may_give(request, wanted.roles));
    wanted.name = TRY(root["name"].text());
    const std::uint64_t id = TRY(accounts_.make_principal(wanted, env_.clock.wall(), change));
    wire::JsonWriter out;
    write(out, *accounts_.principal(id), accounts_);
    return json(201, out);
  });
}

HttpAnswer AccountApi::edit_principal(const HttpRequest& request, Change& change) {
  return answered([&]() -> Result<HttpAnswer> {
    const auto id = TRY(number_in<std::uint64_t>(request.path_tail));
    const Principal* found = accounts_.principal(id);
    if (found == nullptr) {
      return std::unexpected<Error>(no_principal);
    }
    TRY(may(request, found->tenant, scope::identity_write));
    const auto document = TRY(wire::JsonDocument::parse(request.body, body_bytes_max));
    Accounts::PrincipalEdit edit;
    if (const wire::JsonValue list = document.root()["roles"]; list.exists()) {
      edit.roles = TRY(read_roles(list));
      TRY(may_give(request, *edit.roles | found->roles));  // taking away is as much as giving
    }
    if (const wire::JsonValue disabled = document.root()["disabled"]; disabled.exists()) {
      edit.disabled = TRY(disabled.boolean());
      TRY(may_give(request, found->roles));
    }
    TRY(accounts_.edit_principal(id, edit, change));
    wire::JsonWriter out;
    write(out, *accounts_.principal(id), accounts_);
    return json(200, out);
  });
}

HttpAnswer AccountApi::make_token(const HttpRequest& request, Change& change) {
  return answered([&]() -> Result<HttpAnswer> {
    const auto document = TRY(wire::JsonDocument::parse(request.body, body_bytes_max));
    const auto id = static_cast<std::uint64_t>(TRY(document.root()["principal"].integer()));
    const Principal* found = accounts_.principal(id);
    if (found == nullptr) {
      return std::unexpected<Error>(no_principal);
    }
    TRY(may(request, found->tenant, scope::identity_write));
    TRY(may_give(request, found->roles));  // a token is a key to all that its principal may do
    const wire::JsonValue lifetime = document.root()["seconds"];
    const std::int64_t seconds = lifetime.exists() ? TRY(lifetime.integer()) : 86'400;
    const std::string token =
        TRY(accounts_.make_token(id, seconds, env_.clock.wall(), env_.random, change));
    wire::JsonWriter out;
    out.object().key("token").text(token).key("seconds").integer(seconds).end_object();
    return json(201, out);
  });
}

HttpAnswer AccountApi::key_log(const HttpRequest& request, Change&) {
  return answered([&]() -> Result<HttpAnswer> {
    const std::uint64_t from = TRY(query_number(request.query, "from"));
    wire::JsonWriter out;
    out.object().key("size").integer(static_cast<std::int64_t>(events_)).key("events").array();
    for (std::uint64_t i = from; i < events_ && i - from < page; ++i) {
      const Buffer record = TRY(env_.store.get(records::key_log, records::number_key(i)));
      Decoder in(record);
      const bool attested = in.flag();
      out.object().key("number").integer(static_cast<std::int64_t>(i));
      out.key("attested")
          .boolean(attested)
          .key("line")
          .text(in.text(records::key_log_line_max))
          .end_object();
    }
    out.end_array().end_object();
    return json(200, out);
  });
}

}  // namespace v100::identity
