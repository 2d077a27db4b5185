// The services of this program, one row each: the whole wiring.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "auth/directory.h"
#include "base/address.h"
#include "main/config.h"
#include "merkle/intake.h"
#include "svc/service.h"

namespace v100::rtc {
class DtlsContext;
}

namespace v100 {

// What a factory may take from. All of it outlives the services.
struct Parts {
  Env env;
  Sockets& sockets;
  Datagrams& datagrams;
  rtc::DtlsContext* dtls;           // the media port's certificate
  std::vector<Address> candidates;  // where clients reach the media port
  std::uint16_t media_port;
  const Config& config;
  std::string data;        // the data folder, absolute
  merkle::Intake& intake;  // the shard's way into the log, for the hot path too
  std::function<void(std::move_only_function<void()>)> post_to_loop;  // from any thread
  std::function<std::string()> first_token;       // set by identity: see its service
  const auth::KeyDirectory* directory = nullptr;  // set by identity: who may sign
  std::string problem;  // why a factory gave nothing: a sentence for the person at the terminal
};

struct ServiceRow {
  const char* name;                                // as in --run, and on the bus
  const char* summary;                             // what it does, in a few words
  std::unique_ptr<Service> (*make)(Parts& parts);  // null: see parts.problem
};

std::span<const ServiceRow> service_table() noexcept;

// The rows of `table` that `run` names ("all" names each), in the table's order. The error is a
// sentence for the person at the terminal.
std::expected<std::vector<ServiceRow>, std::string> choose_services(
    std::span<const ServiceRow> table, const std::vector<std::string>& run);

}  // namespace v100
