// All three roles of a match in this process, with keys of its own: for demonstrations and for a
// gallery on one's own disk, where they hide nothing from each other.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "io/world.h"
#include "svc/match/engine.h"

namespace v100 {

struct LocalEngine {
  explicit LocalEngine(bool encrypted)
      : encrypted_templates(encrypted),
        params(he::bfv::Params::make(he::bfv::match_spec()).value()),
        noise(params->n(), random),
        key(he::bfv::SecretKey::generate(*params, noise)),
        public_key(he::bfv::PublicKey::generate(*params, key, noise, random)),
        packer(*params, random),
        masks(*params, public_key, random),
        matcher(*params),
        holder(*params, key),
        probe(he::bfv::make_ciphertext(*params, 2)) {}
  // The answer for slot u's probe against slot u's row.
  bool match(std::span<const match::Row* const> probes, std::span<const match::Row* const> rows) {
    if (!packer.encrypt(probe, probes, public_key).has_value()) {
      return false;
    }
    return match_again(rows);
  }
  // The same probe against other rows.
  bool match_again(std::span<const match::Row* const> rows) {
    if (encrypted_templates) {
      masks.make_encrypted(mask);
      if (!packer.encrypt_templates(templates, rows, public_key).has_value()) {
        return false;
      }
    } else {
      masks.make(mask);
      matcher.assemble(templates, rows);
    }
    matcher.match(answer, probe, templates, std::move(mask));
    return true;
  }
  std::uint64_t accept(double threshold) {
    return holder.accept(
        answer, std::vector<std::int32_t>(matcher.slots(), match::score_of_cosine(threshold)));
  }
  bool encrypted_templates;
  io::SystemRandom random;
  std::unique_ptr<he::bfv::Params> params;
  he::bfv::Noise noise;
  he::bfv::SecretKey key;
  he::bfv::PublicKey public_key;
  match::Packer packer;
  match::MaskMaker masks;
  match::Matcher matcher;
  match::KeyHolder holder;
  he::bfv::Ciphertext probe;
  match::Mask mask;
  match::TemplateBatch templates;
  match::Answer answer;
};

}  // namespace v100
