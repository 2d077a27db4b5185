// FIPS 204, section 7.3: everything that is drawn from a SHAKE stream.
#include "crypto/mldsa/internal.h"

namespace v100::mldsa {

void matrix_job(FixedBytes<32> rho, int row, int column, MutBytes stream, keccak::LaneJob& job) {
  CHECK(stream.size() >= keccak::rate_128);
  // Whole words: a load of more bytes than one store wrote would wait for it.
  std::uint8_t* block = stream.data();
  std::memcpy(block, rho.data(), 32);
  store_le(block + 32, static_cast<std::uint64_t>(column) | static_cast<std::uint64_t>(row) << 8 |
                           static_cast<std::uint64_t>(keccak::Sponge::Domain::shake) << 16);
  std::memset(block + 40, 0, keccak::rate_128 - 48);
  store_le(block + keccak::rate_128 - 8, std::uint64_t{0x80} << 56);
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
      alignas(64) std::int32_t poly[matrix_poly_room];
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

// A SHAKE256 job over a 64-byte seed and a two-byte nonce, whose block lies in its output.
void seeded_job(FixedBytes<64> seed, unsigned nonce, MutBytes stream, keccak::LaneJob& job) {
  CHECK(stream.size() >= keccak::rate_256);
  std::uint8_t* block = stream.data();
  std::memcpy(block, seed.data(), 64);
  store_le(block + 64, static_cast<std::uint64_t>(nonce) |
                           static_cast<std::uint64_t>(keccak::Sponge::Domain::shake) << 16);
  std::memset(block + 72, 0, keccak::rate_256 - 80);
  store_le(block + keccak::rate_256 - 8, std::uint64_t{0x80} << 56);
  job.padded = block;
  job.out = stream;
}

// FIPS 204, Algorithm 31 (RejBoundedPoly)
void noise_poly(FixedBytes<64> rho_prime, unsigned nonce, int eta, Bytes stream,
                std::int32_t* poly) {
  const auto sample = kernel().bounded != nullptr ? kernel().bounded : bounded;
  alignas(64) std::int32_t room[320];
  std::size_t have = sample(eta, room, 0, stream.data(), stream.size());
  if (have < 256) {  // one polynomial in 500 for eta = 4
    const std::uint8_t tail[2] = {static_cast<std::uint8_t>(nonce),
                                  static_cast<std::uint8_t>(nonce >> 8)};
    keccak::Shake256 xof;
    xof.absorb(rho_prime);
    xof.absorb(tail);
    SecretBytes<keccak::rate_256> block;
    for (have = 0; have < 256;) {
      xof.squeeze(block.bytes);
      have = sample(eta, room, have, block.bytes.data(), block.bytes.size());
    }
  }
  std::memcpy(poly, room, 256 * sizeof *poly);
  wipe_object(room);
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
