#include "wire/stun.h"

#include "base/check.h"

namespace v100::wire {
namespace {

// RFC 8489 §18.3, RFC 8445 §16.1
enum Attribute : std::uint16_t {
  mapped_address = 0x0001,
  username_attribute = 0x0006,
  message_integrity = 0x0008,
  error_code_attribute = 0x0009,
  unknown_attributes_attribute = 0x000A,
  realm = 0x0014,
  nonce = 0x0015,
  message_integrity_sha256 = 0x001C,
  password_algorithm = 0x001D,
  userhash = 0x001E,
  xor_mapped_address_attribute = 0x0020,
  priority_attribute = 0x0024,
  use_candidate_attribute = 0x0025,
  first_optional = 0x8000,  // from here on a reader may ignore what it does not know
  fingerprint_attribute = 0x8028,
  ice_controlled_attribute = 0x8029,
  ice_controlling_attribute = 0x802A,
};

constexpr std::size_t fingerprint_bytes = 8;           // header and value
constexpr std::uint32_t fingerprint_xor = 0x5354554E;  // RFC 8489 §14.7

// CRC-32 of ITU-T V.42, reflected polynomial 0xEDB88320.
constexpr auto crc_table = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) {
      c = (c & 1) != 0 ? (c >> 1) ^ 0xEDB88320u : c >> 1;
    }
    table[i] = c;
  }
  return table;
}();
static_assert(crc_table[1] == 0x77073096 && crc_table[255] == 0x2D02EF8D);

std::uint32_t crc32(Bytes bytes) noexcept {
  std::uint32_t c = ~0u;
  for (const std::uint8_t byte : bytes) {
    c = (c >> 8) ^ crc_table[(c ^ byte) & 0xff];
  }
  return ~c;
}

constexpr std::size_t padded(std::size_t bytes) noexcept { return (bytes + 3) & ~std::size_t{3}; }

constexpr ByteArray<12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

// RFC 8489 §14.2: port and address are XORed with the cookie, IPv6 also with the transaction ID;
// that is, with bytes 4..19 of the header.
std::optional<Address> read_xor_address(Bytes value, FixedBytes<16> mask) noexcept {
  const bool v4 = value.size() == 8 && value[1] == 1;
  if (!v4 && !(value.size() == 20 && value[1] == 2)) {
    return std::nullopt;
  }
  Address address;
  address.port = static_cast<std::uint16_t>(load_be<std::uint16_t>(&value[2]) ^
                                            load_be<std::uint16_t>(mask.data()));
  const std::size_t start = v4 ? 12 : 0;
  if (v4) {
    copy(MutBytes(address.ip).first(12), mapped_prefix);
  }
  for (std::size_t i = 0; start + i < 16; ++i) {
    address.ip[start + i] = value[4 + i] ^ mask[i];
  }
  return address;
}

template <class U>
std::optional<U> read_number(Bytes value) noexcept {
  return value.size() == sizeof(U) ? std::optional<U>(load_be<U>(value.data())) : std::nullopt;
}

template <class T>
bool set_once(std::optional<T>& field, const std::optional<T>& value) noexcept {
  if (!field) {
    field = value;
  }
  return value.has_value();  // false: the attribute's own format is broken
}

void note_unknown(StunMessage& message, std::uint16_t type) noexcept {
  if (message.unknown_required_count < std::size(message.unknown_required)) {
    message.unknown_required[message.unknown_required_count++] = type;
  }
}

