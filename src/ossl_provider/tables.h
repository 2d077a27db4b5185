// The parts' tables of functions, as provider.cpp hands them to OpenSSL. Internal to this module.
#pragma once

#include <openssl/core.h>
#include <utility>

#include "keys/keys.h"
#include "ossl_provider/context.h"

namespace v100::ossl {

inline constexpr std::size_t algorithm_count = 18;

const OSSL_DISPATCH* keymgmt_table(keys::Algorithm algorithm) noexcept;
const OSSL_DISPATCH* signature_table() noexcept;
const OSSL_DISPATCH* kem_table() noexcept;

// Which structure an encoder writes or a decoder reads, and how.
enum class Structure : std::uint8_t { private_key_info, encrypted_private_key_info, spki, text };
enum class Output : std::uint8_t { der, pem, text };
const OSSL_DISPATCH* encoder_table(keys::Algorithm algorithm, Structure structure,
                                   Output output) noexcept;
const OSSL_DISPATCH* decoder_table(keys::Algorithm algorithm, Structure structure) noexcept;

// All names of an algorithm, separated by colons: FIPS, short, X.509's and its object identifier.
const char* algorithm_names(keys::Algorithm algorithm) noexcept;
struct ObjectNames {
  const char* oid;
  const char* short_name;  // as OpenSSL 3.5 has it
};
ObjectNames object_names(keys::Algorithm algorithm) noexcept;

int announce_groups(const Provider& provider, OSSL_CALLBACK* callback, void* arg) noexcept;
int announce_signatures(const Provider& provider, OSSL_CALLBACK* callback, void* arg) noexcept;

// What OpenSSL's security levels go by, and its "security-bits".
int security_bits(const keys::Info& info) noexcept;

// A key from inside a selection: which part was asked for, as encoders and decoders are chosen.
bool serves(Structure structure, int selection) noexcept;

// Table of `Make<algorithm>`, one element an algorithm.
template <template <keys::Algorithm> class Make, std::size_t... I>
const OSSL_DISPATCH* pick(keys::Algorithm algorithm, std::index_sequence<I...>) noexcept {
  static const OSSL_DISPATCH* const tables[] = {Make<static_cast<keys::Algorithm>(I)>::table...};
  return tables[static_cast<std::size_t>(algorithm)];
}
template <template <keys::Algorithm> class Make>
const OSSL_DISPATCH* pick(keys::Algorithm algorithm) noexcept {
  return pick<Make>(algorithm, std::make_index_sequence<algorithm_count>());
}

}  // namespace v100::ossl
