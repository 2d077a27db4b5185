#include "main/services.h"

#include <algorithm>

#include "main/attest/open.h"
#include "main/version.h"
#include "svc/identity/identity.h"
#include "svc/meeting/meeting.h"
#include "svc/sfu/sfu.h"
#include "svc/signaling/signaling.h"

namespace v100 {
namespace {

std::unique_ptr<Service> attest_row(Parts& parts) { return open_attest(parts); }

std::unique_ptr<Service> identity_row(Parts& parts) {
  auto made = identity::make_identity(parts.env);
  parts.directory = &made->directory();
  parts.first_token = [identity = made.get()] { return identity->first_token(); };
  return made;
}

std::unique_ptr<Service> meeting_row(Parts& parts) { return meeting::make_meeting(parts.env); }

std::unique_ptr<Service> signaling_row(Parts& parts) {
  return signaling::make_signaling({.version = version, .media_port = parts.media_port}, parts.env,
                                   parts.sockets, nullptr);
}

std::unique_ptr<Service> sfu_row(Parts& parts) {
  return sfu::make_sfu({.announce = parts.candidates}, parts.env, parts.datagrams, *parts.dtls,
                       nullptr);
}

// One row a service. Order is the order of open(), tick() and drain(); close() goes backwards.
constexpr ServiceRow table[] = {
    {"attest", "keeps the log of what was answered, and proves it", attest_row},
    {"identity", "knows devices and verifies their signatures", identity_row},
    {"meeting", "keeps rooms", meeting_row},
    {"signaling", "admits devices and relays what it cannot read", signaling_row},
    {"sfu", "forwards media it cannot read", sfu_row},
};

}  // namespace

std::span<const ServiceRow> service_table() noexcept { return table; }

std::expected<std::vector<ServiceRow>, std::string> choose_services(
    std::span<const ServiceRow> rows, const std::vector<std::string>& run) {
  std::string names = "all";
  std::vector<ServiceRow> chosen;
  for (const ServiceRow& row : rows) {
    names.append(", ").append(row.name);
    if (std::ranges::any_of(run, [&](const auto& w) { return w == "all" || w == row.name; })) {
      chosen.push_back(row);
    }
  }
  for (const std::string& wanted : run) {
    if (wanted != "all" &&
        std::ranges::none_of(rows, [&](const ServiceRow& row) { return wanted == row.name; })) {
      return std::unexpected("there is no service \"" + wanted + "\". --run takes " + names + ".");
    }
  }
  return chosen;
}

}  // namespace v100
