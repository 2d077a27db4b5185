// If this fails, hashes and XOFs are wrong on some kernel, or batches differ from single calls.
#include "crypto/keccak/keccak.h"

#include <gtest/gtest.h>
#include <vector>

#include "base/cpu.h"
#include "base/text.h"
#include "crypto/keccak/lanes.h"
#include "crypto/keccak/pick.h"

namespace v100::keccak {
namespace {

std::string hex256(std::string_view text) {
  ByteArray<32> out;
  sha3_256(out, {as_bytes(text)});
  return to_hex(out);
}

// Deterministic test data, far from any structure.
Buffer data(std::size_t size, unsigned seed) {
  Buffer out(size);
  std::uint64_t state = seed * 0x9e3779b97f4a7c15u + 1;
  for (std::uint8_t& byte : out) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    byte = static_cast<std::uint8_t>(state >> 32);
  }
  return out;
}

TEST(Keccak, RunsTheKernelThatWasAskedFor) { EXPECT_STREQ(kernel_name(), name(cpu_isa())); }

TEST(Keccak, KnownAnswers) {
  EXPECT_EQ(hex256(""), "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a");
  EXPECT_EQ(hex256("abc"), "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532");
  ByteArray<64> out;
  sha3_512(out, {as_bytes("a"), as_bytes("bc")});
  EXPECT_EQ(to_hex(out),
            "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e"
            "10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0");
  shake128(MutBytes(out).first(32), {});
  EXPECT_EQ(to_hex(Bytes(out).first(32)),
            "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26");
  shake256(MutBytes(out).first(32), {});
  EXPECT_EQ(to_hex(Bytes(out).first(32)),
            "46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f");
}

// NIST's SP 800-185 sample file, KMAC256 sample 4 and KMACXOF256 sample 4.
TEST(Keccak, KmacSamples) {
  Buffer key;
  for (unsigned i = 0x40; i < 0x60; ++i) {
    key.push_back(static_cast<std::uint8_t>(i));
  }
  const ByteArray<4> message = {0, 1, 2, 3};
  ByteArray<64> out;
  kmac256(out, key, as_bytes("My Tagged Application"), {message});
  EXPECT_EQ(to_hex(out),
            "20c570c31346f703c9ac36c61c03cb64c3970d0cfc787e9b79599d273a68d2f7"
            "f69d4cc3de9d104a351689f27cf6f5951f0103f33f4f24871024d9c27773a8dd");
  Kmac256 xof(key, as_bytes("My Tagged Application"));
  xof.update(message);
  xof.finish_xof(out);
  EXPECT_EQ(to_hex(out),
            "1755133f1534752aad0748f2c706fb5c784512cab835cd15676b16c0c6647fa9"
            "6faa7af634a0bf8ff6df39374fa00fad9a39e322a7c92065a64eb1fb0801eb2b");
}

TEST(Keccak, PiecesEqualTheWhole) {
  const Buffer message = data(1000, 1);
  Buffer whole(700);
  shake128(whole, {message});
  for (const std::size_t step : {1u, 7u, 8u, 13u, 167u, 168u, 169u, 500u}) {
    Shake128 xof;
    for (std::size_t i = 0; i < message.size(); i += step) {
      xof.absorb(Bytes(message).subspan(i, std::min(step, message.size() - i)));
    }
    Buffer pieces(whole.size());
    for (std::size_t i = 0; i < pieces.size(); i += step) {
      xof.squeeze(MutBytes(pieces).subspan(i, std::min(step, pieces.size() - i)));
    }
    EXPECT_EQ(pieces, whole) << step;
  }
}

// Ten thousand cases against one constant, computed with another implementation (CPython hashlib).
TEST(Keccak, Accumulated) {
  const char* expected[] = {"0cfa83ddf96d9d36f30350703e4e989041c0647b3e751521b44012d98f2fe4f5",
                            "de1d9cf3bbb499d35803445563c6639936db484e98ca596f21dbc0c814cb14b2"};
  for (const std::size_t rate : {rate_128, rate_256}) {
    Shake128 inputs;
    inputs.absorb(as_bytes("v100 accumulated"));
    Shake128 sum;
    for (std::size_t i = 0; i < 10000; ++i) {
      Buffer in(i % 400);
      inputs.squeeze(in);
      Buffer out(7 * i % 300);
      if (rate == rate_128) {
        shake128(out, {in});
      } else {
        shake256(out, {in});
      }
      sum.absorb(out);
    }
    ByteArray<32> digest;
    sum.squeeze(digest);
    EXPECT_EQ(to_hex(digest), expected[rate == rate_256]);
  }
}

TEST(Keccak, KernelEqualsPortable) {
  alignas(64) std::uint64_t a[200];
  alignas(64) std::uint64_t b[200];
  for (unsigned seed = 0; seed < 200; ++seed) {
    const Buffer bytes = data(1600, seed);
    std::memcpy(a, bytes.data(), 1600);
    std::memcpy(b, a, sizeof a);
    kernel().permute_x1(a);
    kernel_portable.permute_x1(b);
    kernel().permute_x4(a);
    kernel_portable.permute_x4(b);
    kernel().permute_x8(a);
    kernel_portable.permute_x8(b);
    ASSERT_EQ(std::memcmp(a, b, sizeof a), 0) << "seed " << seed;
  }
}

TEST(Keccak, ReadingEqualsPortable) {
  alignas(64) std::uint64_t words[200];
  const Buffer bytes = data(1600, 5);
  std::memcpy(words, bytes.data(), 1600);
  for (int count = 0; count <= 25; ++count) {
    std::uint8_t a[8][200] = {};
    std::uint8_t b[8][200] = {};
    std::uint8_t* to_a[8];
    std::uint8_t* to_b[8];
    for (int s = 0; s < 8; ++s) {
      to_a[s] = a[s];
      to_b[s] = b[s];
    }
    kernel().read_x8(to_a, words, count);
    kernel_portable.read_x8(to_b, words, count);
    ASSERT_EQ(std::memcmp(a, b, sizeof a), 0) << count;
    kernel().read_x4(to_a, words, count);
    kernel_portable.read_x4(to_b, words, count);
    ASSERT_EQ(std::memcmp(a, b, sizeof a), 0) << count;
  }
}

TEST(Keccak, BatchEqualsSingle) {
  for (const std::size_t rate : {rate_128, rate_256}) {
    for (std::size_t lanes = 1; lanes <= 8; ++lanes) {
      for (const std::size_t size : {0u, 33u, 34u, 66u, 135u, 136u, 167u, 168u, 400u}) {
        std::vector<Buffer> in;
        std::vector<Buffer> out(lanes, Buffer(900));
        std::vector<Bytes> in_spans;
        std::vector<MutBytes> head;
        std::vector<MutBytes> tail;
        for (unsigned lane = 0; lane < lanes; ++lane) {
          in.push_back(data(size, lane + 17));
        }
        for (unsigned lane = 0; lane < lanes; ++lane) {
          in_spans.emplace_back(in[lane]);
          head.push_back(MutBytes(out[lane]).first(rate + 5));
          tail.push_back(MutBytes(out[lane]).subspan(rate + 5));
        }
        ShakeBatch batch(rate, lanes);
        batch.absorb(in_spans);
        batch.squeeze(head);
        batch.squeeze(tail);
        for (unsigned lane = 0; lane < lanes; ++lane) {
          Buffer single(900);
          if (rate == rate_128) {
            shake128(single, {in[lane]});
          } else {
            shake256(single, {in[lane]});
          }
          ASSERT_EQ(out[lane], single) << rate << " " << lanes << " " << size;
        }
      }
    }
  }
}

TEST(Keccak, HashBatchOfMixedLengths) {
  for (std::size_t count : {0u, 1u, 2u, 4u, 5u, 8u, 9u, 40u}) {
    std::vector<Buffer> messages;
    for (unsigned i = 0; i < count; ++i) {
      messages.push_back(data((i * 977) % 1500, i));
    }
    std::vector<Bytes> spans(messages.begin(), messages.end());
    std::vector<ByteArray<32>> digests(count);
    std::vector<FixedMutBytes<32>> outs(digests.begin(), digests.end());
    sha3_256_batch(outs, spans);
    std::vector<ByteArray<64>> digests_512(count);
    std::vector<FixedMutBytes<64>> outs_512(digests_512.begin(), digests_512.end());
    sha3_512_batch(outs_512, spans);
    std::vector<Buffer> xof(count);
    std::vector<MutBytes> xof_outs;
    for (unsigned i = 0; i < count; ++i) {
      xof[i].resize(i * 3 % 137);
      xof_outs.emplace_back(xof[i]);
    }
    shake256_batch(xof_outs, spans);
    for (unsigned i = 0; i < count; ++i) {
      ByteArray<32> single;
      sha3_256(single, {messages[i]});
      EXPECT_EQ(digests[i], single) << count << " " << i;
      ByteArray<64> single_512;
      sha3_512(single_512, {messages[i]});
      EXPECT_EQ(digests_512[i], single_512) << count << " " << i;
      Buffer single_xof(xof[i].size());
      shake256(single_xof, {messages[i]});
      EXPECT_EQ(xof[i], single_xof) << count << " " << i;
    }
  }
}

TEST(Keccak, AbsorbingEqualsPortable) {
  const Buffer bytes = data(1600, 6), input = data(8 * 168, 7);
  for (unsigned round = 0; round < 300; ++round) {
    alignas(64) std::uint64_t a[200], b[200];
    std::memcpy(a, bytes.data(), 1600);
    std::memcpy(b, bytes.data(), 1600);
    const std::uint8_t* ins[8];
    std::uint8_t counts[8];
    for (unsigned s = 0; s < 8; ++s) {
      counts[s] = static_cast<std::uint8_t>((round * 31 + s * 17) % 22);
      // Ends where the input ends: a read beyond shows under the sanitizer.
      ins[s] = input.data() + input.size() - 8 * counts[s];
    }
    const unsigned fresh = round * 37 % 256;
    kernel().absorb_x8(a, ins, counts, fresh);
    kernel_portable.absorb_x8(b, ins, counts, fresh);
    ASSERT_EQ(std::memcmp(a, b, sizeof a), 0) << round;
    kernel().absorb_x4(a, ins, counts, fresh % 16);
    kernel_portable.absorb_x4(b, ins, counts, fresh % 16);
    ASSERT_EQ(std::memcmp(a, b, sizeof a), 0) << round;
  }
}

// Jobs of all kinds, in parts, cut in pieces, and some that start only when others are done.
struct MixedJobs {
  static constexpr unsigned count = 60;
  std::vector<Buffer> inputs, outs;
  alignas(64) std::uint64_t states[count][25];
  unsigned started = 0;
  std::vector<unsigned> cut;  // jobs whose second piece is due: of output, or of input
  unsigned done_count = 0;

