// ChaCha20 in the reference's arrangement: blocks side by side, word w of block b at byte
// 32 w + 4 b of a refill. LANES blocks (8 or 16, which is two refills) are computed at once.

namespace v100::falcon {
namespace {

template <int LANES>
struct Lanes {
  typedef u32 Words __attribute__((vector_size(4 * LANES)));
};

template <int COUNT, class W>
inline void rotate(W& a) {
  a = (a << COUNT) | (a >> (32 - COUNT));
}
template <class W>
inline void quarter_round(W& a, W& b, W& c, W& d) {
  a += b;
  d ^= a;
  rotate<16>(d);
  c += d;
  b ^= c;
  rotate<12>(b);
  a += b;
  d ^= a;
  rotate<8>(d);
  c += d;
  b ^= c;
  rotate<7>(b);
}

template <int LANES>
inline void chacha_blocks(Stream& stream, u8* out) {
  using W = typename Lanes<LANES>::Words;
  constexpr u32 constants[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
  W start[16];
  for (int w = 0; w < 16; ++w) {
    start[w] = W{} + (w < 4 ? constants[w] : stream.key[w - 4]);
  }
  for (int lane = 0; lane < LANES; ++lane) {
    const u64 counter = stream.counter + static_cast<u64>(lane);
    start[14][lane] ^= static_cast<u32>(counter);
    start[15][lane] ^= static_cast<u32>(counter >> 32);
  }
  stream.counter += LANES;
  W x[16];
  for (int w = 0; w < 16; ++w) {
    x[w] = start[w];
  }
  for (int round = 0; round < 10; ++round) {
    quarter_round(x[0], x[4], x[8], x[12]);
    quarter_round(x[1], x[5], x[9], x[13]);
    quarter_round(x[2], x[6], x[10], x[14]);
    quarter_round(x[3], x[7], x[11], x[15]);
    quarter_round(x[0], x[5], x[10], x[15]);
    quarter_round(x[1], x[6], x[11], x[12]);
    quarter_round(x[2], x[7], x[8], x[13]);
    quarter_round(x[3], x[4], x[9], x[14]);
  }
  for (int w = 0; w < 16; ++w) {
    const W word = x[w] + start[w];
    const u8* bytes = reinterpret_cast<const u8*>(&word);
    for (int eight = 0; eight < LANES / 8; ++eight) {
      __builtin_memcpy(out + 512 * eight + 32 * w, bytes + 32 * eight, 32);
    }
  }
}

void fill_random(Stream& stream, u8* out, std::size_t refills) {
  constexpr std::size_t at_once = stream_lanes / 8;
  for (; refills >= at_once; refills -= at_once, out += at_once * refill_bytes) {
    chacha_blocks<stream_lanes>(stream, out);
  }
  for (; refills > 0; --refills, out += refill_bytes) {
    chacha_blocks<8>(stream, out);
  }
}

}  // namespace
}  // namespace v100::falcon
