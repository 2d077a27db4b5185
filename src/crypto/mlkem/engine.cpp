// FIPS 203 §6 on groups: what is hashed when, so that lanes are full, and the arithmetic between.
#include "crypto/mlkem/engine.h"

#include <algorithm>

#include "base/ct.h"
#include "base/secret.h"
#include "crypto/mlkem/pick.h"

namespace v100::mlkem {
namespace {

template <class P>
constexpr Shape shape{.k = static_cast<int>(P::k),
                      .eta1 = static_cast<int>(P::eta1),
                      .du = static_cast<int>(P::du),
                      .dv = static_cast<int>(P::dv)};

// Step 1 of each kind of noise: `count` PRF outputs, the first `wide` of them with eta1.
template <class P>
void add_noise(HashQueue& queue, std::uint8_t* out, FixedBytes<32> s, unsigned count,
               unsigned wide) noexcept {
  for (unsigned n = 0; n < count; ++n) {
    queue.add(prf(out + noise_stride * n, s, n, n < wide ? shape<P>.eta1 : 2));
  }
}

// All bits of two ciphertexts at once. Sizes are multiples of eight.
ct::Mask equal_words(Bytes a, Bytes b) noexcept {
  std::uint64_t difference = 0;
  for (std::size_t i = 0; i < a.size(); i += 8) {
    difference |= load_le<std::uint64_t>(a.data() + i) ^ load_le<std::uint64_t>(b.data() + i);
  }
  return ct::is_zero(ct::opaque(static_cast<std::uint32_t>(difference | difference >> 32)));
}

template <class T>
Bytes bytes_of(const T& object) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(&object), sizeof object};
}

}  // namespace

template <class P>
void Engine<P>::expand_matrix(HashQueue& queue, PreparedEncapsulator<P>& out,
                              FixedBytes<P::ek_bytes> ek) noexcept {
  kernel().decode_12(out.t_hat_, ek.data(), shape<P>.k);
  for (unsigned i = 0; i < P::k; ++i) {
    for (unsigned j = 0; j < P::k; ++j) {
      queue.add(sample_ntt(out.a_transposed_ + 256 * (P::k * i + j), ek.template last<32>(), i, j));
    }
  }
}

template <class P>
void Engine<P>::take_secrets(PreparedDecapsulator<P>& out, const DkParts<P>& dk) noexcept {
  const Poisoned secret(dk.s);
  struct Work {
    alignas(64) std::int16_t s[P::k * 256];
  };
  Wiped<Work> w;
  kernel().decode_12(w.s, dk.s.data(), shape<P>.k);
  for (std::size_t i = 0; i < P::k; ++i) {
    kernel().prepare(reinterpret_cast<Multiplier*>(out.s_hat_) + i, w.s + 256 * i);
  }
  ct::unpoison(bytes_of(out.s_hat_));
  copy(out.z_.fill(), dk.z);
  copy(out.encapsulator_.h_, dk.h);
}

