// The platform with a hostile operator: `evil_server serve …` is `v100 serve` with taps on what it
// relays and forwards. Attacks are named on standard input, one line each: `NAME` starts one,
// `honest` ends all, `capture FILE` writes what camera packets carry. Each line is answered by `ok
// LINE`. Built by the tests only; the product has no taps.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <deque>
#include <iterator>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "crypto/hybrid/xwing_native.h"
#include "crypto/mldsa/mldsa.h"
#include "e2ee/key_message.h"
#include "e2ee/leaf.h"
#include "io/world.h"
#include "main/config.h"
#include "main/platform.h"
#include "main/services.h"
#include "rtc/room/tap.h"
#include "svc/identity/identity.h"
#include "svc/meeting/meeting.h"
#include "svc/sfu/sfu.h"
#include "svc/signaling/signaling.h"
#include "wire/rtp.h"

namespace v100 {
namespace {

// Which attacks are on; set from the input thread, read on the loop.
class Attacks {
 public:
  bool on(const char* name) {
    const std::lock_guard lock(mutex_);
    return names_.contains(name);
  }
  void start(const std::string& name) {
    const std::lock_guard lock(mutex_);
    names_.insert(name);
  }
  void stop_all() {
    const std::lock_guard lock(mutex_);
    names_.clear();
  }

 private:
  std::mutex mutex_;
  std::set<std::string, std::less<>> names_;
};

// A leaf of this room that a server can make: all is right but the invite, which needs the link.
Buffer invented_leaf(const e2ee::RoomHash& room) {
  io::SystemRandom random;
  const auto device = mldsa::PrivateKey<mldsa::Mldsa65>::generate(random);
  const xwing::PrivateKey kem = xwing::PrivateKey::generate(random);
  ByteArray<16> nonce{};
  ByteArray<32> guess{};
  random.fill(nonce);
  random.fill(guess);
  const e2ee::RoomSecret secret{FixedBytes<32>(guess)};
  const ByteArray<e2ee::kem_key_bytes> kem_key = kem.public_key().bytes();
  const e2ee::LeafDraft draft({.room = room,
                               .device_key = device.public_key().bytes(),
                               .kem_key = kem_key,
                               .nonce = nonce,
                               .created = WallTime(1)},
                              secret);
  const auto signature =
      device.sign(draft.body(), as_bytes(e2ee::context_leaf), mldsa::Hedge::fresh(random));
  return to_buffer(draft.finish(signature->bytes())->bytes());
}

class EvilRelay final : public signaling::RelayTap {
 public:
  explicit EvilRelay(Attacks& attacks) : attacks_(attacks) {}

  void relay(std::string_view, const signaling::Relay& message,
             std::vector<signaling::Relay>& out) override {
    signaling::Relay sent = message;
    if (message.kind == signaling::RelayKind::key) {
      if (attacks_.on("swap-kem") && message.bytes.size() == e2ee::KeyMessage::size) {
        // Another valid-looking ciphertext in the place of the sender's.
        io::SystemRandom().fill(MutBytes(sent.bytes).subspan(173, e2ee::kem_ciphertext_bytes));
      }
      if (attacks_.on("replay-key") && last_key_.contains(message.to)) {
        out.push_back(last_key_.at(message.to));
      }
      last_key_.insert_or_assign(message.to, message);
    }
    if (message.kind == signaling::RelayKind::data && attacks_.on("alter-data")) {
      sent.bytes.back() ^= 1;
    }
    out.push_back(std::move(sent));
  }

  void roster(std::string_view room, const e2ee::LeafId& to,
              signaling::RosterMessage& message) override {
    if (attacks_.on("invent-member")) {
      if (invented_.empty()) {
        invented_ = invented_leaf(e2ee::RoomId::parse(room).value().hash());
        invented_id_ = e2ee::Leaf::parse(invented_, e2ee::RoomId::parse(room)->hash())->id();
      }
      message.members.push_back({.id = invented_id_,
                                 .role = "guest",
                                 .leaf = invented_,
                                 .tracks = {},
                                 .connected = true});
    }
    // One recipient (the last to be told) is shown a call without another member.
    if (attacks_.on("strip-member") && message.members.size() > 2) {
      const auto victim = std::ranges::find_if(
          message.members, [&](const auto& m) { return m.id != to && m.role == "guest"; });
      if (victim != message.members.end() && message.members.front().id == to) {
        message.members.erase(victim);
      }
    }
  }

 private:
  Attacks& attacks_;
  std::map<e2ee::LeafId, signaling::Relay> last_key_;
  Buffer invented_;
  e2ee::LeafId invented_id_;
};

class EvilForward final : public rtc::ForwardTap {
 public:
  explicit EvilForward(Attacks& attacks) : attacks_(attacks) {}

  void capture_to(const char* path) {
    const std::lock_guard lock(mutex_);
    capture_ = std::fopen(path, "wb");
  }
  void capture_done() {
    const std::lock_guard lock(mutex_);
    if (capture_ != nullptr) {
      std::fclose(std::exchange(capture_, nullptr));
    }
  }

