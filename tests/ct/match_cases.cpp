// Secrets here: the secret key, all noise (its key is poisoned where it is drawn), messages, rows
// of packer and matcher, scores. Public: seeds, ciphertexts, public keys, answers, accept bits.
#include "match_cases.h"

#include <memory>

#include "base/ct.h"
#include "he/bfv/test_random.h"
#include "svc/match/engine.h"

namespace {

using namespace v100;
using match::Row;

struct Parties {
  std::unique_ptr<he::bfv::Params> params = he::bfv::Params::make(he::bfv::match_spec()).value();
  he::bfv::TestRandom random{1};
  he::bfv::Encryptor encryptor{*params, random};
  he::bfv::SecretKey key = he::bfv::SecretKey::generate(*params, encryptor.noise());
  he::bfv::PublicKey public_key =
      he::bfv::PublicKey::generate(*params, key, encryptor.noise(), random);
  he::bfv::Ciphertext probe = he::bfv::make_ciphertext(*params, 2);
  std::vector<std::int32_t> m = std::vector<std::int32_t>(params->n(), 123);
  std::vector<Row> people{32};
  std::vector<const Row*> rows;

  Parties() {
    for (std::size_t u = 0; u < 32; ++u) {
      for (std::size_t d = 0; d < match::dimensions; ++d) {
        people[u][d] = static_cast<std::int8_t>(static_cast<int>((u * 7 + d * 13) % 31) - 15);
      }
      rows.push_back(&people[u]);
    }
  }
  void poison_people() {
    for (const Row& row : people) {
      ct::poison({reinterpret_cast<const std::uint8_t*>(row.data()), row.size()});
    }
  }
};

}  // namespace

void bfv_keygen() {
  const Parties p;
  CHECK(p.public_key.b.limb(0)[0] < p.params->prime(0));
}

void bfv_encrypt_symmetric() {
  Parties p;
  p.encryptor.encrypt(p.probe, p.m, p.key);
  CHECK(p.probe.parts[0].limb(0)[0] < p.params->prime(0));
}

void bfv_encrypt_public() {
  Parties p;
  p.encryptor.encrypt(p.probe, p.m, p.public_key);
  CHECK(p.probe.parts[1].limb(1)[9] < p.params->prime(1));
}

void bfv_decrypt() {
  Parties p;
  p.encryptor.encrypt(p.probe, p.m, p.public_key);
  he::bfv::Decryptor decryptor(*p.params, p.key);
  std::vector<std::int32_t> out(p.params->n());
  decryptor.decrypt(out, p.probe);
  CHECK(out == p.m);
}

void match_mask() {
  Parties p;
  match::MaskMaker masks(*p.params, p.public_key, p.random);
  match::Mask mask;
  masks.make(mask);
  masks.make_encrypted(mask);
}

void match_probe() {
  Parties p;
  match::Packer packer(*p.params, p.random);
  p.poison_people();
  CHECK(packer.encrypt(p.probe, p.rows, p.public_key).has_value());
  CHECK(p.probe.parts[0].limb(0)[0] < p.params->prime(0));
}

void match_accept() {
  Parties p;
  match::Packer packer(*p.params, p.random);
  match::MaskMaker masks(*p.params, p.public_key, p.random);
  match::Matcher matcher(*p.params);
  match::KeyHolder holder(*p.params, p.key);
  p.poison_people();
  CHECK(packer.encrypt(p.probe, p.rows, p.public_key).has_value());
  match::TemplateBatch templates;
  match::Mask mask;
  match::Answer answer;
  matcher.assemble(templates, p.rows);
  masks.make(mask);
  matcher.match(answer, p.probe, templates, std::move(mask));
  CHECK(answer.c1.limb(0)[0] < p.params->prime(0));
  CHECK(holder.accept(answer, std::vector<std::int32_t>(32, 1000)) == 0xFFFFFFFFu);
}