// FIPS 203, Algorithm 16 (ML-KEM.KeyGen_internal) around Algorithm 13 (K-PKE.KeyGen)
template <class P>
template <std::size_t N>
void Engine<P>::keygen(std::span<KeyPair<P>* const> outs,
                       std::span<const Seed* const> seeds) noexcept {
  struct Work {
    std::uint8_t seeds[N][64];  // rho, sigma
    alignas(64) std::uint8_t noise[N][2 * P::k * noise_stride];
  };
  Wiped<Work> w;
  alignas(64) std::int16_t a[N][P::k * P::k * 256];
  HashQueue queue;
  for (std::size_t n = 0; n < outs.size(); ++n) {
    ct::poison(seeds[n]->expose());
    queue.add(hash_g_of_seed(w.seeds[n], seeds[n]->expose().template first<32>(), P::k));
  }
  queue.run();
  for (std::size_t n = 0; n < outs.size(); ++n) {
    const FixedBytes<32> rho(w.seeds[n], 32);
    const FixedBytes<32> sigma(w.seeds[n] + 32, 32);
    ct::unpoison(rho);  // published in ek
    for (unsigned i = 0; i < P::k; ++i) {
      for (unsigned j = 0; j < P::k; ++j) {
        queue.add(sample_ntt(a[n] + 256 * (P::k * i + j), rho, j, i));
      }
    }
    add_noise<P>(queue, w.noise[n], sigma, 2 * P::k, 2 * P::k);
  }
  queue.run();
  for (std::size_t n = 0; n < outs.size(); ++n) {
    const MutBytes ek(outs[n]->ek.bytes_);
    const FixedMutBytes<P::dk_bytes> dk = outs[n]->dk.bytes_.fill();
    kernel().make_key(ek.data(), dk.data(), shape<P>, a[n], w.noise[n]);
    copy(ek.template last<32>(), {w.seeds[n], 32});
    ct::unpoison(ek);
    copy(dk.template subspan<384 * P::k, P::ek_bytes>(), ek);
    copy(dk.template last<32>(), seeds[n]->expose().template last<32>());
    queue.add(hash_h(dk.data() + 768 * P::k + 32, ek));
  }
  queue.run();
  for (std::size_t n = 0; n < outs.size(); ++n) {
    ct::unpoison(seeds[n]->expose());
    ct::unpoison(outs[n]->dk.bytes_.expose());
  }
}

// FIPS 203, Algorithm 17 (ML-KEM.Encaps_internal)
template <class P>
template <std::size_t N>
void Engine<P>::encapsulate(HashQueue& queue, std::span<const Encapsulation> group) noexcept {
  struct Work {
    std::uint8_t k_r[N][64];
    alignas(64) std::uint8_t noise[N][(2 * P::k + 1) * noise_stride];
  };
  Wiped<Work> w;
  queue.run();
  for (std::size_t n = 0; n < group.size(); ++n) {
    ct::poison({group[n].m, 32});
    queue.add(hash_g(w.k_r[n], FixedBytes<32>(group[n].m, 32), group[n].key->h_));
  }
  queue.run();
  for (std::size_t n = 0; n < group.size(); ++n) {
    add_noise<P>(queue, w.noise[n], FixedBytes<32>(w.k_r[n] + 32, 32), 2 * P::k + 1, P::k);
  }
  queue.run();
  for (std::size_t n = 0; n < group.size(); ++n) {
    const Encapsulation& one = group[n];
    kernel().encrypt(one.out->ciphertext.fill().data(), shape<P>, one.key->a_transposed_,
                     one.key->t_hat_, w.noise[n], one.m);
    copy(one.out->secret.fill(), {w.k_r[n], 32});
    ct::unpoison({one.m, 32});
    ct::unpoison(one.out->ciphertext.bytes());
    ct::unpoison(one.out->secret.expose());
  }
}

// FIPS 203, Algorithm 18 (ML-KEM.Decaps_internal). J(z || c) is the longest chain of hashes: all
// else that is hashed goes into the lanes beside it.
template <class P>
template <std::size_t N, class Expand>
void Engine<P>::decapsulate(HashQueue& queue, std::span<const Decapsulation> group,
                            const Expand& expand) noexcept {
  struct Work {
    std::uint8_t m[N][32];
    std::uint8_t k_r[N][64];
    std::uint8_t rejected[N][32];
    alignas(64) std::uint8_t noise[N][(2 * P::k + 1) * noise_stride];
    std::uint8_t again[P::ct_bytes];
  };
  Wiped<Work> w;
  for (std::size_t n = 0; n < group.size(); ++n) {
    ct::poison(bytes_of(group[n].key->s_hat_));
    ct::poison(group[n].key->z_.expose());
    queue.add(hash_j(w.rejected[n], group[n].key->z_.expose(), group[n].ciphertext->bytes()));
  }
  std::size_t last_g = 0;
  for (std::size_t n = 0; n < group.size(); ++n) {
    kernel().decrypt(w.m[n], shape<P>, reinterpret_cast<const Multiplier*>(group[n].key->s_hat_),
                     group[n].ciphertext->bytes().data());
    last_g = queue.add(hash_g(w.k_r[n], w.m[n], group[n].key->encapsulator_.h_));
  }
  expand();
  while (!queue.done(last_g)) {
    queue.step();
  }
  for (std::size_t n = 0; n < group.size(); ++n) {
    add_noise<P>(queue, w.noise[n], FixedBytes<32>(w.k_r[n] + 32, 32), 2 * P::k + 1, P::k);
  }
  queue.run();
  for (std::size_t n = 0; n < group.size(); ++n) {
    const Decapsulation& one = group[n];
    const PreparedEncapsulator<P>& key = one.key->encapsulator_;
    kernel().encrypt(w.again, shape<P>, key.a_transposed_, key.t_hat_, w.noise[n], w.m[n]);
    ct::select(one.out->fill(), equal_words(w.again, one.ciphertext->bytes()), {w.k_r[n], 32},
               w.rejected[n]);
    ct::unpoison(bytes_of(one.key->s_hat_));
    ct::unpoison(one.key->z_.expose());
    ct::unpoison(one.out->expose());
  }
}

