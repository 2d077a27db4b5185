// Signed notes (c2sp.org/signed-note): a text and lines of signatures by named keys, and the keys
// as one line of text. Parsing is bounded; verifying belongs to checkpoint.h, which knows what each
// type of signature is over.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace v100::merkle {

// A note with sixteen ML-DSA-87 signatures is 100 KB; an SLH-DSA line is 23 KB.
inline constexpr std::size_t note_bytes_max = 256 * 1024;
inline constexpr std::size_t note_signatures_max = 64;

// The byte that says what a signature is over (c2sp.org/signed-note, "Signature types").
enum class SignatureType : std::uint8_t {
  ed25519 = 0x01,              // the note's text
  ed25519_cosignature = 0x04,  // c2sp.org/tlog-cosignature
  mldsa44_cosignature = 0x06,  // c2sp.org/tlog-cosignature
  mldsa65_batch,               // 0xff, ours: docs/spec/attestation.md §4.2
  slhdsa_daily,                // 0xff, ours: docs/spec/attestation.md §4.3
};
const char* name(SignatureType type) noexcept;

// A public key with the name that its signature lines carry.
class Vkey {
 public:
  // malformed: a name that is empty or holds spaces, '+' or control characters, or is above 255
  // bytes; a key of the wrong length.
  static Result<Vkey> make(std::string_view name, SignatureType type, Bytes public_key);
  // "name+8 hex digits+base64(type || key)". malformed: also an id that is not the key's.
  // unsupported: a type of another.
  static Result<Vkey> parse(std::string_view text);
  std::string text() const;

  const std::string& name() const noexcept { return name_; }
  SignatureType type() const noexcept { return type_; }
  std::uint32_t id() const noexcept { return id_; }
  Bytes public_key() const noexcept { return key_; }

 private:
  Vkey(std::string_view name, SignatureType type, Bytes key);
  std::string name_;
  SignatureType type_;
  std::uint32_t id_;
  Buffer key_;
};

struct NoteSignature {
  std::string name;
  std::uint32_t key_id;
  Buffer signature;
  bool is_of(const Vkey& key) const noexcept { return key_id == key.id() && name == key.name(); }
};

struct Note {
  std::string text;  // ends with a newline
  std::vector<NoteSignature> signatures;
};

// malformed: not as the specification writes it. too_large: over the bounds above. What it takes,
// write_note() writes back byte for byte.
Result<Note> parse_note(std::string_view text);
std::string write_note(const Note& note);

}  // namespace v100::merkle
