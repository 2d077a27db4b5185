// `v100 attest monitor`: reads a whole log, and compares what several places say of it.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fmt/format.h>

#include "base/text.h"
#include "io/file.h"
#include "main/attest/follow.h"
#include "main/attest/verbs.h"

namespace v100::attest_tool {
namespace {

struct MonitorOptions {
  std::string log, state;
  std::vector<std::string> keys, seen;
  FetchOptions fetch;
  std::uint64_t every = 0;
  bool json = false;
};

Done<int> look(const MonitorOptions& options, const std::vector<merkle::Vkey>& keys) {
  Follower follower(options.log, keys, options.fetch);
  std::vector<Sighting> sightings;
  const auto newest = follower.look_at_log();
  for (const std::string& place : options.seen) {
    if (const auto sighting = follower.look(place)) {
      sightings.push_back(*sighting);
    }
  }
  std::uint64_t from = 0, read = 0;
  if (!options.state.empty() && io::exists(options.state)) {
    if (const auto before = follower.look(options.state)) {
      from = before->checkpoint.size;
      sightings.push_back(*before);
    }
  }
  if (newest) {
    for (const Sighting& sighting : sightings) {
      // Others may have seen the log a little later than we did.
      if (sighting.checkpoint.size > newest->checkpoint.size && sighting.place != options.state) {
        (void)follower.grew(*newest, sighting);
      } else {
        (void)follower.grew(sighting, *newest);
      }
    }
    read = follower.audit(from, *newest);
  }
  const std::vector<Finding>& findings = follower.findings();
  if (findings.empty() && !options.state.empty()) {
    if (const auto kept = io::write_file(options.state, as_bytes(newest->note), {}); !kept) {
      return could_not(options.state, kept.error());
    }
  }
  const bool away = std::ranges::all_of(
      findings, [](const Finding& finding) { return finding.kind == "unreachable"; });
  const int code = findings.empty() ? 0 : away ? 2 : 1;
  const std::uint64_t size = newest ? newest->checkpoint.size : 0;
  if (options.json) {
    fmt::print(R"({{"good":{},"size":{},"root":"{}","leaves_read":{},"seen":{},"findings":{}}})"
               "\n",
               code == 0, size, newest ? to_base64(newest->checkpoint.root) : "", read,
               sightings.size(), json_of(findings));
  } else {
    for (const Finding& finding : findings) {
      std::fputs(text_of(finding).c_str(), stdout);
    }
    if (code == 0) {
      fmt::print("good: {}, {} leaves, {} of them read now, {} other views agree\n",
                 newest->checkpoint.origin, size, read, sightings.size());
    }
  }
  std::fflush(stdout);
  return code;
}

Done<int> monitor(const MonitorOptions& options) {
  const auto keys = read_vkeys(options.keys, options.fetch);
  if (!keys) {
    return std::unexpected(keys.error());
  }
  for (;;) {
    const Done<int> done = look(options, *keys);
    if (options.every == 0 || !done || *done == 1) {
      return done;
    }
    const timespec pause{static_cast<std::time_t>(options.every), 0};
    ::nanosleep(&pause, nullptr);
  }
}

}  // namespace

int run_monitor_verb(int argc, char** argv) {
  CommandLine line(
      "Reads a log and compares what several see of it: a fork, a split view, a missing or wrong "
      "tile and a root that its keys did not sign are told, one a line. Exit codes: 0 all well, 1 "
      "the log is wrong, 2 could not tell.",
      "v100 attest monitor");
  MonitorOptions options;
  line.option("--log", options.log, "the log: a folder or a URL").required().shape("DIR|URL");
  line.option("--key", options.keys, "the log's verifier keys").required().shape("VKEY|FILE");
  line.option("--seen", options.seen,
              "a checkpoint as somebody else sees it: a witness's, another client's")
      .shape("FILE|URL");
  line.option("--state", options.state, "the checkpoint up to which all was read before")
      .shape("FILE");
  line.option("--every", options.every, "look again each so many seconds, until it is wrong")
      .shape("SECONDS");
  add_fetch_options(line, options.fetch);
  line.flag("--json", options.json, "an object a look on standard output");
  return keytool::run_line(line, argc, argv, [&] { return monitor(options); });
}

}  // namespace v100::attest_tool
