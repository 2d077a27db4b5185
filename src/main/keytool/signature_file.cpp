#include "main/keytool/signature_file.h"

#include <fmt/format.h>

#include "base/text.h"
#include "wire/utf8.h"

namespace v100::keytool {
namespace {

constexpr std::string_view first_line = "v100 signature 1";

// The line's value; the line must have this name.
Result<std::string_view> take_line(std::string_view& rest, std::string_view name) {
  const std::size_t end = rest.find('\n');
  if (end == rest.npos || !rest.starts_with(name)) {
    return fail(Errc::malformed, "signature file: a line is missing or out of order");
  }
  const std::string_view value = rest.substr(name.size(), end - name.size());
  rest.remove_prefix(end + 1);
  return value;
}

}  // namespace

bool is_context(std::string_view text) noexcept {
  if (text.size() > mldsa::context_bytes_max || !wire::is_utf8(text)) {
    return false;
  }
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      return false;
    }
  }
  return true;
}

std::string write_signature_file(const SignatureFile& file) {
  return fmt::format("{}\nalgorithm: {}\nkey: {}\ncontext: {}\nhash: {}\nsignature: {}\n",
                     first_line, keys::info(file.algorithm).name, file.thumbprint, file.context,
                     file.hash, to_base64(file.signature));
}

Result<SignatureFile> read_signature_file(Bytes text) {
  if (text.size() > signature_file_bytes_max) {
    return fail(Errc::too_large, "signature file: too large");
  }
  std::string_view rest = as_text(text);
  if (!TRY(take_line(rest, "v100 signature ")).starts_with("1")) {
    return fail(Errc::unsupported, "signature file: of another version");
  }
  SignatureFile file{};
  file.algorithm = TRY(keys::algorithm_by_name(TRY(take_line(rest, "algorithm: "))));
  file.thumbprint = TRY(take_line(rest, "key: "));
  file.context = TRY(take_line(rest, "context: "));
  file.hash = TRY(take_line(rest, "hash: "));
  file.signature = TRY(from_base64(TRY(take_line(rest, "signature: "))));
  // One form only: what was read writes itself back to the same bytes.
  if (!rest.empty() || !is_context(file.context) || write_signature_file(file) != as_text(text)) {
    return fail(Errc::malformed, "signature file: not in its one form");
  }
  return file;
}

}  // namespace v100::keytool
