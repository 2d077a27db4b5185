#include "main/meter.h"

#include <fmt/format.h>
#include <iterator>

namespace v100 {

TextMeter::Family& TextMeter::family(std::string_view name, bool counter) {
  auto found = families_.find(name);
  if (found == families_.end()) {
    found = families_.emplace(std::string(name), Family{counter, {}}).first;
  }
  return found->second;
}

void TextMeter::count(std::string_view name, std::string_view label, std::uint64_t add) {
  auto& values = family(name, true).values;
  auto found = values.find(label);
  if (found == values.end()) {
    found = values.emplace(std::string(label), 0).first;
  }
  found->second += static_cast<std::int64_t>(add);
}

void TextMeter::gauge(std::string_view name, std::string_view label, std::int64_t value) {
  auto& values = family(name, false).values;
  const auto found = values.find(label);
  if (found == values.end()) {
    values.emplace(std::string(label), value);
  } else {
    found->second = value;
  }
}

// A histogram is three families to us: NAME_bucket, NAME_count and NAME_sum.
void TextMeter::append_type(std::string& out, const std::string& name, const Family& family) const {
  const std::string_view base = std::string_view(name).substr(0, name.rfind('_'));
  if (name.ends_with("_bucket")) {
    fmt::format_to(std::back_inserter(out), "# TYPE {} histogram\n", base);
  } else if ((!name.ends_with("_count") && !name.ends_with("_sum")) ||
             !families_.contains(std::string(base) + "_bucket")) {
    fmt::format_to(std::back_inserter(out), "# TYPE {} {}\n", name,
                   family.counter ? "counter" : "gauge");
  }
}

std::string TextMeter::text() const {
  std::string out;
  for (const auto& [name, family] : families_) {
    append_type(out, name, family);
    for (const auto& [label, value] : family.values) {
      if (label.empty()) {
        fmt::format_to(std::back_inserter(out), "{} {}\n", name, value);
      } else {
        fmt::format_to(std::back_inserter(out), "{}{{{}}} {}\n", name, label, value);
      }
    }
  }
  return out;
}

}  // namespace v100
