// The source of jobs for sign_batch. Not a front door: sign.cpp alone includes it.
//
// One message or many are one run over the lanes. What works is an attempt: masks, commitment hash,
// challenge. Eight messages have an attempt each; where there are fewer messages, further attempts
// of the same message begin before it is known whether they are needed, for an attempt is mostly
// one long hash. The first in order that succeeds is the signature, as if they had come one by one.
#pragma once

#include <algorithm>

#include "crypto/mldsa/internal.h"

namespace v100::mldsa {

// c times a secret polynomial in the NTT domain, centred: exact, as the product is far below q / 2.
inline void challenge_times(const std::int32_t* secret, const std::int32_t* c, std::int32_t* out) {
  kernel().scale(secret, c, out, 1);
  kernel().intt(out, 1);
  kernel().centre(out, 256);
}

inline void add_plain(std::int32_t* a, const std::int32_t* b, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    a[i] += b[i];
  }
}
inline void subtract_plain(std::int32_t* a, const std::int32_t* b, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    a[i] -= b[i];
  }
}

// Whether some coefficient is too large. That an attempt failed, and at which check, is public: it
// does not depend on the key's value (FIPS 204, section 3.6.3; the scheme's own security proof).
inline bool too_large(const std::int32_t* a, std::int32_t bound, std::size_t n) {
  const ct::Mask mask = ct::Mask::from_bit(kernel().exceeds(a, bound, n) & 1);
  return ct::declassify(mask, "rejections are public");
}

template <class P>
class SignRun {
 public:
  SignRun(std::span<const SignItem<P>> items, std::span<Verdict> out) : items_(items), out_(out) {}
  SignRun(const SignRun&) = delete;
  SignRun& operator=(const SignRun&) = delete;
  ~SignRun() {
    // Attempts are taken from the first on, so that the rest was never touched.
    wipe({reinterpret_cast<std::uint8_t*>(attempts_), used_ * sizeof(Attempt)});
    wipe_object(y_.c);
    wipe_object(w1_.c);
    wipe_object(r0_.c);
    wipe_object(t_.c);
    for (Message& message : messages_) {
      wipe(message.rho_second);
      wipe(message.rnd);
    }
  }

  bool next(keccak::LaneJob& job) {
    if (give_for_attempt(Kind::ball, job) || give_for_attempt(Kind::commitment, job) ||
        give_for_message(Kind::rho, job) || give_for_message(Kind::mu, job)) {
      return true;
    }
    for (;;) {
      if (give_mask(job)) {
        return true;
      }
      if (taken_ < items_.size() && open_messages_ < attempts_max) {
        open();
        if (give_for_message(Kind::rho, job) || give_for_message(Kind::mu, job)) {
          return true;
        }
      } else if (!speculate()) {
        return false;
      }
    }
  }

  // All answers are known, though attempts begun ahead may still be in lanes.
  bool finished() const { return taken_ == items_.size() && undecided_ == 0; }

  void done(std::uint32_t tag) {
    const unsigned index = tag >> 3 & 15;
    switch (static_cast<Kind>(tag & 7)) {
      case Kind::mu:
        want_for_message(Kind::rho, messages_[index]);
        break;
      case Kind::rho:
        begin(messages_[index]);
        break;
      case Kind::mask:
        return mask_done(attempts_[index]);
      case Kind::commitment:
        return commitment_done(attempts_[index]);
      case Kind::ball:
        attempts_[index].jobs -= 1;
        attempts_[index].ready = true;
        return resolve(*attempts_[index].message);
    }
  }

 private:
  using S = Shape<P>;
  // What fits the stack: ML-DSA-87's attempts are the largest.
  static constexpr unsigned attempts_max = P::k == 8 ? 6 : 8;
  static constexpr unsigned ahead_max = 3;  // attempts of one message at a time
  static constexpr std::size_t y_bytes = S::z_bytes;
  enum class Kind : std::uint8_t { mu, rho, mask, commitment, ball };

