// Messages to polynomials. Falcon §3.7.
#include "crypto/falcon/internal.h"
#include "crypto/keccak/keccak.h"

namespace v100::falcon {
namespace {

constexpr std::size_t block_bytes = keccak::rate_256;
// Coefficients wanted, and what the last block and the kernel's stores may add.
constexpr std::size_t points_room = 1024 + block_bytes / 2 + 32;

}  // namespace

void hash_to_point(Bytes salt, Bytes message, std::uint16_t* c, int logn) {
  const std::size_t n = std::size_t{1} << logn;
  keccak::Shake256 hash;
  hash.absorb(salt);
  hash.absorb(message);
  Values<std::uint16_t, points_room> points;
  std::size_t have = 0;
  while (have < n) {
    ByteArray<block_bytes> block;
    hash.squeeze(block);
    have = kernel().points(points.v, have, block.data(), block.size());
  }
  std::memcpy(c, points.v, n * sizeof *c);
}

void hash_to_points(std::span<const Bytes> salts, std::span<const Bytes> messages,
                    std::uint16_t* const* cs, int logn) {
  const std::size_t n = std::size_t{1} << logn;
  const std::size_t lanes = salts.size();
  CHECK(lanes >= 1 && lanes <= keccak::ShakeBatch::lanes_max && messages.size() == lanes);
  keccak::ShakeBatch hash(keccak::rate_256, lanes);
  hash.absorb(salts);
  hash.absorb(messages);
  Values<std::uint16_t, points_room> points[keccak::ShakeBatch::lanes_max];
  std::size_t have[keccak::ShakeBatch::lanes_max] = {};
  for (bool more = true; more;) {
    ByteArray<block_bytes> blocks[keccak::ShakeBatch::lanes_max];
    MutBytes outs[keccak::ShakeBatch::lanes_max];
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      outs[lane] = blocks[lane];
    }
    hash.squeeze(std::span(outs, lanes));
    more = false;
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      if (have[lane] < n) {
        have[lane] = kernel().points(points[lane].v, have[lane], blocks[lane].data(), block_bytes);
        more |= have[lane] < n;
      }
    }
  }
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    std::memcpy(cs[lane], points[lane].v, n * sizeof *cs[lane]);
  }
}

}  // namespace v100::falcon