template <class P>
std::size_t Engine<P>::encapsulate_some(std::span<Encapsulated<P>> outs,
                                        std::span<const Recipient<P>> to, Bytes ms) noexcept {
  HashQueue queue;
  PreparedEncapsulator<P> expanded[raw_max];
  Encapsulation group[group_max];
  std::size_t count = 0;
  std::size_t raws = 0;
  for (; count < to.size() && count < group_max; ++count) {
    group[count] = {to[count].prepared_, ms.data() + 32 * count, &outs[count]};
    if (to[count].raw_ != nullptr) {
      if (raws == raw_max) {
        break;
      }
      group[count].key = &expanded[raws];
      queue.add(hash_h(expanded[raws++].h_.data(), to[count].raw_->bytes()));
    }
  }
  raws = 0;
  for (std::size_t n = 0; n < count; ++n) {  // the shorter jobs behind the long ones
    if (to[n].raw_ != nullptr) {
      expand_matrix(queue, expanded[raws++], to[n].raw_->bytes());
    }
  }
  encapsulate<group_max>(queue, {group, count});
  return count;
}

template <class P>
void Engine<P>::decapsulate_some_raw(std::span<SharedSecret> outs,
                                     std::span<const Received<P>> received) noexcept {
  HashQueue queue;
  PreparedDecapsulator<P> expanded[raw_max];
  Decapsulation group[group_max];
  std::size_t raws = 0;
  for (std::size_t n = 0; n < received.size(); ++n) {
    group[n] = {received[n].prepared_, received[n].ciphertext_, &outs[n]};
    if (received[n].raw_ != nullptr) {
      take_secrets(expanded[raws], DkParts<P>(received[n].raw_->expose()));
      group[n].key = &expanded[raws++];
    }
  }
  decapsulate<group_max>(queue, {group, received.size()}, [&] {
    std::size_t at = 0;
    for (const Received<P>& one : received) {
      if (one.raw_ != nullptr) {
        expand_matrix(queue, expanded[at++].encapsulator_, DkParts<P>(one.raw_->expose()).ek);
      }
    }
  });
}

template <class P>
std::size_t Engine<P>::decapsulate_some(std::span<SharedSecret> outs,
                                        std::span<const Received<P>> received) noexcept {
  Decapsulation group[group_max];
  std::size_t count = 0;
  std::size_t raws = 0;
  for (; count < received.size() && count < group_max; ++count) {
    if (received[count].raw_ != nullptr && raws++ == raw_max) {
      break;
    }
    group[count] = {received[count].prepared_, received[count].ciphertext_, &outs[count]};
  }
  if (raws > 0) {
    decapsulate_some_raw(outs.first(count), received.first(count));
  } else {
    HashQueue queue;
    decapsulate<group_max>(queue, {group, count}, [] {});
  }
  return count;
}