  MixedJobs() {
    for (unsigned i = 0; i < count; ++i) {
      inputs.push_back(data(i * 61 % 700, i));
      outs.emplace_back(i % 5 == 4 ? 5 * rate(i) : 1 + i * 37 % 500);
    }
  }
  // Whole blocks of input that a first piece takes.
  std::size_t first_input(unsigned i) const {
    return i % 5 == 3 ? (inputs[i].size() - inputs[i].size() / 4) / rate(i) * rate(i) : 0;
  }
  static std::size_t rate(unsigned i) { return i % 2 == 0 ? rate_256 : rate_128; }
  bool next(LaneJob& job) {
    unsigned i;
    if (!cut.empty()) {
      i = cut.back();
      cut.pop_back();
      job.resume = true;
      job.state = states[i];
      job.out = outs[i];
      if (i % 5 == 4) {
        job.out = job.out.subspan(2 * rate(i));
      } else {
        job.parts[0] = Bytes(inputs[i]).subspan(first_input(i));
      }
      job.rate = rate(i);
      job.tag = i + count;
      return true;
    } else if (started < count && started <= done_count + 6) {
      i = started++;
      job.out = outs[i];
      if (i % 5 == 4) {
        job.out = job.out.first(2 * rate(i));
        job.state = states[i];
      }
    } else {
      return false;
    }
    job.rate = rate(i);
    job.tag = i;
    const Bytes in(inputs[i]);
    if (first_input(i) != 0) {
      job.parts[0] = in.first(first_input(i));
      job.out = {};
      job.state = states[i];
      job.more = true;
      return true;
    }
    const std::size_t head = in.size() / 3, middle = in.size() / 2;
    job.parts[0] = in.first(head);
    job.parts[1] = in.subspan(head, middle - head);
    job.parts[3] = in.subspan(middle);
    return true;
  }
  void done(std::uint32_t tag) {
    if (tag < count && (tag % 5 == 4 || first_input(tag) != 0)) {
      cut.push_back(tag);
    } else {
      ++done_count;
    }
  }
};

TEST(Keccak, LanesEqualSingleCalls) {
  MixedJobs jobs;
  Lanes lanes;
  lanes.run(jobs);
  EXPECT_EQ(jobs.done_count, MixedJobs::count);
  EXPECT_EQ(lanes.active(), 0u);
  for (unsigned i = 0; i < MixedJobs::count; ++i) {
    Buffer expected(jobs.outs[i].size());
    MixedJobs::rate(i) == rate_256 ? shake256(expected, {jobs.inputs[i]})
                                   : shake128(expected, {jobs.inputs[i]});
    EXPECT_EQ(jobs.outs[i], expected) << i;
  }
}

TEST(Keccak, HashBatchOfMixedKinds) {
  std::vector<Buffer> messages, outs;
  std::vector<HashItem> items;
  for (unsigned i = 0; i < 37; ++i) {
    messages.push_back(data(i * 101 % 900, i));
    outs.emplace_back(i % 4 == 0 ? 32 : i % 4 == 1 ? 64 : i * 53 % 600);
  }
  for (unsigned i = 0; i < 37; ++i) {
    items.push_back({static_cast<Hash>(i % 4), messages[i], outs[i]});
  }
  hash_batch(items);
  for (unsigned i = 0; i < 37; ++i) {
    Buffer expected(outs[i].size());
    switch (items[i].hash) {
      case Hash::sha3_256:
        sha3_256(FixedMutBytes<32>(expected.data(), 32), {messages[i]});
        break;
      case Hash::sha3_512:
        sha3_512(FixedMutBytes<64>(expected.data(), 64), {messages[i]});
        break;
      case Hash::shake128:
        shake128(expected, {messages[i]});
        break;
      case Hash::shake256:
        shake256(expected, {messages[i]});
        break;
    }
    EXPECT_EQ(outs[i], expected) << i;
  }
}

TEST(Keccak, ForkedSpongeContinuesAlone) {
  Shake256 prefix;
  prefix.absorb(as_bytes("prefix "));
  Shake256 a = prefix;
  Shake256 b = prefix;
  a.absorb(as_bytes("one"));
  b.absorb(as_bytes("two"));
  ByteArray<32> out_a;
  ByteArray<32> out_b;
  ByteArray<32> whole;
  a.squeeze(out_a);
  b.squeeze(out_b);
  shake256(whole, {as_bytes("prefix one")});
  EXPECT_EQ(out_a, whole);
  shake256(whole, {as_bytes("prefix two")});
  EXPECT_EQ(out_b, whole);
}

TEST(KeccakDeath, AbsorbAfterSqueezeIsABug) {
  Shake128 xof;
  ByteArray<8> out;
  xof.squeeze(out);
  EXPECT_DEATH(xof.absorb(out), "squeezing_");
}

}  // namespace
}  // namespace v100::keccak
