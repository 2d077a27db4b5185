// `v100 admin`: tenants, principals, keys and tokens of a running server, by signed requests.
#include <fmt/format.h>
#include <functional>

#include "base/secret.h"
#include "io/file.h"
#include "io/world.h"
#include "keys/codec.h"
#include "main/admin/api_client.h"
#include "main/admin/enrolment.h"
#include "main/cli.h"
#include "main/verbs.h"
#include "wire/json.h"

namespace v100 {
namespace admin {
namespace {

struct Options {
  ApiOptions api;
  std::string key;
  std::string new_key;
  std::string token;
  std::string name;
  std::string kind = "user";
  std::vector<std::string> roles;
  std::uint64_t id = 0, tenant = 0, user = 0, from = 0;
  std::int64_t seconds = 86'400;
  bool disable = false, enable = false;
  bool json = false;
};

template <class T>
using Done = std::expected<T, std::string>;

Done<keys::PrivateKey> read_key(const std::string& path) {
  auto content = io::read_file(path, keys::key_file_bytes_max);
  if (!content) {
    return std::unexpected(fmt::format("{}: {}", path, content.error().what));
  }
  auto key = keys::read_key(*content);
  wipe(*content);
  if (!key || !key->secret) {
    return std::unexpected(fmt::format(
        "{}: {}", path, key ? "a public key, where a private one is needed" : key.error().what));
  }
  return std::move(*key->secret);
}

// The key of that file, which is made where there is none: ML-DSA-65, PEM, mode 0600.
Done<keys::PrivateKey> read_or_make_key(const std::string& path) {
  if (io::exists(path)) {
    return read_key(path);
  }
  io::SystemRandom random;
  keys::PrivateKey key = keys::PrivateKey::generate(keys::Algorithm::mldsa65, random);
  const auto der = keys::write_pkcs8(key, keys::Form::seed);
  std::string pem = keys::write_pem(keys::pem_private, der->expose());
  const auto written = io::write_file(path, as_bytes(pem), {.mode = 0600});
  wipe(MutBytes(reinterpret_cast<std::uint8_t*>(pem.data()), pem.size()));
  if (!written) {
    return std::unexpected(fmt::format("{}: {}", path, written.error().what));
  }
  fmt::print(stderr, "made a new key: {}\n", path);
  return key;
}

// JSON for people: a member a line, nested ones indented.
void print_value(wire::JsonValue value, int depth) {
  for (const wire::JsonValue item : value) {
    const std::string label(item.key());
    const bool nested =
        item.kind() == wire::JsonKind::object || item.kind() == wire::JsonKind::array;
    fmt::print("{:{}}{}", "", depth * 2, label.empty() ? "-" : label + ":");
    if (nested) {
      fmt::print("\n");
      print_value(item, depth + 1);
    } else if (const auto text = item.text()) {
      fmt::print(" {}\n", *text);
    } else if (const auto number = item.integer()) {
      fmt::print(" {}\n", *number);
    } else if (const auto flag = item.boolean()) {
      fmt::print(" {}\n", *flag ? "yes" : "no");
    } else {
      fmt::print("\n");
    }
  }
}

Done<int> show(const Done<ApiAnswer>& answer, const Options& options) {
  if (!answer) {
    return std::unexpected(answer.error());
  }
  const auto document = wire::JsonDocument::parse(as_bytes(answer->body), 4 * 1024 * 1024);
  if (answer->status >= 400) {
    const auto detail = document
                            ? document->root()["detail"].text()
                            : Result<std::string_view>(std::unexpected<Error>(document.error()));
    fmt::print(stderr, "v100 admin: refused ({}): {}\n", answer->status,
               detail ? *detail : std::string_view("no reason given"));
    return 1;
  }
  if (options.json || !document) {
    fmt::print("{}\n", answer->body);
  } else {
    print_value(document->root(), 0);
  }
  return 0;
}

Done<ApiClient> signed_client(const Options& options) {
  if (options.key.empty()) {
    return std::unexpected("--key names the private key to sign with");
  }
  auto key = read_key(options.key);
  if (!key) {
    return std::unexpected(key.error());
  }
  auto signer = auth::Signer::from(*key);
  if (!signer) {
    return std::unexpected(fmt::format("{}: {}", options.key, signer.error().what));
  }
  return ApiClient::open(options.api, std::move(*signer));
}

Done<int> ask(const Options& options, const char* method, const std::string& target,
              const std::string& body = "") {
  auto client = signed_client(options);
  return client ? show(client->ask(method, target, body), options)
                : Done<int>(std::unexpected(client.error()));
}

Done<int> enrol(const Options& options) {
  auto key = read_or_make_key(options.key);
  if (!key) {
    return std::unexpected(key.error());
  }
  const auto members = proof_for_token(*key, options.token);
  if (!members) {
    return std::unexpected(fmt::format("--token: {}", members.error().what));
  }
  auto client = ApiClient::open(options.api, std::nullopt);
  if (!client) {
    return std::unexpected(client.error());
  }
  return show(client->ask("POST", "/v1/identity/enrol",
                          fmt::format(R"({{"token":"{}",{}}})", options.token, *members)),
              options);
}

Done<int> rotate(const Options& options) {
  auto client = signed_client(options);
  auto fresh = client ? read_or_make_key(options.new_key)
                      : Done<keys::PrivateKey>(std::unexpected(client.error()));
  if (!fresh) {
    return std::unexpected(fresh.error());
  }
  const auto members = proof_for_rotation(*fresh, client->signer()->id_text());
  if (!members) {
    return std::unexpected(members.error().what);
  }
  return show(client->ask("POST", "/v1/identity/keys",
                          fmt::format(R"({{"overlap_seconds":{},{}}})", options.seconds, *members)),
              options);
}

void write_roles(wire::JsonWriter& out, const std::vector<std::string>& roles) {
  out.key("roles").array();
  for (const std::string& role : roles) {
    out.text(role);
  }
  out.end_array();
}

Done<int> add_principal(const Options& options) {
  wire::JsonWriter out;
  out.object().key("kind").text(options.kind).key("name").text(options.name);
  if (options.tenant != 0) {
    out.key("tenant").integer(static_cast<std::int64_t>(options.tenant));
  }
  if (options.user != 0) {
    out.key("user").integer(static_cast<std::int64_t>(options.user));
  }
  write_roles(out, options.roles);
  out.end_object();
  return ask(options, "POST", "/v1/identity/principals", out.take());
}

Done<int> set_principal(const Options& options) {
  wire::JsonWriter out;
  out.object();
  if (!options.roles.empty()) {
    write_roles(out, options.roles);
  }
  if (options.disable || options.enable) {
    out.key("disabled").boolean(options.disable);
  }
  out.end_object();
  return ask(options, "PATCH", fmt::format("/v1/identity/principals/{}", options.id), out.take());
}

Done<int> add_tenant(const Options& options) {
  wire::JsonWriter out;
  out.object().key("name").text(options.name).end_object();
  return ask(options, "POST", "/v1/identity/tenants", out.take());
}

struct Action {
  const char* name;
  const char* about;
  void (*declare)(CommandLine& line, Options& options);
  Done<int> (*run)(const Options& options);
};

void no_options(CommandLine&, Options&) {}
void with_id(CommandLine& line, Options& o) { line.option("id", o.id, "its number").required(); }

constexpr const char* roles_help = "owner, admin, operator, member, service, auditor";

const Action actions[] = {
    {"enrol", "a first key, by the one-time token that the server or an admin gave",
     [](CommandLine& line, Options& o) { line.option("--token", o.token, "the token").required(); },
     enrol},
    {"me", "who the key speaks for, and what it may do", no_options,
     [](const Options& o) { return ask(o, "GET", "/v1/identity/me"); }},
    {"tenants", "the tenants", no_options,
     [](const Options& o) { return ask(o, "GET", "/v1/identity/tenants"); }},
    {"add-tenant", "a new tenant",
     [](CommandLine& line, Options& o) { line.option("name", o.name, "its name").required(); },
     add_tenant},
    {"close-tenant", "its keys are refused from now on", with_id,
     [](const Options& o) {
       return ask(o, "PATCH", fmt::format("/v1/identity/tenants/{}", o.id), R"({"closed":true})");
     }},
    {"open-tenant", "its keys count again", with_id,
     [](const Options& o) {
       return ask(o, "PATCH", fmt::format("/v1/identity/tenants/{}", o.id), R"({"closed":false})");
     }},
    {"principals", "the users, devices and service accounts of a tenant",
     [](CommandLine& line, Options& o) {
       line.option("--tenant", o.tenant, "its number (your own)");
       line.option("--after", o.from, "those behind this number");
     },
     [](const Options& o) {
       return ask(o, "GET",
                  fmt::format("/v1/identity/principals?tenant={}&after={}", o.tenant, o.from));
     }},
    {"add-principal", "a new user, device or service account",
     [](CommandLine& line, Options& o) {
       line.option("name", o.name, "its name").required();
       line.option("--kind", o.kind, "user (default), device or service")
           .one_of({"user", "device", "service"});
       line.option("--role", o.roles, roles_help);
       line.option("--tenant", o.tenant, "its tenant (your own)");
       line.option("--user", o.user, "for a device: whose it is");
     },
     add_principal},
    {"set-principal", "its roles, and whether its keys count",
     [](CommandLine& line, Options& o) {
       with_id(line, o);
       line.option("--role", o.roles, roles_help);
       line.flag("--disable", o.disable, "its keys are refused from now on");
       line.flag("--enable", o.enable, "they count again");
     },
     set_principal},
    {"token", "a one-time token with which a principal enrols a key",
     [](CommandLine& line, Options& o) {
       line.option("id", o.id, "the principal's number").required();
       line.option("--seconds", o.seconds, "how long it can be used").show_default();
     },
     [](const Options& o) {
       return ask(o, "POST", "/v1/identity/tokens",
                  fmt::format(R"({{"principal":{},"seconds":{}}})", o.id, o.seconds));
     }},
    {"rotate", "a new key in place of this one",
     [](CommandLine& line, Options& o) {
       line.option("--new-key", o.new_key, "its file; made where there is none").required();
       line.option("--overlap", o.seconds, "how many seconds more the old key counts")
           .show_default();
     },
     rotate},
    {"revoke", "a key is refused from now on",
     [](CommandLine& line, Options& o) {
       line.option("key-id", o.name, "its thumbprint, 43 characters").required();
     },
     [](const Options& o) { return ask(o, "DELETE", "/v1/identity/keys/" + o.name); }},
    {"log", "what happened to keys, in order",
     [](CommandLine& line, Options& o) { line.option("--from", o.from, "from this line on"); },
     [](const Options& o) {
       return ask(o, "GET", fmt::format("/v1/identity/log?from={}", o.from));
     }},
};

}  // namespace
}  // namespace admin

int run_admin(int argc, char** argv) {
  using namespace admin;
  CommandLine line("Tenants, principals and keys of a running server, by signed requests.",
                   "v100 admin");
  line.footer(
      "The first key: v100 serve prints a token while nobody can sign; then\n"
      "  v100 admin enrol --key admin.pem --token TOKEN");
  Options options;
  std::vector<CommandLine*> lines;
  for (const Action& action : actions) {
    CommandLine& sub = line.subcommand(action.name, action.about);
    sub.option("--server", options.api.server, "its URL").show_default();
    sub.option("--ca", options.api.ca, "PEM of the authority behind its certificate").shape("FILE");
    sub.option("--key", options.key, "the private key that signs").shape("FILE").required();
    sub.flag("--json", options.json, "the server's answer as it is");
    action.declare(sub, options);
    lines.push_back(&sub);
  }
  if (const auto ended = line.parse(argc, argv)) {
    return *ended;
  }
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i]->chosen()) {
      const Done<int> done = actions[i].run(options);
      if (!done) {
        fmt::print(stderr, "v100 admin {}: {}\n", actions[i].name, done.error());
      }
      return done.value_or(2);
    }
  }
  return 2;
}

}  // namespace v100
