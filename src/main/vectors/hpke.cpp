// HPKE vectors: RFC 9180's file and the post-quantum draft's, an array of setups with their
// messages and exports.
#include "crypto/hpke/hpke.h"

#include <charconv>
#include <fmt/format.h>

#include "main/vectors/json.h"

namespace v100::vectors {
namespace {

// A number, which the draft's file writes as text.
std::size_t count(const Json& object, std::string_view key) {
  const std::string_view digits = text(object, key);
  if (digits.empty()) {
    return number(object, key);
  }
  std::size_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

struct Keys {
  Buffer receiver_public;
  Buffer receiver_private;
  Buffer sender_public;
  Buffer sender_private;
};

// Derivation of the key pairs, as far as the case gives what they are derived from.
Result<bool> keys_agree(const Json& test, hpke::Kem kem, Keys& keys) {
  keys.receiver_public = TRY(hex(test, "pkRm"));
  keys.receiver_private = TRY(hex(test, "skRm"));
  keys.sender_public = TRY(hex_or_empty(test, "pkSm"));
  keys.sender_private = TRY(hex_or_empty(test, "skSm"));
  const Buffer ikm = TRY(hex(test, "ikmR"));
  const hpke::KeyPair receiver = TRY(hpke::derive_key_pair(kem, ikm));
  bool good = receiver.public_key == keys.receiver_public &&
              same(receiver.private_key.expose(), keys.receiver_private);
  if (!keys.sender_private.empty()) {
    const hpke::KeyPair sender = TRY(hpke::derive_key_pair(kem, TRY(hex(test, "ikmS"))));
    good = good && sender.public_key == keys.sender_public &&
           same(sender.private_key.expose(), keys.sender_private);
  }
  return good;
}

Result<bool> messages_agree(const Json& test, hpke::Context& sender, hpke::Context& receiver) {
  simdjson::dom::array messages;
  if (test["encryptions"].get(messages) != simdjson::SUCCESS) {
    return fail(Errc::malformed, "hpke: no encryptions");
  }
  for (const Json message : messages) {
    const Buffer aad = TRY(hex(message, "aad"));
    const Buffer pt = TRY(hex(message, "pt"));
    const Buffer ct = TRY(hex(message, "ct"));
    const Buffer sealed = TRY(sender.seal(aad, pt));
    const Buffer opened = TRY(receiver.open(aad, ct));
    if (sealed != ct || opened != pt) {
      return false;
    }
  }
  return true;
}

Result<bool> exports_agree(const Json& test, const hpke::Context& sender,
                           const hpke::Context& receiver) {
  simdjson::dom::array exports;
  if (test["exports"].get(exports) != simdjson::SUCCESS) {
    return fail(Errc::malformed, "hpke: no exports");
  }
  for (const Json one : exports) {
    const Buffer context = TRY(hex(one, "exporter_context"));
    const Buffer expected = TRY(hex(one, "exported_value"));
    const std::size_t size = count(one, "L");
    const hpke::SecretBytes a = TRY(sender.export_secret(context, size));
    const hpke::SecretBytes b = TRY(receiver.export_secret(context, size));
    if (!same(a.expose(), expected) || !same(b.expose(), expected)) {
      return false;
    }
  }
  return true;
}

// key, base_nonce and exporter_secret.
Result<bool> schedule_agrees(const Json& test, const hpke::Context& context) {
  const Buffer key = TRY(hex_or_empty(test, "key"));
  const Buffer nonce = TRY(hex_or_empty(test, "base_nonce"));
  return same(context.key(), key) && (nonce.empty() || same(context.base_nonce(), nonce)) &&
         same(context.exporter_secret(), TRY(hex(test, "exporter_secret")));
}

Result<Verdict> run_case(const Json& test) {
  const auto id = [&](std::string_view key) {
    return static_cast<std::uint16_t>(number(test, key));
  };
  if (id("kdf_id") == 0x12 || id("kdf_id") == 0x13) {
    return skip("TurboSHAKE is not implemented");
  }
  const hpke::Suite suite = TRY(hpke::Suite::from_ids(id("kem_id"), id("kdf_id"), id("aead_id")));
  Keys keys;
  bool good = TRY(keys_agree(test, suite.kem, keys));
  const Buffer info = TRY(hex(test, "info"));
  const Buffer psk = TRY(hex_or_empty(test, "psk"));
  const Buffer psk_id = TRY(hex_or_empty(test, "psk_id"));
  const Buffer enc = TRY(hex(test, "enc"));
  const Buffer randomness = TRY(hex(test, "ikmE"));
  hpke::Terms terms{.info = info, .psk = psk, .psk_id = psk_id, .sender_key = keys.sender_private};
  hpke::Sender sender =
      TRY(hpke::setup_sender_internal(suite, keys.receiver_public, terms, randomness));
  terms.sender_key = keys.sender_public;
  hpke::Context receiver = TRY(hpke::setup_receiver(suite, enc, keys.receiver_private, terms));
  good = good && sender.enc == enc;
  good = good && TRY(schedule_agrees(test, sender.context)) && TRY(schedule_agrees(test, receiver));
  if (suite.aead != hpke::Aead::export_only) {
    good = good && TRY(messages_agree(test, sender.context, receiver));
  }
  return pass_if(good && TRY(exports_agree(test, sender.context, receiver)));
}

}  // namespace

Result<void> run_hpke(const Json& root, Tally& tally) {
  simdjson::dom::array tests;
  if (root.get(tests) != simdjson::SUCCESS) {
    return fail(Errc::malformed, "hpke: not an array of cases");
  }
  std::size_t index = 0;
  for (const Json test : tests) {
    tally.add(fmt::format("case {} mode {} kem {:#06x} kdf {:#06x} aead {:#06x}", index++,
                          number(test, "mode"), number(test, "kem_id"), number(test, "kdf_id"),
                          number(test, "aead_id")),
              run_case(test));
  }
  return {};
}

}  // namespace v100::vectors
