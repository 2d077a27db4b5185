#include "main/config.h"

#include <charconv>
#include <cstdlib>
#include <fmt/format.h>
#include <optional>
#include <toml++/toml.h>

#include "main/cli.h"

namespace v100 {
namespace {

// An empty text: taken. Else: what is wrong with the value.
using Taken = std::string;

Taken take_bool(bool& to, const std::string& text) {
  if (text == "true" || text == "1" || text == "yes") {
    to = true;
  } else if (text == "false" || text == "0" || text == "no") {
    to = false;
  } else {
    return "is true or false";
  }
  return {};
}

Taken take_number(int& to, const std::string& text, int low, int high) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < low || value > high) {
    return fmt::format("is a number from {} to {}", low, high);
  }
  to = value;
  return {};
}

Taken take_list(std::vector<std::string>& to, const std::string& text) {
  to.clear();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    if (comma > at) {
      to.push_back(text.substr(at, comma - at));
    }
    at = comma + 1;
  }
  return {};
}

Taken take_endpoint(Address& to, const std::string& text) {
  const auto parsed = parse_endpoint(text);
  if (!parsed) {
    return parsed.error();
  }
  to = *parsed;
  return {};
}

Taken take_announce(Config& c, const std::string& text) {
  take_list(c.announce, text);
  for (const std::string& address : c.announce) {
    if (!Address::parse(address, 0)) {
      return fmt::format("holds \"{}\", which is no IP address", address);
    }
  }
  return {};
}

Taken take_level(Level& to, const std::string& text) {
  if (text == "debug") {
    to = Level::debug;
  } else if (text == "info") {
    to = Level::info;
  } else if (text == "warning") {
    to = Level::warning;
  } else if (text == "error") {
    to = Level::error;
  } else {
    return "is debug, info, warning or error";
  }
  return {};
}

Taken take_port(std::uint16_t& to, const std::string& text) {
  int value = 0;
  Taken taken = take_number(value, text, 0, 65535);
  if (taken.empty()) {
    to = static_cast<std::uint16_t>(value);
  }
  return taken;
}

Taken take_text(std::string& to, const std::string& text) {
  to = text;
  return {};
}

struct Setting {
  const char* name;   // with dashes, as the flag
  const char* shape;  // of the value, for --help; null: a flag without one
  const char* help;
  Taken (*take)(Config&, const std::string&);
};

