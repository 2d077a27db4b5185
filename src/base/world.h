// The world outside, as the pure layers see it: time, randomness, log lines and metrics.
// io/ and main/ implement these for production, tests/sim for simulation.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "base/bytes.h"
#include "base/units.h"

namespace v100 {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() = 0;    // monotonic
  virtual WallTime wall() = 0;  // for humans and for expiry
};

// Cryptographically strong. Cannot fail: a source that cannot deliver aborts the process.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(MutBytes out) = 0;
};

// One structured log line: an event name and fields. Never pass secrets or user text as `event`.
struct Field {
  std::string_view key;
  std::string_view text;  // used when `is_number` is false
  std::int64_t number = 0;
  bool is_number = false;
  Field(std::string_view k, std::string_view t) : key(k), text(t) {}
  Field(std::string_view k, const char* t) : key(k), text(t) {}
  Field(std::string_view k, std::int64_t n) : key(k), number(n), is_number(true) {}
  Field(std::string_view k, std::uint64_t n)
      : key(k), number(static_cast<std::int64_t>(n)), is_number(true) {}
  Field(std::string_view k, int n) : key(k), number(n), is_number(true) {}
};

enum class Level : unsigned char { debug, info, warning, error };

class Log {
 public:
  virtual ~Log() = default;
  virtual void write(Level level, std::string_view event, std::initializer_list<Field> fields) = 0;
};

// Counters and gauges by name, in Prometheus form: `v100_signal_refused_total{reason="replay"}`.
// `name` is a literal without labels; `label` is the text between the braces, or empty.
class Meter {
 public:
  virtual ~Meter() = default;
  virtual void count(std::string_view name, std::string_view label, std::uint64_t add) = 0;
  virtual void gauge(std::string_view name, std::string_view label, std::int64_t value) = 0;
};

}  // namespace v100
