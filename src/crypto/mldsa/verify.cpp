// FIPS 204, sections 5.3, 5.4.1 and 6.3: verification. Everything here is public.
//
// One signature or many, by prepared or raw keys, is one run over the lanes: an item's hashes are
// jobs, and its arithmetic is done when the hash before it ends. A raw key's matrix is never kept:
// each row is multiplied by z when its last polynomial leaves its lane.
#include <algorithm>

#include "crypto/mldsa/internal.h"

namespace v100::mldsa {
namespace {

// a times -2^13, which stands between t1 and t.
void to_minus_t(std::int32_t* a) {
  for (int i = 0; i < 256; ++i) {
    a[i] = -(a[i] << 13);
  }
}

}  // namespace

template <class P>
PreparedVerifier<P>::PreparedVerifier(const PublicKey<P>& key) noexcept {
  constexpr int columns = P::l + 1;
  const FixedBytes<PublicKey<P>::size> bytes = key.bytes();
  keccak::LaneJob hash;
  hash.parts[0] = bytes;
  hash.out = tr_;
  expand_a(bytes.template first<32>(), P::k, P::l, matrix_, columns, &hash);
  Vector<1> t1;
  for (int row = 0; row < P::k; ++row) {
    unpack_t1(bytes.data() + 32 + 320 * row, t1.c, 1);
    to_minus_t(t1.c);
    kernel().ntt(t1.c, 1);
    for (int block = 0; block < 16; ++block) {
      std::memcpy(matrix_ + ((block * P::k + row) * columns + P::l) * 16, t1.c + 16 * block,
                  16 * sizeof(std::int32_t));
    }
  }
}

// The source of jobs for verify_batch: which items are open, and what each waits for.
template <class P>
class VerifyRun {
 public:
  VerifyRun(std::span<const VerifyItem<P>> items, std::span<Verdict> out)
      : items_(items), out_(out) {}

  bool next(keccak::LaneJob& job) {
    for (;;) {
      // What others wait for comes first; new items before challenges, until the lanes are full of
      // them, so that equal steps of eight items fall together.
      if (give(Kind::commitment, job) || give(Kind::mu, job) || give(Kind::tr, job)) {
        return true;
      }
      const bool few = open_count_ < lanes_max || pending(Kind::ball) == 0;
      if (few && expanding_ == nullptr && can_open()) {
        open();
        continue;
      }
      return give_hop(job, false) || give(Kind::ball, job) || give_matrix(job) ||
             give_hop(job, true);
    }
  }
  void stepped() { ++step_; }

  void done(std::uint32_t tag) {
    Slot& slot = slots_[tag >> 3 & 31];
    --slot.jobs;
    switch (static_cast<Kind>(tag & 7)) {
      case Kind::tr:
        if (!slot.decided) {
          want(Kind::mu, slot);
        }
        break;
      case Kind::mu:
        slot.mu_known = true;
        commit_when_ready(slot);
        break;
      case Kind::ball:
        slot.raw == nullptr ? compute(slot) : take_challenge(slot);
        break;
      case Kind::matrix:
        add_matrix(slot, tag >> 8 & 7, static_cast<int>(tag >> 11));
        break;
      case Kind::hop:
        hop_done(slot, hops_[tag >> 8]);
        break;
      case Kind::commitment:
        decide(slot,
               same(slot.expected, slot.challenge(items_)) ? Verdict::valid : Verdict::invalid);
        break;
    }
    // A refused item is closed only when nothing of it is in a lane any more.
    if (slot.decided && slot.jobs == 0) {
      slot.in_use = false;
      --open_count_;
    }
  }

 private:
  using S = Shape<P>;
  static constexpr std::size_t lanes_max = keccak::Lanes::lanes_max;
  static constexpr std::size_t slots_max = 2 * lanes_max;
  static constexpr int raw_max = 2;  // one whose matrix ends, one whose matrix begins
  enum class Kind : std::uint8_t { tr, mu, ball, commitment, matrix, hop };

