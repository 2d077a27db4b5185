// FIPS 204, sections 5.1 and 6.1: key generation, and keys from bytes.
#include <algorithm>

#include "crypto/mldsa/internal.h"

namespace v100::mldsa {
namespace {

// tr = H(pk, 64)
ByteArray<64> hash_of(Bytes public_key) {
  ByteArray<64> tr;
  keccak::shake256(tr, {public_key});
  return tr;
}

// t holds A s1. t + s2 rounded: t1 into the public key (after rho), t0 out centred.
// FIPS 204, Algorithm 6, lines 6 to 8, and Algorithm 35 (Power2Round).
template <class P>
void round_public(FixedBytes<32> rho, SecretVector<P::k>& t, const std::int32_t* s2,
                  FixedMutBytes<P::public_key_bytes> public_key, SecretVector<P::k>& t0) {
  kernel().round_key(t.c, s2, t0.c, t.coefficients);
  copy(public_key.template first<32>(), rho);
  pack_t1(t.c, public_key.data() + 32, P::k);
  ct::unpoison(public_key);
}

// t = A s1 + s2, rounded: t1 into the public key (after rho), t0 out centred.
// FIPS 204, Algorithm 6, lines 3 to 8, and Algorithm 35 (Power2Round).
template <class P>
void make_public(FixedBytes<32> rho, const SecretVector<P::l>& s1, const SecretVector<P::k>& s2,
                 FixedMutBytes<P::public_key_bytes> public_key, SecretVector<P::k>& t0) {
  alignas(64) std::int32_t matrix[static_cast<std::size_t>(P::k * P::l) * 256];
  expand_a(rho, P::k, P::l, matrix, P::l);
  SecretVector<P::l> s1_hat;
  std::memcpy(s1_hat.c, s1.c, sizeof s1.c);
  kernel().ntt(s1_hat.c, P::l);
  SecretVector<P::k> t;
  kernel().multiply(matrix, s1_hat.c, t.c, P::k, P::l);
  kernel().intt(t.c, P::k);
  round_public<P>(rho, t, s2.c, public_key, t0);
}

}  // namespace

// FIPS 204, Algorithm 6 (ML-DSA.KeyGen_internal) for one seed or many, as a source of hashing jobs.
// A key's secret polynomials and matrix go through the lanes; a row of t is done when the matrix's
// is, and tr, a long serial hash, takes in each row of t1 beside the matrix of the next one.
template <class P>
class KeygenRun {
 public:
  static void run(std::span<const Seed> seeds, std::span<std::optional<PrivateKey<P>>> out) {
    KeygenRun source(seeds, out);
    static_assert(sizeof source < 96 * 1024);
    keccak::Lanes lanes;
    lanes.run(source);
  }
  KeygenRun(const KeygenRun&) = delete;
  KeygenRun& operator=(const KeygenRun&) = delete;
  ~KeygenRun() { wipe_object(noise_streams_); }

  bool next(keccak::LaneJob& job) {
    for (Hash& hash : hashes_) {
      if (give_tr(hash, job)) {
        return true;
      }
    }
    for (unsigned i = 0; i < works_max; ++i) {
      // The work that was opened first goes first.
      const unsigned at = (oldest_ + i) % works_max;
      if (works_[at].in_use && works_[at].expanded && give(at, job)) {
        return true;
      }
    }
    return open(job);
  }

  void done(std::uint32_t done_tag) {
    Work& work = works_[done_tag >> 3 & 1];
    const unsigned buffer = done_tag >> 4 & 7;
    const int index = static_cast<int>(done_tag >> 7);
    switch (static_cast<Kind>(done_tag & 7)) {
      case Kind::expand:
        work.expanded = true;
        ct::unpoison(rho(work));
        break;
      case Kind::noise:
        add_noise(work, buffer, index);
        break;
      case Kind::matrix:
        add_matrix(work, buffer, index);
        break;
      case Kind::tr:
        hash_done(hashes_[index]);
        break;
    }
  }

