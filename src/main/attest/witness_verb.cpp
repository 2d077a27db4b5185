// `v100 attest witness`: cosigns a log's checkpoints (c2sp.org/tlog-cosignature, ML-DSA-44), each
// only when it grew from the last one that was cosigned. What was signed is kept on the disk
// before it is shown to anybody.
#include <cstdio>
#include <ctime>
#include <fmt/format.h>

#include "base/text.h"
#include "io/file.h"
#include "io/world.h"
#include "main/attest/follow.h"
#include "main/attest/verbs.h"

namespace v100::attest_tool {
namespace {

using Key = mldsa::PrivateKey<mldsa::Mldsa44>;

struct WitnessOptions {
  std::string log, name, seed, state, out;
  std::vector<std::string> keys;
  FetchOptions fetch;
  std::uint64_t every = 0;
  bool init = false, json = false;
};

Done<Key> load_key(const WitnessOptions& options, Random& random) {
  if (options.init && !io::exists(options.seed)) {
    mldsa::Seed seed;
    random.fill(seed.fill());
    if (const auto kept = io::write_file(options.seed, seed.expose(), {.mode = 0600}); !kept) {
      return could_not(options.seed, kept.error());
    }
  }
  Result<Buffer> bytes = io::read_file(options.seed, mldsa::seed_bytes);
  if (!bytes || bytes->size() != mldsa::seed_bytes) {
    return could_not(fmt::format("{}: no seed of 32 bytes (--init makes one)", options.seed));
  }
  Key key = Key::from_seed(mldsa::Seed(FixedBytes<32>(bytes->data(), 32)));
  wipe(*bytes);
  return key;
}

class Witness {
 public:
  Witness(const WitnessOptions& options, std::vector<merkle::Vkey> log_keys, Key key,
          merkle::Vkey vkey)
      : options_(options),
        log_keys_(std::move(log_keys)),
        key_(std::move(key)),
        vkey_(std::move(vkey)) {}

  // One look at the log. 0: cosigned or nothing new; 1: refused, with findings; 2: could not.
  Done<int> look() {
    Follower follower(options_.log, log_keys_, options_.fetch);
    const auto newest = follower.look_at_log();
    std::optional<Sighting> last;
    if (io::exists(options_.state)) {
      const auto seen = follower.look(options_.state);
      if (!seen) {
        return tell(follower, 2, nullptr);
      }
      last = *seen;
    }
    if (!newest) {
      const bool away = follower.findings().front().kind == "unreachable";
      return tell(follower, away ? 2 : 1, nullptr);
    }
    if (last && last->checkpoint == newest->checkpoint) {
      return tell(follower, 0, &*newest);
    }
    // The first time all that is there is read; later what came since.
    const bool good = last ? follower.grew(*last, *newest)
                           : (follower.audit(0, *newest), follower.findings().empty());
    if (!good) {
      const bool away = follower.findings().front().kind == "unreachable";
      if (!away) {
        keep_evidence(last, *newest);
      }
      return tell(follower, away ? 2 : 1, &*newest);
    }
    return cosign(follower, *newest);
  }

 private:
  Done<int> cosign(const Follower& follower, const Sighting& newest) {
    const auto now = static_cast<std::uint64_t>(std::time(nullptr));
    const merkle::Checkpoint& c = newest.checkpoint;
    const Buffer message =
        merkle::cosigned_message({vkey_.name(), now, c.origin, {0, c.size}, c.root});
    const auto signature = key_.sign(message, {}, mldsa::Hedge::fresh(random_));
    if (!signature) {
      return could_not("signing", signature.error());
    }
    merkle::Note note = merkle::parse_note(newest.note).value();
    note.signatures.push_back(merkle::cosignature_line(vkey_, now, signature->bytes()));
    // Remembered before it is shown: after a crash nothing else of this size is ever signed.
    for (const auto& [path, content] :
         {std::pair(options_.state, newest.note), {options_.out, merkle::write_note(note)}}) {
      if (const auto kept = io::write_file(path, as_bytes(content), {}); !kept) {
        return could_not(path, kept.error());
      }
    }
    return tell(follower, 0, &newest);
  }

