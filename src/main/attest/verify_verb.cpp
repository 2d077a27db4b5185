// `v100 attest`: its three words, and the first of them, which checks a receipt or a checkpoint
// against pinned keys and needs no network.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>
#include <optional>
#include <tuple>

#include "base/text.h"
#include "crypto/keccak/keccak.h"
#include "main/attest/verbs.h"
#include "main/verbs.h"
#include "merkle/receipt.h"

namespace v100::attest_tool {
namespace {

struct VerifyOptions {
  std::string file = "-";
  std::vector<std::string> keys, witnesses;
  std::uint64_t quorum = 0;
  std::string request, answer, older, log;
  FetchOptions fetch;
  bool json = false, quiet = false;
};

constexpr const char* lane_names[] = {"none",    "header",          "fast",
                                      "session", "unauthenticated", "internal"};
constexpr const char* kind_names[] = {"", "request", "key event", "record"};

Failure no(std::string text) { return {1, std::move(text)}; }

// The verdict as it is printed.
struct Answer {
  std::string what;  // "receipt" or "checkpoint"
  merkle::OpenedCheckpoint opened;
  std::optional<merkle::VerifiedReceipt> receipt;
  std::size_t witnesses = 0;
  bool consistent = false;
};

Failure refusal(const std::string& file, Error error) {
  const bool could = error.code == Errc::malformed || error.code == Errc::unauthenticated ||
                     error.code == Errc::forbidden || error.code == Errc::too_large;
  return {could ? 1 : 2, fmt::format("{}: {}", file, error.what)};
}

// Witnesses are counted by name; one that signs twice is one.
std::size_t count_witnesses(const Answer& answer, const std::vector<merkle::Vkey>& witnesses) {
  std::size_t out = 0;
  for (const merkle::Vkey& witness : witnesses) {
    for (const merkle::VerifiedLine& line : answer.opened.lines) {
      if (line.key->id() == witness.id() && line.key->name() == witness.name()) {
        ++out;
        break;
      }
    }
  }
  return out;
}

// That the file's SHA3-256 is what the leaf says.
Done<void> check_content(const std::string& path, const merkle::Hash& wanted, const char* what) {
  keccak::Sha3_256 hash;
  const auto read = keytool::read_pieces(path, keytool::Progress::automatic,
                                         [&](Bytes piece) { hash.update(piece); });
  if (!read) {
    return std::unexpected(read.error());
  }
  merkle::Hash found;
  hash.finish(found);
  if (found != wanted) {
    return std::unexpected(no(fmt::format("{}: not the {} that the receipt is for", path, what)));
  }
  return {};
}

// That the checkpoint in hand grew from the older one, by the log's tiles.
Done<void> check_consistency(const VerifyOptions& options, const std::vector<merkle::Vkey>& keys,
                             const merkle::Checkpoint& newer) {
  const auto older_note = fetch(options.older, options.fetch);
  if (!older_note) {
    return could_not(options.older, older_note.error());
  }
  const auto older = merkle::open_checkpoint(as_text(*older_note), keys);
  if (!older) {
    return std::unexpected(refusal(options.older, older.error()));
  }
  const merkle::Checkpoint& before = older->checkpoint;
  if (before.origin != newer.origin) {
    return std::unexpected(no("the two checkpoints are of different logs"));
  }
  if (before.size > newer.size) {
    return std::unexpected(no(fmt::format("{} is newer: it has {} leaves, the other {}",
                                          options.older, before.size, newer.size)));
  }
  merkle::TileTree tree(newer.size, tiles_of(options.log, options.fetch));
  const auto proof = tree.consistency(std::max<std::uint64_t>(before.size, 1));
  if (!proof) {
    return could_not(options.log, proof.error());
  }
  if (before.size > 0 && !merkle::verify_consistency<merkle::Sha256>(
                             before.size, newer.size, before.root, newer.root, *proof)) {
    return std::unexpected(no("FORK: the newer checkpoint does not contain the older one"));
  }
  return {};
}

std::string json_of(const Answer& a) {
  const merkle::Checkpoint& c = a.opened.checkpoint;
  std::string out =
      fmt::format(R"({{"valid":true,"kind":"{}","origin":{},"size":{},"root":"{}","witnesses":{})",
                  a.what, quoted(c.origin), c.size, to_base64(c.root), a.witnesses);
  out.append(R"(,"signatures":[)");
  for (std::size_t i = 0; i < a.opened.lines.size(); ++i) {
    const merkle::VerifiedLine& line = a.opened.lines[i];
    out.append(fmt::format(R"({}{{"name":{},"type":"{}","time_ms":{}}})", i == 0 ? "" : ",",
                           quoted(line.key->name()), merkle::name(line.key->type()), line.time_ms));
  }
  out.append("]");
  if (a.consistent) {
    out.append(R"(,"consistent":true)");
  }
  if (a.receipt) {
    const merkle::Leaf& leaf = a.receipt->leaf.leaf;
    out.append(fmt::format(
        R"(,"index":{},"entry":"{}","batch":{},"leaf":{{"kind":"{}","lane":"{}","service":"{}",)"
        R"("time_ms":{},"request":"{}","answer":"{}","key":"{}"}})",
        a.receipt->index, to_hex(a.receipt->entry), a.receipt->batch,
        kind_names[static_cast<int>(leaf.kind)], lane_names[static_cast<int>(leaf.lane)],
        merkle::service_name(leaf.service), leaf.time.value(), to_hex(leaf.request),
        to_hex(leaf.answer), to_base64url(leaf.key)));
  }
  return out + "}\n";
}

std::string text_of(const Answer& a) {
  const merkle::Checkpoint& c = a.opened.checkpoint;
  std::string out =
      fmt::format("good {}: {}, {} leaves, root {}\n", a.what, c.origin, c.size, to_base64(c.root));
  for (const merkle::VerifiedLine& line : a.opened.lines) {
    out.append(
        fmt::format("  signed by {} ({})\n", line.key->name(), merkle::name(line.key->type())));
  }
  if (a.receipt) {
    const merkle::Leaf& leaf = a.receipt->leaf.leaf;
    out.append(fmt::format(
        "  leaf {}: {} by {}, lane {}, time {} ms, key {}\n", a.receipt->index,
        kind_names[static_cast<int>(leaf.kind)], merkle::service_name(leaf.service),
        lane_names[static_cast<int>(leaf.lane)], leaf.time.value(), to_base64url(leaf.key)));
    out.append(
        fmt::format("  request {}\n  answer  {}\n", to_hex(leaf.request), to_hex(leaf.answer)));
  }
  if (a.consistent) {
    out.append("  grown from the older checkpoint\n");
  }
  return out;
}

Done<Answer> judge(const VerifyOptions& options, const std::vector<merkle::Vkey>& keys,
                   const std::vector<merkle::Vkey>& all, std::string_view text) {
  Answer answer;
  if (text.starts_with("c2sp.org/tlog-proof@v1\n")) {
    const auto receipt = merkle::verify_receipt(text, all);
    if (!receipt) {
      return std::unexpected(refusal(options.file, receipt.error()));
    }
    answer = {"receipt", receipt->opened, *receipt, 0, false};
  } else {
    const auto opened = merkle::open_checkpoint(text, all);
    if (!opened) {
      return std::unexpected(refusal(options.file, opened.error()));
    }
    answer = {"checkpoint", *opened, {}, 0, false};
  }
  const bool by_log = std::ranges::any_of(answer.opened.lines, [&](const auto& line) {
    return std::ranges::any_of(keys, [&](const merkle::Vkey& key) {
      return key.id() == line.key->id() && key.name() == line.key->name();
    });
  });
  if (!by_log) {
    return std::unexpected(no("signed by witnesses, but not by the log's own key"));
  }
  return answer;
}

Done<int> verify(const VerifyOptions& options) {
  const auto keys = read_vkeys(options.keys, options.fetch);
  if (!keys) {
    return std::unexpected(keys.error());
  }
  std::vector<merkle::Vkey> witnesses;
  if (!options.witnesses.empty()) {
    const auto read = read_vkeys(options.witnesses, options.fetch);
    if (!read) {
      return std::unexpected(read.error());
    }
    witnesses = *read;
  }
  std::vector<merkle::Vkey> all = *keys;
  all.insert(all.end(), witnesses.begin(), witnesses.end());
  const auto content = keytool::read_input(options.file, merkle::tlog_proof_bytes_max);
  if (!content) {
    return std::unexpected(content.error());
  }
  Done<Answer> answer = judge(options, *keys, all, as_text(*content));
  if (!answer) {
    return std::unexpected(answer.error());
  }
  answer->witnesses = count_witnesses(*answer, witnesses);
  if (answer->witnesses < options.quorum) {
    return std::unexpected(no(fmt::format("{} of {} witnesses that are asked for have signed",
                                          answer->witnesses, options.quorum)));
  }
  for (const auto& [path, what, is_request] :
       {std::tuple(options.request, "request", true), {options.answer, "answer", false}}) {
    if (path.empty()) {
      continue;
    }
    if (!answer->receipt) {
      return could_not("a checkpoint says nothing of single requests; give a receipt");
    }
    const merkle::Leaf& leaf = answer->receipt->leaf.leaf;
    if (const auto same = check_content(path, is_request ? leaf.request : leaf.answer, what);
        !same) {
      return std::unexpected(same.error());
    }
  }
  if (!options.older.empty()) {
    const auto grown = check_consistency(options, *keys, answer->opened.checkpoint);
    if (!grown) {
      return std::unexpected(grown.error());
    }
    answer->consistent = true;
  }
  if (options.json) {
    std::fputs(json_of(*answer).c_str(), stdout);
  } else if (!options.quiet) {
    std::fputs(text_of(*answer).c_str(), stdout);
  }
  return 0;
}

// With --json a "no" is an object too.
Done<int> verify_and_tell(const VerifyOptions& options) {
  Done<int> out = verify(options);
  if (!out && options.json) {
    fmt::print(R"({{"valid":{},"why":{}}})"
               "\n",
               out.error().code == 1 ? "false" : "null", quoted(out.error().text));
    return out.error().code;
  }
  return out;
}

int run_verify_verb(int argc, char** argv) {
  CommandLine line(
      "Checks a receipt (.tlog-proof) or a checkpoint against pinned keys, offline: the leaf's "
      "place in the log, the batch's SHA3 tree, every signature of a known key. Exit codes: 0 "
      "good, 1 not, 2 could not tell.",
      "v100 attest verify");
  VerifyOptions options;
  line.option("file", options.file, "receipt or checkpoint, - (default) for standard input");
  line.option("--key", options.keys, "the log's verifier keys: a vkey, or a file with some")
      .required()
      .shape("VKEY|FILE");
  line.option("--witness", options.witnesses, "verifier keys of witnesses").shape("VKEY|FILE");
  line.option("--quorum", options.quorum, "how many of the witnesses must have signed").shape("N");
  line.option("--request", options.request, "what was signed: its SHA3-256 must be the leaf's")
      .shape("FILE");
  line.option("--answer", options.answer, "the answer's body: likewise").shape("FILE");
  const CommandLine::Option older =
      line.option("--older", options.older,
                  "an older checkpoint that this one must have grown from")
          .shape("FILE|URL");
  const CommandLine::Option log =
      line.option("--log", options.log, "the log's tiles, for --older: a folder or a URL")
          .shape("DIR|URL");
  add_fetch_options(line, options.fetch);
  line.flag("--json", options.json, "one object on standard output");
  line.flag("--quiet", options.quiet, "no answer but the exit code");
  return keytool::run_line(line, argc, argv, [&]() -> Done<int> {
    if (older.given() != log.given()) {
      return could_not("--older and --log belong together");
    }
    return verify_and_tell(options);
  });
}

constexpr const char* help =
    "v100 attest: checks receipts offline; follows, cosigns and watches a log\n\n"
    "usage: v100 attest WORD [OPTIONS]\n\n"
    "  verify    a receipt or a checkpoint against pinned keys, offline\n"
    "  witness   follows a log and cosigns checkpoints that grew from all it signed before\n"
    "  monitor   compares what several see; shouts at a fork, a split view, a missing tile, an\n"
    "            unsigned root\n\n"
    "`v100 attest WORD --help` lists a word's options.\n";

}  // namespace

void add_fetch_options(CommandLine& line, FetchOptions& options) {
  line.option("--ca", options.ca_file, "certificate authority for https (PEM)").shape("FILE");
  line.flag("--insecure", options.insecure,
            "take any https certificate: what is fetched is checked by its signatures");
}

}  // namespace v100::attest_tool

namespace v100 {

int run_attest(int argc, char** argv) {
  using namespace attest_tool;
  const char* word = argc > 1 ? argv[1] : "";
  if (std::strcmp(word, "verify") == 0) {
    return run_verify_verb(argc - 1, argv + 1);
  }
  if (std::strcmp(word, "witness") == 0) {
    return run_witness_verb(argc - 1, argv + 1);
  }
  if (std::strcmp(word, "monitor") == 0) {
    return run_monitor_verb(argc - 1, argv + 1);
  }
  const bool asked = std::strcmp(word, "--help") == 0 || std::strcmp(word, "-h") == 0 ||
                     std::strcmp(word, "help") == 0;
  std::fputs(help, asked ? stdout : stderr);
  return asked ? 0 : 2;
}

}  // namespace v100
