// What the verbs key, sign, verify and kem share: files or standard streams, failures that say
// which file, messages read piece by piece with progress, options.
#pragma once

#include <cstdio>
#include <expected>
#include <functional>
#include <string>

#include "keys/codec.h"
#include "main/cli.h"

namespace v100::keytool {

// What ends a verb: the exit code (1: said no, 2: could not) and a line for people.
struct Failure {
  int code;
  std::string text;
};
template <class T>
using Done = std::expected<T, Failure>;

std::unexpected<Failure> could_not(std::string text);
std::unexpected<Failure> could_not(const std::string& subject, Error error);

// "-" is the standard stream.
Done<Buffer> read_input(const std::string& path, std::size_t bytes_max);
enum class Access : unsigned char { everyone, owner };  // mode 0644 or 0600
// Files that stand already are replaced only with `force`. Standard output gets the bytes as they
// are.
Done<void> write_output(const std::string& path, Bytes content, Access access, bool force);

Done<keys::Key> read_key_file(const std::string& path);
Done<keys::PrivateKey> read_private_key(const std::string& path);

// A message that is read once, in pieces. Progress goes to standard error, four times a second,
// for large files and where that is a terminal (or always).
enum class Progress : unsigned char { automatic, always, never };
using Take = std::function<void(Bytes)>;
Done<std::uint64_t> read_pieces(const std::string& path, Progress progress, const Take& take);

// Parses, then runs `work`, which returns the exit code or a failure to print.
int run_line(CommandLine& line, int argc, char** argv, const std::function<Done<int>()>& work);

}  // namespace v100::keytool
