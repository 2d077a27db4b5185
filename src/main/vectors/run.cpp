// One file: JSON or lines, and the verdicts of its cases.
#include <fmt/format.h>

#include "main/vectors/http.h"

namespace v100::vectors {

void Tally::add(std::string_view label, const Result<Verdict>& verdict) {
  if (!verdict) {
    failed.push_back(fmt::format("{}: {}", label, verdict.error().what));
    return;
  }
  switch (verdict->kind) {
    case Verdict::Kind::passed:
      ++passed;
      break;
    case Verdict::Kind::failed:
      failed.emplace_back(label);
      break;
    case Verdict::Kind::skipped:
      ++skipped[verdict->why];
      break;
  }
}

std::size_t Tally::skips() const {
  std::size_t sum = 0;
  for (const auto& [reason, count] : skipped) {
    sum += count;
  }
  return sum;
}

Result<void> run_file(const File& file, const Options& options, Tally& tally) {
  const std::size_t start = file.content.find_first_not_of(" \t\r\n");
  if (start == file.content.npos) {
    return fail(Errc::not_found, "empty file");
  }
  const char first = file.content[start];
  if (first == '{' || first == '[') {
    // A .rsp file may open with a bracket too; JSON's next sign tells them apart.
    const std::size_t next = file.content.find_first_not_of(" \t\r\n", start + 1);
    const char second = next == file.content.npos ? ' ' : file.content[next];
    if (first == '{' || second == '{' || second == '[' || second == '"') {
      return run_json(file, options, tally);
    }
  }
  if (is_signed_message(file)) {
    run_signed_message(file, tally);
    return {};
  }
  return run_lines(file, tally);
}

}  // namespace v100::vectors
