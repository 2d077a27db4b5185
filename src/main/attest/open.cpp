#include "main/attest/open.h"

#include <fmt/format.h>

#include "base/text.h"
#include "crypto/keccak/keccak.h"
#include "io/file.h"
#include "store/log_files.h"
#include "svc/attest/attest.h"

namespace v100 {
namespace {

constexpr std::size_t name_bytes_max = 200;

// The seeds of the log's keys, made at the first start. Lost, the log cannot be gone on with.
Result<attest::LogKeys::Secrets> load_secrets(const std::string& path, Random& random) {
  attest::LogKeys::Secrets out;
  if (io::exists(path)) {
    Buffer kept = TRY(io::read_file(path, attest::LogKeys::secret_bytes));
    const bool whole = kept.size() == attest::LogKeys::secret_bytes;
    if (whole) {
      copy(out.fill(), kept);
    }
    wipe(kept);
    if (!whole) {
      return fail(Errc::malformed, "attest: the key file has the wrong length");
    }
    return out;
  }
  random.fill(out.fill());
  TRY(io::write_file(path, out.expose(), {.mode = 0600}));
  return out;
}

// The log's name for ever: from the file, which the operator may write before the first start;
// else one that no other log has.
Result<std::string> load_name(const std::string& path, const attest::LogKeys::Secrets& secrets) {
  if (io::exists(path)) {
    const Buffer kept = TRY(io::read_file(path, name_bytes_max));
    std::string name(as_text(kept));
    while (!name.empty() && (name.back() == '\n' || name.back() == ' ')) {
      name.pop_back();
    }
    return name;
  }
  const auto probe = TRY(attest::LogKeys::make("v100", secrets));
  merkle::Hash hash;
  keccak::sha3_256(hash, {probe->batch_key().public_key()});
  const std::string name = "v100.local/" + to_hex(Bytes(hash).first(8));
  TRY(io::write_file(path, as_bytes(name + "\n"), {.mode = 0644}));
  return name;
}

Result<std::unique_ptr<Service>> open(Parts& parts) {
  const std::string folder = parts.data + "/attest";
  TRY(io::make_folder(folder));
  const attest::LogKeys::Secrets secrets = TRY(load_secrets(folder + "/key", parts.env.random));
  const std::string name = TRY(load_name(folder + "/origin", secrets));
  const std::string shard = std::to_string(parts.intake.shard());
  auto keys = TRY(attest::LogKeys::make(name + "/" + shard, secrets));
  TRY(io::write_file(folder + "/vkeys-" + shard, as_bytes(keys->text()), {.mode = 0644}));
  auto files = TRY(store::open_log_files(
      {.folder = folder + "/" + shard, .post_to_loop = parts.post_to_loop, .disk = nullptr}));
  return attest::make_attest({}, std::move(keys), parts.env, std::move(files), parts.intake);
}

}  // namespace

std::unique_ptr<Service> open_attest(Parts& parts) {
  Result<std::unique_ptr<Service>> service = open(parts);
  if (!service) {
    parts.problem = fmt::format(
        "the attestation log in {}/attest cannot be opened ({}). Nothing in it was changed; bring "
        "back its files from a copy, or start with another --data DIR.",
        parts.data, service.error().what);
    return nullptr;
  }
  return std::move(*service);
}

}  // namespace v100
