// Broken if this fails: ciphertexts and keys between machines, and the refusal of damaged ones.
#include "he/bfv/serial.h"

#include <gtest/gtest.h>
#include <memory>

#include "he/bfv/test_random.h"

namespace v100::he::bfv {
namespace {

class Serial : public testing::Test {
 protected:
  std::unique_ptr<Params> params = Params::make(match_spec()).value();
  TestRandom random{21};
  Encryptor encryptor{*params, random};
  SecretKey key = SecretKey::generate(*params, encryptor.noise());
  PublicKey public_key = PublicKey::generate(*params, key, encryptor.noise(), random);
  std::vector<std::int32_t> m = std::vector<std::int32_t>(params->n(), 77);
};

TEST_F(Serial, ObjectsComeBackByteForByte) {
  Ciphertext c = make_ciphertext(*params, 2);
  encryptor.encrypt(c, m, key);
  const Buffer seeded = encode(*params, c);
  EXPECT_EQ(seeded.size(), 16u + 32 + 2 * 4096 * 47 / 8);
  encryptor.encrypt(c, m, public_key);
  const Buffer whole = encode(*params, c);
  EXPECT_EQ(whole.size(), 16u + 4 * 4096 * 47 / 8);
  Decryptor decryptor(*params, key);
  for (const Buffer& bytes : {seeded, whole}) {
    const Result<Ciphertext> back = decode_ciphertext(*params, bytes);
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(encode(*params, *back), bytes);
    std::vector<std::int32_t> out(params->n());
    decryptor.decrypt(out, *back);
    EXPECT_EQ(out, m);
  }
  const Buffer public_bytes = encode(*params, public_key);
  const PublicKey back = decode_public_key(*params, public_bytes).value();
  EXPECT_TRUE(same(back.b.as_bytes(), public_key.b.as_bytes()));
  EXPECT_TRUE(same(back.a.as_bytes(), public_key.a.as_bytes()));
  const Buffer secret = encode_secret(*params, key);
  const SecretKey secret_back = decode_secret_key(*params, secret).value();
  EXPECT_TRUE(same(secret_back.s().as_bytes(), key.s().as_bytes()));
}

TEST_F(Serial, DamagedOnesAreRefused) {
  Ciphertext c = make_ciphertext(*params, 2);
  encryptor.encrypt(c, m, public_key);
  const Buffer bytes = encode(*params, c);
  for (std::size_t at = 0; at < 16; ++at) {  // every bit of the head
    for (int bit = 0; bit < 8; ++bit) {
      Buffer bad = bytes;
      bad[at] = static_cast<std::uint8_t>(bad[at] ^ (1 << bit));
      EXPECT_FALSE(decode_ciphertext(*params, bad).has_value()) << at << " " << bit;
    }
  }
  EXPECT_FALSE(decode_ciphertext(*params, Bytes(bytes).first(bytes.size() - 1)).has_value());
  EXPECT_FALSE(decode_ciphertext(*params, {}).has_value());
  Buffer longer = bytes;
  longer.push_back(0);
  EXPECT_FALSE(decode_ciphertext(*params, longer).has_value());
  for (const std::size_t at : {std::size_t{16}, std::size_t{40000}, bytes.size() - 6}) {
    Buffer bad = bytes;  // a residue of all ones is above every prime of 47 bits
    for (std::size_t i = 0; i < 12 && at + i < bad.size(); ++i) {
      bad[at + i] = 0xFF;
    }
    EXPECT_EQ(decode_ciphertext(*params, bad).error().code, Errc::malformed) << at;
  }
  const std::unique_ptr<Params> others = Params::make(rotate_spec()).value();
  EXPECT_EQ(decode_ciphertext(*others, bytes).error().code, Errc::unsupported);
  Buffer secret = encode_secret(*params, key);
  secret[100] |= 3;  // 3 is no coefficient
  EXPECT_EQ(decode_secret_key(*params, secret).error().code, Errc::malformed);
}

}  // namespace
}  // namespace v100::he::bfv