template <class P>
void Engine<P>::keygen_some(std::span<std::optional<KeyPair<P>>> outs,
                            std::span<const Seed> seeds) noexcept {
  KeyPair<P>* pairs[group_max];
  const Seed* from[group_max];
  for (std::size_t n = 0; n < outs.size(); ++n) {
    // A pair that is there is overwritten whole: a new one would be made, moved and wiped first.
    pairs[n] = outs[n].has_value() ? &*outs[n] : &outs[n].emplace(empty_pair());
    from[n] = &seeds[n];
  }
  keygen<group_max>({pairs, outs.size()}, {from, outs.size()});
}

template <class P>
KeyPair<P> Engine<P>::keygen_once(const Seed& seed) noexcept {
  KeyPair<P> pair = empty_pair();
  KeyPair<P>* const out = &pair;
  const Seed* const from = &seed;
  keygen<1>({&out, 1}, {&from, 1});
  return pair;
}

template <class P>
Encapsulated<P> Engine<P>::encapsulate_prepared(const PreparedEncapsulator<P>& key,
                                                const Message& m) noexcept {
  HashQueue queue;
  Encapsulated<P> result;
  const Encapsulation one = {&key, m.expose().data(), &result};
  encapsulate<1>(queue, {&one, 1});
  return result;
}

template <class P>
SharedSecret Engine<P>::decapsulate_prepared(const PreparedDecapsulator<P>& key,
                                             const Ciphertext<P>& ciphertext) noexcept {
  HashQueue queue;
  SharedSecret result;
  const Decapsulation one = {&key, &ciphertext, &result};
  decapsulate<1>(queue, {&one, 1}, [] {});
  return result;
}

template <class P>
Encapsulated<P> Engine<P>::encapsulate_once(const EncapsulationKey<P>& ek,
                                            const Message& m) noexcept {
  HashQueue queue;
  PreparedEncapsulator<P> key;
  queue.add(hash_h(key.h_.data(), ek.bytes()));
  expand_matrix(queue, key, ek.bytes());
  Encapsulated<P> result;
  const Encapsulation one = {&key, m.expose().data(), &result};
  encapsulate<1>(queue, {&one, 1});
  return result;
}

template <class P>
SharedSecret Engine<P>::decapsulate_once(FixedBytes<P::dk_bytes> dk,
                                         const Ciphertext<P>& ciphertext,
                                         std::uint8_t* h) noexcept {
  HashQueue queue;
  PreparedDecapsulator<P> key;
  const DkParts<P> parts(dk);
  take_secrets(key, parts);
  SharedSecret result;
  const Decapsulation one = {&key, &ciphertext, &result};
  decapsulate<1>(queue, {&one, 1}, [&] {
    if (h != nullptr) {
      queue.add(hash_h(h, parts.ek));
    }
    expand_matrix(queue, key.encapsulator_, parts.ek);
  });
  return result;
}

template <class P>
Result<EncapsulationKey<P>> Engine<P>::parse_ek(Bytes raw) noexcept {
  if (raw.size() != P::ek_bytes) {
    return fail(Errc::malformed, "ml-kem: encapsulation key has the wrong length");
  }
  alignas(64) std::int16_t t_hat[P::k * 256];
  if (!kernel().decode_12(t_hat, raw.data(), shape<P>.k)) {
    return fail(Errc::malformed, "ml-kem: encapsulation key holds a coefficient of q or more");
  }
  EncapsulationKey<P> key;
  copy(key.bytes_, raw);
  return key;
}

template <class P>
Result<DecapsulationKey<P>> Engine<P>::parse_dk(Bytes raw) noexcept {
  if (raw.size() != P::dk_bytes) {
    return fail(Errc::malformed, "ml-kem: decapsulation key has the wrong length");
  }
  const DkParts<P> parts(raw.template first<P::dk_bytes>());
  ByteArray<32> h;
  HashQueue queue;
  queue.add(hash_h(h.data(), parts.ek));
  queue.run();
  if (!same(h, parts.h)) {
    return fail(Errc::malformed, "ml-kem: decapsulation key does not hold its own hash");
  }
  DecapsulationKey<P> key;
  copy(key.bytes_.fill(), raw);
  return key;
}

template struct Engine<Mlkem512>;
template struct Engine<Mlkem768>;
template struct Engine<Mlkem1024>;

}  // namespace v100::mlkem
