// Signature-Input and Signature (RFC 9421 §4): which of the signatures is ours, what it covers and
// its parameters. The usual, canonical spelling is read in one pass without allocation; any other
// goes through wire/structured.h, is written canonically and read by the same pass.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace v100::auth {

// One covered component. Views point into the header's text, or the reader's own copy.
struct Component {
  std::string_view identifier;  // as it stands in the list, quotes and parameters with it
  std::string_view name;        // without the quotes
  std::string_view key;         // of ;key="…"
  std::string_view query_name;  // of ;name="…"
  bool has_key = false, has_query_name = false;
  bool sf = false, bs = false, tr = false, req = false;
  bool odd = false;  // has a parameter that RFC 9421 does not know
};

// A reader that is used again and again; what it read is valid until the next read().
class SignatureInput {
 public:
  static constexpr std::size_t components_max = 32;
  enum class Found : std::uint8_t { one, none, no_tag, several, malformed };

  // Looks for the one signature with that tag. `one`: the members below are set.
  // none: there are signatures, all with other tags; no_tag: none has a tag; several: more than one
  // has this tag. Several header lines are joined with ", " by the caller.
  Found read(std::string_view header, std::string_view tag);

  std::string_view label() const noexcept { return label_; }
  // The inner list with its parameters: what "@signature-params" stands for.
  std::string_view params() const noexcept { return params_; }
  std::span<const Component> components() const noexcept { return {components_, count_}; }
  bool covers(std::string_view name) const noexcept;  // a component without parameters

  bool has_created = false, has_expires = false, has_nonce = false, has_keyid = false;
  bool has_alg = false, has_tag = false;
  std::int64_t created = 0, expires = 0;  // seconds since 1970
  std::string_view nonce, keyid, alg, tag;

 private:
  class Scan;
  bool scan(std::string_view text);  // `label=(…);…`, canonical, and nothing behind it
  Found pick(std::string_view header, std::string_view tag);

  std::string_view label_, params_;
  Component components_[components_max];
  std::size_t count_ = 0;
  std::string kept_;  // the canonical spelling, where the header's was another one
};

// The signature of that label, decoded to the front of `out`. malformed: not a dictionary of byte
// sequences, or the label is missing; too_large: longer than out by more than padding allows.
Result<std::size_t> read_signature(std::string_view header, std::string_view label, MutBytes out);

}  // namespace v100::auth
