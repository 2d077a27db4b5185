// Falcon's sampler in the order in which the reference draws randomness, one byte after another:
// for known answers. Falcon §3.9.3, Algorithms 12 to 15.
#include "crypto/falcon/reference.h"

#include <cmath>

#include "crypto/falcon/known_answers.h"
#include "crypto/falcon/types.inl.h"

namespace v100::falcon {
namespace {

using D = double;
constexpr int doubles = 1;

}  // namespace
}  // namespace v100::falcon

#include "crypto/falcon/fft.inl.h"
#include "crypto/falcon/gaussian.inl.h"
#include "crypto/falcon/sampling.inl.h"

namespace v100::falcon {
namespace {

// 72 random bits.
struct Base {
  u64 high;
  u64 low;
};

// Bytes from a stream. 64-bit reads never use the last nine bytes of a refill.
class StreamBytes {
 public:
  explicit StreamBytes(const Stream& stream) : stream_(stream) {}
  Base next_base() {
    if (at_ + 9 >= refill_bytes) {
      refill();
    }
    const u64 low = load_le<u64>(bytes_ + at_);
    at_ += 8;
    return {.high = next_u8(), .low = low};
  }
  u8 next_u8() {
    const u8 value = bytes_[at_++];
    if (at_ == refill_bytes) {
      refill();
    }
    return value;
  }

 private:
  void refill() {
    kernel().random(stream_, bytes_, 1);
    at_ = 0;
  }
  Stream stream_;
  std::size_t at_ = refill_bytes;
  alignas(64) u8 bytes_[refill_bytes] = {};
};

// Bytes of a test case.
class GivenBytes {
 public:
  explicit GivenBytes(Bytes bytes) : bytes_(bytes) {}
  // The specification's cases write these nine octets with the highest one first.
  Base next_base() {
    Base base = {.high = next_u8(), .low = 0};
    for (int i = 0; i < 8; ++i) {
      base.low = (base.low << 8) | next_u8();
    }
    return base;
  }
  u8 next_u8() {
    if (at_ >= bytes_.size()) {
      ++missing_;
      return 0;
    }
    return bytes_[at_++];
  }
  bool all_used() const { return missing_ == 0 && at_ == bytes_.size(); }

 private:
  Bytes bytes_;
  std::size_t at_ = 0;
  std::size_t missing_ = 0;
};

template <class Source>
int base_sample(Source& source) {
  const Base drawn = source.next_base();
  int count = 0;
  for (const BaseEntry& entry : base_table) {
    count +=
        (drawn.high < entry.high || (drawn.high == entry.high && drawn.low < entry.low)) ? 1 : 0;
  }
  return count;
}

template <class Source>
bool ber_exp(Source& source, double x, double scale) {
  const double s = static_cast<double>(static_cast<int>(x * inverse_ln_2));
  const double likely = exp_negative(x - s * ln_2) * scale;
  const double chance = likely < 1 ? likely : 1;  // above 1 for keys that no generation makes
  const u64 z = ((static_cast<u64>(chance * 9223372036854775808.0) << 1) - 1) >>
                static_cast<int>(s < 63 ? s : 63);
  for (int i = 56; i >= 0; i -= 8) {
    const int difference = static_cast<int>(source.next_u8()) - static_cast<int>((z >> i) & 0xff);
    if (difference != 0) {
      return difference < 0;
    }
  }
  return false;
}

template <class Source>
double sample_z(Source& source, double mu, const Width& width) {
  const Centre centre(mu);
  for (int i = 0; i < 10000; ++i) {
    const int z0 = base_sample(source);
    const int b = source.next_u8() & 1;
    const int z = b + (2 * b - 1) * z0;
    const double d = z - centre.fraction;
    const double x = d * d * width.half_inverse_square -
                     static_cast<double>(z0 * z0) * inverse_twice_sigma0_squared;
    if (ber_exp(source, x < 1e6 ? x : 1e6, width.scale)) {
      return centre.floor + z;
    }
  }
  return centre.floor;
}

class ReferencePairs {
 public:
  ReferencePairs(const Stream& stream, double sigma_min) : source_(stream), sigma_min_(sigma_min) {}
  void pair(double mu0, double mu1, double inverse_sigma, double& z0, double& z1) {
    const Width width(inverse_sigma, sigma_min_);
    z0 = sample_z(source_, mu0, width);
    z1 = sample_z(source_, mu1, width);
  }

 private:
  StreamBytes source_;
  double sigma_min_;
};

}  // namespace

void sample_as_reference(const Stream& stream, const double* tree, Attempt& attempt, int logn) {
  ReferencePairs pairs(stream, sigma_min_of(logn));
  sample_any(pairs, tree, attempt.t0(), attempt.t1(), attempt.z0(), attempt.z1(), attempt.scratch(),
             logn);
}

Result<int> sampler_z(const SamplerParameters& parameters, Bytes octets) {
  const double sigma = parameters.sigma;
  if (!(std::abs(parameters.mu) < 1e9) ||
      !(parameters.sigma_min >= 1 && sigma >= parameters.sigma_min && sigma < 2)) {
    return fail(Errc::malformed, "falcon: not parameters of the sampler");
  }
  GivenBytes source(octets);
  const double z =
      sample_z(source, parameters.mu, Width(1.0 / parameters.sigma, parameters.sigma_min));
  if (!source.all_used()) {
    return fail(Errc::malformed, "falcon: not as many random octets as the sampler takes");
  }
  return static_cast<int>(z);
}

namespace {

// f G - g F = q
bool solves_equation(const SmallKey& key) {
  const std::size_t n = key.f.size();
  std::vector<std::int64_t> sum(2 * n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      sum[i + j] += key.f[i] * key.big_g[j] - key.g[i] * key.big_f[j];
    }
  }
  bool good = sum[0] - sum[n] == q;
  for (std::size_t i = 1; i < n; ++i) {
    good = good && sum[i] == sum[n + i];
  }
  return good;
}

}  // namespace

Result<std::vector<std::int16_t>> sign_small(const SmallKey& key, Bytes salt, Bytes stream_seed,
                                             Bytes message) {
  const std::size_t n = key.f.size();
  if (n < 2 || n > 1024 || (n & (n - 1)) != 0 || key.g.size() != n || key.big_f.size() != n ||
      key.big_g.size() != n || stream_seed.size() != stream_seed_bytes) {
    return fail(Errc::malformed, "falcon: sizes of no key");
  }
  if (!solves_equation(key)) {
    return fail(Errc::malformed, "falcon: a key that solves no NTRU equation");
  }
  const int logn = __builtin_ctzll(n);
  std::vector<double> basis(4 * n), tree(tree_size(logn)), scratch(5 * n);
  expand({key.f.data(), key.g.data(), key.big_f.data(), key.big_g.data()}, basis.data(),
         tree.data(), scratch.data(), logn);
  Values<std::uint16_t, 1024> c;
  hash_to_point(salt, message, c.v, logn);
  Stream stream;
  start(stream, FixedBytes<stream_seed_bytes>(stream_seed));
  Attempt attempt(logn);
  attempt.aim(basis.data(), c.v);
  sample_as_reference(stream, tree.data(), attempt, logn);
  std::vector<std::int16_t> s2(n);
  (void)attempt.finish(basis.data(), c.v, s2.data());
  return s2;
}

}  // namespace v100::falcon
