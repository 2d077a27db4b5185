#include "main/vectors/report.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fmt/format.h>

namespace v100::vectors {
namespace {

constexpr std::size_t failures_shown = 20;  // of one file; the count is whole

std::string without_breaks(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 32; }, ' ');
  return text;
}

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 32) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string_view take_field(std::string_view& rest, char end) {
  const std::size_t at = std::min(rest.find(end), rest.size());
  const std::string_view field = rest.substr(0, at);
  rest.remove_prefix(std::min(at + 1, rest.size()));
  return field;
}

std::size_t to_number(std::string_view text) {
  std::size_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// A folder's files of unknown format are one entry with one skip a file.
void add_unknown(std::vector<FileReport>& reports, const std::string& path,
                 const std::string& kernel, const char* why) {
  const std::string folder = std::filesystem::path(path).parent_path().string() + "/";
  auto entry = std::find_if(reports.begin(), reports.end(),
                            [&](const FileReport& report) { return report.path == folder; });
  if (entry == reports.end()) {
    entry = reports.insert(entry, {folder, {}, {}});
  }
  ++entry->by_kernel[kernel].skipped[why];
}

}  // namespace

std::set<std::string> FileReport::failures() const {
  std::set<std::string> all;
  for (const auto& [kernel, tally] : by_kernel) {
    for (const std::string& label : tally.failed) {
      all.insert(fmt::format("{}: {}", kernel, label));
    }
  }
  return all;
}

std::size_t FileReport::failed() const {
  std::set<std::string_view> labels;
  for (const auto& [kernel, tally] : by_kernel) {
    labels.insert(tally.failed.begin(), tally.failed.end());
  }
  return labels.size();
}

std::size_t FileReport::passed() const {
  if (by_kernel.empty()) {
    return 0;
  }
  const Tally& one = by_kernel.begin()->second;
  const std::size_t cases = one.passed + one.failed.size();
  return cases - std::min(cases, failed());
}

const std::map<std::string, std::size_t>& FileReport::skipped() const {
  static const std::map<std::string, std::size_t> none;
  return by_kernel.empty() ? none : by_kernel.begin()->second.skipped;
}

std::size_t FileReport::skips() const {
  return by_kernel.empty() ? 0 : by_kernel.begin()->second.skips();
}

std::vector<FileReport> run_here(const Listing& listing, const std::string& kernel,
                                 const Options& options) {
  std::vector<FileReport> reports;
  for (const Listing::Entry& entry : listing.entries) {
    const Result<File> file = load_file(entry.path);
    if (!file) {
      reports.push_back({entry.path, file.error().what, {}});
      continue;
    }
    Tally tally;
    const Result<void> result = run_file(*file, options, tally);
    if (!result && result.error().code == Errc::not_found && !entry.named) {
      add_unknown(reports, entry.path, kernel, result.error().what);
      continue;
    }
    FileReport report{entry.path, result ? "" : result.error().what, {}};
    report.by_kernel.emplace(kernel, std::move(tally));
    reports.push_back(std::move(report));
  }
  return reports;
}

std::string encode(const std::vector<FileReport>& reports) {
  std::string out;
  for (const FileReport& report : reports) {
    out += fmt::format("file\t{}\n", without_breaks(report.path));
    for (const auto& [kernel, tally] : report.by_kernel) {
      out += fmt::format("passed\t{}\n", tally.passed);
      for (const std::string& label : tally.failed) {
        out += fmt::format("failed\t{}\n", without_breaks(label));
      }
      for (const auto& [reason, count] : tally.skipped) {
        out += fmt::format("skipped\t{}\t{}\n", count, reason);
      }
    }
  }
  return out + "end\n";
}

