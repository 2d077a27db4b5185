// The rows of `v100 bench` for the media path: one packet protected or opened, one check answered.
#include <memory>
#include <optional>

#include "crypto/aead/aead.h"
#include "io/world.h"
#include "main/bench.h"
#include "rtc/ice.h"
#include "rtc/srtp.h"

namespace v100 {
namespace {

constexpr std::size_t wire_bytes = 1200;
constexpr std::size_t packets = 32;  // a row's batch

struct Stream {
  explicit Stream(rtc::SrtpProfile p)
      : profile(p), key(rtc::srtp_key_bytes(p), 1), salt(rtc::srtp_salt_bytes(p), 2) {
    sender.emplace(rtc::SrtpMaster{profile, key, salt});
    receiver.emplace(rtc::SrtpMaster{profile, key, salt});
    packet.resize(wire_bytes);
    packet[0] = 0x80;
  }
  // The next packet of the stream, protected in `packet`; returns its size.
  std::size_t protect() {
    store_be(&packet[2], sequence++);
    return sender->protect_rtp(packet, wire_bytes - rtc::srtp_rtp_overhead).value_or(0);
  }

  rtc::SrtpProfile profile;
  Buffer key, salt, packet;
  std::optional<rtc::SrtpSender> sender;
  std::optional<rtc::SrtpReceiver> receiver;
  std::uint16_t sequence = 0;
};

void add_srtp_rows(std::vector<BenchRow>& rows, rtc::SrtpProfile profile, const char* label) {
  const char* kernel =
      profile == rtc::SrtpProfile::aes128_cm_sha1_80 ? "openssl" : crypto::gcm_kernel_name();
  auto stream = std::make_shared<Stream>(profile);
  rows.push_back({std::string("rtc/srtp-") + label + "/protect-1200B", kernel, packets, [stream] {
                    for (std::size_t i = 0; i < packets; ++i) {
                      stream->protect();
                    }
                  }});
  // Opening needs something fresh to open, so this row times both ways; the difference is one.
  auto both = std::make_shared<Stream>(profile);
  rows.push_back(
      {std::string("rtc/srtp-") + label + "/protect-open-1200B", kernel, packets, [both] {
         for (std::size_t i = 0; i < packets; ++i) {
           const std::size_t bytes = both->protect();
           (void)both->receiver->unprotect_rtp(MutBytes(both->packet).first(bytes));
         }
       }});
}

}  // namespace

void add_rtc_rows(std::vector<BenchRow>& rows) {
  add_srtp_rows(rows, rtc::SrtpProfile::aead_aes_256_gcm, "aes256gcm");
  add_srtp_rows(rows, rtc::SrtpProfile::aead_aes_128_gcm, "aes128gcm");
  add_srtp_rows(rows, rtc::SrtpProfile::aes128_cm_sha1_80, "aes128cm-sha1");

  struct Checks {
    io::SystemRandom random;
    rtc::IceCredentials server = rtc::IceCredentials::make(random);
    rtc::IceCredentials client = rtc::IceCredentials::make(random);
    Address here{};
    rtc::Outbox box{4};
    rtc::Ice lite{rtc::IceRole::lite, server, client, std::nullopt, random, Instant()};
    rtc::Ice asking{rtc::IceRole::controlling, client, server, here, random, Instant()};
    Buffer request;
  };
  auto checks = std::make_shared<Checks>();
  checks->asking.on_timer(Instant(), checks->box);
  checks->request = to_buffer(checks->box.datagrams()[0].bytes);
  rows.push_back({"rtc/ice/check-answered", "openssl", 1, [checks] {
                    checks->box.clear();
                    checks->lite.on_stun(Instant(), checks->here, checks->request, checks->box);
                  }});
}

}  // namespace v100
