#include "rtc/srtp.h"

#include <optional>

#include "base/limits.h"
#include "rtc/replay.h"
#include "rtc/srtp_crypt.h"
#include "rtc/ssrc_table.h"

namespace v100::rtc {
namespace {

constexpr std::size_t rtp_header_min = 12;

// RFC 3550 §5.1, §5.3.1: fixed header, CSRCs and extension. 0: not RTP, or cut off.
std::size_t rtp_header_bytes(Bytes packet) noexcept {
  if (packet.size() < rtp_header_min || packet[0] >> 6 != 2) {
    return 0;
  }
  std::size_t bytes = rtp_header_min + 4u * (packet[0] & 0x0f);
  if ((packet[0] & 0x10) != 0) {
    if (packet.size() < bytes + 4) {
      return 0;
    }
    bytes += 4 + 4u * load_be<std::uint16_t>(&packet[bytes + 2]);
  }
  return bytes <= packet.size() ? bytes : 0;
}

// Replay state of the receiving side: found, or made once the first packet proved authentic.
class Windows {
 public:
  Windows() : table_(limits::srtp_ssrcs_in) {}

  // The window of `ssrc`, or an empty one. Error: too_large, when a new SSRC has no place.
  Result<ReplayWindow*> look_up(std::uint32_t ssrc) noexcept {
    if (ReplayWindow* const window = table_.find(ssrc)) {
      return window;
    }
    if (table_.full()) {
      return fail(Errc::too_large, "srtp: too many SSRCs");
    }
    fresh_ = ReplayWindow{};
    return &fresh_;
  }
  void accept(std::uint32_t ssrc, std::uint64_t index) noexcept { table_.add(ssrc)->accept(index); }