  struct Raw {
    bool in_use = false;
    bool challenge_known = false;
    int taken = 0;       // matrix polynomials
    int rows = 0;        // that are multiplied
    unsigned first;      // the number of the first polynomial in the ring
    int have[P::k];      // polynomials of each row
    Vector<P::l + 1> z;  // in the NTT domain, standard order; and -2^13 c behind it, kernel's order
    Vector<P::k> w;
    Raw() noexcept {}
  };
  struct Slot {
    std::size_t item = 0;
    Raw* raw = nullptr;
    int jobs = 0;  // wanted or in a lane
    bool in_use = false, decided = false, mu_known = false, packed = false;
    MuHead head;
    ByteArray<64> tr;
    ByteArray<mu_bytes> mu;
    ByteArray<keccak::rate_256> ball;
    ByteArray<P::challenge_bytes> expected;
    ByteArray<static_cast<std::size_t>(P::k) * S::w1_bytes> w1;
    Slot() noexcept {}
    Bytes challenge(std::span<const VerifyItem<P>> items) const {
      return items[item].signature.first(P::challenge_bytes);
    }
  };

  // Matrix polynomials of a lone raw item that hop from lane to lane, a block at a time. A lane is
  // at a polynomial for five steps, so that some steps of every lane are left over: 30 polynomials
  // need 21 steps with one hopping, 25 without. The blocks' steps are those at which lanes are
  // free.
  static constexpr unsigned hops_max = P::k == 4 ? 2 : P::k == 6 ? 1 : 4;
  static constexpr unsigned pieces = stream_bytes / keccak::rate_128;
  struct Hop {
    alignas(64) std::uint8_t stream[stream_bytes];
    std::uint64_t state[25];
    int index = 0;
    unsigned piece = 0;
    bool in_lane = false;
    Hop() noexcept {}
    unsigned due() const { return P::k == 4 ? 1 + piece / 2 * 5 + piece % 2 : 1 + 5 * piece; }
  };

  unsigned& pending(Kind kind) { return pending_[static_cast<std::size_t>(kind)]; }
  std::size_t index_of(const Slot& slot) const { return static_cast<std::size_t>(&slot - slots_); }
  void want(Kind kind, Slot& slot) {
    pending(kind) |= 1u << index_of(slot);
    ++slot.jobs;
  }

  bool give(Kind kind, keccak::LaneJob& job) {
    if (pending(kind) == 0) {
      return false;
    }
    const unsigned index = static_cast<unsigned>(__builtin_ctz(pending(kind)));
    pending(kind) &= pending(kind) - 1;
    Slot& slot = slots_[index];
    const VerifyItem<P>& item = items_[slot.item];
    job.tag = static_cast<std::uint32_t>(kind) | index << 3;
    if (kind == Kind::tr) {
      job.parts[0] = item.key->bytes();
      job.out = slot.tr;
    } else if (kind == Kind::mu) {
      const FixedBytes<64> tr = item.prepared != nullptr ? item.prepared->tr_ : slot.tr;
      mu_job(tr, item.context, item.message, item.digest, slot.head, slot.mu, job);
    } else if (kind == Kind::ball) {
      job.parts[0] = slot.challenge(items_);
      job.out = slot.ball;
    } else {
      job.parts[0] = slot.mu;
      job.parts[1] = slot.w1;
      job.out = slot.expected;
    }
    return true;
  }

