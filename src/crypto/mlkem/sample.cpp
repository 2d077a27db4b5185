// FIPS 203 §4.2.2: the public matrix by rejection, noise by the centered binomial distribution.
// Both fill the lanes of a Keccak group.
#include "crypto/keccak/keccak.h"
#include "crypto/mlkem/pick.h"
#include "crypto/mlkem/poly.h"

namespace v100::mlkem {
namespace {

constexpr std::size_t lanes_max = keccak::ShakeBatch::lanes_max;
// 504 bytes are 336 candidates of which 81 % pass: one polynomial in a hundred needs a fourth
// block.
constexpr std::size_t first_blocks = 3;
constexpr std::size_t slack = 64;  // what MlkemKernel::reject may read beyond

using MatrixSeed = ByteArray<34>;

// Algorithm 7 (SampleNTT) for `count` <= 8 seeds. Everything here is public.
void sample_group(Poly* out, const MatrixSeed* seeds, std::size_t count) noexcept {
  alignas(64) std::uint8_t buffer[lanes_max][first_blocks * keccak::rate_128 + slack];
  Bytes inputs[lanes_max];
  MutBytes first[lanes_max];
  MutBytes next[lanes_max];
  for (std::size_t lane = 0; lane < count; ++lane) {
    inputs[lane] = seeds[lane];
    first[lane] = MutBytes(buffer[lane]).first(first_blocks * keccak::rate_128);
    next[lane] = MutBytes(buffer[lane]).first(keccak::rate_128);
  }
  keccak::ShakeBatch xof(keccak::rate_128, count);
  xof.absorb({inputs, count});
  xof.squeeze({first, count});
  int have[lanes_max] = {};
  bool complete = true;
  for (std::size_t lane = 0; lane < count; ++lane) {
    have[lane] =
        kernel().reject(out[lane].c, 0, buffer[lane], static_cast<int>(first[lane].size()));
    complete = complete && have[lane] == 256;
  }
  while (!complete) {
    complete = true;
    xof.squeeze({next, count});
    for (std::size_t lane = 0; lane < count; ++lane) {
      have[lane] = kernel().reject(out[lane].c, have[lane], buffer[lane],
                                   static_cast<int>(next[lane].size()));
      complete = complete && have[lane] == 256;
    }
  }
}

}  // namespace

void sample_matrix(Poly* out, std::size_t k, FixedBytes<32> rho, Order order) noexcept {
  MatrixSeed seeds[lanes_max];
  const std::size_t total = k * k;
  for (std::size_t done = 0; done < total;) {
    const std::size_t count = total - done < lanes_max ? total - done : lanes_max;
    for (std::size_t lane = 0; lane < count; ++lane) {
      const std::uint8_t row = static_cast<std::uint8_t>((done + lane) / k);
      const std::uint8_t column = static_cast<std::uint8_t>((done + lane) % k);
      copy(MutBytes(seeds[lane]).first(32), rho);
      seeds[lane][32] = order == Order::normal ? column : row;
      seeds[lane][33] = order == Order::normal ? row : column;
    }
    sample_group(out + done, seeds, count);
    done += count;
  }
}

void sample_noise(Poly* out, FixedBytes<32> seed, const NoiseShape& shape) noexcept {
  struct Work {
    std::uint8_t input[lanes_max][33];
    alignas(64) std::uint8_t output[lanes_max][192];
  };
  Wiped<Work> work;
  for (std::size_t done = 0; done < shape.count;) {
    const std::size_t left = shape.count - done;
    const std::size_t count = left < lanes_max ? left : lanes_max;
    // Lanes squeeze alike; those that need eta2's 128 bytes leave the rest unread.
    const std::size_t bytes = std::size_t{64} * (done < shape.wide ? shape.eta1 : 2);
    Bytes inputs[lanes_max];
    MutBytes outputs[lanes_max];
    for (std::size_t lane = 0; lane < count; ++lane) {
      copy(MutBytes(work.input[lane]).first(32), seed);
      work.input[lane][32] = static_cast<std::uint8_t>(done + lane);
      inputs[lane] = work.input[lane];
      outputs[lane] = MutBytes(work.output[lane]).first(bytes);
    }
    keccak::ShakeBatch prf(keccak::rate_256, count);
    prf.absorb({inputs, count});
    prf.squeeze({outputs, count});
    for (std::size_t lane = 0; lane < count; ++lane) {
      if (done + lane < shape.wide && shape.eta1 == 3) {
        kernel().cbd3(out[done + lane].c, work.output[lane]);
      } else {
        kernel().cbd2(out[done + lane].c, work.output[lane]);
      }
    }
    done += count;
  }
}

}  // namespace v100::mlkem