 private:
  using S = Shape<P>;
  static constexpr unsigned works_max = 2;
  enum class Kind : std::uint8_t { expand, noise, matrix, tr };
  // tr of a key, which goes on when its Work is another key's.
  struct Hash {
    bool in_use = false, in_lane = false;
    std::size_t key = 0;
    std::size_t known = 0, taken = 0;  // bytes of the public key
    std::uint64_t state[25];
  };
  struct Work {
    bool in_use = false, expanded = false;
    std::size_t index = 0;
    Hash* hash = nullptr;
    SecretBytes<32 + 2> input;  // xi, k, l
    SecretBytes<128> bytes;     // rho, rho', K
    SecretVector<P::l + P::k> s;
    SecretVector<P::l> s1_hat;  // in standard order
    SecretVector<1> t;          // a row
    int noise_given = 0, noise_added = 0, matrix_given = 0, rows = 0;
    unsigned first = 0;  // the number of the first polynomial in the ring
    int have[P::k];      // polynomials of each row
  };
  static constexpr std::size_t hashes_max = 4;

  KeygenRun(std::span<const Seed> seeds, std::span<std::optional<PrivateKey<P>>> out)
      : seeds_(seeds), out_(out) {}

  static FixedBytes<32> rho(const Work& work) {
    return FixedBytes<128>(work.bytes.bytes).template first<32>();
  }
  static FixedBytes<64> rho_prime(const Work& work) {
    return FixedBytes<128>(work.bytes.bytes).template subspan<32, 64>();
  }
  static std::uint32_t tag(Kind kind, unsigned work, unsigned buffer, unsigned index) {
    return static_cast<std::uint32_t>(kind) | work << 3 | buffer << 4 | index << 7;
  }

  bool open(keccak::LaneJob& job) {
    std::size_t hash = 0;
    while (hash < hashes_max && hashes_[hash].in_use) {
      ++hash;
    }
    if (taken_ == seeds_.size() || (works_[0].in_use && works_[1].in_use) || hash == hashes_max) {
      return false;
    }
    const unsigned at = works_[0].in_use ? 1 : 0;
    oldest_ = works_[1 - at].in_use ? 1 - at : at;
    Work& work = works_[at];
    work.in_use = true;
    work.expanded = false;
    work.index = taken_++;
    work.hash = &hashes_[hash];
    work.hash->in_use = true;
    work.hash->in_lane = false;
    work.hash->key = work.index;
    work.hash->known = work.hash->taken = 0;
    work.noise_given = work.noise_added = work.matrix_given = work.rows = 0;
    work.first = ring_.reserve(P::k * P::l);
    std::fill_n(work.have, P::k, 0);
    const FixedBytes<32> xi = seeds_[work.index].expose();
    std::memcpy(work.input.bytes.data(), xi.data(), 32);
    ct::poison(MutBytes(work.input.bytes).first(32));
    work.input.bytes[32] = P::k;
    work.input.bytes[33] = P::l;
    job.parts[0] = work.input.bytes;
    job.out = work.bytes.bytes;
    job.tag = tag(Kind::expand, at, 0, 0);
    out_[work.index] = PrivateKey<P>();
    return true;
  }

  // tr = H(pk, 64), as many blocks of pk as are known.
  bool give_tr(Hash& hash, keccak::LaneJob& job) {
    if (!hash.in_use || hash.in_lane) {
      return false;
    }
    PrivateKey<P>& key = *out_[hash.key];
    std::size_t now = hash.known - hash.taken;
    if (hash.known < PublicKey<P>::size) {
      now = now / keccak::rate_256 * keccak::rate_256;
      if (now == 0) {
        return false;
      }
      job.more = true;
    } else {
      job.out = key.bytes_.fill().template subspan<S::tr_at, 64>();
    }
    job.parts[0] = Bytes(key.public_key_.bytes_).subspan(hash.taken, now);
    job.state = hash.state;
    job.resume = hash.taken != 0;
    job.tag = tag(Kind::tr, 0, 0, static_cast<unsigned>(&hash - hashes_));
    hash.taken += now;
    hash.in_lane = true;
    return true;
  }
  void hash_done(Hash& hash) {
    hash.in_lane = false;
    if (hash.taken == PublicKey<P>::size) {
      hash.in_use = false;
      ct::unpoison(out_[hash.key]->bytes_.expose());
    }
  }

