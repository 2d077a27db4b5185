#include "merkle/note.h"

#include <algorithm>

#include "base/text.h"
#include "crypto/mldsa/mldsa.h"
#include "crypto/slhdsa/slhdsa.h"
#include "merkle/merkle.h"

namespace v100::merkle {
namespace {

constexpr std::string_view em_dash = "\xe2\x80\x94 ";  // U+2014 and a space
constexpr std::size_t name_bytes_max = 255;

// The bytes before the public key in a vkey and in the hash that gives the key's id.
struct TypeRow {
  SignatureType type;
  const char* name;
  std::string_view prefix;
  std::size_t key_bytes;
};
constexpr TypeRow types[] = {
    {SignatureType::ed25519, "Ed25519", "\x01", 32},
    {SignatureType::ed25519_cosignature, "Ed25519 cosignature", "\x04", 32},
    {SignatureType::mldsa44_cosignature, "ML-DSA-44 cosignature", "\x06",
     mldsa::Mldsa44::public_key_bytes},
    {SignatureType::mldsa65_batch, "ML-DSA-65 batch", "\xffv100.attest/ml-dsa-65-sha3-256/v1\n",
     mldsa::Mldsa65::public_key_bytes},
    {SignatureType::slhdsa_daily, "SLH-DSA daily root", "\xffv100.attest/slh-dsa-shake-128f/v1\n",
     slhdsa::Shake128f::params.public_key_bytes()},
};

const TypeRow& row(SignatureType type) noexcept {
  const TypeRow* found = std::ranges::find(types, type, &TypeRow::type);
  CHECK(found != std::end(types));
  return *found;
}

// Length of the UTF-8 character at the front of `text`, 0 where there is none (RFC 3629 §4).
std::size_t utf8_length(std::string_view text) noexcept {
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = at(0);
  if (lead < 0x80) {
    return 1;
  }
  const std::size_t size = lead >= 0xc2 && lead < 0xe0   ? 2
                           : lead >= 0xe0 && lead < 0xf0 ? 3
                           : lead >= 0xf0 && lead < 0xf5 ? 4
                                                         : 0;
  if (size == 0 || text.size() < size) {
    return 0;
  }
  for (std::size_t i = 1; i < size; ++i) {
    if ((at(i) & 0xc0) != 0x80) {
      return 0;
    }
  }
  const bool overlong = (lead == 0xe0 && at(1) < 0xa0) || (lead == 0xf0 && at(1) < 0x90);
  const bool outside = (lead == 0xed && at(1) >= 0xa0) || (lead == 0xf4 && at(1) >= 0x90);
  return overlong || outside ? 0 : size;
}

// Unicode's White_Space besides ASCII: U+0085, U+00A0, U+1680, U+2000-200A, 2028, 2029, 202F, 205F,
// U+3000.
bool is_wide_space(std::string_view c) noexcept {
  if (c.size() == 2) {
    return c == "\xc2\x85" || c == "\xc2\xa0";
  }
  if (c.size() != 3) {
    return false;
  }
  const auto last = static_cast<std::uint8_t>(c[2]);
  if (c.starts_with("\xe2\x80")) {
    return (last >= 0x80 && last <= 0x8a) || last == 0xa8 || last == 0xa9 || last == 0xaf;
  }
  return c == "\xe1\x9a\x80" || c == "\xe2\x81\x9f" || c == "\xe3\x80\x80";
}

bool is_key_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > name_bytes_max) {
    return false;
  }
  while (!name.empty()) {
    const std::size_t size = utf8_length(name);
    const std::string_view c = name.substr(0, size);
    if (size == 0 || c == "+" || (size == 1 && c[0] <= ' ') || c[0] == 0x7f || is_wide_space(c)) {
      return false;
    }
    name.remove_prefix(size);
  }
  return true;
}

// UTF-8 without control characters other than newline.
bool is_note_text(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t size = utf8_length(text);
    if (size == 0 || (size == 1 && static_cast<std::uint8_t>(text[0]) < ' ' && text[0] != '\n')) {
      return false;
    }
    text.remove_prefix(size);
  }
  return true;
}