  struct Message {
    bool in_use = false;
    std::size_t item = 0;
    unsigned running = 0;   // its attempts
    unsigned started = 0;   // attempts so far
    unsigned resolved = 0;  // of them known to have failed
    MuHead head;
    ByteArray<32> rnd;
    ByteArray<mu_bytes> mu;
    ByteArray<64> rho_second;
    Message() noexcept {}
  };
  struct Attempt {
    Message* message = nullptr;  // null: free
    bool ready = false;          // waits for the attempts before it
    bool dropped = false;        // waits for its lanes only
    unsigned number = 0;
    unsigned order = 0;  // of beginning, over all messages
    int masks_given = 0, masks_done = 0, jobs = 0;
    ByteArray<P::challenge_bytes> challenge;
    ByteArray<keccak::rate_256> ball;
    ByteArray<static_cast<std::size_t>(P::k) * S::w1_bytes> w1_packed;
    alignas(64) std::uint8_t y[P::l][y_bytes];  // packed as it came, to be unpacked twice
    Vector<P::k> w;
    Attempt() noexcept {}
  };

  unsigned& pending(Kind kind) { return pending_[static_cast<std::size_t>(kind)]; }
  void want_for_message(Kind kind, const Message& message) {
    pending(kind) |= 1u << (&message - messages_);
  }
  void want_for_attempt(Kind kind, Attempt& attempt) {
    pending(kind) |= 1u << (&attempt - attempts_);
    ++attempt.jobs;
  }
  const SignItem<P>& item(const Message& message) const { return items_[message.item]; }
  const PreparedSigner<P>& signer(const Message& message) const { return *item(message).signer; }

  static unsigned take_lowest(unsigned& mask) {
    const unsigned index = static_cast<unsigned>(__builtin_ctz(mask));
    mask &= mask - 1;
    return index;
  }
  bool give_for_message(Kind kind, keccak::LaneJob& job) {
    if (pending(kind) == 0) {
      return false;
    }
    const unsigned index = take_lowest(pending(kind));
    Message& message = messages_[index];
    const SignItem<P>& from = item(message);
    job.tag = static_cast<std::uint32_t>(kind) | index << 3;
    if (kind == Kind::mu) {
      mu_job(from.signer->tr_, from.context, from.message, from.digest, message.head, message.mu,
             job);
    } else {  // rho'' = H(K || rnd || mu, 64)
      job.parts[0] = from.signer->key_;
      job.parts[1] = message.rnd;
      job.parts[2] = message.mu;
      job.out = message.rho_second;
    }
    return true;
  }
  bool give_for_attempt(Kind kind, keccak::LaneJob& job) {
    if (pending(kind) == 0) {
      return false;
    }
    const unsigned index = take_lowest(pending(kind));
    Attempt& attempt = attempts_[index];
    job.tag = static_cast<std::uint32_t>(kind) | index << 3;
    if (kind == Kind::commitment) {
      job.parts[0] = attempt.message->mu;
      job.parts[1] = attempt.w1_packed;
      job.out = attempt.challenge;
    } else {
      job.parts[0] = attempt.challenge;
      job.out = attempt.ball;
    }
    return true;
  }
  // A mask of the attempt that began first.
  bool give_mask(keccak::LaneJob& job) {
    Attempt* first = nullptr;
    for (Attempt& attempt : attempts_) {
      const bool has_mask =
          attempt.message != nullptr && !attempt.dropped && attempt.masks_given < P::l;
      if (has_mask && (first == nullptr || attempt.order < first->order)) {
        first = &attempt;
      }
    }
    if (first == nullptr) {
      return false;
    }
    const int mask = first->masks_given++;
    const unsigned nonce =
        first->number * static_cast<unsigned>(P::l) + static_cast<unsigned>(mask);
    seeded_job(first->message->rho_second, nonce, first->y[mask], job);
    job.tag = static_cast<std::uint32_t>(Kind::mask) | static_cast<std::uint32_t>(first - attempts_)
                                                           << 3;
    ++first->jobs;
    return true;
  }

