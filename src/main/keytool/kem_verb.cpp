// `v100 kem`: agree on a 32-byte secret with an ML-KEM key.
#include <fmt/format.h>

#include "base/secret.h"
#include "io/world.h"
#include "main/keytool/common.h"
#include "main/verbs.h"
#include "wire/json.h"

namespace v100 {
namespace keytool {
namespace {

struct Options {
  std::string key;
  std::string ciphertext;
  std::string secret;
  bool force = false;
  bool json = false;
};

Done<void> check(const Options& options) {
  if ((options.key == "-") + (options.ciphertext == "-") + (options.secret == "-") > 1 ||
      (options.json && (options.secret == "-" || options.ciphertext == "-"))) {
    return could_not("only one of the key, the ciphertext and the secret can be a standard stream");
  }
  return {};
}

void describe(const keys::PublicKey& key, const Options& options) {
  if (!options.json) {
    return;
  }
  const keys::Info& i = keys::info(key.algorithm);
  wire::JsonWriter writer;
  writer.object().key("algorithm").text(i.name).key("thumbprint").text(keys::thumbprint(key));
  writer.key("ciphertext_bytes").integer(static_cast<std::int64_t>(i.output_bytes));
  writer.key("secret_bytes").integer(32).end_object();
  fmt::print("{}\n", writer.view());
}

Done<int> encapsulate(const Options& options) {
  const auto key = read_key_file(options.key);
  if (!key) {
    return std::unexpected(key.error());
  }
  io::SystemRandom random;
  const auto sent = keys::encapsulate(key->key, random);
  if (!sent) {
    return could_not(options.key, sent.error());
  }
  auto done = write_output(options.ciphertext, sent->ciphertext, Access::everyone, options.force);
  if (done) {
    done = write_output(options.secret, sent->secret.expose(), Access::owner, options.force);
  }
  if (!done) {
    return std::unexpected(done.error());
  }
  describe(key->key, options);
  return 0;
}

Done<int> decapsulate(const Options& options) {
  const auto key = read_private_key(options.key);
  if (!key) {
    return std::unexpected(key.error());
  }
  const auto ciphertext = read_input(options.ciphertext, 64 * 1024);
  if (!ciphertext) {
    return std::unexpected(ciphertext.error());
  }
  const auto secret = keys::decapsulate(*key, *ciphertext);
  if (!secret) {
    return could_not(options.ciphertext, secret.error());
  }
  const auto done = write_output(options.secret, secret->expose(), Access::owner, options.force);
  if (!done) {
    return std::unexpected(done.error());
  }
  describe(key->public_key(), options);
  return 0;
}

void add_options(CommandLine& line, Options& options, const char* key_help, const char* text_help) {
  line.option("--key", options.key, key_help).required().shape("FILE");
  line.option("--ciphertext", options.ciphertext, text_help).required().shape("FILE");
  line.option("--secret", options.secret, "where to write the 32-byte secret, mode 0600")
      .required()
      .shape("FILE");
  line.flag("--force", options.force, "replace files that are there already");
  line.flag("--json", options.json, "describe it as JSON on standard output");
}

}  // namespace
}  // namespace keytool

int run_kem(int argc, char** argv) {
  using namespace keytool;
  CommandLine line("Agrees on a 32-byte secret with an ML-KEM key; - is a standard stream.",
                   "v100 kem");
  line.footer(
      "A changed ciphertext or another key gives another secret, and no error: that is how ML-KEM\n"
      "rejects. Prove that both sides have the same one before you rely on it.");
  Options options;
  CommandLine& send =
      line.subcommand("encapsulate", "a secret and its ciphertext for a public key");
  add_options(send, options, "the public key, in any format", "where to write the ciphertext");
  CommandLine& receive = line.subcommand("decapsulate", "the secret of a ciphertext");
  add_options(receive, options, "the private key, in any format", "the ciphertext to read");
  return run_line(line, argc, argv, [&]() -> Done<int> {
    if (const auto good = check(options); !good) {
      return std::unexpected(good.error());
    }
    return send.chosen() ? encapsulate(options) : decapsulate(options);
  });
}

}  // namespace v100