  bool give(unsigned at, keccak::LaneJob& job) {
    Work& work = works_[at];
    if (work.noise_given < P::l + P::k) {
      const unsigned buffer = streams_.take();
      const auto nonce = static_cast<unsigned>(work.noise_given++);
      seeded_job(rho_prime(work), nonce, noise_streams_[buffer], job);
      job.tag = tag(Kind::noise, at, buffer, nonce);
      return true;
    }
    // A column's products need its s1, which is ready before: its stream is shorter and began
    // earlier.
    if (work.matrix_given < P::k * P::l) {
      const unsigned buffer = streams_.take();
      const int index = work.matrix_given++;
      matrix_job(rho(work), index / P::l, index % P::l, streams_.bytes[buffer], job);
      job.tag = tag(Kind::matrix, at, buffer, static_cast<unsigned>(index));
      return true;
    }
    return false;
  }

  void add_noise(Work& work, unsigned buffer, int index) {
    noise_poly(rho_prime(work), static_cast<unsigned>(index), P::eta, noise_streams_[buffer],
               work.s.poly(index));
    streams_.give_back(buffer);
    if (++work.noise_added == P::l + P::k) {
      std::memcpy(work.s1_hat.c, work.s.c, sizeof work.s1_hat.c);
      kernel().ntt(work.s1_hat.c, P::l);
      kernel().reorder(work.s1_hat.c, P::l);
    }
  }
  void add_matrix(Work& work, unsigned buffer, int index) {
    CHECK(work.noise_added == P::l + P::k);
    const int row = index / P::l;
    matrix_poly(rho(work), row, index % P::l, streams_.bytes[buffer],
                ring_.at(work.first + static_cast<unsigned>(index)));
    streams_.give_back(buffer);
    if (++work.have[row] == P::l) {
      finish_row(work, row);
      if (++work.rows == P::k) {
        finish(work);
      }
    }
  }

  // Lines 5 to 8 for one row.
  void finish_row(Work& work, int row) {
    std::int32_t* t = work.t.c;
    ring_.multiply_row(work.first + static_cast<unsigned>(row * P::l), work.s1_hat.c, t, P::l);
    kernel().reorder(t, 1);
    kernel().intt(t, 1);
    SecretVector<1> t0;
    kernel().round_key(t, work.s.poly(P::l + row), t0.c, 256);
    PrivateKey<P>& key = *out_[work.index];
    const auto at = static_cast<std::size_t>(row);
    const MutBytes t1 =
        MutBytes(key.public_key_.bytes_).subspan(32 + S::t1_bytes * at, S::t1_bytes);
    pack_t1(t, t1.data(), 1);
    ct::unpoison(t1);
    pack_t0(t0.c, key.bytes_.fill().data() + S::t0_at + S::t0_bytes * at, 1);
    if (row == 0) {
      copy(FixedMutBytes<PublicKey<P>::size>(key.public_key_.bytes_).template first<32>(),
           rho(work));
    }
    // In a batch the lanes are full anyhow, and a hash in one piece costs less.
    if (row == P::k - 1 || seeds_.size() == 1) {
      work.hash->known = 32 + S::t1_bytes * (at + 1);
    }
  }
  void finish(Work& work) {
    PrivateKey<P>& key = *out_[work.index];
    const FixedMutBytes<PrivateKey<P>::size> bytes = key.bytes_.fill();
    copy(bytes.template first<32>(), rho(work));
    copy(bytes.template subspan<S::k_at, 32>(),
         FixedBytes<128>(work.bytes.bytes).template subspan<96, 32>());
    pack_eta(P::eta, work.s.c, bytes.data() + S::s1_at, P::l + P::k);
    copy(key.seed_.fill(), seeds_[work.index].expose());
    key.has_seed_ = true;
    work.in_use = false;
  }

