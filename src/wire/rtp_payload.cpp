#include "wire/rtp_payload.h"

namespace v100::rtp {
namespace {

constexpr Error cut_off{Errc::malformed, "rtp: payload descriptor cut off"};

// Reads a payload front to back; `at` may pass the end, and then ok() is false for good.
class Cursor {
 public:
  explicit Cursor(Bytes bytes) noexcept : bytes_(bytes) {}
  std::uint8_t take() noexcept {
    const std::uint8_t value = at_ < bytes_.size() ? bytes_[at_] : 0;
    ++at_;
    return value;
  }
  void skip(std::size_t count) noexcept { at_ += count; }
  bool ok() const noexcept { return at_ <= bytes_.size(); }
  std::size_t at() const noexcept { return at_; }

 private:
  Bytes bytes_;
  std::size_t at_ = 0;
};

struct PictureId {
  std::uint8_t bits;
  std::uint16_t value;
};

// |M| 7 bits |, and with M 8 bits more: the same in both formats.
PictureId take_picture_id(Cursor& in) noexcept {
  const std::uint8_t first = in.take();
  if ((first & 0x80) == 0) {
    return {7, first};
  }
  return {15, static_cast<std::uint16_t>(((first & 0x7F) << 8) | in.take())};
}

void store_picture_id(std::uint8_t* at, std::uint8_t bits, std::uint16_t value) noexcept {
  if (bits == 15) {
    store_be(at, static_cast<std::uint16_t>(0x8000 | (value & 0x7FFF)));
  } else if (bits == 7) {
    *at = value & 0x7F;
  }
}

// RFC 9628 §4.2.1, scalability structure: |N_S|Y|G|-|, sizes, picture group.
void skip_scalability(Cursor& in) noexcept {
  const std::uint8_t head = in.take();
  const std::size_t layers = (head >> 5) + 1u;
  if ((head & 0x10) != 0) {
    in.skip(4 * layers);
  }
  if ((head & 0x08) != 0) {
    const std::size_t pictures = in.take();
    for (std::size_t i = 0; i < pictures && in.ok(); ++i) {
      in.skip((in.take() >> 2) & 3u);
    }
  }
}

}  // namespace

Result<Vp8Descriptor> parse_vp8(Bytes payload) noexcept {
  Cursor in(payload);
  Vp8Descriptor d;
  const std::uint8_t head = in.take();
  d.non_reference = (head & 0x20) != 0;
  d.start = (head & 0x10) != 0 && (head & 0x07) == 0;
  if ((head & 0x80) != 0) {
    const std::uint8_t flags = in.take();
    if ((flags & 0x80) != 0) {
      d.picture_id_at = static_cast<std::uint8_t>(in.at());
      const PictureId id = take_picture_id(in);
      d.picture_id_bits = id.bits;
      d.picture_id = id.value;
    }
    if ((flags & 0x40) != 0) {
      d.has_tl0_index = true;
      d.tl0_index_at = static_cast<std::uint8_t>(in.at());
      d.tl0_index = in.take();
    }
    if ((flags & 0x30) != 0) {
      d.key_index_at = static_cast<std::uint8_t>(in.at());
      const std::uint8_t both = in.take();
      d.has_temporal = (flags & 0x20) != 0;
      d.temporal_layer = d.has_temporal ? both >> 6 : 0;
      d.layer_sync = d.has_temporal && (both & 0x20) != 0;
      d.has_key_index = (flags & 0x10) != 0;
      d.key_index = both & 0x1F;
    }
  }
  if (!in.ok()) {
    return std::unexpected(cut_off);
  }
  d.bytes = static_cast<std::uint8_t>(in.at());
  // RFC 7741 §4.3: bit 0 of the frame's first byte is P, the inverse keyframe flag.
  d.keyframe = d.start && payload.size() > in.at() && (payload[in.at()] & 0x01) == 0;
  return d;
}

Result<Vp9Descriptor> parse_vp9(Bytes payload) noexcept {
  Cursor in(payload);
  Vp9Descriptor d;
  const std::uint8_t head = in.take();
  d.inter = (head & 0x40) != 0;
  d.has_layers = (head & 0x20) != 0;
  d.flexible = (head & 0x10) != 0;
  d.start = (head & 0x08) != 0;
  d.end = (head & 0x04) != 0;
  if ((head & 0x80) != 0) {
    d.picture_id_at = static_cast<std::uint8_t>(in.at());
    const PictureId id = take_picture_id(in);
    d.picture_id_bits = id.bits;
    d.picture_id = id.value;
  }
  if (d.has_layers) {
    const std::uint8_t layers = in.take();
    d.temporal_layer = layers >> 5;
    d.switch_up = (layers & 0x10) != 0;
    d.spatial_layer = (layers >> 1) & 7;
    d.inter_layer = (layers & 0x01) != 0;
    if (!d.flexible) {
      d.has_tl0_index = true;
      d.tl0_index_at = static_cast<std::uint8_t>(in.at());
      d.tl0_index = in.take();
    }
  }
  if (d.flexible && d.inter) {
    // At most three references; bit 0 says that another follows.
    for (int i = 0; i < 3 && (in.take() & 1) != 0; ++i) {
      if (i == 2) {
        return fail(Errc::malformed, "rtp: VP9 with more than three references");
      }
    }
  }
  if ((head & 0x02) != 0) {
    skip_scalability(in);
  }
  if (!in.ok()) {
    return std::unexpected(cut_off);
  }
  d.bytes = static_cast<std::uint16_t>(in.at());
  d.keyframe = d.start && !d.inter && d.spatial_layer == 0;
  return d;
}

void rewrite(MutBytes payload, const Vp8Descriptor& d, PictureNumbers numbers) noexcept {
  store_picture_id(payload.data() + d.picture_id_at, d.picture_id_bits, numbers.picture_id);
  if (d.has_tl0_index) {
    payload[d.tl0_index_at] = numbers.tl0_index;
  }
  if (d.has_key_index) {
    payload[d.key_index_at] =
        static_cast<std::uint8_t>((payload[d.key_index_at] & 0xE0) | (numbers.key_index & 0x1F));
  }
}

void rewrite(MutBytes payload, const Vp9Descriptor& d, PictureNumbers numbers) noexcept {
  store_picture_id(payload.data() + d.picture_id_at, d.picture_id_bits, numbers.picture_id);
  if (d.has_tl0_index) {
    payload[d.tl0_index_at] = numbers.tl0_index;
  }
}

}  // namespace v100::rtp
