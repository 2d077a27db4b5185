#include "merkle/leaf.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"
#include "crypto/keccak/keccak.h"

namespace v100::merkle {
namespace {

constexpr std::uint8_t leaf_version = 1;
constexpr std::size_t time_at = 4, salt_at = 12, request_at = 36, answer_at = 68, key_at = 100;
static_assert(key_at + sizeof(Hash) == leaf_bytes);
static_assert(1 + leaf_bytes + 1 <= keccak::rate_256);

// Numbers are positions, from 1. docs/spec/attestation.md §2.2: new names go to the end.
constexpr std::array<std::string_view, 20> services = {
    "gateway", "identity",   "attest",      "match",     "meeting",   "signaling",     "sfu",
    "turn",    "realtime",   "recording",   "media",     "analysis",  "transcription", "assistant",
    "search",  "scheduling", "integration", "broadcast", "publisher", "metering",
};

bool known_kind(std::uint8_t kind) noexcept {
  return kind >= static_cast<std::uint8_t>(LeafKind::request) &&
         kind <= static_cast<std::uint8_t>(LeafKind::record);
}

// A decimal number in its only spelling.
template <class U>
Result<U> number(std::string_view text) {
  U value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() ||
      (text.size() > 1 && text.front() == '0')) {
    return fail(Errc::malformed, "attestation: not a number");
  }
  return value;
}

}  // namespace

std::uint8_t service_number(std::string_view name) noexcept {
  const auto found = std::ranges::find(services, name);
  return found == services.end() ? std::uint8_t{0}
                                 : static_cast<std::uint8_t>(found - services.begin() + 1);
}

std::string_view service_name(std::uint8_t number) noexcept {
  return number == 0 || number > services.size() ? std::string_view() : services[number - 1u];
}

void encode_leaf(LeafContent& out, const Leaf& leaf, const Salt& salt) noexcept {
  CHECK(leaf.time.value() >= 0);
  out[0] = leaf_version;
  out[1] = static_cast<std::uint8_t>(leaf.kind);
  out[2] = static_cast<std::uint8_t>(leaf.lane);
  out[3] = leaf.service;
  store_be(out.data() + time_at, static_cast<std::uint64_t>(leaf.time.value()));
  std::memcpy(out.data() + salt_at, salt.data(), salt_bytes);
  std::memcpy(out.data() + request_at, leaf.request.data(), sizeof(Hash));
  std::memcpy(out.data() + answer_at, leaf.answer.data(), sizeof(Hash));
  std::memcpy(out.data() + key_at, leaf.key.data(), sizeof(Hash));
}

Result<SaltedLeaf> decode_leaf(Bytes content) {
  if (content.size() != leaf_bytes || content[0] != leaf_version) {
    return fail(Errc::malformed, "attestation: not a leaf of version 1");
  }
  const auto time = load_be<std::uint64_t>(content.data() + time_at);
  if (!known_kind(content[1]) || content[2] > static_cast<std::uint8_t>(Lane::internal) ||
      time >> 63 != 0) {
    return fail(Errc::malformed, "attestation: a leaf's kind, lane or time out of range");
  }
  SaltedLeaf out;
  out.leaf.kind = static_cast<LeafKind>(content[1]);
  out.leaf.lane = static_cast<Lane>(content[2]);
  out.leaf.service = content[3];
  out.leaf.time = WallTime(static_cast<std::int64_t>(time));
  copy(out.salt, content.subspan(salt_at, salt_bytes));
  copy(out.leaf.request, content.subspan(request_at, sizeof(Hash)));
  copy(out.leaf.answer, content.subspan(answer_at, sizeof(Hash)));
  copy(out.leaf.key, content.subspan(key_at, sizeof(Hash)));
  return out;
}

Hash entry_of(const LeafContent& content) noexcept { return Sha3::leaf(content); }

void entries_of(std::span<Hash> out, std::span<const LeafContent> contents) noexcept {
  CHECK(out.size() == contents.size());
  constexpr std::size_t group = 16;  // two rounds of the widest kernel
  std::array<ByteArray<1 + leaf_bytes>, group> data;
  std::array<keccak::HashItem, group> items;
  for (std::size_t done = 0; done < out.size(); done += group) {
    const std::size_t count = std::min(group, out.size() - done);
    for (std::size_t i = 0; i < count; ++i) {
      data[i][0] = 0x00;  // RFC 9162 §2.1.1: a leaf
      std::memcpy(data[i].data() + 1, contents[done + i].data(), leaf_bytes);
      items[i] = {keccak::Hash::sha3_256, data[i], out[done + i]};
    }
    keccak::hash_batch(std::span(items).first(count));
  }
}

std::string Reference::id() const {
  std::string out = std::to_string(shard);
  out.append("-").append(std::to_string(sequence)).append("-").append(to_base64url(salt));
  return out;
}

Result<Reference> parse_reference(std::string_view id) {
  constexpr std::size_t id_bytes_max = 5 + 1 + 20 + 1 + salt_bytes * 4 / 3;
  const std::size_t first = id.find('-');
  const std::size_t second = first == id.npos ? id.npos : id.find('-', first + 1);
  if (id.size() > id_bytes_max || second == id.npos) {
    return fail(Errc::malformed, "attestation: not an id");
  }
  Reference out;
  out.shard = TRY(number<std::uint16_t>(id.substr(0, first)));
  out.sequence = TRY(number<std::uint64_t>(id.substr(first + 1, second - first - 1)));
  const Buffer salt = TRY(from_base64url(id.substr(second + 1)));
  if (salt.size() != salt_bytes) {
    return fail(Errc::malformed, "attestation: an id's salt of the wrong length");
  }
  copy(out.salt, salt);
  return out;
}

}  // namespace v100::merkle