constexpr Setting settings[] = {
    {"data", "DIR", "where everything lies that must survive (./data)",
     [](Config& c, const std::string& t) { return take_text(c.data, t); }},
    {"listen", "ADDR:PORT", "HTTPS and WebSockets ([::]:8443)",
     [](Config& c, const std::string& t) { return take_endpoint(c.listen, t); }},
    {"health-listen", "ADDR:PORT", "plain HTTP for probes and metrics (127.0.0.1:8480)",
     [](Config& c, const std::string& t) { return take_endpoint(c.health_listen, t); }},
    {"udp-port", "PORT", "media (8443)",
     [](Config& c, const std::string& t) { return take_port(c.udp_port, t); }},
    {"announce", "IP,...", "addresses under which clients reach this machine, as behind NAT",
     [](Config& c, const std::string& t) { return take_announce(c, t); }},
    {"strict", nullptr, "serve post-quantum clients only (X25519MLKEM768 or nothing)",
     [](Config& c, const std::string& t) { return take_bool(c.strict, t); }},
    {"run", "NAME,...", "the services to run (all)",
     [](Config& c, const std::string& t) { return take_list(c.run, t); }},
    {"cert", "FILE",
     "certificate chain, PEM; without it a self-made one is kept in the data folder",
     [](Config& c, const std::string& t) { return take_text(c.cert, t); }},
    {"key", "FILE", "its private key, PEM",
     [](Config& c, const std::string& t) { return take_text(c.key, t); }},
    {"acme-domains", "NAME,...", "obtain and renew a certificate for these names by ACME",
     [](Config& c, const std::string& t) { return take_list(c.acme_domains, t); }},
    {"acme-contact", "MAIL", "contact for the ACME authority",
     [](Config& c, const std::string& t) { return take_text(c.acme_contact, t); }},
    {"acme-directory", "URL", "the ACME authority (Let's Encrypt)",
     [](Config& c, const std::string& t) { return take_text(c.acme_directory, t); }},
    {"acme-ca", "FILE", "PEM certificate to trust for a private ACME authority",
     [](Config& c, const std::string& t) { return take_text(c.acme_ca, t); }},
    {"acme-listen", "ADDR:PORT", "plain HTTP where the authority looks ([::]:80)",
     [](Config& c, const std::string& t) { return take_endpoint(c.acme_listen, t); }},
    {"insecure-http", nullptr, "no TLS; for development, on loopback addresses only",
     [](Config& c, const std::string& t) { return take_bool(c.insecure_http, t); }},
    {"drain-seconds", "N", "how long a stopping server lets calls go on (10)",
     [](Config& c, const std::string& t) { return take_number(c.drain_seconds, t, 0, 3600); }},
    {"rate-address", "N", "unsigned requests a second from one address; 0: no limit (200)",
     [](Config& c, const std::string& t) { return take_number(c.rate_address, t, 0, 1000000); }},
    {"rate-key", "N", "signed requests a second by one key; 0: no limit (0)",
     [](Config& c, const std::string& t) { return take_number(c.rate_key, t, 0, 1000000); }},
    {"rate-tenant", "N", "signed requests a second of one tenant; 0: no limit (0)",
     [](Config& c, const std::string& t) { return take_number(c.rate_tenant, t, 0, 1000000); }},
    {"cors-origins", "URL,...", "sites whose pages may read the API's open routes; * is all",
     [](Config& c, const std::string& t) { return take_list(c.cors_origins, t); }},
    {"log-level", "LEVEL", "debug, info, warning or error (info)",
     [](Config& c, const std::string& t) { return take_level(c.log_level, t); }},
    {"log-file", "FILE", "JSON lines go there (stderr)",
     [](Config& c, const std::string& t) { return take_text(c.log_file, t); }},
};

std::string spelled(const char* name, bool upper) {
  std::string out;
  for (const char* p = name; *p != 0; ++p) {
    out.push_back(*p == '-' ? '_' : upper ? static_cast<char>(std::toupper(*p)) : *p);
  }
  return out;
}

// A TOML value as the text a flag would have had.
std::optional<std::string> text_of(const toml::node& node) {
  if (auto text = node.value_exact<std::string>()) {
    return text;
  }
  if (const auto number = node.value_exact<std::int64_t>()) {
    return std::to_string(*number);
  }
  if (const auto flag = node.value_exact<bool>()) {
    return *flag ? "true" : "false";
  }
  if (const toml::array* list = node.as_array()) {
    std::string joined;
    for (const toml::node& item : *list) {
      const auto text = item.value_exact<std::string>();
      if (!text) {
        return std::nullopt;
      }
      joined.append(joined.empty() ? "" : ",").append(*text);
    }
    return joined;
  }
  return std::nullopt;
}

std::string read_file_settings(Config& config, const std::string& path) {
  try {
    const toml::table table = toml::parse_file(path);
    for (const auto& [key, node] : table) {
      const Setting* found = nullptr;
      for (const Setting& setting : settings) {
        found = key.str() == spelled(setting.name, false) ? &setting : found;
      }
      const auto line = node.source().begin.line;
      if (found == nullptr) {
        return fmt::format("{}:{}: there is no setting \"{}\"", path, line, key.str());
      }
      const auto text = text_of(node);
      const Taken wrong = text ? found->take(config, *text)
                               : Taken("is a text, a number, true, false or a list of texts");
      if (!wrong.empty()) {
        return fmt::format("{}:{}: {} {}", path, line, key.str(), wrong);
      }
    }
  } catch (const toml::parse_error& error) {
    return fmt::format("{}:{}: {}", path, error.source().begin.line, error.description());
  }
  return {};
}

std::string read_environment(Config& config) {
  for (const Setting& setting : settings) {
    const std::string variable = "V100_" + spelled(setting.name, true);
    if (const char* value = std::getenv(variable.c_str())) {
      if (const Taken wrong = setting.take(config, value); !wrong.empty()) {
        return fmt::format("{} {}", variable, wrong);
      }
    }
  }
  return {};
}