  bool give_matrix(keccak::LaneJob& job) {
    if (expanding_ == nullptr) {
      return false;
    }
    Raw& raw = *expanding_->raw;
    const int index = raw.taken++;
    ++expanding_->jobs;
    const unsigned buffer = streams_.take();
    matrix_job(rho(*expanding_), index / P::l, index % P::l, streams_.bytes[buffer], job);
    job.tag = static_cast<std::uint32_t>(Kind::matrix) |
              static_cast<std::uint32_t>(index_of(*expanding_)) << 3 | buffer << 8 |
              static_cast<std::uint32_t>(index) << 11;
    if (raw.taken == P::k * P::l - static_cast<int>(hop_count_)) {
      expanding_ = nullptr;
    }
    return true;
  }
  bool give_hop(keccak::LaneJob& job, bool early) {
    for (unsigned i = 0; i < hop_count_; ++i) {
      Hop& hop = hops_[i];
      if (hop.in_lane || hop.piece == pieces || (!early && step_ < hop.due())) {
        continue;
      }
      Slot& slot = slots_[0];  // a lone item's
      job.rate = keccak::rate_128;
      if (hop.piece == 0) {
        matrix_job(rho(slot), hop.index / P::l, hop.index % P::l, hop.stream, job);
      }
      job.out = MutBytes(hop.stream).subspan(hop.piece * keccak::rate_128, keccak::rate_128);
      job.state = hop.state;
      job.resume = hop.piece != 0;
      job.tag = static_cast<std::uint32_t>(Kind::hop) | i << 8;
      hop.in_lane = true;
      ++slot.jobs;
      return true;
    }
    return false;
  }
  // Those of the last row stay in their streams until the ring comes to them.
  void hop_done(Slot& slot, Hop& hop) {
    hop.in_lane = false;
    if (++hop.piece == pieces) {
      add_to_row(slot, hop.index / P::l);
    }
  }
  FixedBytes<32> rho(const Slot& slot) const {
    return items_[slot.item].key->bytes().template first<32>();
  }

  bool can_open() const {
    if (taken_ == items_.size() || open_count_ == slots_max) {
      return false;
    }
    return items_[taken_].prepared != nullptr || !raws_[0].in_use || !raws_[1].in_use;
  }

  // FIPS 204, Algorithm 8 (ML-DSA.Verify_internal), the lines before the hashes.
  void open() {
    const std::size_t index = taken_++;
    const VerifyItem<P>& item = items_[index];
    CHECK((item.prepared != nullptr) != (item.key != nullptr));
    if (item.signature.size() != P::signature_bytes ||
        (item.mu == nullptr && item.context.size() > context_bytes_max)) {
      out_[index] = Verdict::malformed;
      return;
    }
    Slot* slot = slots_;
    while (slot->in_use) {
      ++slot;
    }
    slot->item = index;
    slot->raw = nullptr;
    slot->jobs = 0;
    slot->decided = slot->mu_known = slot->packed = false;
    if (item.key != nullptr && !open_raw(*slot)) {
      out_[index] = Verdict::invalid;
      return;
    }
    slot->in_use = true;
    ++open_count_;
    if (item.mu != nullptr) {
      copy(slot->mu, item.mu->bytes());
      slot->mu_known = true;
    } else {
      want(item.key != nullptr ? Kind::tr : Kind::mu, *slot);
    }
    want(Kind::ball, *slot);
  }

  bool open_raw(Slot& slot) {
    Raw& raw = raws_[raws_[0].in_use ? 1 : 0];
    if (!unpack_z(slot, raw.z)) {
      return false;
    }
    kernel().ntt(raw.z.c, P::l);
    kernel().reorder(raw.z.c, P::l);
    raw.in_use = true;
    raw.challenge_known = false;
    raw.taken = raw.rows = 0;
    raw.first = ring_.reserve(P::k * P::l);
    std::fill_n(raw.have, P::k, 0);
    slot.raw = &raw;
    expanding_ = &slot;
    if (items_.size() == 1 && items_[0].mu == nullptr) {
      for (; hop_count_ < hops_max; ++hop_count_) {
        hops_[hop_count_].index = P::k * P::l - 1 - static_cast<int>(hop_count_);
      }
    }
    return true;
  }

  bool unpack_z(const Slot& slot, Vector<P::l + 1>& z) const {
    const std::uint8_t* bytes = items_[slot.item].signature.data();
    kernel().unpack_z(P::gamma1_bits, bytes + S::z_at, z.c, 256 * P::l);
    return kernel().exceeds(z.c, S::gamma1 - S::beta, 256 * P::l) == 0;
  }

  // Line 9 for a prepared key: one product with [A | -t1 2^13].
  void compute(Slot& slot) {
    Vector<P::l + 1> z;
    if (!unpack_z(slot, z)) {
      return decide(slot, Verdict::invalid);
    }
    sample_in_ball(slot.challenge(items_), slot.ball, P::tau, z.poly(P::l));
    kernel().ntt(z.c, P::l + 1);
    Vector<P::k> w;
    kernel().multiply(items_[slot.item].prepared->matrix_, z.c, w.c, P::k, P::l + 1);
    finish(slot, w);
  }

