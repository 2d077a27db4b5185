// Meter kept in memory and told in Prometheus' text format 0.0.4.
#pragma once

#include <map>
#include <string>

#include "base/world.h"

namespace v100 {

// One thread.
class TextMeter final : public Meter {
 public:
  void count(std::string_view name, std::string_view label, std::uint64_t add) override;
  void gauge(std::string_view name, std::string_view label, std::int64_t value) override;
  std::string text() const;

 private:
  struct Family {
    bool counter = false;
    std::map<std::string, std::int64_t, std::less<>> values;  // by label
  };
  Family& family(std::string_view name, bool counter);
  void append_type(std::string& out, const std::string& name, const Family& family) const;
  std::map<std::string, Family, std::less<>> families_;
};

}  // namespace v100
