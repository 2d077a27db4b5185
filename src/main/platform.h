// One running server: loop, ports, store, bus and services, from start to the drained end.
#pragma once

#include <expected>
#include <memory>
#include <span>
#include <string>

#include "main/config.h"
#include "main/services.h"

namespace v100 {

class Platform {
 public:
  // Opens everything, with the services of `table` (service_table() in the product) that config.run
  // names. The error is one or two sentences for the person at the terminal, with the
  // way out. Prints nothing.
  static std::expected<std::unique_ptr<Platform>, std::string> start(
      const Config& config, std::span<const ServiceRow> table);
  virtual ~Platform() = default;

  virtual std::string greeting() const = 0;  // a few calm lines: what is up, and where
  // Runs until a signal has drained it. Returns the exit code: 0 drained, 1 cut short.
  virtual int run() = 0;
};

}  // namespace v100