  // Line 9 for a raw key, row by row.
  void take_challenge(Slot& slot) {
    Raw& raw = *slot.raw;
    std::int32_t* c = raw.z.poly(P::l);
    sample_in_ball(slot.challenge(items_), slot.ball, P::tau, c);
    to_minus_t(c);
    kernel().ntt(c, 1);
    raw.challenge_known = true;
    finish_when_known(slot);
  }
  void add_matrix(Slot& slot, unsigned buffer, int index) {
    sample(slot, streams_.bytes[buffer], index);
    streams_.give_back(buffer);
    add_to_row(slot, index / P::l);
  }
  void sample(Slot& slot, Bytes stream, int index) {
    matrix_poly(rho(slot), index / P::l, index % P::l, stream,
                ring_.at(slot.raw->first + static_cast<unsigned>(index)));
  }
  void add_to_row(Slot& slot, int row) {
    Raw& raw = *slot.raw;
    if (++raw.have[row] < P::l) {
      return;
    }
    for (unsigned i = 0; i < hop_count_ && row == P::k - 1; ++i) {
      sample(slot, hops_[i].stream, hops_[i].index);
    }
    ring_.multiply_row(raw.first + static_cast<unsigned>(row * P::l), raw.z.c, raw.w.poly(row),
                       P::l);
    ++raw.rows;
    finish_when_known(slot);
  }
  void finish_when_known(Slot& slot) {
    Raw& raw = *slot.raw;
    if (!raw.challenge_known || raw.rows < P::k) {
      return;
    }
    kernel().reorder(raw.w.c, P::k);
    const std::uint8_t* t1 = items_[slot.item].key->bytes().data() + 32;
    Vector<P::k> t1_hat;
    unpack_t1(t1, t1_hat.c, P::k);
    kernel().ntt(t1_hat.c, P::k);
    for (int row = 0; row < P::k; ++row) {
      kernel().accumulate(t1_hat.poly(row), raw.z.poly(P::l), raw.w.poly(row));
    }
    kernel().reduce(raw.w.c, raw.w.coefficients);
    finish(slot, raw.w);
  }

  // Lines 10 to 12: w1 from the hint, packed.
  void finish(Slot& slot, Vector<P::k>& w) {
    ByteArray<static_cast<std::size_t>(P::k) * 256> hint;
    const std::uint8_t* bytes = items_[slot.item].signature.data();
    if (slot.raw != nullptr) {
      slot.raw->in_use = false;
    }
    if (!unpack_hint(bytes + S::hint_at, P::k, P::omega, hint.data())) {
      return decide(slot, Verdict::invalid);
    }
    kernel().intt(w.c, P::k);
    kernel().use_hint(S::rounding, hint.data(), w.c, w.coefficients);
    kernel().pack_w1(S::rounding, w.c, slot.w1.data(), w.coefficients);
    slot.packed = true;
    commit_when_ready(slot);
  }
  void commit_when_ready(Slot& slot) {
    if (slot.mu_known && slot.packed) {
      want(Kind::commitment, slot);
    }
  }

  void decide(Slot& slot, Verdict verdict) {
    out_[slot.item] = verdict;
    slot.decided = true;
  }

