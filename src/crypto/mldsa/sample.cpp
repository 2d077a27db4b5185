// FIPS 204, section 7.3: everything that is drawn from a SHAKE stream.
#include "crypto/mldsa/internal.h"

namespace v100::mldsa {
namespace {

using keccak::ShakeBatch;
constexpr std::size_t lanes_max = ShakeBatch::lanes_max;

// Up to eight streams of one seed, each with its own two-byte nonce.
template <std::size_t SeedBytes, std::size_t OutBytes>
class Streams {
 public:
  Streams(std::size_t rate, std::size_t lanes) noexcept : shake_(rate, lanes), lanes_(lanes) {}
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;
  ~Streams() {
    wipe_object(inputs_);
    wipe_object(out_);
  }

  void seed(std::size_t lane, FixedBytes<SeedBytes> seed, unsigned first, unsigned second) {
    std::memcpy(inputs_[lane], seed.data(), SeedBytes);
    inputs_[lane][SeedBytes] = static_cast<std::uint8_t>(first);
    inputs_[lane][SeedBytes + 1] = static_cast<std::uint8_t>(second);
  }
  void start() {
    Bytes views[lanes_max];
    for (std::size_t lane = 0; lane < lanes_; ++lane) {
      views[lane] = inputs_[lane];
    }
    shake_.absorb({views, lanes_});
  }
  // The next `size` bytes of every stream.
  void next(std::size_t size) {
    MutBytes views[lanes_max];
    for (std::size_t lane = 0; lane < lanes_; ++lane) {
      views[lane] = MutBytes(out_[lane], size);
    }
    shake_.squeeze({views, lanes_});
  }
  const std::uint8_t* out(std::size_t lane) const { return out_[lane]; }

 private:
  ShakeBatch shake_;
  std::size_t lanes_;
  std::uint8_t inputs_[lanes_max][SeedBytes + 2];
  std::uint8_t out_[lanes_max][OutBytes];
};

std::size_t group_size(int count, int first) {
  const int left = count - first;
  return left < static_cast<int>(lanes_max) ? static_cast<std::size_t>(left) : lanes_max;
}

}  // namespace

void expand_a(FixedBytes<32> rho, int k, int l, std::int32_t* matrix, int columns) {
  // Five blocks give 280 candidates, of which 0.1 % fail: enough but for one in 10^25 polynomials;
  // the loop below serves that one too.
  constexpr std::size_t first_bytes = 5 * keccak::rate_128;
  for (int first = 0; first < k * l; first += static_cast<int>(lanes_max)) {
    const std::size_t lanes = group_size(k * l, first);
    Streams<32, first_bytes> streams(keccak::rate_128, lanes);
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const int index = first + static_cast<int>(lane);
      streams.seed(lane, rho, static_cast<unsigned>(index % l), static_cast<unsigned>(index / l));
    }
    streams.start();
    // FIPS 204, Algorithm 30 (RejNTTPoly), side by side.
    alignas(64) std::int32_t polys[lanes_max][272];
    std::size_t have[lanes_max] = {};
    bool short_of = true;
    for (std::size_t size = first_bytes; short_of; size = keccak::rate_128) {
      streams.next(size);
      short_of = false;
      for (std::size_t lane = 0; lane < lanes; ++lane) {
        have[lane] = kernel().uniform(polys[lane], have[lane], streams.out(lane), size);
        short_of = short_of || have[lane] < 256;
      }
    }
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const int index = first + static_cast<int>(lane);
      kernel().tile(polys[lane], matrix, index / l, index % l, k, columns);
    }
  }
}

namespace {

// FIPS 204, Algorithm 15 (CoeffFromHalfByte) on both halves of each byte. Which candidates are
// rejected is independent of the accepted values, so the count may be public; the values may not.
std::size_t bounded(int eta, std::int32_t* out, std::size_t have, const std::uint8_t* in,
                    std::size_t bytes) {
  for (std::size_t i = 0; i < 2 * bytes && have < 256; ++i) {
    const std::uint32_t half = (in[i / 2] >> (4 * (i % 2))) & 15u;
    std::uint32_t accepted;
    if (eta == 2) {
      accepted = (half - 15) >> 31;
      out[have] = 2 - static_cast<std::int32_t>(half - 5 * ((half * 205) >> 10));  // mod 5
    } else {
      accepted = (half - 9) >> 31;
      out[have] = 4 - static_cast<std::int32_t>(half);
    }
    ct::unpoison_value(accepted);
    have += accepted;
  }
  return have;
}

}  // namespace

void expand_s(FixedBytes<64> rho_prime, int eta, std::int32_t* polys, int count) {
  constexpr std::size_t first_bytes = 2 * keccak::rate_256;
  for (int first = 0; first < count; first += static_cast<int>(lanes_max)) {
    const std::size_t lanes = group_size(count, first);
    Streams<64, first_bytes> streams(keccak::rate_256, lanes);
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      streams.seed(lane, rho_prime, static_cast<unsigned>(first) + static_cast<unsigned>(lane), 0);
    }
    streams.start();
    // FIPS 204, Algorithm 31 (RejBoundedPoly), side by side.
    std::size_t have[lanes_max] = {};
    bool short_of = true;
    for (std::size_t size = first_bytes; short_of; size = keccak::rate_256) {
      streams.next(size);
      short_of = false;
      for (std::size_t lane = 0; lane < lanes; ++lane) {
        std::int32_t* poly = polys + 256 * (static_cast<std::size_t>(first) + lane);
        have[lane] = bounded(eta, poly, have[lane], streams.out(lane), size);
        short_of = short_of || have[lane] < 256;
      }
    }
  }
}

void expand_mask(FixedBytes<64> rho_second, unsigned kappa, int gamma1_bits, std::int32_t* polys,
                 int count) {
  const std::size_t lanes = static_cast<std::size_t>(count);
  const std::size_t size = 32 * (1 + static_cast<std::size_t>(gamma1_bits));
  Streams<64, 640> streams(keccak::rate_256, lanes);
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    const unsigned nonce = kappa + static_cast<unsigned>(lane);
    streams.seed(lane, rho_second, nonce & 255, nonce >> 8);
  }
  streams.start();
  streams.next(size);
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    kernel().unpack_z(gamma1_bits, streams.out(lane), polys + 256 * lane, 256);
  }
}

void sample_in_ball(Bytes challenge, int tau, std::int32_t* poly) {
  keccak::Shake256 shake;
  shake.absorb(challenge);
  ByteArray<keccak::rate_256> block;
  shake.squeeze(block);
  std::uint64_t signs = load_le<std::uint64_t>(block.data());
  std::size_t at = 8;
  std::memset(poly, 0, 256 * sizeof *poly);
  for (int i = 256 - tau; i < 256; ++i) {
    int j;
    do {
      if (at == block.size()) {
        shake.squeeze(block);
        at = 0;
      }
      j = block[at++];
    } while (j > i);
    poly[i] = poly[j];
    poly[j] = 1 - 2 * static_cast<std::int32_t>(signs & 1);
    signs >>= 1;
  }
}

}  // namespace v100::mldsa