  void on_packet(Instant, TapPacket& packet, std::vector<TapPacket>& injected) override {
    seen_.insert(packet.source);
    const Result<rtp::Packet> parsed = rtp::parse(packet.bytes);
    if (!parsed || parsed->payload.size() < 40) {
      return;
    }
    if (packet.source.track == camera) {
      capture(*parsed);
    }
    MutBytes payload = MutBytes(packet.bytes).subspan(parsed->header_bytes, parsed->payload.size());
    if (attacks_.on("alter-frame")) {
      payload.back() ^= 0x55;
    }
    if (attacks_.on("plaintext-frame") && packet.source.track == audio) {
      // An Opus frame of silence, as anyone can make it (RFC 6716: TOC 0xF8, code 0).
      std::ranges::fill(payload, std::uint8_t{0xFF});
      payload[0] = 0xF8;
    }
    if (attacks_.on("replay-frame") && packet.source.track == audio) {
      if (kept_.size() > 50) {  // a second old
        injected.push_back(kept_.front());
      }
    }
    if (packet.source.track == audio) {
      kept_.push_back(packet);
      if (kept_.size() > 100) {
        kept_.pop_front();
      }
    }
  }

  rtc::TrackRef route(rtc::MemberId subscriber, rtc::TrackRef wanted) override {
    if (attacks_.on("swap-people")) {
      for (const rtc::TrackRef& other : seen_) {
        if (other.track == wanted.track && other.member != wanted.member &&
            other.member != subscriber) {
          return other;
        }
      }
    }
    if (attacks_.on("swap-tracks") && (wanted.track == camera || wanted.track == screen)) {
      return {wanted.member, wanted.track == camera ? screen : camera};
    }
    return wanted;
  }

 private:
  static constexpr rtc::TrackNumber audio = 1;
  static constexpr rtc::TrackNumber camera = 2;
  static constexpr rtc::TrackNumber screen = 3;

  // u32 SSRC, u8 marker, u16 size, payload: what a server that records would have.
  void capture(const rtp::Packet& packet) {
    const std::lock_guard lock(mutex_);
    if (capture_ == nullptr) {
      return;
    }
    ByteArray<7> head{};
    store_be(head.data(), packet.header.ssrc);
    head[4] = packet.header.marker ? 1 : 0;
    store_be(head.data() + 5, static_cast<std::uint16_t>(packet.payload.size()));
    std::fwrite(head.data(), 1, head.size(), capture_);
    std::fwrite(packet.payload.data(), 1, packet.payload.size(), capture_);
  }

  Attacks& attacks_;
  std::mutex mutex_;
  std::FILE* capture_ = nullptr;
  std::set<rtc::TrackRef> seen_;
  std::deque<TapPacket> kept_;
};

Attacks attacks;
EvilRelay relay(attacks);
EvilForward forward(attacks);

std::unique_ptr<Service> identity_row(Parts& parts) { return identity::make_identity(parts.env); }
std::unique_ptr<Service> meeting_row(Parts& parts) { return meeting::make_meeting(parts.env); }
std::unique_ptr<Service> signaling_row(Parts& parts) {
  return signaling::make_signaling({.version = "evil", .media_port = parts.media_port}, parts.env,
                                   parts.sockets, &relay);
}
std::unique_ptr<Service> sfu_row(Parts& parts) {
  return sfu::make_sfu({.announce = parts.candidates}, parts.env, parts.datagrams, *parts.dtls,
                       &forward);
}
constexpr ServiceRow table[] = {
    {"identity", "", identity_row},
    {"meeting", "", meeting_row},
    {"signaling", "", signaling_row},
    {"sfu", "", sfu_row},
};

void obey() {
  char line[512];
  while (std::fgets(line, sizeof line, stdin) != nullptr) {
    line[std::strcspn(line, "\n")] = 0;
    constexpr const char* capture = "capture ";
    if (std::strcmp(line, "honest") == 0) {
      attacks.stop_all();
      forward.capture_done();
    } else if (std::strncmp(line, capture, std::strlen(capture)) == 0) {
      forward.capture_to(line + std::strlen(capture));
    } else {
      attacks.start(line);
    }
    std::printf("ok %s\n", line);
    std::fflush(stdout);
  }
}

int serve(int argc, char** argv) {
  const auto loaded = load_config(argc, argv);
  if (!loaded) {
    std::fprintf(stderr, "%s\n", loaded.error().c_str());
    return 2;
  }
  auto platform = Platform::start(loaded->config, table);
  if (!platform) {
    std::fprintf(stderr, "%s\n", platform.error().c_str());
    return 2;
  }
  std::fputs((*platform)->greeting().c_str(), stdout);
  std::fflush(stdout);
  std::thread(obey).detach();
  return (*platform)->run();
}

}  // namespace
}  // namespace v100

int main(int argc, char** argv) { return argc > 1 ? v100::serve(argc - 1, argv + 1) : 2; }
