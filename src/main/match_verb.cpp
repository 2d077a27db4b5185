// `v100 match`: a gallery of templates on this disk, sealed, and the demonstration.
#include <algorithm>
#include <cstdio>
#include <fmt/core.h>
#include <unistd.h>

#include "base/text.h"
#include "io/file.h"
#include "main/cli.h"
#include "main/match_demo.h"
#include "main/match_local.h"
#include "main/verbs.h"
#include "svc/match/gallery.h"
#include "wire/json.h"

namespace v100 {
namespace {

using match::Gallery;
using match::GalleryKey;
using match::Row;

constexpr std::size_t store_bytes_max = std::size_t{1} << 30;
constexpr std::int64_t day_ms = 86'400'000;

struct StoreOptions {
  std::string store = "match.gallery";
  std::string key = "match.key";
  std::string name;
  std::string vector;
  std::string consent;
  int days = 365;
  double threshold = 0.40;
  bool json = false;
};

int could_not(const Error& error) {
  const std::string_view what = error.what;
  const bool ours = what.starts_with("match: ");  // the verb's name stands there already
  fmt::print(stderr, "v100 match: {}\n", what.substr(ours ? 7 : 0));
  return 2;
}

// The key file, made when there is none yet and no store either.
Result<GalleryKey> load_key(const StoreOptions& options, Random& random) {
  GalleryKey key;
  if (!io::exists(options.key) && !io::exists(options.store)) {
    random.fill(key.fill());
    TRY(io::write_file(options.key, key.expose(), {.mode = 0600}));
    return key;
  }
  Buffer bytes = TRY(io::read_file(options.key, 1024));
  if (bytes.size() != GalleryKey::size) {
    return fail(Errc::malformed, "the key file has not 32 bytes");
  }
  copy(key.fill(), bytes);
  wipe(bytes);
  return key;
}

Result<Gallery> load_gallery(const StoreOptions& options, const GalleryKey& key) {
  if (!io::exists(options.store)) {
    return Gallery();
  }
  return Gallery::open(TRY(io::read_file(options.store, store_bytes_max)), key);
}

// A JSON array of 128 numbers.
Result<Row> load_vector(const StoreOptions& options) {
  const Buffer bytes = TRY(io::read_file(options.vector, 64 * 1024));
  const auto document = TRY(wire::JsonDocument::parse(bytes, bytes.size()));
  std::vector<float> numbers;
  for (const wire::JsonValue value : document.root()) {
    numbers.push_back(static_cast<float>(TRY(value.number())));
  }
  return match::quantise(numbers);
}

Result<void> save(const StoreOptions& options, const Gallery& gallery, const GalleryKey& key,
                  Random& random) {
  TRY(io::write_file(options.store, gallery.seal(key, random), {.mode = 0600}));
  const match::GalleryEntry& last = gallery.log().back();
  if (options.json) {
    fmt::print("{{\"event\":\"{}\",\"entry\":{},\"chain\":\"{}\"}}\n", match::name(last.event),
               gallery.log().size(), to_hex(last.hash));
  } else {
    fmt::print("{}: entry {} of the gallery's chain, {}\n", match::name(last.event),
               gallery.log().size(), to_hex(last.hash));
  }
  return {};
}

// Matches one probe against rows, 32 at a time; the positions that are accepted.
std::vector<std::size_t> search(const Row& probe, const std::vector<const Row*>& rows,
                                double threshold) {
  LocalEngine engine(false);
  const std::size_t slots = engine.matcher.slots();
  const std::vector<const Row*> probes(slots, &probe);
  std::vector<std::size_t> out;
  for (std::size_t from = 0; from < rows.size(); from += slots) {
    std::vector<const Row*> some(slots, nullptr);
    std::copy_n(rows.begin() + static_cast<std::ptrdiff_t>(from),
                std::min(slots, rows.size() - from), some.begin());
    CHECK(from == 0 ? engine.match(probes, some) : engine.match_again(some));
    const std::uint64_t accepted = engine.accept(threshold);
    for (std::size_t u = 0; u < slots && from + u < rows.size(); ++u) {
      if ((accepted >> u & 1) != 0) {
        out.push_back(from + u);
      }
    }
    if (isatty(2) != 0 && rows.size() > 20000) {
      fmt::print(stderr, "\r{} of {}", std::min(from + slots, rows.size()), rows.size());
    }
  }
  return out;
}

struct Store {
  io::SystemRandom random;
  io::SystemClock clock;
  GalleryKey key;
  Gallery gallery;
};

// Loads, sweeps what is past its retention.
Result<void> open_store(Store& store, const StoreOptions& options) {
  store.key = TRY(load_key(options, store.random));
  store.gallery = TRY(load_gallery(options, store.key));
  if (store.gallery.sweep(store.clock.wall(), store.key) > 0) {
    TRY(save(options, store.gallery, store.key, store.random));
  }
  return {};
}

Result<int> enrol(const StoreOptions& options) {
  Store store;
  TRY(open_store(store, options));
  const WallTime now = store.clock.wall();
  TRY(store.gallery.enrol(options.name,
                          {.row = TRY(load_vector(options)),
                           .consent = options.consent,
                           .enrolled = now,
                           .retain_until = WallTime(now.value() + options.days * day_ms)},
                          store.key));
  TRY(save(options, store.gallery, store.key, store.random));
  return 0;
}

Result<int> verify(const StoreOptions& options) {
  Store store;
  TRY(open_store(store, options));
  const match::Enrolment* person = store.gallery.find(options.name);
  if (person == nullptr) {
    return fail(Errc::not_found, "match: nobody of this name");
  }
  const Row probe = TRY(load_vector(options));
  const bool yes = !person->revoked && !search(probe, {&person->row}, options.threshold).empty();
  if (options.json) {
    fmt::print("{{\"accepted\":{}}}\n", yes);
  } else {
    fmt::print("{}\n", yes ? "accepted" : "not accepted");
  }
  return yes ? 0 : 1;
}

Result<int> identify(const StoreOptions& options) {
  Store store;
  TRY(open_store(store, options));
  std::vector<const Row*> rows;
  std::vector<std::string> names;
  for (const auto& [who, person] : store.gallery.people()) {
    if (!person.revoked) {
      rows.push_back(&person.row);
      names.push_back(who);
    }
  }
  const Row probe = TRY(load_vector(options));
  const std::vector<std::size_t> found = search(probe, rows, options.threshold);
  for (const std::size_t at : found) {
    fmt::print("{}\n", names[at]);
  }
  return found.empty() ? 1 : 0;
}

Result<int> change(const StoreOptions& options, bool erase) {
  Store store;
  TRY(open_store(store, options));
  const WallTime now = store.clock.wall();
  TRY(erase ? store.gallery.erase(options.name, now, store.key)
            : store.gallery.revoke(options.name, now, store.key));
  TRY(save(options, store.gallery, store.key, store.random));
  return 0;
}

Result<int> take_out(const StoreOptions& options) {
  Store store;
  TRY(open_store(store, options));
  const match::Enrolment person =
      TRY(store.gallery.take_out(options.name, store.clock.wall(), store.key));
  wire::JsonWriter out;
  out.object();
  out.key("name").text(options.name);
  out.key("consent").text(person.consent);
  out.key("enrolled_ms").integer(person.enrolled.value());
  out.key("retain_until_ms").integer(person.retain_until.value());
  out.key("revoked").boolean(person.revoked);
  out.key("vector").array();
  for (const std::int8_t x : person.row) {
    out.integer(x);
  }
  out.end_array();
  out.end_object();
  fmt::print("{}\n", out.take());
  TRY(io::write_file(options.store, store.gallery.seal(store.key, store.random), {.mode = 0600}));
  return 0;
}

int finish(Result<int> result) { return result ? *result : could_not(result.error()); }

}  // namespace

namespace {

CommandLine& add_demo(CommandLine& line, DemoOptions& options) {
  CommandLine& demo = line.subcommand(
      "demo", "synthetic people: error rates under encryption beside those in the clear");
  demo.option("--people", options.people, "how many").range(32, 1'000'000).show_default();
  demo.option("--impostors", options.impostors, "impostor pairs a person")
      .range(1, 1000)
      .show_default();
  demo.option("--searches", options.searches, "1:N searches over all")
      .range(0, 10000)
      .show_default();
  demo.option("--seed", options.seed, "of the people").show_default();
  demo.option("--threshold", options.threshold, "cosine, for the searches")
      .between(0.1, 0.9)
      .show_default();
  demo.flag("--encrypted-templates", options.encrypted_templates,
            "the matcher has ciphertexts only");
  demo.option("--plot", options.plot, "an SVG of the distributions and rates").shape("FILE");
  demo.flag("--json", options.json, "one JSON object a line");
  return demo;
}

// What a command of the gallery takes besides the gallery.
struct Takes {
  bool name = false;
  bool vector = false;
  bool threshold = false;
};

CommandLine& add_command(CommandLine& line, StoreOptions& store, const char* name,
                         const char* about, Takes takes) {
  CommandLine& command = line.subcommand(name, about);
  if (takes.name) {
    command.option("name", store.name, "of the person").required();
  }
  if (takes.vector) {
    command.option("--vector", store.vector, "a JSON array of 128 numbers")
        .required()
        .shape("FILE");
  }
  if (takes.threshold) {
    command.option("--threshold", store.threshold, "least cosine")
        .between(0.1, 0.95)
        .show_default();
  }
  command.option("--store", store.store, "the gallery").shape("FILE").show_default();
  command.option("--key", store.key, "its key, 32 bytes; made with the first enrolment")
      .shape("FILE")
      .show_default();
  command.flag("--json", store.json, "one JSON object a line");
  return command;
}

}  // namespace

int run_match(int argc, char** argv) {
  CommandLine line("Encrypted biometric matching: a gallery on this disk, and a demonstration.",
                   "v100 match");
  StoreOptions store;
  DemoOptions options;
  CommandLine& enrolling =
      add_command(line, store, "enrol", "add a person's template", {.name = true, .vector = true});
  enrolling.option("--consent", store.consent, "what the person agreed to").required();
  enrolling.option("--days", store.days, "how long it is kept").range(1, 36500).show_default();
  const CommandLine& verifying =
      add_command(line, store, "verify", "whether a vector is this person's (1:1)",
                  {.name = true, .vector = true, .threshold = true});
  const CommandLine& identifying = add_command(
      line, store, "identify", "whose vector this is (1:N)", {.vector = true, .threshold = true});
  const CommandLine& revoking = add_command(
      line, store, "revoke", "match this person no more, keep the record", {.name = true});
  const CommandLine& exporting =
      add_command(line, store, "export", "all that is kept of a person, as JSON", {.name = true});
  add_command(line, store, "delete", "remove a person's record", {.name = true});
  const CommandLine& demo = add_demo(line, options);
  if (const auto ended = line.parse(argc, argv)) {
    return *ended;
  }
  return demo.chosen()          ? run_match_demo(options)
         : enrolling.chosen()   ? finish(enrol(store))
         : verifying.chosen()   ? finish(verify(store))
         : identifying.chosen() ? finish(identify(store))
         : revoking.chosen()    ? finish(change(store, false))
         : exporting.chosen()   ? finish(take_out(store))
                                : finish(change(store, true));
}

}  // namespace v100