// One attribute before MESSAGE-INTEGRITY. False: broken.
bool read_attribute(StunMessage& m, std::uint16_t type, Bytes value, Bytes datagram) noexcept {
  switch (type) {
    case username_attribute:
      return set_once(m.username, value.size() < stun_username_bytes_max
                                      ? std::optional(as_text(value))
                                      : std::nullopt);
    case priority_attribute:
      return set_once(m.priority, read_number<std::uint32_t>(value));
    case ice_controlling_attribute:
      return set_once(m.ice_controlling, read_number<std::uint64_t>(value));
    case ice_controlled_attribute:
      return set_once(m.ice_controlled, read_number<std::uint64_t>(value));
    case use_candidate_attribute:
      m.use_candidate = true;
      return value.empty();
    case xor_mapped_address_attribute:
      return set_once(m.xor_mapped_address,
                      read_xor_address(value, datagram.subspan(4).first<16>()));
    case error_code_attribute: {
      if (value.size() < 4 || (value[2] & 7) < 3 || (value[2] & 7) > 6 || value[3] > 99) {
        return false;
      }
      return set_once(m.error_code, std::optional<std::uint16_t>(static_cast<std::uint16_t>(
                                        (value[2] & 7) * 100 + value[3])));
    }
    case mapped_address:
    case unknown_attributes_attribute:
    case realm:
    case nonce:
    case message_integrity_sha256:
    case password_algorithm:
    case userhash:
      return true;  // known, and nothing ICE needs
    default:
      if (type < first_optional) {
        note_unknown(m, type);
      }
      return true;
  }
}

void note_integrity(StunMessage& m, Bytes datagram, std::size_t at, Bytes mac) noexcept {
  m.has_integrity = true;
  copy(m.integrity_header, datagram.first(stun_header_bytes));
  // RFC 8489 §14.5: the length counts up to and including MESSAGE-INTEGRITY
  store_be<std::uint16_t>(&m.integrity_header[2],
                          static_cast<std::uint16_t>(at + 4 + stun_mac_bytes - stun_header_bytes));
  m.integrity_body = datagram.subspan(stun_header_bytes, at - stun_header_bytes);
  m.integrity_mac = mac;
}

}  // namespace

bool looks_like_stun(Bytes datagram) noexcept {
  return datagram.size() >= stun_header_bytes && datagram[0] < 0x40 &&
         load_be<std::uint32_t>(&datagram[4]) == stun_cookie;
}

Result<StunMessage> parse_stun(Bytes datagram) noexcept {
  if (!looks_like_stun(datagram)) {
    return fail(Errc::malformed, "stun: no STUN header");
  }
  const std::size_t length = load_be<std::uint16_t>(&datagram[2]);
  if (length % 4 != 0 || length + stun_header_bytes != datagram.size()) {
    return fail(Errc::malformed, "stun: length does not fit the datagram");
  }
  StunMessage m;
  m.type = static_cast<StunType>(load_be<std::uint16_t>(datagram.data()));
  copy(m.transaction, datagram.subspan(8, 12));
  for (std::size_t at = stun_header_bytes; at < datagram.size();) {
    // at and the size are multiples of 4, so a header of 4 bytes always fits
    const std::uint16_t type = load_be<std::uint16_t>(&datagram[at]);
    const std::size_t bytes = load_be<std::uint16_t>(&datagram[at + 2]);
    if (bytes > datagram.size() - at - 4) {
      return fail(Errc::malformed, "stun: attribute runs over the end");
    }
    const Bytes value = datagram.subspan(at + 4, bytes);
    if (type == fingerprint_attribute) {
      if (bytes != 4 || at + fingerprint_bytes != datagram.size()) {
        return fail(Errc::malformed, "stun: FINGERPRINT is not last");
      }
      if (load_be<std::uint32_t>(value.data()) != (crc32(datagram.first(at)) ^ fingerprint_xor)) {
        return fail(Errc::malformed, "stun: wrong FINGERPRINT");
      }
      m.has_fingerprint = true;
    } else if (!m.has_integrity && type == message_integrity) {
      if (bytes != stun_mac_bytes) {
        return fail(Errc::malformed, "stun: MESSAGE-INTEGRITY is not 20 bytes");
      }
      note_integrity(m, datagram, at, value);
    } else if (!m.has_integrity && !read_attribute(m, type, value, datagram)) {
      return fail(Errc::malformed, "stun: attribute of a wrong size or value");
    }
    at += 4 + padded(bytes);
  }
  return m;
}