  void open() {
    const std::size_t index = taken_++;
    const SignItem<P>& from = items_[index];
    CHECK(from.signer != nullptr && from.hedge != nullptr);
    CHECK(from.out.size() == P::signature_bytes);
    if (from.mu == nullptr && from.context.size() > context_bytes_max) {
      out_[index] = Verdict::malformed;
      return;
    }
    Message* message = messages_;
    while (message->in_use) {
      ++message;
    }
    message->in_use = true;
    message->item = index;
    message->running = message->started = message->resolved = 0;
    copy(message->rnd, from.hedge->expose());
    ct::poison(message->rnd);
    ++open_messages_;
    ++undecided_;
    if (from.mu != nullptr) {
      copy(message->mu, from.mu->bytes());
      want_for_message(Kind::rho, *message);
    } else {
      want_for_message(Kind::mu, *message);
    }
  }

  // Attempts that run, and one for each message that has none yet.
  unsigned attempts_taken() const {
    unsigned taken = 0;
    for (const Attempt& attempt : attempts_) {
      taken += attempt.message != nullptr;
    }
    for (const Message& message : messages_) {
      taken += message.in_use && message.running == 0;
    }
    return taken;
  }
  void begin(Message& message) {
    Attempt* attempt = attempts_;
    while (attempt->message != nullptr) {
      ++attempt;
    }
    used_ = std::max(used_, static_cast<std::size_t>(attempt - attempts_) + 1);
    attempt->message = &message;
    attempt->ready = attempt->dropped = false;
    attempt->number = message.started++;
    attempt->order = order_++;
    attempt->masks_given = attempt->masks_done = attempt->jobs = 0;
    ++message.running;
  }
  // One more attempt for the message that has the fewest, if all messages have begun.
  bool speculate() {
    if (taken_ < items_.size() || attempts_taken() >= attempts_max) {
      return false;
    }
    Message* fewest = nullptr;
    for (Message& message : messages_) {
      if (message.in_use && message.running > 0 && message.running < ahead_max &&
          message.started < sign_attempts_max &&
          (fewest == nullptr || message.running < fewest->running)) {
        fewest = &message;
      }
    }
    if (fewest != nullptr) {
      begin(*fewest);
    }
    return fewest != nullptr;
  }

  void mask_done(Attempt& attempt) {
    --attempt.jobs;
    ++attempt.masks_done;
    if (attempt.dropped) {
      release_when_idle(attempt);
    } else if (attempt.masks_done == P::l) {
      commit(attempt);
    }
  }

  // FIPS 204, Algorithm 7 (ML-DSA.Sign_internal), lines 11 to 14, up to the hash of line 15.
  void commit(Attempt& attempt) {
    unpack_y(attempt);
    kernel().ntt(y_.c, P::l);
    kernel().multiply(signer(*attempt.message).matrix_, y_.c, attempt.w.c, P::k, P::l);
    kernel().intt(attempt.w.c, P::k);
    kernel().decompose(S::rounding, attempt.w.c, w1_.c, r0_.c, w1_.coefficients);
    kernel().pack_w1(S::rounding, w1_.c, attempt.w1_packed.data(), w1_.coefficients);
    want_for_attempt(Kind::commitment, attempt);
  }
  void unpack_y(const Attempt& attempt) {
    kernel().unpack_z(P::gamma1_bits, attempt.y[0], y_.c, y_.coefficients);
  }

  void commitment_done(Attempt& attempt) {
    --attempt.jobs;
    if (attempt.dropped) {
      return release_when_idle(attempt);
    }
    // The challenge of a rejected attempt may be public too: it is a hash of what stays hidden.
    ct::unpoison(attempt.challenge);
    want_for_attempt(Kind::ball, attempt);
  }

  // Takes a message's attempts in order, as far as they are ready.
  void resolve(Message& message) {
    for (bool found = true; found;) {
      found = false;
      for (Attempt& attempt : attempts_) {
        if (attempt.message != &message || attempt.dropped || !attempt.ready ||
            attempt.number != message.resolved) {
          continue;
        }
        if (respond(attempt)) {
          return close(message, Verdict::valid);
        }
        ++message.resolved;
        release(attempt);
        found = true;
      }
    }
    if (message.running > 0) {
      return;
    }
    if (message.started >= sign_attempts_max) {
      return close(message, Verdict::invalid);
    }
    begin(message);
  }

