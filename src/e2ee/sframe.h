// SFrame (RFC 9605) without its cipher: header, KID, labels, nonce and AAD, the replay window, and
// which bytes of a codec's frame stay clear (docs/spec/e2ee.md §8). Who has an AEAD (native/
// sframe_cipher.h on libcrypto, WebCrypto in browsers) puts the two together.
#pragma once

#include <optional>

#include "e2ee/ids.h"

namespace v100::e2ee {

// RFC 9605 §8.1 and the registry's later AES-256-CTR rows.
enum class SframeSuite : std::uint16_t {
  aes_128_ctr_hmac_sha256_80 = 1,
  aes_128_ctr_hmac_sha256_64 = 2,
  aes_128_ctr_hmac_sha256_32 = 3,
  aes_128_gcm_sha256_128 = 4,
  aes_256_gcm_sha512_128 = 5,  // the one our calls use
  aes_256_ctr_hmac_sha512_80 = 6,
  aes_256_ctr_hmac_sha512_64 = 7,
  aes_256_ctr_hmac_sha512_32 = 8,
};
struct SframeSuiteInfo {
  std::size_t encryption_key_bytes;
  std::size_t authentication_key_bytes;  // 0 for GCM
  std::size_t tag_bytes;
  std::size_t hash_bytes;  // 32 SHA-256, 64 SHA-512
};
std::optional<SframeSuiteInfo> suite_info(SframeSuite suite) noexcept;

inline constexpr std::size_t sframe_nonce_bytes = 12;
inline constexpr std::size_t sframe_tag_bytes = 16;  // of suite 5
inline constexpr std::size_t base_key_bytes = 32;
using BaseKey = Secret<base_key_bytes, struct BaseKeyTag>;  // an epoch's secret

using Kid = Strong<std::uint64_t, struct KidTag>;
using Counter = Strong<std::uint64_t, struct CounterTag>;
using Epoch = Strong<std::uint32_t, struct EpochTag>;

enum class Track : std::uint8_t { data = 0, audio = 1, camera = 2, screen = 3, screen_audio = 4 };
inline constexpr std::size_t tracks = 5;

//  KID:  63      48 47       24 23        8 7      0
//       +----------+-----------+-----------+--------+
//       |    0     | sender_id | epoch mod | track  |
//       |          |           |   2^16    |        |
//       +----------+-----------+-----------+--------+
struct KidParts {
  SenderId sender;
  std::uint16_t epoch_low = 0;
  Track track = Track::data;
};
Kid kid_of(SenderId sender, Epoch epoch, Track track) noexcept;
// Nothing when bits above 48 are set or the track is none of ours.
std::optional<KidParts> kid_parts(Kid kid) noexcept;

struct FrameHeader {
  Kid kid;
  Counter counter;
};
//   0 1 2 3 4 5 6 7
//  +-+-+-+-+-+-+-+-+------------+------------+
//  |X|  K  |Y|  C  | KID 0..8 B | CTR 0..8 B |    RFC 9605 §4.3
//  +-+-+-+-+-+-+-+-+------------+------------+
inline constexpr std::size_t frame_header_bytes_max = 17;
struct HeaderBytes {
  ByteArray<frame_header_bytes_max> bytes{};
  std::size_t size = 0;
  Bytes view() const noexcept { return Bytes(bytes).first(size); }
};
HeaderBytes write_header(const FrameHeader& header) noexcept;
struct ParsedHeader {
  FrameHeader header;
  std::size_t size = 0;  // bytes it takes at the start of the input
};
// malformed: cut, or not the shortest encoding.
Result<ParsedHeader> parse_header(Bytes bytes);

// RFC 9605 §4.4.2: the HKDF info strings under which key and salt come from the base key.
ByteArray<32> key_label(Kid kid, SframeSuite suite) noexcept;   // "SFrame 1.0 Secret key " …
ByteArray<33> salt_label(Kid kid, SframeSuite suite) noexcept;  // "SFrame 1.0 Secret salt " …
// RFC 9605 §4.4.3: salt XOR counter.
ByteArray<sframe_nonce_bytes> frame_nonce(FixedBytes<sframe_nonce_bytes> salt,
                                          Counter counter) noexcept;

// Which counters of one KID were seen. The window is 2,048 counters behind the newest.
class ReplayWindow {
 public:
  static constexpr std::size_t size = 2048;
  // True when the counter is new: above the newest, or within the window and not seen.
  bool fresh(Counter counter) const noexcept;
  // Only for a counter whose frame has decrypted; else an attacker could move the window.
  void mark(Counter counter) noexcept;

 private:
  static constexpr std::size_t words = size / 64;
  std::uint64_t seen_[words] = {};  // ring: bit counter mod 2,048
  std::uint64_t newest_ = 0;
  bool any_ = false;
};

enum class Codec : std::uint8_t { data = 0, opus = 1, vp8 = 2, vp9 = 3 };

// How many bytes at the start of an encoded frame (or of a protected one: the clear bytes are the
// same) stay clear. Never more than the frame.
std::size_t clear_bytes(Codec codec, Bytes frame) noexcept;

}  // namespace v100::e2ee
