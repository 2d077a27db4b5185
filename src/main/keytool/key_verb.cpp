// `v100 key`: make, show and convert keys.
#include <fmt/format.h>

#include "base/secret.h"
#include "io/file.h"
#include "io/world.h"
#include "main/keytool/common.h"
#include "main/verbs.h"
#include "wire/json.h"

namespace v100 {
namespace keytool {
namespace {

const std::vector<std::string> formats = {"pem", "der", "jwk", "cose"};
const std::vector<std::string> forms = {"seed", "expanded", "both"};

struct Options {
  std::string algorithm;
  std::string in = "-";
  std::string out = "-";
  std::string public_out;
  std::string format = "pem";
  std::string form;  // of a private key in PKCS#8; empty: the shortest that the key allows
  bool public_only = false;
  bool force = false;
  bool json = false;
};

template <class T>
Done<Buffer> encoded(const Result<T>& result) {
  if (!result) {
    return could_not("this format", result.error());
  }
  if constexpr (std::is_same_v<T, Buffer>) {
    return *result;
  } else {
    return to_buffer(result->expose());
  }
}

Done<Buffer> encode(const keys::PublicKey& key, const std::string& format) {
  if (format == "der") {
    return keys::write_spki(key);
  }
  if (format == "pem") {
    return to_buffer(as_bytes(keys::write_pem(keys::pem_public, keys::write_spki(key))));
  }
  if (format == "jwk") {
    return to_buffer(as_bytes(keys::write_jwk(key) + "\n"));
  }
  return encoded(keys::write_cose(key));
}

keys::Form form_of(const std::string& wish, const keys::PrivateKey& key) {
  if (wish.empty()) {
    return key.seed().empty() ? keys::Form::expanded : keys::Form::seed;
  }
  return wish == "both"       ? keys::Form::both
         : wish == "expanded" ? keys::Form::expanded
                              : keys::Form::seed;
}

Done<Buffer> encode(const keys::PrivateKey& key, const Options& options) {
  if (options.format == "jwk") {
    auto text = encoded(keys::write_jwk(key));
    if (text) {
      text->push_back('\n');
    }
    return text;
  }
  if (options.format == "cose") {
    return encoded(keys::write_cose(key));
  }
  const auto der = keys::write_pkcs8(key, form_of(options.form, key));
  if (!der) {
    return could_not("this form", der.error());
  }
  if (options.format == "der") {
    return to_buffer(der->expose());
  }
  return to_buffer(as_bytes(keys::write_pem(keys::pem_private, der->expose())));
}

template <class KeyType>
Done<void> write_key(const KeyType& key, const std::string& path, const Options& options) {
  constexpr bool is_private = std::is_same_v<KeyType, keys::PrivateKey>;
  auto bytes = [&] {
    if constexpr (is_private) {
      return encode(key, options);
    } else {
      return encode(key, options.format);
    }
  }();
  if (!bytes) {
    return std::unexpected(bytes.error());
  }
  const auto written =
      write_output(path, *bytes, is_private ? Access::owner : Access::everyone, options.force);
  wipe(*bytes);
  return written;
}

void describe(const keys::Key& key, const Options& options) {
  const keys::Info& i = keys::info(key.key.algorithm);
  const std::string thumbprint = keys::thumbprint(key.key);
  const char* forms_held = !key.secret                  ? "public"
                           : key.secret->seed().empty() ? "private, expanded"
                                                        : "private, seed";
  if (!options.json) {
    fmt::print(
        "algorithm   {}\nholds       {}\nthumbprint  {}\npublic      {} bytes\n{:<11} {} bytes\n",
        i.name, forms_held, thumbprint, i.public_bytes,
        i.kind == keys::Kind::mlkem ? "ciphertext" : "signature", i.output_bytes);
    return;
  }
  wire::JsonWriter writer;
  writer.object().key("algorithm").text(i.name).key("private").boolean(key.secret.has_value());
  writer.key("seed").boolean(key.secret && !key.secret->seed().empty());
  writer.key("thumbprint").text(thumbprint);
  writer.key("public_bytes").integer(static_cast<std::int64_t>(i.public_bytes));
  writer.key(i.kind == keys::Kind::mlkem ? "ciphertext_bytes" : "signature_bytes");
  writer.integer(static_cast<std::int64_t>(i.output_bytes)).end_object();
  fmt::print("{}\n", writer.view());
}

Done<int> generate(const Options& options) {
  if (options.json && (options.out == "-" || options.public_out == "-")) {
    return could_not("--json needs --out FILE: standard output is for the description then");
  }
  const auto algorithm = keys::algorithm_by_name(options.algorithm);
  if (!algorithm) {
    return could_not(
        fmt::format("{}: no such algorithm (v100 key algorithms lists them)", options.algorithm));
  }
  // Both or neither: a key whose public half could not be written would be in the way.
  if (!options.force && options.public_out != "-" && io::exists(options.public_out)) {
    return could_not(fmt::format("{}: is there already (--force replaces it)", options.public_out));
  }
  io::SystemRandom random;
  keys::PrivateKey key = keys::PrivateKey::generate(*algorithm, random);
  if (const auto done = write_key(key, options.out, options); !done) {
    return std::unexpected(done.error());
  }
  if (!options.public_out.empty()) {
    if (const auto done = write_key(key.public_key(), options.public_out, options); !done) {
      return std::unexpected(done.error());
    }
  }
  if (options.json) {
    keys::PublicKey own = key.public_key();
    describe(keys::Key{std::move(own), std::move(key)}, options);
  }
  return 0;
}

Done<int> show(const Options& options) {
  const auto key = read_key_file(options.in);
  if (!key) {
    return std::unexpected(key.error());
  }
  describe(*key, options);
  return 0;
}

Done<int> convert(const Options& options) {
  const auto key = read_key_file(options.in);
  if (!key) {
    return std::unexpected(key.error());
  }
  const auto done = key->secret && !options.public_only
                        ? write_key(*key->secret, options.out, options)
                        : write_key(key->key, options.out, options);
  return done ? Done<int>(0) : std::unexpected(done.error());
}

Done<int> list(const Options& options) {
  wire::JsonWriter writer;
  writer.array();
  for (const keys::Info& i : keys::algorithms()) {
    const bool kem = i.kind == keys::Kind::mlkem;
    if (!options.json) {
      fmt::print("{:<20} public {:>4} B  {} {:>5} B\n", i.name, i.public_bytes,
                 kem ? "ciphertext" : "signature ", i.output_bytes);
    }
    writer.object().key("algorithm").text(i.name).key("public_bytes");
    writer.integer(static_cast<std::int64_t>(i.public_bytes));
    writer.key(kem ? "ciphertext_bytes" : "signature_bytes");
    writer.integer(static_cast<std::int64_t>(i.output_bytes)).end_object();
  }
  if (options.json) {
    fmt::print("{}\n", writer.end_array().view());
  }
  return 0;
}

void add_encoding(CommandLine& line, Options& options) {
  line.option("--out", options.out, "where to write it, - for standard output").shape("FILE");
  line.option("--format", options.format, "pem (default), der, jwk or cose")
      .one_of(formats)
      .shape("FORMAT");
  line.option("--form", options.form, "what PKCS#8 holds: seed (default), expanded or both")
      .one_of(forms)
      .shape("FORM");
  line.flag("--force", options.force, "replace files that are there already");
}

}  // namespace
}  // namespace keytool

int run_key(int argc, char** argv) {
  using namespace keytool;
  CommandLine line("Post-quantum keys: make, show, convert. Private keys get mode 0600.",
                   "v100 key");
  Options options;
  CommandLine& make = line.subcommand("generate", "a new key pair");
  make.option("algorithm", options.algorithm, "as in ML-DSA-65, ML-KEM-768, SLH-DSA-SHAKE-128f")
      .required();
  make.option("--public", options.public_out, "where to write the public key as well")
      .shape("FILE");
  add_encoding(make, options);
  make.flag("--json", options.json, "describe the new key as JSON");
  CommandLine& look = line.subcommand("show", "what a key file holds");
  look.option("file", options.in, "any of the formats, - for standard input").required();
  look.flag("--json", options.json, "as JSON");
  CommandLine& turn = line.subcommand("convert", "a key in another format or form");
  turn.option("file", options.in, "any of the formats, - for standard input").required();
  turn.flag("--public", options.public_only, "only the public key");
  add_encoding(turn, options);
  CommandLine& names = line.subcommand("algorithms", "the algorithms of this build");
  names.flag("--json", options.json, "as JSON");
  return run_line(line, argc, argv, [&] {
    return make.chosen()   ? generate(options)
           : look.chosen() ? show(options)
           : turn.chosen() ? convert(options)
                           : list(options);
  });
}

}  // namespace v100