  // Lines 16 to 32, false for a rejected attempt. Polynomials are checked one by one, those of
  // w0 - cs2 first, as they fail most: what is rejected where is public, see too_large().
  bool respond(Attempt& attempt) {
    const PreparedSigner<P>& key = signer(*attempt.message);
    Vector<1> c;
    sample_in_ball(attempt.challenge, attempt.ball, P::tau, c.c);
    kernel().ntt(c.c, 1);
    for (int row = 0; row < P::k; ++row) {
      // |w0 - cs2| below the bound means that it is LowBits(w - cs2) and that HighBits are w1.
      std::int32_t* r0 = r0_.poly(row);
      kernel().decompose(S::rounding, attempt.w.poly(row), w1_.poly(row), r0, 256);
      challenge_times(key.s2_ + 256 * row, c.c, t_.c);
      subtract_plain(r0, t_.c, 256);
      if (too_large(r0, P::gamma2 - S::beta, 256)) {
        return false;
      }
    }
    unpack_y(attempt);
    for (int column = 0; column < P::l; ++column) {
      challenge_times(key.s1_ + 256 * column, c.c, t_.c);
      add_plain(y_.poly(column), t_.c, 256);
      if (too_large(y_.poly(column), S::gamma1 - S::beta, 256)) {
        return false;
      }
    }
    for (int row = 0; row < P::k; ++row) {
      challenge_times(key.t0_ + 256 * row, c.c, t_.c);
      if (too_large(t_.c, P::gamma2, 256)) {
        return false;
      }
      add_plain(r0_.poly(row), t_.c, 256);
    }
    SecretBytes<static_cast<std::size_t>(P::k) * 256> hint;
    std::uint32_t ones =
        kernel().make_hint(S::rounding, r0_.c, w1_.c, hint.bytes.data(), r0_.coefficients);
    ct::unpoison_value(ones);
    if (ones > static_cast<std::uint32_t>(P::omega)) {
      return false;
    }
    ct::unpoison(hint.bytes);
    const MutBytes out = item(*attempt.message).out;
    copy(out.first(P::challenge_bytes), attempt.challenge);
    kernel().pack_z(P::gamma1_bits, y_.c, out.data() + S::z_at, y_.coefficients);
    pack_hint(hint.bytes.data(), P::k, P::omega, out.data() + S::hint_at);
    ct::unpoison(out);
    return true;
  }

  void close(Message& message, Verdict verdict) {
    out_[message.item] = verdict;
    --undecided_;
    for (Attempt& attempt : attempts_) {
      if (attempt.message == &message) {
        attempt.dropped = true;
        const unsigned bit = 1u << (&attempt - attempts_);
        for (const Kind kind : {Kind::commitment, Kind::ball}) {
          attempt.jobs -= (pending(kind) & bit) != 0;
          pending(kind) &= ~bit;
        }
        release_when_idle(attempt);
      }
    }
  }
  void release_when_idle(Attempt& attempt) {
    if (attempt.jobs == 0) {
      release(attempt);
    }
  }
  void release(Attempt& attempt) {
    Message& message = *attempt.message;
    attempt.message = nullptr;
    --message.running;
    // A message goes with the last of its dropped attempts.
    if (attempt.dropped && message.running == 0) {
      message.in_use = false;
      --open_messages_;
    }
  }

  std::span<const SignItem<P>> items_;
  std::span<Verdict> out_;
  std::size_t taken_ = 0;
  unsigned open_messages_ = 0;
  unsigned order_ = 0;
  unsigned pending_[5] = {};
  Message messages_[attempts_max];
  Attempt attempts_[attempts_max];
  std::size_t used_ = 0;  // attempts_ that ever were
  std::size_t undecided_ = 0;
  // The arithmetic's own: y, then z; what challenge_times() gives.
  Vector<P::l> y_;
  Vector<P::k> w1_, r0_;
  Vector<1> t_;
};

}  // namespace v100::mldsa
