// `v100 sign` and `v100 verify`: detached signatures over files and streams.
#include <fmt/format.h>
#include <memory>
#include <openssl/evp.h>

#include "io/world.h"
#include "main/keytool/common.h"
#include "main/keytool/signature_file.h"
#include "main/verbs.h"
#include "wire/json.h"

namespace v100 {
namespace keytool {
namespace {

// SLH-DSA reads its message twice, so that a pure signature needs all of it in memory.
constexpr std::size_t slhdsa_message_max = std::size_t{1} << 30;

struct Options {
  std::string key;
  std::string in = "-";
  std::string signature;
  std::string context = default_context;
  std::string hash = "none";
  bool raw = false;
  bool deterministic = false;
  bool force = false;
  bool progress = false;
  bool quiet = false;
  bool json = false;
  Progress shown() const {
    return quiet ? Progress::never : progress ? Progress::always : Progress::automatic;
  }
};

// The message as the signature takes it: representative, digest, or the bytes themselves.
struct Message {
  std::optional<mldsa::Mu> mu;
  std::optional<mldsa::Digest> digest;
  Buffer bytes;
  std::uint64_t size = 0;
};

struct DigestFree {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
  void operator()(EVP_MD* md) const noexcept { EVP_MD_free(md); }
};

Done<Message> read_hashed(const Options& options) {
  const auto hash = mldsa::hash_by_name(options.hash);
  const std::unique_ptr<EVP_MD, DigestFree> md(
      hash ? EVP_MD_fetch(nullptr, options.hash.c_str(), nullptr) : nullptr);
  const std::unique_ptr<EVP_MD_CTX, DigestFree> context(EVP_MD_CTX_new());
  if (!md || !context || EVP_DigestInit_ex2(context.get(), md.get(), nullptr) != 1) {
    return could_not(fmt::format("{}: no such hash, as in SHA2-512 or SHAKE-256", options.hash));
  }
  const auto size = read_pieces(options.in, options.shown(), [&](Bytes piece) {
    CHECK(EVP_DigestUpdate(context.get(), piece.data(), piece.size()) == 1);
  });
  if (!size) {
    return std::unexpected(size.error());
  }
  ByteArray<64> out;
  const std::size_t bytes = mldsa::digest_bytes(*hash);
  const bool xof = options.hash.starts_with("SHAKE");
  CHECK((xof ? EVP_DigestFinalXOF(context.get(), out.data(), bytes)
             : EVP_DigestFinal_ex(context.get(), out.data(), nullptr)) == 1);
  Message message;
  message.size = *size;
  message.digest = *mldsa::Digest::from(*hash, Bytes(out).first(bytes));
  return message;
}

Done<Message> read_message(const keys::PublicKey& key, const Options& options) {
  if (options.hash != "none") {
    return read_hashed(options);
  }
  Message message;
  if (keys::info(key.algorithm).kind == keys::Kind::mldsa) {
    auto hasher = keys::mu_hasher(key, as_bytes(options.context));
    if (!hasher) {
      return could_not("this key", hasher.error());
    }
    const auto size =
        read_pieces(options.in, options.shown(), [&](Bytes piece) { hasher->update(piece); });
    if (!size) {
      return std::unexpected(size.error());
    }
    message.size = *size;
    message.mu = hasher->finish();
    return message;
  }
  auto bytes = read_input(options.in, slhdsa_message_max);
  if (!bytes) {
    return could_not(bytes.error().text + " (SLH-DSA takes larger ones by --prehash)");
  }
  message.bytes = std::move(*bytes);
  message.size = message.bytes.size();
  return message;
}

Done<void> check_options(const keys::PublicKey& key, const Options& options) {
  if (keys::info(key.algorithm).kind == keys::Kind::mlkem) {
    return could_not(fmt::format("{}: an ML-KEM key does not sign (see v100 kem)", options.key));
  }
  if (!is_context(options.context)) {
    return could_not("--context is at most 255 bytes of UTF-8 without control characters");
  }
  return {};
}

void describe(const keys::PublicKey& key, const Options& options, std::uint64_t size,
              const bool* valid) {
  wire::JsonWriter writer;
  writer.object();
  if (valid != nullptr) {
    writer.key("valid").boolean(*valid);
  }
  writer.key("algorithm").text(keys::info(key.algorithm).name);
  writer.key("thumbprint").text(keys::thumbprint(key)).key("context").text(options.context);
  writer.key("hash").text(options.hash).key("message_bytes");
  writer.integer(static_cast<std::int64_t>(size)).end_object();
  fmt::print("{}\n", writer.view());
}

Result<Buffer> signed_by(const keys::PrivateKey& key, const Message& message,
                         const Options& options) {
  io::SystemRandom random;
  Random* hedge = options.deterministic ? nullptr : &random;
  const Bytes context = as_bytes(options.context);
  return message.mu       ? keys::sign(key, *message.mu, hedge)
         : message.digest ? keys::sign(key, *message.digest, context, hedge)
                          : keys::sign(key, Bytes(message.bytes), context, hedge);
}

Done<int> sign(const Options& options) {
  if (options.key == "-" && options.in == "-") {
    return could_not("the key and the message cannot both come from standard input");
  }
  const auto key = read_private_key(options.key);
  if (!key) {
    return std::unexpected(key.error());
  }
  if (const auto good = check_options(key->public_key(), options); !good) {
    return std::unexpected(good.error());
  }
  const std::string out = !options.signature.empty() ? options.signature
                          : options.in == "-"        ? "-"
                                                     : options.in + ".v100sig";
  if (options.json && out == "-") {
    return could_not("--json needs --out FILE: standard output is for the description then");
  }
  const auto message = read_message(key->public_key(), options);
  if (!message) {
    return std::unexpected(message.error());
  }
  const auto signature = signed_by(*key, *message, options);
  if (!signature) {
    return could_not("signing", signature.error());
  }
  const SignatureFile file{key->algorithm(), keys::thumbprint(key->public_key()), options.context,
                           options.hash, *signature};
  const Buffer bytes = options.raw ? *signature : to_buffer(as_bytes(write_signature_file(file)));
  if (const auto done = write_output(out, bytes, Access::everyone, options.force); !done) {
    return std::unexpected(done.error());
  }
  if (options.json) {
    describe(key->public_key(), options, message->size, nullptr);
  }
  return 0;
}

// The signature's bytes; a file states its context and hash, which must be those asked for.
Done<Buffer> read_signature(const keys::PublicKey& key, Options& options) {
  const auto bytes = read_input(options.signature, signature_file_bytes_max);
  if (!bytes) {
    return std::unexpected(bytes.error());
  }
  if (options.raw) {
    return *bytes;
  }
  const auto file = read_signature_file(*bytes);
  if (!file) {
    return could_not(options.signature, file.error());
  }
  const auto refuse = [&](const std::string& why) {
    return std::unexpected(Failure{1, fmt::format("{}: {}", options.signature, why)});
  };
  if (file->algorithm != key.algorithm || file->thumbprint != keys::thumbprint(key)) {
    return refuse("made by another key, " + file->thumbprint);
  }
  if (file->context != options.context) {
    return refuse(fmt::format("its context is \"{}\", not \"{}\"", file->context, options.context));
  }
  options.hash = file->hash;
  return file->signature;
}

Done<int> verify(Options options) {
  if ((options.key == "-") + (options.in == "-") + (options.signature == "-") > 1) {
    return could_not("only one of key, signature and message can come from standard input");
  }
  const auto key = read_key_file(options.key);
  if (!key) {
    return std::unexpected(key.error());
  }
  if (const auto good = check_options(key->key, options); !good) {
    return std::unexpected(good.error());
  }
  if (options.signature.empty() && options.in == "-") {
    return could_not("--signature is needed where the message comes from standard input");
  }
  options.signature = options.signature.empty() ? options.in + ".v100sig" : options.signature;
  const auto signature = read_signature(key->key, options);
  if (!signature) {
    return std::unexpected(signature.error());
  }
  const auto message = read_message(key->key, options);
  if (!message) {
    return std::unexpected(message.error());
  }
  const Bytes context = as_bytes(options.context);
  const auto done = message->mu ? keys::verify(key->key, *message->mu, *signature)
                    : message->digest
                        ? keys::verify(key->key, *message->digest, context, *signature)
                        : keys::verify(key->key, Bytes(message->bytes), context, *signature);
  const bool valid = done.has_value();
  if (options.json) {
    describe(key->key, options, message->size, &valid);
  } else if (!valid) {
    return std::unexpected(Failure{1, "the signature does NOT verify"});
  } else if (!options.quiet) {
    fmt::print("good signature by {} key {}, context \"{}\"\n", keys::info(key->key.algorithm).name,
               keys::thumbprint(key->key), options.context);
  }
  return valid ? 0 : 1;
}

void add_common(CommandLine& line, Options& options) {
  line.option("file", options.in, "the message, - (default) for standard input");
  line.option("--context", options.context, "what the signature is for (default: \"v100 file\")")
      .shape("TEXT");
  line.option("--prehash", options.hash,
              "HashML-DSA or HashSLH-DSA over this hash: SHA2-512, SHA3-256, SHAKE-256, ...")
      .shape("HASH");
  line.flag("--raw", options.raw, "bare signature bytes instead of a signature file");
  line.flag("--progress", options.progress, "show progress in any case");
  line.flag("--quiet", options.quiet, "show no progress and no answer");
  line.flag("--json", options.json, "describe it as JSON on standard output");
}

}  // namespace
}  // namespace keytool

int run_sign(int argc, char** argv) {
  using namespace keytool;
  CommandLine line(
      "Signs a file or a stream with ML-DSA or SLH-DSA, into a detached signature file.",
      "v100 sign");
  Options options;
  line.option("--key", options.key, "the private key, in any format").required().shape("FILE");
  line.option("--out", options.signature, "the signature (default: the file's name + .v100sig)")
      .shape("FILE");
  add_common(line, options);
  line.flag("--deterministic", options.deterministic, "no fresh randomness in the signature");
  line.flag("--force", options.force, "replace a signature that is there already");
  return run_line(line, argc, argv, [&] { return sign(options); });
}

int run_verify(int argc, char** argv) {
  using namespace keytool;
  CommandLine line("Verifies a detached signature. Exit codes: 0 good, 1 not, 2 could not tell.",
                   "v100 verify");
  Options options;
  line.option("--key", options.key, "the public key, in any format").required().shape("FILE");
  line.option("--signature", options.signature,
              "the signature (default: the file's name + .v100sig)")
      .shape("FILE");
  add_common(line, options);
  return run_line(line, argc, argv, [&] { return verify(options); });
}

}  // namespace v100
