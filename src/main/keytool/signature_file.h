// The detached signature file: docs/spec/signature-file.md.
#pragma once

#include <string>

#include "keys/keys.h"

namespace v100::keytool {

inline constexpr std::size_t signature_file_bytes_max = 128 * 1024;
inline constexpr const char* default_context = "v100 file";

struct SignatureFile {
  keys::Algorithm algorithm;
  std::string thumbprint;  // of the key that signed: a hint, not signed itself
  std::string context;
  std::string hash;  // "none", or the pre-hash by its ACVP name
  Buffer signature;
};

// A context as the file can state it: at most 255 bytes of UTF-8 without control characters.
bool is_context(std::string_view text) noexcept;
std::string write_signature_file(const SignatureFile& file);
// malformed: not such a file, in exactly this form; unsupported: another algorithm or version.
Result<SignatureFile> read_signature_file(Bytes text);

}  // namespace v100::keytool
