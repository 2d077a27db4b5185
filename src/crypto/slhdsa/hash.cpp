// FIPS 205, section 11: the hash functions of both families, over addresses (section 4.2).
#include "crypto/keccak/keccak.h"
#include "crypto/keccak/pick.h"
#include "crypto/slhdsa/internal.h"
#include "crypto/slhdsa/sha2.h"

namespace v100::slhdsa {
namespace {

Word pair(std::uint32_t first, std::uint32_t second) noexcept {
  return (Word{first} << 32) | second;
}

// FIPS 205, section 11.2: MGF1 (RFC 8017, appendix B.2.1) over `seed`.
template <class Hash>
void mgf1(MutBytes out, std::initializer_list<Bytes> seed) noexcept {
  for (std::uint32_t counter = 0; !out.empty(); ++counter) {
    Hash hash;
    for (const Bytes part : seed) {
      hash.update(part);
    }
    ByteArray<4> number;
    store_be(number.data(), counter);
    hash.update(number);
    const std::size_t now = out.size() < Hash::digest_bytes ? out.size() : Hash::digest_bytes;
    hash.finish(out.first(now));
    out = out.subspan(now);
  }
}

template <class Hash>
void hmac_key(Hash& hash, Bytes key, std::uint8_t pad) noexcept {
  ByteArray<Hash::block_bytes> block;
  block.fill(pad);
  for (std::size_t i = 0; i < key.size(); ++i) {
    block[i] = static_cast<std::uint8_t>(block[i] ^ key[i]);
  }
  hash.update(block);
  wipe(block);
}

template <class Hash>
void hmac(MutBytes out, Bytes key, Bytes first, std::span<const Bytes> parts) noexcept {
  Hash inner;
  hmac_key(inner, key, 0x36);
  inner.update(first);
  for (const Bytes part : parts) {
    inner.update(part);
  }
  ByteArray<Hash::digest_bytes> digest;
  inner.finish(digest);
  Hash outer;
  hmac_key(outer, key, 0x5c);
  outer.update(digest);
  outer.finish(out);
  wipe(digest);
}

template <class Hash>
void sha2_h_msg(MutBytes out, Bytes r, Bytes seed, Bytes root,
                std::span<const Bytes> message) noexcept {
  Hash hash;
  hash.update(r);
  hash.update(seed);
  hash.update(root);
  for (const Bytes part : message) {
    hash.update(part);
  }
  ByteArray<Hash::digest_bytes> digest;
  hash.finish(digest);
  mgf1<Hash>(out, {r, seed, digest});
}

// PK.seed filled up to a block, which stands before every hash under a key.
template <class Hash>
void seeded(typename Hash::Word (&state)[8], Bytes seed) noexcept {
  Hash hash;
  hash.update(seed);
  const ByteArray<Hash::block_bytes> zeros{};
  hash.update(Bytes(zeros).first(Hash::block_bytes - seed.size()));
  hash.state(state);
}

}  // namespace

std::array<Word, 4> Address::words(Family family) const noexcept {
  const std::array<Word, 4> be = {
      pair(layer, 0), tree, pair(static_cast<std::uint32_t>(type), key_pair), pair(third, fourth)};
  if (family == Family::sha2) {
    return be;
  }
  return {__builtin_bswap64(be[0]), __builtin_bswap64(be[1]), __builtin_bswap64(be[2]),
          __builtin_bswap64(be[3])};
}

void AddressLanes::put(std::size_t lane, const Address& address, Family family) noexcept {
  const std::array<Word, 4> from = address.words(family);
  for (std::size_t w = 0; w < 4; ++w) {
    words[w * lane_count + lane] = from[w];
  }
}

Hasher::Hasher(const Params& params, Bytes pk_seed) noexcept : params_(params) {
  CHECK(pk_seed.size() == params.n);
  copy(MutBytes(seed_bytes_).first(params.n), pk_seed);
  seed_ = load(pk_seed);
  if (params.family == Family::sha2) {
    seeded<Sha256>(seeded_256_, pk_seed);
    seeded<Sha512>(seeded_512_, pk_seed);
  }
}

Node Hasher::load(Bytes node) const noexcept {
  Node words{};
  for (std::size_t w = 0; w < params_.words(); ++w) {
    words[w] = params_.family == Family::shake ? load_le<Word>(node.data() + 8 * w)
                                               : load_be<Word>(node.data() + 8 * w);
  }
  return words;
}

void Hasher::store(MutBytes out, const Word* node) const noexcept {
  CHECK(out.size() == params_.n);
  for (std::size_t w = 0; w < params_.words(); ++w) {
    if (params_.family == Family::shake) {
      store_le(out.data() + 8 * w, node[w]);
    } else {
      store_be(out.data() + 8 * w, node[w]);
    }
  }
}

void Hasher::hash_lanes(const AddressLanes& address, const Word* in, std::size_t count,
                        Word* out) const noexcept {
  const int n_words = static_cast<int>(words());
  const int in_words = static_cast<int>(count);
  if (params_.family == Family::shake) {
    kernel().shake_hash(keccak::kernel().permute_x8, seed_.data(), n_words, address.words, in,
                        in_words, out);
  } else if (params_.n == 16 || count == words()) {
    kernel().sha256_hash(seeded_256_, address.words, in, in_words, out, n_words);
  } else {
    kernel().sha512_hash(seeded_512_, address.words, in, in_words, out, n_words);
  }
}

void Hasher::chain_lanes(AddressLanes& address, NodeLanes& node, std::size_t steps) const noexcept {
  const int n_words = static_cast<int>(words());
  if (params_.family == Family::shake) {
    kernel().shake_steps(keccak::kernel().permute_x8, seed_.data(), n_words, address.words,
                         node.words, static_cast<int>(steps));
  } else {
    kernel().sha256_steps(seeded_256_, address.words, node.words, n_words, static_cast<int>(steps));
  }
}

void Hasher::chain_step_with(AddressLanes& address, NodeLanes& node,
                             const GuestLane& guest) const noexcept {
  CHECK(params_.family == Family::shake);
  kernel().shake_step_with(keccak::kernel().permute_x8, seed_.data(), static_cast<int>(words()),
                           address.words, node.words, &guest);
}

Node Hasher::hash_one(const Address& address, const Word* in, std::size_t count) const noexcept {
  Node out{};
  const std::array<Word, 4> where = address.words(params_.family);
  if (params_.family == Family::shake) {
    constexpr std::size_t rate_words = keccak::rate_256 / 8;
    alignas(64) Word state[25] = {};
    std::memcpy(state, seed_.data(), params_.n);
    std::memcpy(state + words(), where.data(), 32);
    std::size_t at = words() + 4;
    for (std::size_t i = 0; i < count; ++i) {
      state[at++] ^= in[i];
      if (at == rate_words) {
        keccak::kernel().permute_x1(state);
        at = 0;
      }
    }
    state[at] ^= 0x1f;
    state[rate_words - 1] ^= Word{0x80} << 56;
    keccak::kernel().permute_x1(state);
    std::memcpy(out.data(), state, params_.n);
    return out;
  }
  // FIPS 205, section 11.2: ADRSc leaves out what is always zero.
  ByteArray<22 + 8 * chains_max * words_max> bytes;
  bytes[0] = static_cast<std::uint8_t>(address.layer);
  store_be(bytes.data() + 1, where[1]);
  bytes[9] = static_cast<std::uint8_t>(address.type);
  store_be(bytes.data() + 10, address.key_pair);
  store_be(bytes.data() + 14, where[3]);
  for (std::size_t i = 0; i < count; ++i) {
    store_be(bytes.data() + 22 + 8 * i, in[i]);
  }
  const auto finish = [&](auto hash) {
    hash->update(Bytes(bytes).first(22 + 8 * count));
    ByteArray<32> digest;
    hash->finish(MutBytes(digest).first(params_.n));
    out = load(Bytes(digest).first(params_.n));
  };
  if (params_.n == 16) {
    Sha256 hash(seeded_256_, 64);
    finish(&hash);
  } else {
    Sha512 hash(seeded_512_, 128);
    finish(&hash);
  }
  return out;
}

void Hasher::prf_msg(MutBytes out, Bytes sk_prf, Bytes opt_rand,
                     std::span<const Bytes> message) const noexcept {
  if (params_.family == Family::sha2) {
    (params_.n == 16 ? hmac<Sha256> : hmac<Sha512>)(out, sk_prf, opt_rand, message);
    return;
  }
  keccak::Shake256 hash;
  hash.absorb(sk_prf);
  hash.absorb(opt_rand);
  for (const Bytes part : message) {
    hash.absorb(part);
  }
  hash.squeeze(out);
}

void Hasher::h_msg(MutBytes out, Bytes r, Bytes pk_root,
                   std::span<const Bytes> message) const noexcept {
  const Bytes seed = Bytes(seed_bytes_).first(params_.n);
  if (params_.family == Family::sha2) {
    (params_.n == 16 ? sha2_h_msg<Sha256> : sha2_h_msg<Sha512>)(out, r, seed, pk_root, message);
    return;
  }
  keccak::Shake256 hash;
  hash.absorb(r);
  hash.absorb(seed);
  hash.absorb(pk_root);
  for (const Bytes part : message) {
    hash.absorb(part);
  }
  hash.squeeze(out);
}

}  // namespace v100::slhdsa
