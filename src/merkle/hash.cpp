// The two hash functions under the trees. SHA-256 is libcrypto's (SHA-NI where there is such a
// thing), SHA3-256 our batched Keccak's.
#include <array>
#include <openssl/sha.h>

#include "crypto/keccak/keccak.h"
#include "merkle/merkle.h"

namespace v100::merkle {
namespace {

constexpr std::uint8_t leaf_prefix = 0x00;  // RFC 9162 §2.1.1
constexpr std::uint8_t node_prefix = 0x01;
constexpr std::size_t node_bytes = 1 + 2 * sizeof(Hash);

void fill_node(FixedMutBytes<node_bytes> out, const Hash& left, const Hash& right) noexcept {
  out[0] = node_prefix;
  copy(out.subspan<1, 32>(), left);
  copy(out.subspan<33, 32>(), right);
}

// FIPS 180-4 §5.1.1: a message of `Size` bytes, of which the first is given, with its padding.
template <std::size_t Size, std::size_t Blocks>
constexpr ByteArray<Blocks> padded(std::uint8_t first) noexcept {
  static_assert(Blocks % 64 == 0 && Size + 9 <= Blocks && Blocks < Size + 9 + 64);
  ByteArray<Blocks> out{};
  out[0] = first;
  out[Size] = 0x80;
  store_be(out.data() + Blocks - 8, static_cast<std::uint64_t>(Size) * 8);
  return out;
}

// The compression function alone: OpenSSL 3's SHA256() looks its own algorithm up each time, which
// costs four times what two blocks cost.
Hash compress(Bytes blocks) noexcept {
  SHA256_CTX context;
  SHA256_Init(&context);
  for (std::size_t at = 0; at < blocks.size(); at += 64) {
    SHA256_Transform(&context, blocks.data() + at);
  }
  Hash out;
  for (std::size_t i = 0; i < 8; ++i) {
    store_be(out.data() + 4 * i, static_cast<std::uint32_t>(context.h[i]));
  }
  return out;
}

}  // namespace

Hash sha256(std::initializer_list<Bytes> parts) noexcept {
  Hash out;
  SHA256_CTX context;
  SHA256_Init(&context);
  for (const Bytes part : parts) {
    SHA256_Update(&context, part.data(), part.size());
  }
  SHA256_Final(out.data(), &context);
  return out;
}

Hash Sha256::empty() noexcept {
  Hash out;
  SHA256(nullptr, 0, out.data());
  return out;
}

Hash Sha256::leaf(Bytes data) noexcept {
  if (data.size() == sizeof(Hash)) {
    constexpr auto block = padded<1 + sizeof(Hash), 64>(leaf_prefix);
    ByteArray<64> filled = block;
    copy(FixedMutBytes<64>(filled).subspan<1, 32>(), data);
    return compress(filled);
  }
  return sha256({Bytes(&leaf_prefix, 1), data});
}

Hash Sha256::node(const Hash& left, const Hash& right) noexcept {
  constexpr auto blocks = padded<node_bytes, 128>(node_prefix);
  ByteArray<128> filled = blocks;
  fill_node(FixedMutBytes<128>(filled).first<node_bytes>(), left, right);
  return compress(filled);
}

void Sha256::nodes(std::span<Hash> out, std::span<const Hash> pairs) noexcept {
  CHECK(pairs.size() == 2 * out.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = node(pairs[2 * i], pairs[2 * i + 1]);
  }
}

Hash Sha3::empty() noexcept {
  Hash out;
  keccak::sha3_256(out, {});
  return out;
}

Hash Sha3::leaf(Bytes data) noexcept {
  Hash out;
  keccak::sha3_256(out, {Bytes(&leaf_prefix, 1), data});
  return out;
}

Hash Sha3::node(const Hash& left, const Hash& right) noexcept {
  Hash out;
  keccak::sha3_256(out, {Bytes(&node_prefix, 1), left, right});
  return out;
}

void Sha3::nodes(std::span<Hash> out, std::span<const Hash> pairs) noexcept {
  CHECK(pairs.size() == 2 * out.size());
  constexpr std::size_t group = 16;  // a level of 32 leaves; two rounds of the widest kernel
  std::array<ByteArray<node_bytes>, group> data;
  std::array<keccak::HashItem, group> items;
  for (std::size_t done = 0; done < out.size(); done += group) {
    const std::size_t count = std::min(group, out.size() - done);
    for (std::size_t i = 0; i < count; ++i) {
      fill_node(data[i], pairs[2 * (done + i)], pairs[2 * (done + i) + 1]);
      items[i] = {keccak::Hash::sha3_256, data[i], out[done + i]};
    }
    keccak::hash_batch(std::span(items).first(count));
  }
}

}  // namespace v100::merkle