std::uint32_t key_id(std::string_view name, std::string_view prefix, Bytes key) noexcept {
  const Hash hash = sha256({as_bytes(name), as_bytes("\n"), as_bytes(prefix), key});
  return load_be<std::uint32_t>(hash.data());
}

Result<NoteSignature> parse_line(std::string_view line) {
  constexpr Error bad{Errc::malformed, "note: not a signature line"};
  if (!line.starts_with(em_dash)) {
    return std::unexpected(bad);
  }
  line.remove_prefix(em_dash.size());
  const std::size_t space = line.find(' ');
  if (space == line.npos || !is_key_name(line.substr(0, space))) {
    return std::unexpected(bad);
  }
  const Buffer blob = TRY(from_base64(line.substr(space + 1)));
  if (blob.size() < 5) {
    return std::unexpected(bad);
  }
  return NoteSignature{std::string(line.substr(0, space)), load_be<std::uint32_t>(blob.data()),
                       Buffer(blob.begin() + 4, blob.end())};
}

}  // namespace

const char* name(SignatureType type) noexcept { return row(type).name; }

Vkey::Vkey(std::string_view name, SignatureType type, Bytes key)
    : name_(name), type_(type), id_(key_id(name, row(type).prefix, key)), key_(to_buffer(key)) {}

Result<Vkey> Vkey::make(std::string_view name, SignatureType type, Bytes public_key) {
  if (!is_key_name(name)) {
    return fail(Errc::malformed, "note: not a key name");
  }
  if (public_key.size() != row(type).key_bytes) {
    return fail(Errc::malformed, "note: a public key of the wrong length");
  }
  return Vkey(name, type, public_key);
}

Result<Vkey> Vkey::parse(std::string_view text) {
  const std::size_t first = text.find('+');
  const std::size_t second = first == text.npos ? text.npos : text.find('+', first + 1);
  if (second == text.npos || second - first != 9 || text.size() > 8192) {
    return fail(Errc::malformed, "note: not a verifier key");
  }
  const std::string_view key_name = text.substr(0, first);
  const Buffer id = TRY(from_hex(text.substr(first + 1, 8)));
  const Buffer blob = TRY(from_base64(text.substr(second + 1)));
  for (const TypeRow& type : types) {
    if (as_text(blob).starts_with(type.prefix)) {
      const Vkey key = TRY(make(key_name, type.type, Bytes(blob).subspan(type.prefix.size())));
      if (key.id() != load_be<std::uint32_t>(id.data())) {
        return fail(Errc::malformed, "note: the verifier key's id is another key's");
      }
      return key;
    }
  }
  return fail(Errc::unsupported, "note: a signature type that is not known here");
}

std::string Vkey::text() const {
  ByteArray<4> id;
  store_be(id.data(), id_);
  Buffer blob = to_buffer(as_bytes(row(type_).prefix));
  append(blob, key_);
  return name_ + "+" + to_hex(id) + "+" + to_base64(blob);
}

Result<Note> parse_note(std::string_view text) {
  if (text.size() > note_bytes_max) {
    return fail(Errc::too_large, "note: too large");
  }
  const std::size_t gap = text.rfind("\n\n");
  if (gap == text.npos || gap == 0 || !text.ends_with('\n') || !is_note_text(text)) {
    return fail(Errc::malformed, "note: not a text, an empty line and signature lines");
  }
  Note out;
  out.text = text.substr(0, gap + 1);
  std::string_view rest = text.substr(gap + 2);
  while (!rest.empty()) {
    if (out.signatures.size() == note_signatures_max) {
      return fail(Errc::too_large, "note: too many signatures");
    }
    const std::size_t end = rest.find('\n');
    out.signatures.push_back(TRY(parse_line(rest.substr(0, end))));
    rest.remove_prefix(end + 1);
  }
  if (out.signatures.empty()) {
    return fail(Errc::malformed, "note: no signature");
  }
  return out;
}

std::string write_note(const Note& note) {
  std::string out = note.text + "\n";
  for (const NoteSignature& signature : note.signatures) {
    Buffer blob(4);
    store_be(blob.data(), signature.key_id);
    append(blob, signature.signature);
    out.append(em_dash).append(signature.name).append(" ").append(to_base64(blob)).append("\n");
  }
  return out;
}

}  // namespace v100::merkle
