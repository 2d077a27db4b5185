// If this fails, browsers cannot read our media, or we take packets that were altered or replayed.
#include "rtc/srtp.h"

#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>
#include <simdjson.h>
#include <string>

#include "base/limits.h"
#include "base/text.h"
#include "rtc/replay.h"
#include "rtc/srtp_crypt.h"
#include "rtc/srtp_kdf.h"

namespace v100::rtc {
namespace {

Buffer hex(std::string_view text) {
  Result<Buffer> bytes = from_hex(text);
  CHECK(bytes.has_value());
  return std::move(*bytes);
}

constexpr SrtpProfile profiles[] = {SrtpProfile::aead_aes_256_gcm, SrtpProfile::aead_aes_128_gcm,
                                    SrtpProfile::aes128_cm_sha1_80};

struct Pair {
  explicit Pair(SrtpProfile profile)
      : key(srtp_key_bytes(profile), 0x42),
        salt(srtp_salt_bytes(profile), 0x17),
        sender({profile, key, salt}),
        receiver({profile, key, salt}) {}
  Buffer key;
  Buffer salt;
  SrtpSender sender;
  SrtpReceiver receiver;
};

// An RTP packet with one CSRC and a header extension, so that the header is not the plain 12 bytes.
Buffer rtp(std::uint32_t ssrc, std::uint16_t sequence, std::size_t payload) {
  Buffer packet = hex("916f00000000000000000000aabbccddbede000110ff0000");
  store_be(&packet[2], sequence);
  store_be(&packet[8], ssrc);
  for (std::size_t i = 0; i < payload; ++i) {
    packet.push_back(static_cast<std::uint8_t>(i * 7 + sequence));
  }
  return packet;
}

Buffer rtcp(std::uint32_t ssrc) {
  Buffer packet = hex("81c8000c00000000000102030405060708090a0b0c0d0e0f");
  packet.resize(52, 0x33);
  store_be(&packet[4], ssrc);
  return packet;
}

Buffer protect(SrtpSender& sender, Buffer packet, bool is_rtcp = false) {
  const std::size_t bytes = packet.size();
  packet.resize(bytes + srtp_rtcp_overhead);
  const Result<std::size_t> n =
      is_rtcp ? sender.protect_rtcp(packet, bytes) : sender.protect_rtp(packet, bytes);
  EXPECT_TRUE(n) << n.error().what;
  packet.resize(n ? *n : 0);
  return packet;
}

TEST(Srtp, RoundTripOfAllSizes) {
  for (const SrtpProfile profile : profiles) {
    Pair pair(profile);
    for (std::uint16_t n = 0; n < 300; ++n) {
      const Buffer clear = rtp(9, n, n);
      Buffer wire = protect(pair.sender, clear);
      EXPECT_EQ(wire.size(), clear.size() + (profile == SrtpProfile::aes128_cm_sha1_80 ? 10 : 16));
      EXPECT_TRUE(same(Bytes(wire).first(24), Bytes(clear).first(24)));  // the header stays clear
      const Result<MutBytes> back = pair.receiver.unprotect_rtp(wire);
      ASSERT_TRUE(back) << name(profile) << ": " << back.error().what;
      EXPECT_EQ(to_buffer(*back), clear);
    }
    const Buffer report = rtcp(9);
    Buffer wire = protect(pair.sender, report, true);
    const Result<MutBytes> back = pair.receiver.unprotect_rtcp(wire);
    ASSERT_TRUE(back);
    EXPECT_EQ(to_buffer(*back), report);
  }
}

TEST(Srtp, EveryFlippedBitIsRefused) {
  for (const SrtpProfile profile : profiles) {
    Pair pair(profile);
    const Buffer wire = protect(pair.sender, rtp(9, 5, 40));
    const Buffer report = protect(pair.sender, rtcp(9), true);
    for (std::size_t bit = 0; bit < wire.size() * 8; ++bit) {
      Buffer bad = wire;
      bad[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
      EXPECT_FALSE(pair.receiver.unprotect_rtp(bad)) << name(profile) << " bit " << bit;
    }
    for (std::size_t bit = 0; bit < report.size() * 8; ++bit) {
      Buffer bad = report;
      bad[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
      EXPECT_FALSE(pair.receiver.unprotect_rtcp(bad)) << name(profile) << " bit " << bit;
    }
    for (std::size_t size = 0; size < wire.size(); ++size) {
      Buffer cut(wire.begin(), wire.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_FALSE(pair.receiver.unprotect_rtp(cut));
    }
    for (std::size_t size = 0; size < report.size(); ++size) {
      Buffer cut(report.begin(), report.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_FALSE(pair.receiver.unprotect_rtcp(cut));
    }
    // none of that spoiled the real ones
    Buffer real = wire;
    EXPECT_TRUE(pair.receiver.unprotect_rtp(real));
    Buffer real_report = report;
    EXPECT_TRUE(pair.receiver.unprotect_rtcp(real_report));
  }
}

TEST(Srtp, APacketPassesOnce) {
  Pair pair(SrtpProfile::aead_aes_128_gcm);
  std::vector<Buffer> wires;
  for (std::uint16_t n = 0; n < 400; ++n) {
    wires.push_back(protect(pair.sender, rtp(1, n, 10)));
  }
  const auto take = [&](std::size_t n) {
    Buffer copy_of = wires[n];
    const Result<MutBytes> got = pair.receiver.unprotect_rtp(copy_of);
    return got ? "taken" : name(got.error().code);
  };
  EXPECT_STREQ(take(200), "taken");
  EXPECT_STREQ(take(200), name(Errc::conflict));
  EXPECT_STREQ(take(73), "taken");  // 127 behind
  EXPECT_STREQ(take(73), name(Errc::conflict));
  EXPECT_STREQ(take(72), name(Errc::conflict));  // behind the window
  EXPECT_STREQ(take(201), "taken");
  EXPECT_STREQ(take(73), name(Errc::conflict));
  EXPECT_STREQ(take(399), "taken");
  EXPECT_STREQ(take(271), name(Errc::conflict));
  EXPECT_STREQ(take(272), "taken");
  Buffer report = protect(pair.sender, rtcp(1), true);
  Buffer again = report;
  EXPECT_TRUE(pair.receiver.unprotect_rtcp(report));
  EXPECT_EQ(pair.receiver.unprotect_rtcp(again).error().code, Errc::conflict);
}

TEST(Srtp, TheSenderRefusesToUseANonceTwice) {
  Pair pair(SrtpProfile::aead_aes_256_gcm);
  Buffer packet = rtp(1, 100, 10);
  const std::size_t bytes = packet.size();
  packet.resize(bytes + 16);
  const Buffer first = packet;
  EXPECT_TRUE(pair.sender.protect_rtp(packet, bytes));
  packet = first;
  EXPECT_EQ(pair.sender.protect_rtp(packet, bytes).error().code, Errc::conflict);
  EXPECT_EQ(packet, first);  // and leaves the packet alone
  store_be<std::uint16_t>(&packet[2], 99);
  EXPECT_TRUE(pair.sender.protect_rtp(packet, bytes));  // reordering is fine
}

// RFC 3711 §3.3.1: packets around the 16-bit wrap, lost and reordered, decrypt all the same.
TEST(Srtp, RollOverCountsThroughLossAndReordering) {
  for (const SrtpProfile profile : profiles) {
    Pair pair(profile);
    std::mt19937 random(7);
    std::vector<Buffer> batch;
    int taken = 0;
    int sent = 0;
    for (std::uint32_t n = 65000; n < 65000 + 3 * 65536;
         n += 1 + static_cast<std::uint32_t>(random() % 15)) {
      batch.push_back(protect(pair.sender, rtp(1, static_cast<std::uint16_t>(n), 4)));
      if (batch.size() == 8) {
        std::shuffle(batch.begin() + (taken == 0 ? 1 : 0), batch.end(), random);
        for (Buffer& wire : batch) {
          ++sent;
          taken += pair.receiver.unprotect_rtp(wire).has_value() ? 1 : 0;
        }
        batch.clear();
      }
    }
    // a batch spans at most 8 * 15 indices: inside the window of 128
    EXPECT_EQ(taken, sent) << name(profile);
    batch.push_back(protect(pair.sender, rtp(1, static_cast<std::uint16_t>(65000 + 3 * 65536), 4)));
    EXPECT_TRUE(pair.receiver.unprotect_rtp(batch.back()));  // still in step after three wraps
  }
}

TEST(Srtp, ReplayWindowAgainstASet) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 50; ++round) {
    ReplayWindow window;
    std::set<std::uint64_t> seen;
    std::uint64_t highest = 0;
    std::uint64_t at = 1000;
    for (int step = 0; step < 2000; ++step) {
      at += random() % 5 == 0 ? random() % 300 : random() % 4;
      const std::uint64_t index = at - std::min<std::uint64_t>(at, random() % 200);
      const bool want =
          seen.empty() || index > highest || (highest - index < 128 && !seen.contains(index));
      ASSERT_EQ(window.fresh(index), want) << "round " << round << " step " << step;
      if (want) {
        window.accept(index);
        seen.insert(index);
        highest = std::max(highest, index);
      }
    }
  }
}

TEST(Srtp, SsrcsHaveALimitAndOnlyAuthenticOnesCount) {
  Pair pair(SrtpProfile::aead_aes_128_gcm);
  for (std::uint32_t ssrc = 1; ssrc <= 2 * limits::srtp_ssrcs_in; ++ssrc) {
    Buffer forged = rtp(ssrc * 77, 1, 30);
    EXPECT_EQ(pair.receiver.unprotect_rtp(forged).error().code, Errc::unauthenticated);
  }
  for (std::uint32_t ssrc = 1; ssrc <= limits::srtp_ssrcs_in; ++ssrc) {
    Buffer wire = protect(pair.sender, rtp(ssrc, 1, 30));
    EXPECT_TRUE(pair.receiver.unprotect_rtp(wire)) << ssrc;
  }
  Buffer one_more = protect(pair.sender, rtp(0xffffffff, 1, 30));
  EXPECT_EQ(pair.receiver.unprotect_rtp(one_more).error().code, Errc::too_large);
  Buffer known = protect(pair.sender, rtp(3, 2, 30));
  EXPECT_TRUE(pair.receiver.unprotect_rtp(known));
}

TEST(Srtp, UnencryptedRtcpIsRefused) {
  Pair pair(SrtpProfile::aead_aes_128_gcm);
  Buffer report = protect(pair.sender, rtcp(1), true);
  report[report.size() - 4] &= 0x7f;
  EXPECT_EQ(pair.receiver.unprotect_rtcp(report).error().code, Errc::malformed);
}

TEST(Srtp, NoRoomForTheTagIsAnError) {
  Pair pair(SrtpProfile::aead_aes_128_gcm);
  Buffer packet = rtp(1, 1, 10);
  EXPECT_EQ(pair.sender.protect_rtp(packet, packet.size()).error().code, Errc::too_large);
  Buffer nothing;
  EXPECT_EQ(pair.sender.protect_rtp(nothing, 0).error().code, Errc::too_large);
  Buffer report = rtcp(1);
  EXPECT_EQ(pair.sender.protect_rtcp(report, report.size()).error().code, Errc::too_large);
}

// ---- published vectors ----

const char* vectors() { return std::getenv("V100_VECTORS"); }

TEST(SrtpVectors, Rfc7714SessionKeys) {
  if (vectors() == nullptr) {
    GTEST_SKIP() << "V100_VECTORS is not set: the RFC 7714 and libsrtp packets are not run";
  }
  simdjson::dom::parser parser;
  const auto all = parser.load(std::string(vectors()) + "/srtp/srtp-rfc-vectors.json");
  for (const auto test : all["rfc7714"].get_array()) {
    const Buffer key = hex(test["srtpSessionKey"].get_string());
    const Buffer salt = hex(test["srtpSessionSalt"].get_string());
    SrtpCrypt crypt(SrtpProfile::aead_aes_128_gcm, key, salt, {});
    Buffer packet = hex(test["decryptedRTPPacket"].get_string());
    const Buffer clear = packet;
    packet.resize(clear.size() + 16);
    crypt.seal_rtp(packet, clear.size(), 12, 0xf17b);
    EXPECT_EQ(to_hex(packet), std::string_view(test["encryptedRTPPacket"]));
    ASSERT_TRUE(crypt.open_rtp(packet, 12, 0xf17b));
    EXPECT_TRUE(same(Bytes(packet).first(clear.size()), clear));

    Buffer report = hex(test["decryptedRTCPPacket"].get_string());
    const Buffer clear_report = report;
    report.resize(report.size() + 20);
    crypt.seal_rtcp(report, clear_report.size(), 0x5d4);
    EXPECT_EQ(to_hex(report), std::string_view(test["encryptedRTCPPacket"]));
    ASSERT_TRUE(crypt.open_rtcp(report));
    EXPECT_TRUE(same(Bytes(report).first(clear_report.size()), clear_report));
  }
  for (const auto test : all["rfc3711_6188_keystream"].get_array()) {
    const Buffer key = hex(test["srtpSessionKey"].get_string());
    const Buffer salt = hex(test["srtpSessionSalt"].get_string());
    const Buffer want = hex(test["keystream"].get_string());
    crypto::AesCtr ctr(key);
    Buffer out(want.size(), 0);
    ctr.apply(out, FixedBytes<16>(salt));
    EXPECT_EQ(out, want);
  }
  for (const auto test : all["rfc3711_kdf"].get_array()) {
    const Buffer key = hex(test["masterKey"].get_string());
    const Buffer salt = hex(test["masterSalt"].get_string());
    crypto::AesCtr prf(key);
    for (const auto& [label, field] :
         {std::pair(SrtpLabel::rtp_encryption, "expectedSessionKey"),
          std::pair(SrtpLabel::rtp_salt, "expectedSessionSalt"),
          std::pair(SrtpLabel::rtp_authentication, "expectedSessionAuthTag")}) {
      const Buffer want = hex(test[field].get_string());
      Buffer out(want.size());
      srtp_derive(out, prf, FixedBytes<14>(salt), label, 0);
      EXPECT_EQ(out, want) << field;
    }
  }
}

// libsrtp's packets: from the master key to the bytes on the wire.
TEST(SrtpVectors, LibsrtpPackets) {
  if (vectors() == nullptr) {
    GTEST_SKIP() << "V100_VECTORS is not set";
  }
  simdjson::dom::parser parser;
  const auto all = parser.load(std::string(vectors()) + "/srtp/srtp-rfc-vectors.json")["libsrtp"];
  for (const auto& [case_name, profile] :
       {std::pair("srtp_validate", SrtpProfile::aes128_cm_sha1_80),
        std::pair("srtp_validate_gcm", SrtpProfile::aead_aes_128_gcm)}) {
    const auto test = all["cases"][case_name];
    const Buffer master = hex(all["keys"][std::string_view(test["key_name"])].get_string());
    const SrtpMaster keys{profile, Bytes(master).first(srtp_key_bytes(profile)),
                          Bytes(master).subspan(srtp_key_bytes(profile), srtp_salt_bytes(profile))};
    SrtpSender sender(keys);
    SrtpReceiver receiver(keys);
    const bool gcm = profile == SrtpProfile::aead_aes_128_gcm;
    const Buffer clear = hex(test[gcm ? "rtp_plaintext_ref" : "srtp_plaintext_ref"].get_string());
    Buffer wire = protect(sender, clear);
    EXPECT_EQ(to_hex(wire), std::string_view(test["srtp_ciphertext"])) << case_name;
    EXPECT_EQ(to_buffer(receiver.unprotect_rtp(wire).value()), clear);
    const Buffer report = hex(test["rtcp_plaintext_ref"].get_string());
    Buffer report_wire = protect(sender, report, true);
    EXPECT_EQ(to_hex(report_wire), std::string_view(test["srtcp_ciphertext"])) << case_name;
    EXPECT_EQ(to_buffer(receiver.unprotect_rtcp(report_wire).value()), report);
  }
}

// NIST: 48-bit indices over a derivation rate, three key sizes.
TEST(SrtpVectors, AcvpKeyDerivation) {
  if (vectors() == nullptr) {
    GTEST_SKIP() << "V100_VECTORS is not set: the ACVP SRTP KDF file is not run";
  }
  const std::string folder = std::string(vectors()) + "/acvp-classic/kdf-components-srtp-1.0";
  simdjson::dom::parser prompt_parser;
  simdjson::dom::parser answer_parser;
  std::map<std::int64_t, simdjson::dom::element> answers;
  for (const auto group :
       answer_parser.load(folder + "/expectedResults.json")["testGroups"].get_array()) {
    for (const auto test : group["tests"].get_array()) {
      answers[test["tcId"].get_int64()] = test;
    }
  }
  const auto number = [](std::string_view text) {
    std::uint64_t value = 0;
    for (const std::uint8_t byte : hex(text)) {
      value = (value << 8) | byte;
    }
    return value;
  };
  int cases = 0;
  for (const auto group : prompt_parser.load(folder + "/prompt.json")["testGroups"].get_array()) {
    const std::uint64_t rate = number(group["kdr"].get_string());
    for (const auto test : group["tests"].get_array()) {
      const Buffer salt = hex(test["masterSalt"].get_string());
      const auto answer = answers.at(test["tcId"].get_int64());
      crypto::AesCtr prf(hex(test["masterKey"].get_string()));
      const char* fields[] = {"srtpKe", "srtpKa", "srtpKs", "srtcpKe", "srtcpKa", "srtcpKs"};
      for (int label = 0; label < 6; ++label) {
        const std::uint64_t index = number(test[label < 3 ? "index" : "srtcpIndex"].get_string());
        const Buffer want = hex(answer[fields[label]].get_string());
        Buffer out(want.size());
        srtp_derive(out, prf, FixedBytes<14>(salt), static_cast<SrtpLabel>(label),
                    rate == 0 ? 0 : index / rate);
        ASSERT_EQ(to_hex(out), to_hex(want)) << "case " << test["tcId"] << " " << fields[label];
        ++cases;
      }
    }
  }
  std::printf("%d derived keys\n", cases);
}

}  // namespace
}  // namespace v100::rtc