  void keep_evidence(const std::optional<Sighting>& last, const Sighting& newest) {
    const std::string text =
        (last ? last->note : std::string()) + "\n---- against ----\n\n" + newest.note;
    (void)io::write_file(options_.out + ".evidence", as_bytes(text), {});
  }

  Done<int> tell(const Follower& follower, int code, const Sighting* newest) {
    if (options_.json) {
      fmt::print(R"({{"cosigned":{},"size":{},"root":"{}","findings":{}}})"
                 "\n",
                 code == 0, newest != nullptr ? newest->checkpoint.size : 0,
                 newest != nullptr ? to_base64(newest->checkpoint.root) : "",
                 json_of(follower.findings()));
    } else {
      for (const Finding& finding : follower.findings()) {
        std::fputs(text_of(finding).c_str(), stderr);
      }
      if (code == 0) {
        fmt::print("cosigned: {} leaves, root {}\n", newest->checkpoint.size,
                   to_base64(newest->checkpoint.root));
      }
    }
    std::fflush(stdout);
    return code;
  }

  const WitnessOptions& options_;
  const std::vector<merkle::Vkey> log_keys_;
  const Key key_;
  const merkle::Vkey vkey_;
  io::SystemRandom random_;
};

Done<int> witness(const WitnessOptions& options) {
  io::SystemRandom random;
  Done<Key> key = load_key(options, random);
  if (!key) {
    return std::unexpected(key.error());
  }
  const auto vkey = merkle::Vkey::make(options.name, merkle::SignatureType::mldsa44_cosignature,
                                       key->public_key().bytes());
  if (!vkey) {
    return could_not("--name", vkey.error());
  }
  if (options.init) {
    fmt::print("{}\n", vkey->text());
    return 0;
  }
  const auto log_keys = read_vkeys(options.keys, options.fetch);
  if (!log_keys) {
    return std::unexpected(log_keys.error());
  }
  Witness one(options, *log_keys, std::move(*key), *vkey);
  for (;;) {
    const Done<int> done = one.look();
    if (options.every == 0 || !done || *done == 1) {
      return done;
    }
    const timespec pause{static_cast<std::time_t>(options.every), 0};
    ::nanosleep(&pause, nullptr);
  }
}

}  // namespace

int run_witness_verb(int argc, char** argv) {
  CommandLine line(
      "Follows a log and cosigns its checkpoints with ML-DSA-44, each only when its tiles show "
      "that it grew from the last one. Exit codes: 0 cosigned, 1 the log is wrong (nothing was "
      "signed; the evidence lies beside --out), 2 could not.",
      "v100 attest witness");
  WitnessOptions options;
  line.option("--name", options.name, "the witness's name, as in its signature lines")
      .required()
      .shape("NAME");
  line.option("--seed", options.seed, "the witness's secret, 32 bytes").required().shape("FILE");
  const CommandLine::Option init = line.flag(
      "--init", options.init, "make the secret where there is none, print the vkey, and end");
  const CommandLine::Option log =
      line.option("--log", options.log, "the log: a folder or a URL").shape("DIR|URL");
  line.option("--key", options.keys, "the log's verifier keys").shape("VKEY|FILE");
  line.option("--state", options.state, "the last checkpoint that was cosigned").shape("FILE");
  line.option("--out", options.out, "where the cosigned checkpoint is written").shape("FILE");
  line.option("--every", options.every, "look again each so many seconds, until the log is wrong")
      .shape("SECONDS");
  add_fetch_options(line, options.fetch);
  line.flag("--json", options.json, "an object a look on standard output");
  return keytool::run_line(line, argc, argv, [&]() -> Done<int> {
    if (!init.given() &&
        (!log.given() || options.keys.empty() || options.state.empty() || options.out.empty())) {
      return could_not("--log, --key, --state and --out are needed");
    }
    return witness(options);
  });
}

}  // namespace v100::attest_tool
