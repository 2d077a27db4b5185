#include "merkle/tlog_proof.h"

#include <charconv>

#include "base/text.h"

namespace v100::merkle {
namespace {

constexpr std::string_view header = "c2sp.org/tlog-proof@v1";
constexpr Error bad{Errc::malformed, "tlog-proof: not as c2sp.org/tlog-proof writes it"};

// The next line without its newline; there must be one.
Result<std::string_view> take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  if (end == rest.npos) {
    return std::unexpected(bad);
  }
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

}  // namespace

Result<TlogProof> parse_tlog_proof(std::string_view text) {
  if (text.size() > tlog_proof_bytes_max) {
    return fail(Errc::too_large, "tlog-proof: too large");
  }
  std::string_view rest = text;
  if (TRY(take_line(rest)) != header) {
    return std::unexpected(bad);
  }
  TlogProof out;
  std::string_view line = TRY(take_line(rest));
  if (line.starts_with("extra ")) {
    out.extra = TRY(from_base64(line.substr(6)));
    if (out.extra->size() > tlog_proof_extra_max) {
      return fail(Errc::too_large, "tlog-proof: too much extra data");
    }
    line = TRY(take_line(rest));
  }
  if (!line.starts_with("index ")) {
    return std::unexpected(bad);
  }
  line.remove_prefix(6);
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), out.index);
  if (line.empty() || error != std::errc() || end != line.data() + line.size() ||
      (line.size() > 1 && line.front() == '0')) {
    return std::unexpected(bad);
  }
  for (line = TRY(take_line(rest)); !line.empty(); line = TRY(take_line(rest))) {
    const Buffer hash = TRY(from_base64(line));
    if (hash.size() != sizeof(Hash) || out.hashes.size() == tlog_proof_hashes_max) {
      return std::unexpected(bad);
    }
    copy(out.hashes.emplace_back(), hash);
  }
  if (rest.empty() || rest.size() > note_bytes_max) {
    return std::unexpected(bad);
  }
  out.checkpoint = rest;
  return out;
}

std::string write_tlog_proof(const TlogProof& proof) {
  std::string out(header);
  out.append("\n");
  if (proof.extra) {
    out.append("extra ").append(to_base64(*proof.extra)).append("\n");
  }
  out.append("index ").append(std::to_string(proof.index)).append("\n");
  for (const Hash& hash : proof.hashes) {
    out.append(to_base64(hash)).append("\n");
  }
  return out.append("\n").append(proof.checkpoint);
}

}  // namespace v100::merkle