std::string check_together(const Config& config) {
  if (config.cert.empty() != config.key.empty()) {
    return "--cert and --key go together";
  }
  if (!config.cert.empty() && !config.acme_domains.empty()) {
    return "a certificate comes from files or by ACME, not both";
  }
  if (config.insecure_http) {
    const Address& at = config.listen;
    Address six;
    six.ip[15] = 1;
    six.port = at.port;
    if (!(at.is_ipv4() && at.ipv4()[0] == 127) && at != six) {
      return "--insecure-http serves loopback only: add --listen 127.0.0.1:PORT";
    }
    if (config.strict) {
      return "--insecure-http has no key exchange for --strict to check";
    }
  }
  return {};
}

}  // namespace

Config::Config() {
  listen.port = 8443;
  health_listen = Address::parse("127.0.0.1", 8480).value();
  acme_listen.port = 80;
}

std::expected<Address, std::string> parse_endpoint(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  std::string host = colon == std::string::npos ? "" : text.substr(0, colon);
  const std::string digits = colon == std::string::npos ? text : text.substr(colon + 1);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string::npos) {
    return std::unexpected("wants brackets around an IPv6 address: [::1]:8443");
  }
  int port = 0;
  if (!take_number(port, digits, 0, 65535).empty()) {
    return std::unexpected("is ADDRESS:PORT, as in 127.0.0.1:8443 or [::]:8443");
  }
  const auto address = Address::parse(host.empty() || host == "*" ? "::"
                                      : host == "localhost"       ? "127.0.0.1"
                                                                  : host,
                                      static_cast<std::uint16_t>(port));
  if (!address) {
    return std::unexpected("is ADDRESS:PORT with an IP address, as in 127.0.0.1:8443 or [::]:8443");
  }
  return *address;
}

std::expected<ConfigOrHelp, std::string> load_config(int argc, char** argv) {
  CommandLine line(
      "v100 serve: the platform. With no argument it listens on port 8443, makes itself a\n"
      "certificate, and prints the URL to open.",
      "v100 serve");
  line.footer(
      "Each setting is also a line of the file (udp_port = 8443) and a variable\n"
      "(V100_UDP_PORT=8443); flags win over variables, variables over the file.");
  std::string file;
  line.option("--config", file, "settings as a TOML file (V100_CONFIG)").shape("FILE");
  std::vector<std::string> values(std::size(settings));
  std::vector<CommandLine::Option> options;
  bool ignored = false;
  for (std::size_t i = 0; i < std::size(settings); ++i) {
    const Setting& setting = settings[i];
    const std::string flag = fmt::format("--{}", setting.name);
    options.push_back(setting.shape == nullptr
                          ? line.flag(flag, ignored, setting.help)
                          : line.option(flag, values[i], setting.help).shape(setting.shape));
  }
  const auto help = line.read(argc, argv);
  if (!help) {
    return std::unexpected(fmt::format("{} (v100 serve --help)", help.error()));
  }
  if (!help->empty()) {
    return ConfigOrHelp{Config(), *help};
  }
  ConfigOrHelp out;
  out.config.arguments.assign(argv, argv + argc);
  if (const char* named = std::getenv("V100_CONFIG"); named != nullptr && file.empty()) {
    file = named;
  }
  std::string wrong = file.empty() ? "" : read_file_settings(out.config, file);
  wrong = wrong.empty() ? read_environment(out.config) : wrong;
  for (std::size_t i = 0; i < std::size(settings) && wrong.empty(); ++i) {
    if (options[i].given()) {
      const Taken taken =
          settings[i].take(out.config, settings[i].shape == nullptr ? "true" : values[i]);
      wrong = taken.empty() ? "" : fmt::format("--{} {}", settings[i].name, taken);
    }
  }
  wrong = wrong.empty() ? check_together(out.config) : wrong;
  if (!wrong.empty()) {
    return std::unexpected(wrong);
  }
  return out;
}

}  // namespace v100
