#include "svc/match/textbook.h"

namespace v100::match {

Textbook::Textbook(const bfv::Params& params, const bfv::SecretKey& key, bfv::Noise& noise,
                   Random& random)
    : params_(params), slots_(params), evaluator_(params) {
  CHECK(params.n() == users * dimensions);
  const auto make = [&](std::uint32_t element) {
    return bfv::GaloisKey::generate(params, key, element, noise, random);
  };
  for (std::int64_t step = users; step < static_cast<std::int64_t>(params.n() / 2); step *= 2) {
    single_.push_back(make(bfv::rotation_element(params, step)));
  }
  single_.push_back(make(bfv::row_swap_element(params)));
  for (std::int64_t step = users; step < static_cast<std::int64_t>(params.n() / 2); step *= 4) {
    std::vector<bfv::GaloisKey>& keys = triple_.emplace_back();
    for (std::int64_t i = 1; i <= 3; ++i) {
      keys.push_back(make(bfv::rotation_element(params, i * step)));
    }
  }
  triple_.emplace_back().push_back(make(bfv::row_swap_element(params)));
}

void Textbook::encode(std::span<std::int32_t> plain, std::span<const Row> rows) const {
  CHECK(rows.size() == users);
  std::vector<std::int32_t> values(params_.n());
  for (std::size_t u = 0; u < users; ++u) {
    for (std::size_t d = 0; d < dimensions; ++d) {
      values[users * d + u] = rows[u][d];
    }
  }
  slots_.encode(plain, values);
}

void Textbook::match(bfv::Ciphertext& c, const bfv::RnsPoly& prepared_template) {
  evaluator_.multiply_plain(c, prepared_template);
  for (const bfv::GaloisKey& key : single_) {
    const bfv::GaloisKey* one[] = {&key};
    evaluator_.add_images(c, one);
  }
}

void Textbook::match_hoisted(bfv::Ciphertext& c, const bfv::RnsPoly& prepared_template) {
  evaluator_.multiply_plain(c, prepared_template);
  for (const std::vector<bfv::GaloisKey>& keys : triple_) {
    std::vector<const bfv::GaloisKey*> all;
    for (const bfv::GaloisKey& key : keys) {
      all.push_back(&key);
    }
    evaluator_.add_images(c, all);
  }
}

void Textbook::scores(std::span<std::int32_t> out, bfv::Plain decrypted) const {
  std::vector<std::int32_t> values(params_.n());
  slots_.decode(values, decrypted);
  for (std::size_t u = 0; u < users; ++u) {
    out[u] = values[u];
  }
}

}  // namespace v100::match
