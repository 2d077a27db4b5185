// What `v100 serve` is told: defaults, then a TOML file, then the environment, then flags; the
// later wins. Every setting has one name: udp_port in the file, V100_UDP_PORT, --udp-port.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/world.h"

namespace v100 {

struct Config {
  std::string data = "data";
  Address listen;         // the public port: HTTPS and WSS; [::]:8443
  Address health_listen;  // plain, for probes and metrics; 127.0.0.1:8480
  std::uint16_t udp_port = 8443;
  std::vector<std::string> announce;  // addresses under which clients reach us, besides our own
  bool strict = false;
  std::vector<std::string> run = {"all"};
  Level log_level = Level::info;
  std::string log_file;  // empty: stderr
  std::string cert, key;
  bool insecure_http = false;
  int drain_seconds = 10;

  // The gateway's limits, in requests a second; 0: none. Read again on SIGHUP.
  int rate_address = 200;  // unsigned requests of one address
  int rate_key = 0;        // signed requests of one key
  int rate_tenant = 0;
  std::vector<std::string> cors_origins;

  std::vector<std::string> arguments;  // that all this came from, to read it again

  std::vector<std::string> acme_domains;
  std::string acme_contact;
  std::string acme_directory = "https://acme-v02.api.letsencrypt.org/directory";
  std::string acme_ca;  // PEM of a private authority's own certificate; empty: the system's
  Address acme_listen;  // plain HTTP for the authority's challenge; [::]:80

  Config();
};

// The outcome of reading the command line. `help` is printed instead of serving.
struct ConfigOrHelp {
  Config config;
  std::string help;  // not empty: print it and exit 0
};
// The error is one sentence for the person at the terminal.
std::expected<ConfigOrHelp, std::string> load_config(int argc, char** argv);

// "127.0.0.1:80", "[::1]:80", ":80" (all addresses), "80". Ports 0 to 65535.
std::expected<Address, std::string> parse_endpoint(const std::string& text);

}  // namespace v100
