// FIPS 204, sections 5.2 to 5.4: from a message or a digest to the representative mu.
#include "crypto/mldsa/internal.h"

namespace v100::mldsa {
namespace {

struct HashInfo {
  const char* name;  // as ACVP writes it
  std::uint8_t bytes;
  std::uint8_t oid_last;  // of 2.16.840.1.101.3.4.2.*
};
// In the order of enum Hash.
constexpr HashInfo hashes[] = {
    {"SHA2-224", 28, 4},     {"SHA2-256", 32, 1},     {"SHA2-384", 48, 2},   {"SHA2-512", 64, 3},
    {"SHA2-512/224", 28, 5}, {"SHA2-512/256", 32, 6}, {"SHA3-224", 28, 7},   {"SHA3-256", 32, 8},
    {"SHA3-384", 48, 9},     {"SHA3-512", 64, 10},    {"SHAKE-128", 32, 11}, {"SHAKE-256", 64, 12},
};
static_assert(std::size(hashes) == static_cast<std::size_t>(Hash::shake256) + 1);

const HashInfo& info(Hash hash) { return hashes[static_cast<std::size_t>(hash)]; }

}  // namespace

std::size_t digest_bytes(Hash hash) noexcept { return info(hash).bytes; }

Result<Hash> hash_by_name(std::string_view acvp_name) {
  for (std::size_t i = 0; i < std::size(hashes); ++i) {
    if (acvp_name == hashes[i].name) {
      return static_cast<Hash>(i);
    }
  }
  return fail(Errc::unsupported, "mldsa: hash is none of FIPS 204's");
}

Result<Digest> Digest::from(Hash hash, Bytes digest) {
  if (digest.size() != digest_bytes(hash)) {
    return fail(Errc::malformed, "mldsa: digest has not its hash's length");
  }
  Digest result(hash);
  copy(MutBytes(result.bytes_).first(digest.size()), digest);
  return result;
}

Result<Digest> Digest::of(Hash hash, Bytes message) {
  if (hash < Hash::sha3_224) {
    return fail(Errc::unsupported, "mldsa: SHA-2 digests are handed in");
  }
  Digest result(hash);
  const std::size_t size = digest_bytes(hash);
  const bool shake = hash == Hash::shake128 || hash == Hash::shake256;
  const std::size_t rate = hash == Hash::shake128   ? keccak::rate_128
                           : hash == Hash::shake256 ? keccak::rate_256
                                                    : 200 - 2 * size;
  keccak::Sponge sponge(rate, shake ? keccak::Sponge::Domain::shake : keccak::Sponge::Domain::sha3);
  sponge.absorb(message);
  sponge.squeeze(MutBytes(result.bytes_).first(size));
  return result;
}

MuHasher::MuHasher(FixedBytes<64> tr) noexcept { hash_.absorb(tr); }

// FIPS 204, Algorithm 2, line 10: M' = 0 || |ctx| || ctx || M
Result<MuHasher> MuHasher::pure(FixedBytes<64> tr, Bytes context) {
  if (context.size() > context_bytes_max) {
    return fail(Errc::malformed, "mldsa: context above 255 bytes");
  }
  MuHasher hasher(tr);
  const std::uint8_t head[2] = {0, static_cast<std::uint8_t>(context.size())};
  hasher.update(head);
  hasher.update(context);
  return hasher;
}

// FIPS 204, Algorithm 4, line 23: M' = 1 || |ctx| || ctx || OID || PH(M)
Result<MuHasher> MuHasher::prehash(FixedBytes<64> tr, const Digest& digest, Bytes context) {
  if (context.size() > context_bytes_max) {
    return fail(Errc::malformed, "mldsa: context above 255 bytes");
  }
  MuHasher hasher(tr);
  MuHead head;
  keccak::LaneJob job;
  ByteArray<mu_bytes> unused;
  mu_job(tr, context, {}, &digest, head, unused, job);
  for (int part = 1; part < 5; ++part) {
    hasher.update(job.parts[part]);
  }
  return hasher;
}

void mu_job(FixedBytes<64> tr, Bytes context, Bytes message, const Digest* digest, MuHead& head,
            FixedMutBytes<mu_bytes> mu, keccak::LaneJob& job) {
  static constexpr std::uint8_t oid[10] = {0x06, 0x09, 0x60, 0x86, 0x48,
                                           0x01, 0x65, 0x03, 0x04, 0x02};
  head.bytes[0] = digest != nullptr;
  head.bytes[1] = static_cast<std::uint8_t>(context.size());
  job.parts[0] = tr;
  job.parts[1] = Bytes(head.bytes, 2);
  job.parts[2] = context;
  job.parts[3] = message;
  if (digest != nullptr) {
    std::memcpy(head.bytes + 2, oid, sizeof oid);
    head.bytes[12] = info(digest->hash()).oid_last;
    job.parts[3] = Bytes(head.bytes + 2, 11);
    job.parts[4] = digest->bytes();
  }
  job.out = mu;
}

void MuHasher::update(Bytes piece) noexcept { hash_.absorb(piece); }

Mu MuHasher::finish() noexcept {
  ByteArray<mu_bytes> mu;
  hash_.squeeze(mu);
  return Mu::external(mu);
}

}  // namespace v100::mldsa