 private:
  SsrcTable<ReplayWindow> table_;
  ReplayWindow fresh_;
};

constexpr Error replayed{Errc::conflict, "srtp: index repeats or is too old"};

}  // namespace

const char* name(SrtpProfile profile) noexcept {
  switch (profile) {
    case SrtpProfile::aes128_cm_sha1_80:
      return "AES_CM_128_HMAC_SHA1_80";
    case SrtpProfile::aead_aes_128_gcm:
      return "AEAD_AES_128_GCM";
    case SrtpProfile::aead_aes_256_gcm:
      return "AEAD_AES_256_GCM";
  }
  return "unknown";
}

struct SrtpSender::State {
  explicit State(const SrtpMaster& master)
      : rtp(master, SrtpCrypt::Use::rtp),
        rtcp(master, SrtpCrypt::Use::rtcp),
        streams(limits::srtp_ssrcs_out) {}
  SrtpCrypt rtp;
  SrtpCrypt rtcp;
  SsrcTable<ReplayWindow> streams;  // which RTP indices were used
  std::uint32_t rtcp_next = 1;      // one counter for all SSRCs: so it repeats for none
};

SrtpSender::SrtpSender(const SrtpMaster& master) : state_(std::make_unique<State>(master)) {}
SrtpSender::~SrtpSender() = default;
SrtpSender::SrtpSender(SrtpSender&&) noexcept = default;
SrtpSender& SrtpSender::operator=(SrtpSender&&) noexcept = default;

Result<std::size_t> SrtpSender::protect_rtp(MutBytes buffer, std::size_t bytes) noexcept {
  const std::size_t tag = state_->rtp.tag_bytes();
  if (buffer.size() < tag || bytes > buffer.size() - tag) {
    return fail(Errc::too_large, "srtp: no room for the tag");
  }
  const std::size_t header = rtp_header_bytes(buffer.first(bytes));
  if (header == 0) {
    return fail(Errc::malformed, "srtp: not an RTP packet");
  }
  ReplayWindow* const window = state_->streams.add(load_be<std::uint32_t>(&buffer[8]));
  if (window == nullptr) {
    return fail(Errc::too_large, "srtp: too many SSRCs");
  }
  const std::optional<std::uint64_t> index =
      packet_index(*window, load_be<std::uint16_t>(&buffer[2]));
  if (!index || !window->fresh(*index)) {
    return std::unexpected(replayed);
  }
  window->accept(*index);  // before use: a nonce is spent even if its packet is never sent
  state_->rtp.seal_rtp(buffer, bytes, header, *index);
  return bytes + tag;
}

Result<std::size_t> SrtpSender::protect_rtcp(MutBytes buffer, std::size_t bytes) noexcept {
  const std::size_t added = state_->rtcp.tag_bytes() + srtcp_index_bytes;
  if (buffer.size() < added || bytes > buffer.size() - added) {
    return fail(Errc::too_large, "srtcp: no room for tag and index");
  }
  if (bytes < srtcp_clear_bytes || buffer[0] >> 6 != 2) {
    return fail(Errc::malformed, "srtcp: not an RTCP packet");
  }
  if (state_->rtcp_next == srtcp_encrypted_bit) {
    return fail(Errc::unavailable, "srtcp: the key's lifetime is over");
  }
  state_->rtcp.seal_rtcp(buffer, bytes, state_->rtcp_next++);
  return bytes + added;
}

struct SrtpReceiver::State {
  explicit State(const SrtpMaster& master)
      : rtp(master, SrtpCrypt::Use::rtp), rtcp(master, SrtpCrypt::Use::rtcp) {}
  SrtpCrypt rtp;
  SrtpCrypt rtcp;
  Windows rtp_windows;
  Windows rtcp_windows;
};

SrtpReceiver::SrtpReceiver(const SrtpMaster& master) : state_(std::make_unique<State>(master)) {}
SrtpReceiver::~SrtpReceiver() = default;
SrtpReceiver::SrtpReceiver(SrtpReceiver&&) noexcept = default;
SrtpReceiver& SrtpReceiver::operator=(SrtpReceiver&&) noexcept = default;

Result<MutBytes> SrtpReceiver::unprotect_rtp(MutBytes packet) noexcept {
  const std::size_t tag = state_->rtp.tag_bytes();
  const std::size_t header = rtp_header_bytes(packet);
  if (header == 0 || packet.size() < header + tag) {
    return fail(Errc::malformed, "srtp: cut off");
  }
  const std::uint32_t ssrc = load_be<std::uint32_t>(&packet[8]);
  const ReplayWindow& window = *TRY(state_->rtp_windows.look_up(ssrc));
  const std::optional<std::uint64_t> index =
      packet_index(window, load_be<std::uint16_t>(&packet[2]));
  if (!index || !window.fresh(*index)) {
    return std::unexpected(replayed);
  }
  TRY(state_->rtp.open_rtp(packet, header, *index));
  state_->rtp_windows.accept(ssrc, *index);
  return packet.first(packet.size() - tag);
}

Result<MutBytes> SrtpReceiver::unprotect_rtcp(MutBytes packet) noexcept {
  const std::size_t added = state_->rtcp.tag_bytes() + srtcp_index_bytes;
  if (packet.size() < srtcp_clear_bytes + added || packet[0] >> 6 != 2) {
    return fail(Errc::malformed, "srtcp: cut off");
  }
  const std::uint32_t word = state_->rtcp.rtcp_index_word(packet);
  if ((word & srtcp_encrypted_bit) == 0) {
    return fail(Errc::malformed, "srtcp: not encrypted");  // RFC 8834: WebRTC encrypts all RTCP
  }
  const std::uint32_t index = word & ~srtcp_encrypted_bit;
  const std::uint32_t ssrc = load_be<std::uint32_t>(&packet[4]);
  if (!TRY(state_->rtcp_windows.look_up(ssrc))->fresh(index)) {
    return std::unexpected(replayed);
  }
  TRY(state_->rtcp.open_rtcp(packet));
  state_->rtcp_windows.accept(ssrc, index);
  return packet.first(packet.size() - added);
}

}  // namespace v100::rtc
