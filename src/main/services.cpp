#include "main/services.h"

#include "svc/sfu/sfu.h"

namespace v100 {
namespace {

std::unique_ptr<Service> sfu_row(Parts& parts) {
  return sfu::make_sfu({.announce = parts.candidates}, parts.env, parts.datagrams, *parts.dtls,
                       nullptr);
}

// One row a service. Order is the order of open(), tick() and drain(); close() goes backwards.
constexpr ServiceRow table[] = {
    {"sfu", "forwards media it cannot read", sfu_row},
};

}  // namespace

std::span<const ServiceRow> service_table() noexcept { return table; }

}  // namespace v100
