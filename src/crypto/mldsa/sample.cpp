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

void matrix_job(FixedBytes<32> rho, int row, int column, MutBytes stream, keccak::LaneJob& job) {
  CHECK(stream.size() >= keccak::rate_128);
  std::uint8_t* block = stream.data();
  std::memset(block + 34, 0, keccak::rate_128 - 34);
  std::memcpy(block, rho.data(), 32);
  block[32] = static_cast<std::uint8_t>(column);
  block[33] = static_cast<std::uint8_t>(row);
  block[34] = static_cast<std::uint8_t>(keccak::Sponge::Domain::shake);
  block[keccak::rate_128 - 1] = 0x80;
  job.rate = keccak::rate_128;
  job.padded = block;
  job.out = stream;
}

// FIPS 204, Algorithm 30 (RejNTTPoly)
void matrix_poly(FixedBytes<32> rho, int row, int column, Bytes stream, std::int32_t* poly) {
  std::size_t have = kernel().uniform(poly, 0, stream.data(), stream.size());
  if (have < 256) {
    keccak::Shake128 xof;
    xof.absorb(rho);
    const std::uint8_t nonce[2] = {static_cast<std::uint8_t>(column),
                                   static_cast<std::uint8_t>(row)};
    xof.absorb(nonce);
    have = 0;
    while (have < 256) {
      ByteArray<keccak::rate_128> block;
      xof.squeeze(block);
      have = kernel().uniform(poly, have, block.data(), block.size());
    }
  }
}

void expand_a(FixedBytes<32> rho, int k, int l, std::int32_t* matrix, int columns,
              const keccak::LaneJob* beside) {
  struct Source {
    FixedBytes<32> rho;
    int k, l;
    std::int32_t* matrix;
    int columns;
    const keccak::LaneJob* beside;
    int taken = 0;
    MatrixStreams streams{};

    bool next(keccak::LaneJob& job) {
      if (beside != nullptr) {
        job = *beside;
        job.tag = ~std::uint32_t{0};
        beside = nullptr;
        return true;
      }
      if (taken == k * l) {
        return false;
      }
      const unsigned buffer = streams.take();
      matrix_job(rho, taken / l, taken % l, streams.bytes[buffer], job);
      job.tag = static_cast<std::uint32_t>(taken++) << 3 | buffer;
      return true;
    }
    void done(std::uint32_t tag) {
      if (tag == ~std::uint32_t{0}) {
        return;
      }
      const int index = static_cast<int>(tag >> 3);
      alignas(64) std::int32_t poly[272];
      matrix_poly(rho, index / l, index % l, streams.bytes[tag & 7], poly);
      streams.give_back(tag & 7);
      kernel().tile(poly, matrix, index / l, index % l, k, columns);
    }
  };
  Source source{rho, k, l, matrix, columns, beside};
  keccak::Lanes lanes;
  lanes.run(source);
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

void sample_in_ball(Bytes challenge, FixedBytes<keccak::rate_256> first, int tau,
                    std::int32_t* poly) {
  ByteArray<keccak::rate_256> block;
  copy(block, first);
  std::optional<keccak::Shake256> more;
  std::uint64_t signs = load_le<std::uint64_t>(block.data());
  std::size_t at = 8;
  std::memset(poly, 0, 256 * sizeof *poly);
  for (int i = 256 - tau; i < 256; ++i) {
    int j;
    do {
      if (at == block.size()) {
        if (!more) {
          more.emplace();
          more->absorb(challenge);
          more->squeeze(block);
        }
        more->squeeze(block);
        at = 0;
      }
      j = block[at++];
    } while (j > i);
    poly[i] = poly[j];
    poly[j] = 1 - 2 * static_cast<std::int32_t>(signs & 1);
    signs >>= 1;
  }
}

void sample_in_ball(Bytes challenge, int tau, std::int32_t* poly) {
  ByteArray<keccak::rate_256> first;
  keccak::shake256(first, {challenge});
  sample_in_ball(challenge, first, tau, poly);
}

}  // namespace v100::mldsa