Result<void> merge(std::vector<FileReport>& reports, const std::string& kernel,
                   std::string_view encoded) {
  std::size_t next = 0;
  FileReport* report = nullptr;
  while (!encoded.empty()) {
    std::string_view line = take_field(encoded, '\n');
    const std::string_view word = take_field(line, '\t');
    if (word == "end") {
      return next == reports.size() ? Result<void>()
                                    : fail(Errc::malformed, "kernels saw different files");
    }
    if (word == "file") {
      if (next == reports.size() || without_breaks(reports[next].path) != line) {
        return fail(Errc::malformed, "kernels saw different files");
      }
      report = &reports[next++];
      continue;
    }
    if (report == nullptr) {
      return fail(Errc::malformed, "a child's report has no file");
    }
    Tally& tally = report->by_kernel[kernel];
    if (word == "passed") {
      tally.passed = to_number(line);
    } else if (word == "failed") {
      tally.failed.emplace_back(line);
    } else if (word == "skipped") {
      const std::size_t count = to_number(take_field(line, '\t'));
      tally.skipped[std::string(line)] = count;
    }
  }
  return fail(Errc::malformed, "a child's report is cut off");
}

Totals print_text(const std::vector<FileReport>& reports, std::FILE* out) {
  Totals totals;
  for (const FileReport& report : reports) {
    std::string line = report.path;
    for (const auto& [kernel, tally] : report.by_kernel) {
      const std::size_t cases = tally.passed + tally.failed.size();
      line += cases == 0 ? "" : fmt::format("  {} {}/{}", kernel, tally.passed, cases);
    }
    for (const auto& [reason, count] : report.skipped()) {
      line += fmt::format("  skipped {} ({})", count, reason);
    }
    if (!report.error.empty()) {
      line += fmt::format("  ERROR {}", report.error);
      ++totals.unreadable;
    }
    fmt::print(out, "{}\n", line);
    std::size_t shown = 0;
    for (const std::string& failure : report.failures()) {
      fmt::print(out, "  FAILED {}\n", failure);
      if (++shown == failures_shown) {
        fmt::print(out, "  … and more\n");
        break;
      }
    }
    totals.passed += report.passed();
    totals.failed += report.failed();
    totals.skipped += report.skips();
  }
  fmt::print(out, "{} passed, {} failed, {} skipped\n", totals.passed, totals.failed,
             totals.skipped);
  return totals;
}

Totals print_json(const std::vector<FileReport>& reports, std::FILE* out) {
  Totals totals;
  for (const FileReport& report : reports) {
    std::string by_kernel;
    for (const auto& [kernel, tally] : report.by_kernel) {
      by_kernel += fmt::format("{}{}:{{\"passed\":{},\"failed\":{},\"skipped\":{}}}",
                               by_kernel.empty() ? "" : ",", json_text(kernel), tally.passed,
                               tally.failed.size(), tally.skips());
    }
    std::string failures;
    for (const std::string& failure : report.failures()) {
      failures += fmt::format("{}{}", failures.empty() ? "" : ",", json_text(failure));
    }
    std::string reasons;
    for (const auto& [reason, count] : report.skipped()) {
      reasons += fmt::format("{}{}:{}", reasons.empty() ? "" : ",", json_text(reason), count);
    }
    const std::string error =
        report.error.empty() ? "" : fmt::format(",\"error\":{}", json_text(report.error));
    fmt::print(out,
               "{{\"file\":{},\"passed\":{},\"failed\":{},\"skipped\":{},\"kernels\":{{{}}},"
               "\"failures\":[{}],\"skip_reasons\":{{{}}}{}}}\n",
               json_text(report.path), report.passed(), report.failed(), report.skips(), by_kernel,
               failures, reasons, error);
    totals.passed += report.passed();
    totals.failed += report.failed();
    totals.skipped += report.skips();
    totals.unreadable += report.error.empty() ? 0 : 1;
  }
  fmt::print(out, "{{\"passed\":{},\"failed\":{},\"skipped\":{},\"unreadable\":{}}}\n",
             totals.passed, totals.failed, totals.skipped, totals.unreadable);
  return totals;
}

}  // namespace v100::vectors