  std::span<const Seed> seeds_;
  std::span<std::optional<PrivateKey<P>>> out_;
  std::size_t taken_ = 0;
  unsigned oldest_ = 0;
  Work works_[works_max];
  Hash hashes_[hashes_max];
  MatrixStreams streams_;
  MatrixRing ring_;
  alignas(64) std::uint8_t noise_streams_[keccak::Lanes::lanes_max][noise_bytes];
};

template <class P>
Result<PublicKey<P>> PublicKey<P>::parse(Bytes bytes) {
  if (bytes.size() != size) {
    return fail(Errc::malformed, "mldsa: public key of a wrong length");
  }
  PublicKey key;
  copy(key.bytes_, bytes);
  return key;
}

template <class P>
Result<MuHasher> PublicKey<P>::mu_hasher(Bytes context) const {
  return MuHasher::pure(hash_of(bytes_), context);
}
template <class P>
MuHasher PublicKey<P>::internal_mu_hasher() const {
  return MuHasher(hash_of(bytes_));
}

template <class P>
PrivateKey<P> PrivateKey<P>::from_seed(const Seed& xi) {
  std::optional<PrivateKey> key;
  KeygenRun<P>::run({&xi, 1}, {&key, 1});
  return std::move(*key);
}

template <class P>
PrivateKey<P> PrivateKey<P>::generate(Random& random) {
  Seed xi;
  random.fill(xi.fill());
  return from_seed(xi);
}

// FIPS 204, Algorithm 25 (skDecode), and more: the standard lets an implementation trust its own
// stored keys; this one does not.
template <class P>
Result<PrivateKey<P>> PrivateKey<P>::parse(Bytes bytes) {
  using S = Shape<P>;
  if (bytes.size() != size) {
    return fail(Errc::malformed, "mldsa: private key of a wrong length");
  }
  PrivateKey key;
  const FixedMutBytes<size> own = key.bytes_.fill();
  copy(own, bytes);
  const Poisoned secret_k(own.template subspan<S::k_at, 32>());
  const Poisoned secret_vectors(own.template subspan<S::s1_at>());

  SecretVector<P::l> s1;
  SecretVector<P::k> s2, t0, t0_stored;
  const ct::Mask in_range = unpack_eta(P::eta, own.data() + S::s1_at, s1.c, P::l) &
                            unpack_eta(P::eta, own.data() + S::s2_at, s2.c, P::k);
  if (!ct::declassify(in_range, "a key out of range is refused")) {
    return fail(Errc::malformed, "mldsa: private key with coefficients out of range");
  }
  make_public<P>(own.template first<32>(), s1, s2, key.public_key_.bytes_, t0);
  unpack_t0(own.data() + S::t0_at, t0_stored.c, P::k);
  const ByteArray<64> tr = hash_of(key.public_key_.bytes_);
  const ct::Mask belongs =
      ct::equal({reinterpret_cast<const std::uint8_t*>(t0.c), sizeof t0.c},
                {reinterpret_cast<const std::uint8_t*>(t0_stored.c), sizeof t0_stored.c}) &
      ct::equal(tr, own.template subspan<S::tr_at, 64>());
  if (!ct::declassify(belongs, "a key whose parts disagree is refused")) {
    return fail(Errc::malformed, "mldsa: private key whose parts do not belong together");
  }
  return key;
}

template <class P>
Result<MuHasher> PrivateKey<P>::mu_hasher(Bytes context) const {
  return MuHasher::pure(expose().template subspan<Shape<P>::tr_at, 64>(), context);
}
template <class P>
MuHasher PrivateKey<P>::internal_mu_hasher() const {
  return MuHasher(expose().template subspan<Shape<P>::tr_at, 64>());
}

template <class P>
void keygen_batch(std::span<const Seed> seeds, std::span<std::optional<PrivateKey<P>>> out) {
  CHECK(seeds.size() == out.size());
  KeygenRun<P>::run(seeds, out);
}

template class PublicKey<Mldsa44>;
template class PublicKey<Mldsa65>;
template class PublicKey<Mldsa87>;
template class PrivateKey<Mldsa44>;
template class PrivateKey<Mldsa65>;
template class PrivateKey<Mldsa87>;
template void keygen_batch(std::span<const Seed>, std::span<std::optional<PrivateKey<Mldsa44>>>);
template void keygen_batch(std::span<const Seed>, std::span<std::optional<PrivateKey<Mldsa65>>>);
template void keygen_batch(std::span<const Seed>, std::span<std::optional<PrivateKey<Mldsa87>>>);

}  // namespace v100::mldsa
