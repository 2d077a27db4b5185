// The payload descriptors of VP8 (RFC 7741 §4.2) and VP9 (RFC 9628 §4.2), which stand before the
// frame and stay clear under end-to-end encryption; and their in-place rewriting. Nothing behind
// the descriptor is read, but for VP8's P bit, which the frame encryption leaves clear.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace v100::rtp {

// |X|R|N|S|R| PID |  if X: |I|L|T|K| RSV |, I: |M| PictureID (7 or 15) |, L: TL0PICIDX, T/K: TID Y
// KEYIDX
struct Vp8Descriptor {
  bool start = false;                // first packet of a frame (S with partition 0)
  bool keyframe = false;             // only where start: P bit clear
  bool non_reference = false;        // N
  bool layer_sync = false;           // Y
  std::uint8_t picture_id_bits = 0;  // 0 (absent), 7 or 15
  std::uint16_t picture_id = 0;
  bool has_tl0_index = false;
  std::uint8_t tl0_index = 0;
  bool has_temporal = false;  // T
  std::uint8_t temporal_layer = 0;
  bool has_key_index = false;                                          // K
  std::uint8_t key_index = 0;                                          // 5 bits
  std::uint8_t picture_id_at = 0, tl0_index_at = 0, key_index_at = 0;  // offsets in the payload
  std::uint8_t bytes = 0;                                              // the descriptor's length
};

Result<Vp8Descriptor> parse_vp8(Bytes payload) noexcept;

// |I|P|L|F|B|E|V|Z|  I: picture id, L: |TID|U|SID|D| and, not flexible, TL0PICIDX; F and P: P_DIFF;
// V: scalability structure.
struct Vp9Descriptor {
  bool start = false;     // B
  bool end = false;       // E
  bool inter = false;     // P: predicted from another picture
  bool flexible = false;  // F
  bool keyframe = false;  // start of a frame that needs no other: not P, spatial layer 0
  std::uint8_t picture_id_bits = 0;
  std::uint16_t picture_id = 0;
  bool has_layers = false;
  std::uint8_t temporal_layer = 0, spatial_layer = 0;
  bool switch_up = false;    // U
  bool inter_layer = false;  // D
  bool has_tl0_index = false;
  std::uint8_t tl0_index = 0;
  std::uint8_t picture_id_at = 0, tl0_index_at = 0;
  std::uint16_t bytes = 0;
};

Result<Vp9Descriptor> parse_vp9(Bytes payload) noexcept;

// What a subscriber's copy carries instead of the producer's numbers.
struct PictureNumbers {
  std::uint16_t picture_id = 0;  // cut to the width that the descriptor has
  std::uint8_t tl0_index = 0;
  std::uint8_t key_index = 0;
};

void rewrite(MutBytes payload, const Vp8Descriptor& descriptor, PictureNumbers numbers) noexcept;
void rewrite(MutBytes payload, const Vp9Descriptor& descriptor, PictureNumbers numbers) noexcept;

}  // namespace v100::rtp