  std::span<const VerifyItem<P>> items_;
  std::span<Verdict> out_;
  std::size_t taken_ = 0;
  std::size_t open_count_ = 0;
  unsigned step_ = 1;
  unsigned hop_count_ = 0;
  unsigned pending_[5] = {};
  Slot* expanding_ = nullptr;  // the raw item whose matrix is handed out
  Slot slots_[slots_max];
  Raw raws_[raw_max];
  MatrixRing ring_;
  MatrixStreams streams_;
  Hop hops_[hops_max];
};

template <class P>
void verify_batch(std::span<const VerifyItem<P>> items, std::span<Verdict> out) {
  CHECK(items.size() == out.size());
  VerifyRun<P> run(items, out);
  static_assert(sizeof run < 100 * 1024);
  keccak::Lanes lanes;
  lanes.run(run);
}

namespace {

template <class P>
Result<void> verify_one(const VerifyItem<P>& item) {
  Verdict verdict = Verdict::invalid;
  verify_batch<P>({&item, 1}, {&verdict, 1});
  switch (verdict) {
    case Verdict::valid:
      return {};
    case Verdict::malformed:
      return fail(Errc::malformed, "mldsa: context above 255 bytes");
    default:
      return fail(Errc::unauthenticated, "mldsa: not this key's signature over this message");
  }
}

}  // namespace

// FIPS 204, Algorithm 3 (ML-DSA.Verify)
template <class P>
Result<void> PreparedVerifier<P>::verify(Bytes message, Bytes context,
                                         const Signature<P>& sig) const {
  return verify_one<P>(
      {.prepared = this, .message = message, .context = context, .signature = sig.bytes()});
}

// FIPS 204, Algorithm 5 (HashML-DSA.Verify)
template <class P>
Result<void> PreparedVerifier<P>::verify(const Digest& digest, Bytes context,
                                         const Signature<P>& sig) const {
  return verify_one<P>(
      {.prepared = this, .context = context, .signature = sig.bytes(), .digest = &digest});
}

template <class P>
Result<void> PreparedVerifier<P>::verify(const Mu& mu, const Signature<P>& sig) const {
  return verify_one<P>({.prepared = this, .signature = sig.bytes(), .mu = &mu});
}

template <class P>
Result<MuHasher> PreparedVerifier<P>::mu_hasher(Bytes context) const {
  return MuHasher::pure(tr_, context);
}

template <class P>
Result<void> PublicKey<P>::verify(Bytes message, Bytes context, const Signature<P>& sig) const {
  return verify_one<P>(
      {.key = this, .message = message, .context = context, .signature = sig.bytes()});
}
template <class P>
Result<void> PublicKey<P>::verify(const Digest& digest, Bytes context,
                                  const Signature<P>& sig) const {
  return verify_one<P>(
      {.key = this, .context = context, .signature = sig.bytes(), .digest = &digest});
}
template <class P>
Result<void> PublicKey<P>::verify(const Mu& mu, const Signature<P>& sig) const {
  return verify_one<P>({.key = this, .signature = sig.bytes(), .mu = &mu});
}

template class PreparedVerifier<Mldsa44>;
template class PreparedVerifier<Mldsa65>;
template class PreparedVerifier<Mldsa87>;
template Result<void> PublicKey<Mldsa44>::verify(Bytes, Bytes, const Signature<Mldsa44>&) const;
template Result<void> PublicKey<Mldsa65>::verify(Bytes, Bytes, const Signature<Mldsa65>&) const;
template Result<void> PublicKey<Mldsa87>::verify(Bytes, Bytes, const Signature<Mldsa87>&) const;
template Result<void> PublicKey<Mldsa44>::verify(const Digest&, Bytes,
                                                 const Signature<Mldsa44>&) const;
template Result<void> PublicKey<Mldsa65>::verify(const Digest&, Bytes,
                                                 const Signature<Mldsa65>&) const;
template Result<void> PublicKey<Mldsa87>::verify(const Digest&, Bytes,
                                                 const Signature<Mldsa87>&) const;
template Result<void> PublicKey<Mldsa44>::verify(const Mu&, const Signature<Mldsa44>&) const;
template Result<void> PublicKey<Mldsa65>::verify(const Mu&, const Signature<Mldsa65>&) const;
template Result<void> PublicKey<Mldsa87>::verify(const Mu&, const Signature<Mldsa87>&) const;
template void verify_batch(std::span<const VerifyItem<Mldsa44>>, std::span<Verdict>);
template void verify_batch(std::span<const VerifyItem<Mldsa65>>, std::span<Verdict>);
template void verify_batch(std::span<const VerifyItem<Mldsa87>>, std::span<Verdict>);

}  // namespace v100::mldsa
