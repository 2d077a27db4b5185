// RTP packets: header parse and write, header extensions (RFC 3550 §5.1, RFC 8285). Views point
// into the datagram; nothing is copied or allocated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/result.h"

namespace v100::rtp {

//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// |V=2|P|X|  CC   |M|     PT      |       sequence number         |
// |                           timestamp                           |
// |                             SSRC                              |
// |                       CSRC, 4 bytes * CC                      |
// |  extension profile (if X)     |  length in 4-byte words       |
inline constexpr std::size_t header_bytes_min = 12;
inline constexpr std::uint16_t one_byte_profile = 0xBEDE;  // RFC 8285 §4.2
inline constexpr std::uint16_t two_byte_profile = 0x1000;  // RFC 8285 §4.3, low 4 bits: appbits

struct Header {
  bool marker = false;
  std::uint8_t payload_type = 0;
  std::uint16_t sequence = 0;
  std::uint32_t timestamp = 0;
  std::uint32_t ssrc = 0;
};

struct Packet {
  Header header;
  std::uint16_t extension_profile = 0;  // 0 where there is no extension block
  Bytes extension;                      // the block's body, a multiple of 4 bytes
  std::size_t header_bytes = 0;         // where the payload starts in the datagram
  Bytes payload;                        // without padding; may be empty
  std::size_t padding_bytes = 0;
};

// RFC 5761 §4: packet types 192 to 223 on a shared port are RTCP. Needs two bytes.
bool is_rtcp(Bytes datagram) noexcept;

// malformed: wrong version, or a length (CSRC, extension, padding) beyond the datagram.
Result<Packet> parse(Bytes datagram) noexcept;

struct Extension {
  std::uint8_t id = 0;  // 1 to 14 (one-byte form) or 1 to 255
  Bytes data;
};

// Walks the elements of an extension block of either form. An element that runs over the end
// stops the walk and sets malformed().
class ExtensionReader {
 public:
  explicit ExtensionReader(const Packet& packet) noexcept
      : rest_(packet.extension), profile_(packet.extension_profile) {}
  bool next(Extension& out) noexcept;
  bool malformed() const noexcept { return malformed_; }

 private:
  Bytes rest_;
  std::uint16_t profile_;
  bool malformed_ = false;
};

// The element's data, empty where it is absent. Id 0 (not negotiated) is never found.
Bytes find_extension(const Packet& packet, std::uint8_t id) noexcept;

// Writes header and extension block (no CSRC); returns the bytes written, 0 if `out` is too small.
// One-byte form where all elements fit it (id up to 14, 1 to 16 bytes), else two-byte form.
std::size_t write_header(MutBytes out, const Header& header,
                         std::span<const Extension> extensions) noexcept;

// In-place edits of a packet that parse() took.
inline void set_marker(MutBytes packet, bool marker) noexcept {
  packet[1] = static_cast<std::uint8_t>((packet[1] & 0x7F) | (marker ? 0x80 : 0));
}
inline void set_payload_type(MutBytes packet, std::uint8_t type) noexcept {
  packet[1] = static_cast<std::uint8_t>((packet[1] & 0x80) | (type & 0x7F));
}
inline void set_sequence(MutBytes packet, std::uint16_t sequence) noexcept {
  store_be(packet.data() + 2, sequence);
}
inline void set_timestamp(MutBytes packet, std::uint32_t timestamp) noexcept {
  store_be(packet.data() + 4, timestamp);
}
inline void set_ssrc(MutBytes packet, std::uint32_t ssrc) noexcept {
  store_be(packet.data() + 8, ssrc);
}

// Serial number order (RFC 3550 §A.1): a is after b on the shorter way round.
constexpr bool newer(std::uint16_t a, std::uint16_t b) noexcept {
  return static_cast<std::int16_t>(static_cast<std::uint16_t>(a - b)) > 0;
}
constexpr bool newer(std::uint32_t a, std::uint32_t b) noexcept {
  return static_cast<std::int32_t>(a - b) > 0;
}

// Extends 16-bit sequence numbers to 64 bits around the newest one seen. Starts at 2^16 so that a
// packet older than the first has a number, too.
class Unwrapper {
 public:
  std::uint64_t unwrap(std::uint16_t sequence) noexcept;
  bool started() const noexcept { return last_ != 0; }
  std::uint64_t newest() const noexcept { return last_; }

 private:
  std::uint64_t last_ = 0;
};

}  // namespace v100::rtp
