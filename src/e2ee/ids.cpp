// Labelled hash and MAC, fingerprints and room ids (docs/spec/e2ee.md §1, §2).
#include "e2ee/ids.h"

#include "base/text.h"
#include "crypto/keccak/keccak.h"

namespace v100::e2ee {

namespace {

constexpr std::string_view crockford = "0123456789abcdefghjkmnpqrstvwxyz";
static_assert(crockford.size() == 32);

// The character as it stands in a canonical id, or 0.
char canonical(char c) noexcept {
  if (c >= 'A' && c <= 'Z') {
    c = static_cast<char>(c - 'A' + 'a');
  }
  if (c == 'i' || c == 'l') {
    return '1';
  }
  if (c == 'o') {
    return '0';
  }
  return crockford.find(c) == std::string_view::npos ? '\0' : c;
}

}  // namespace

Hash labelled_hash(std::string_view label, std::initializer_list<Bytes> parts) noexcept {
  CHECK(label.size() <= 255);
  keccak::Sha3_256 hash;
  const ByteArray<1> label_size{static_cast<std::uint8_t>(label.size())};
  hash.update(label_size);
  hash.update(as_bytes(label));
  for (const Bytes part : parts) {
    ByteArray<4> part_size;
    store_be(part_size.data(), static_cast<std::uint32_t>(part.size()));
    hash.update(part_size);
    hash.update(part);
  }
  Hash out;
  hash.finish(out);
  return out;
}

void mac(FixedMutBytes<32> out, Bytes key, std::string_view label, Bytes data) noexcept {
  keccak::kmac256(out, key, as_bytes(label), {data});
}

Fingerprint fingerprint(FixedBytes<device_key_bytes> device_key) noexcept {
  return Fingerprint(labelled_hash("v100 device", {device_key}));
}

SenderId sender_id(const LeafId& leaf) noexcept {
  const Hash& id = leaf.value();
  return SenderId(static_cast<std::uint32_t>((id[0] << 16) | (id[1] << 8) | id[2]));
}

Result<RoomId> RoomId::parse(std::string_view text) {
  RoomId room;
  std::size_t filled = 0;
  for (const char c : text) {
    if (c == '-') {
      continue;
    }
    const char mapped = canonical(c);
    if (mapped == '\0' || filled == size) {
      return fail(Errc::malformed, "room id: not twelve characters of 0-9 a-z without u");
    }
    if (filled == 4 || filled == 9) {
      room.text_[filled++] = '-';
    }
    room.text_[filled++] = mapped;
  }
  if (filled != size || text.size() > size) {
    return fail(Errc::malformed, "room id: not twelve characters");
  }
  return room;
}

RoomId RoomId::from_random(FixedBytes<8> random) noexcept {
  RoomId room;
  std::uint64_t bits = load_be<std::uint64_t>(random.data());
  for (std::size_t i = 0; i < size; ++i) {
    if (i == 4 || i == 9) {
      room.text_[i] = '-';
      continue;
    }
    room.text_[i] = crockford[bits & 31];
    bits >>= 5;
  }
  return room;
}

RoomHash RoomId::hash() const noexcept {
  return RoomHash(labelled_hash("v100 room", {as_bytes(text())}));
}

Result<Hash> hash_from(Bytes bytes) {
  Hash hash;
  if (bytes.size() != hash.size()) {
    return fail(Errc::malformed, "id: not 32 bytes");
  }
  copy(hash, bytes);
  return hash;
}

Result<Hash> hash_from_hex(std::string_view text) {
  if (text.size() != 64) {
    return fail(Errc::malformed, "id: not 64 hex digits");
  }
  return hash_from(TRY(from_hex(text)));
}

}  // namespace v100::e2ee
