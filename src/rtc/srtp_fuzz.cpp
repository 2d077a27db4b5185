// Any bytes as an SRTP or SRTCP packet: never out of bounds, never taken without its key. The first
// byte picks the profile.
#include "base/check.h"
#include "rtc/srtp.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace v100;
  if (size < 1 || size > 4096) {
    return 0;
  }
  constexpr rtc::SrtpProfile profiles[] = {rtc::SrtpProfile::aead_aes_256_gcm,
                                           rtc::SrtpProfile::aead_aes_128_gcm,
                                           rtc::SrtpProfile::aes128_cm_sha1_80};
  const rtc::SrtpProfile profile = profiles[data[0] % 3];
  const Buffer key(rtc::srtp_key_bytes(profile), 1);
  const Buffer salt(rtc::srtp_salt_bytes(profile), 2);
  const rtc::SrtpMaster master{profile, key, salt};
  const Bytes input(data + 1, size - 1);

  rtc::SrtpReceiver receiver(master);
  Buffer rtp = to_buffer(input);
  CHECK(!receiver.unprotect_rtp(rtp));
  Buffer rtcp = to_buffer(input);
  CHECK(!receiver.unprotect_rtcp(rtcp));

  // What the sender takes, the receiver gives back.
  rtc::SrtpSender sender(master);
  Buffer packet = to_buffer(input);
  packet.resize(input.size() + rtc::srtp_rtcp_overhead);
  if (const Result<std::size_t> n = sender.protect_rtp(packet, input.size())) {
    const Result<MutBytes> back = receiver.unprotect_rtp(MutBytes(packet).first(*n));
    CHECK(back && same(*back, input));
  }
  packet = to_buffer(input);
  packet.resize(input.size() + rtc::srtp_rtcp_overhead);
  if (const Result<std::size_t> n = sender.protect_rtcp(packet, input.size())) {
    const Result<MutBytes> back = receiver.unprotect_rtcp(MutBytes(packet).first(*n));
    CHECK(back && same(*back, input));
  }
  return 0;
}