StunWriter::StunWriter(MutBytes out, StunType type, const StunTransaction& transaction) noexcept
    : out_(out) {
  CHECK(out.size() >= stun_header_bytes);
  store_be<std::uint16_t>(&out_[0], static_cast<std::uint16_t>(type));
  set_length(0);
  store_be<std::uint32_t>(&out_[4], stun_cookie);
  copy(out_.subspan(8, 12), transaction);
}

void StunWriter::set_length(std::size_t attribute_bytes) noexcept {
  store_be<std::uint16_t>(&out_[2], static_cast<std::uint16_t>(attribute_bytes));
}

// Room for one attribute's value, its header and zero padding written.
MutBytes StunWriter::attribute(std::uint16_t type, std::size_t bytes) noexcept {
  CHECK(used_ + 4 + padded(bytes) <= out_.size());
  store_be<std::uint16_t>(&out_[used_], type);
  store_be<std::uint16_t>(&out_[used_ + 2], static_cast<std::uint16_t>(bytes));
  const MutBytes value = out_.subspan(used_ + 4, padded(bytes));
  for (std::size_t i = bytes; i < value.size(); ++i) {
    value[i] = 0;
  }
  used_ += 4 + padded(bytes);
  set_length(used_ - stun_header_bytes);
  return value.first(bytes);
}

void StunWriter::username(std::string_view value) noexcept {
  copy(attribute(username_attribute, value.size()), as_bytes(value));
}
void StunWriter::priority(std::uint32_t value) noexcept {
  store_be(attribute(priority_attribute, 4).data(), value);
}
void StunWriter::ice_controlling(std::uint64_t tie_breaker) noexcept {
  store_be(attribute(ice_controlling_attribute, 8).data(), tie_breaker);
}
void StunWriter::ice_controlled(std::uint64_t tie_breaker) noexcept {
  store_be(attribute(ice_controlled_attribute, 8).data(), tie_breaker);
}
void StunWriter::use_candidate() noexcept { attribute(use_candidate_attribute, 0); }

void StunWriter::xor_mapped_address(const Address& address) noexcept {
  const bool v4 = address.is_ipv4();
  const MutBytes value = attribute(xor_mapped_address_attribute, v4 ? 8 : 20);
  const Bytes mask = out_.subspan(4, 16);
  const Bytes ip = v4 ? Bytes(address.ipv4()) : Bytes(address.ip);
  value[0] = 0;
  value[1] = v4 ? 1 : 2;
  store_be<std::uint16_t>(
      &value[2], static_cast<std::uint16_t>(address.port ^ load_be<std::uint16_t>(mask.data())));
  for (std::size_t i = 0; i < ip.size(); ++i) {
    value[4 + i] = ip[i] ^ mask[i];
  }
}

void StunWriter::error_code(std::uint16_t code, std::string_view reason) noexcept {
  const MutBytes value = attribute(error_code_attribute, 4 + reason.size());
  store_be<std::uint16_t>(value.data(), 0);
  value[2] = static_cast<std::uint8_t>(code / 100);
  value[3] = static_cast<std::uint8_t>(code % 100);
  copy(value.subspan(4), as_bytes(reason));
}

void StunWriter::unknown_attributes(std::span<const std::uint16_t> types) noexcept {
  const MutBytes value = attribute(unknown_attributes_attribute, types.size() * 2);
  for (std::size_t i = 0; i < types.size(); ++i) {
    store_be(&value[2 * i], types[i]);
  }
}

Bytes StunWriter::covered_by_integrity() noexcept {
  CHECK(used_ + 4 + stun_mac_bytes <= out_.size());
  set_length(used_ + 4 + stun_mac_bytes - stun_header_bytes);
  return out_.first(used_);
}

void StunWriter::fingerprint() noexcept {
  const std::size_t covered = used_;
  const MutBytes value = attribute(fingerprint_attribute, 4);
  store_be<std::uint32_t>(value.data(), crc32(out_.first(covered)) ^ fingerprint_xor);
}

}  // namespace v100::wire
