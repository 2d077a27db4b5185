#include "wire/rtp.h"

namespace v100::rtp {

bool is_rtcp(Bytes datagram) noexcept {
  return datagram.size() >= 2 && datagram[1] >= 192 && datagram[1] <= 223;
}

Result<Packet> parse(Bytes datagram) noexcept {
  if (datagram.size() < header_bytes_min || datagram[0] >> 6 != 2) {
    return fail(Errc::malformed, "rtp: no version 2 header");
  }
  Packet packet;
  packet.header.marker = (datagram[1] & 0x80) != 0;
  packet.header.payload_type = datagram[1] & 0x7F;
  packet.header.sequence = load_be<std::uint16_t>(datagram.data() + 2);
  packet.header.timestamp = load_be<std::uint32_t>(datagram.data() + 4);
  packet.header.ssrc = load_be<std::uint32_t>(datagram.data() + 8);
  std::size_t at = header_bytes_min + std::size_t{4} * (datagram[0] & 0x0F);
  if ((datagram[0] & 0x10) != 0) {
    if (datagram.size() < at + 4) {
      return fail(Errc::malformed, "rtp: extension header cut off");
    }
    const std::size_t bytes = std::size_t{4} * load_be<std::uint16_t>(datagram.data() + at + 2);
    packet.extension_profile = load_be<std::uint16_t>(datagram.data() + at);
    at += 4;
    if (datagram.size() < at + bytes) {
      return fail(Errc::malformed, "rtp: extension block cut off");
    }
    packet.extension = datagram.subspan(at, bytes);
    at += bytes;
  }
  if (datagram.size() < at) {
    return fail(Errc::malformed, "rtp: CSRC list cut off");
  }
  packet.header_bytes = at;
  packet.payload = datagram.subspan(at);
  if ((datagram[0] & 0x20) != 0) {
    const std::size_t padding = packet.payload.empty() ? 0 : packet.payload.back();
    if (padding == 0 || padding > packet.payload.size()) {
      return fail(Errc::malformed, "rtp: padding longer than the payload");
    }
    packet.padding_bytes = padding;
    packet.payload = packet.payload.first(packet.payload.size() - padding);
  }
  return packet;
}

bool ExtensionReader::next(Extension& out) noexcept {
  const bool one_byte = profile_ == one_byte_profile;
  if (!one_byte && (profile_ & 0xFFF0) != two_byte_profile) {
    return false;
  }
  while (!rest_.empty() && rest_[0] == 0) {
    rest_ = rest_.subspan(1);  // padding between elements
  }
  if (rest_.empty()) {
    return false;
  }
  std::size_t head = 1;
  std::size_t size = 0;
  if (one_byte) {
    out.id = rest_[0] >> 4;
    size = (rest_[0] & 0x0Fu) + 1u;
    if (out.id == 15) {  // RFC 8285 §4.2: reserved, processing stops
      return false;
    }
    if (out.id == 0) {  // a length without an id: ignored by the same section, but nothing follows
      malformed_ = true;
      return false;
    }
  } else {
    out.id = rest_[0];
    head = 2;
    if (rest_.size() < 2) {
      malformed_ = true;
      return false;
    }
    size = rest_[1];
  }
  if (rest_.size() < head + size) {
    malformed_ = true;
    rest_ = {};
    return false;
  }
  out.data = rest_.subspan(head, size);
  rest_ = rest_.subspan(head + size);
  return true;
}

Bytes find_extension(const Packet& packet, std::uint8_t id) noexcept {
  if (id == 0) {
    return {};
  }
  ExtensionReader reader(packet);
  for (Extension element; reader.next(element);) {
    if (element.id == id) {
      return element.data;
    }
  }
  return {};
}

std::size_t write_header(MutBytes out, const Header& header,
                         std::span<const Extension> extensions) noexcept {
  bool one_byte = true;
  std::size_t data_bytes = 0;
  for (const Extension& element : extensions) {
    one_byte = one_byte && element.id <= 14 && !element.data.empty() && element.data.size() <= 16;
    data_bytes += element.data.size();
  }
  const std::size_t body = data_bytes + extensions.size() * (one_byte ? 1 : 2);
  const std::size_t padded = (body + 3) / 4 * 4;
  const std::size_t total = header_bytes_min + (extensions.empty() ? 0 : 4 + padded);
  if (out.size() < total) {
    return 0;
  }
  out[0] = extensions.empty() ? 0x80 : 0x90;
  out[1] = static_cast<std::uint8_t>((header.marker ? 0x80 : 0) | (header.payload_type & 0x7F));
  store_be(out.data() + 2, header.sequence);
  store_be(out.data() + 4, header.timestamp);
  store_be(out.data() + 8, header.ssrc);
  if (extensions.empty()) {
    return total;
  }
  std::uint8_t* at = out.data() + header_bytes_min;
  store_be(at, one_byte ? one_byte_profile : two_byte_profile);
  store_be(at + 2, static_cast<std::uint16_t>(padded / 4));
  at += 4;
  for (const Extension& element : extensions) {
    if (one_byte) {
      *at++ = static_cast<std::uint8_t>((std::size_t{element.id} << 4) | (element.data.size() - 1));
    } else {
      *at++ = element.id;
      *at++ = static_cast<std::uint8_t>(element.data.size());
    }
    copy(MutBytes(at, element.data.size()), element.data);
    at += element.data.size();
  }
  for (std::size_t i = body; i < padded; ++i) {
    *at++ = 0;
  }
  return total;
}

std::uint64_t Unwrapper::unwrap(std::uint16_t sequence) noexcept {
  if (last_ == 0) {
    last_ = 0x10000u + sequence;
    return last_;
  }
  const auto step =
      static_cast<std::int16_t>(static_cast<std::uint16_t>(sequence - (last_ & 0xFFFF)));
  const std::uint64_t number = last_ + static_cast<std::uint64_t>(static_cast<std::int64_t>(step));
  if (step > 0) {
    last_ = number;
  }
  return number;
}

}  // namespace v100::rtp
