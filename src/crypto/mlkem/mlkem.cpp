// FIPS 203 §7: the functions that programs call, by the engine of engine.cpp.
#include "crypto/mlkem/mlkem.h"

#include <algorithm>

#include "base/world.h"
#include "crypto/mlkem/engine.h"

namespace v100::mlkem {
namespace {

using Messages = Secret<32 * group_max, struct MessagesTag>;

}  // namespace

template <class P>
Result<EncapsulationKey<P>> EncapsulationKey<P>::parse(Bytes raw) noexcept {
  return Engine<P>::parse_ek(raw);
}

template <class P>
Result<DecapsulationKey<P>> DecapsulationKey<P>::parse(Bytes raw) noexcept {
  return Engine<P>::parse_dk(raw);
}

template <class P>
Result<Ciphertext<P>> Ciphertext<P>::parse(Bytes raw) noexcept {
  if (raw.size() != P::ct_bytes) {
    return fail(Errc::malformed, "ml-kem: ciphertext has the wrong length");
  }
  return Ciphertext(raw.template first<P::ct_bytes>());
}

template <class P>
KeyPair<P> KeyPair<P>::from_seed(const Seed& seed) noexcept {
  return Engine<P>::keygen_once(seed);
}

// FIPS 203, Algorithm 19 (ML-KEM.KeyGen)
template <class P>
KeyPair<P> KeyPair<P>::generate(Random& random) noexcept {
  Seed seed;
  random.fill(seed.fill());
  return from_seed(seed);
}

template <class P>
PreparedEncapsulator<P>::PreparedEncapsulator(const EncapsulationKey<P>& ek) noexcept {
  HashQueue queue;
  queue.add(hash_h(h_.data(), ek.bytes()));
  Engine<P>::expand_matrix(queue, *this, ek.bytes());
  queue.run();
}

template <class P>
Encapsulated<P> PreparedEncapsulator<P>::encapsulate_internal(const Message& m) const noexcept {
  return Engine<P>::encapsulate_prepared(*this, m);
}

// FIPS 203, Algorithm 20 (ML-KEM.Encaps)
template <class P>
Encapsulated<P> PreparedEncapsulator<P>::encapsulate(Random& random) const noexcept {
  Message m;
  random.fill(m.fill());
  return encapsulate_internal(m);
}

template <class P>
PreparedDecapsulator<P>::PreparedDecapsulator(const DecapsulationKey<P>& dk) noexcept {
  const DkParts<P> parts(dk.expose());
  HashQueue queue;
  Engine<P>::take_secrets(*this, parts);
  Engine<P>::expand_matrix(queue, encapsulator_, parts.ek);
  queue.run();
}

template <class P>
PreparedDecapsulator<P>::~PreparedDecapsulator() {
  wipe_object(s_hat_);
}

template <class P>
SharedSecret PreparedDecapsulator<P>::decapsulate(const Ciphertext<P>& ciphertext) const noexcept {
  return Engine<P>::decapsulate_prepared(*this, ciphertext);
}

template <class P>
Encapsulated<P> encapsulate_internal(const EncapsulationKey<P>& ek, const Message& m) noexcept {
  return Engine<P>::encapsulate_once(ek, m);
}

template <class P>
Encapsulated<P> encapsulate(const EncapsulationKey<P>& ek, Random& random) noexcept {
  Message m;
  random.fill(m.fill());
  return encapsulate_internal(ek, m);
}

template <class P>
SharedSecret decapsulate(const DecapsulationKey<P>& dk, const Ciphertext<P>& ciphertext) noexcept {
  return Engine<P>::decapsulate_once(dk.expose(), ciphertext, nullptr);
}

template <class P>
Result<SharedSecret> decapsulate_raw(Bytes dk, const Ciphertext<P>& ciphertext) noexcept {
  if (dk.size() != P::dk_bytes) {
    return fail(Errc::malformed, "ml-kem: decapsulation key has the wrong length");
  }
  const auto raw = dk.template first<P::dk_bytes>();
  ByteArray<32> h;
  SharedSecret result = Engine<P>::decapsulate_once(raw, ciphertext, h.data());
  if (!same(h, DkParts<P>(raw).h)) {
    return fail(Errc::malformed, "ml-kem: decapsulation key does not hold its own hash");
  }
  return result;
}

template <class P>
void keygen_batch(std::span<std::optional<KeyPair<P>>> outs, std::span<const Seed> seeds) noexcept {
  CHECK(outs.size() == seeds.size());
  for (std::size_t at = 0; at < outs.size(); at += group_max) {
    const std::size_t count = std::min(group_max, outs.size() - at);
    Engine<P>::keygen_some(outs.subspan(at, count), seeds.subspan(at, count));
  }
}

template <class P>
void encapsulate_batch(std::span<Encapsulated<P>> outs, std::span<const Recipient<P>> to,
                       Random& random) noexcept {
  CHECK(outs.size() == to.size());
  for (std::size_t at = 0; at < outs.size();) {
    Messages ms;
    const std::size_t count = std::min(group_max, outs.size() - at);
    random.fill(ms.fill().first(32 * count));
    // What a group did not take is drawn anew.
    at += Engine<P>::encapsulate_some(outs.subspan(at, count), to.subspan(at, count), ms.expose());
  }
}

template <class P>
void encapsulate_batch(std::span<Encapsulated<P>> outs, const PreparedEncapsulator<P>& to,
                       Random& random) noexcept {
  const Recipient<P> one(to);
  const Recipient<P> recipients[group_max] = {one, one, one, one, one, one, one, one};
  for (std::size_t at = 0; at < outs.size(); at += group_max) {
    const std::size_t count = std::min(group_max, outs.size() - at);
    encapsulate_batch<P>(outs.subspan(at, count), {recipients, count}, random);
  }
}

template <class P>
void encapsulate_batch_internal(std::span<Encapsulated<P>> outs, std::span<const Recipient<P>> to,
                                std::span<const Message> ms) noexcept {
  CHECK(outs.size() == to.size() && outs.size() == ms.size());
  for (std::size_t at = 0; at < outs.size();) {
    Messages some;
    const std::size_t count = std::min(group_max, outs.size() - at);
    for (std::size_t i = 0; i < count; ++i) {
      copy(some.fill().subspan(32 * i, 32), ms[at + i].expose());
    }
    at +=
        Engine<P>::encapsulate_some(outs.subspan(at, count), to.subspan(at, count), some.expose());
  }
}

template <class P>
void decapsulate_batch(std::span<SharedSecret> outs,
                       std::span<const Received<P>> received) noexcept {
  CHECK(outs.size() == received.size());
  for (std::size_t at = 0; at < outs.size();) {
    at += Engine<P>::decapsulate_some(outs.subspan(at), received.subspan(at));
  }
}

template <class P>
void decapsulate_batch(std::span<SharedSecret> outs, const PreparedDecapsulator<P>& with,
                       std::span<const Ciphertext<P>> ciphertexts) noexcept {
  CHECK(outs.size() == ciphertexts.size());
  for (std::size_t at = 0; at < outs.size(); at += group_max) {
    const std::size_t count = std::min(group_max, outs.size() - at);
    const auto item = [&](std::size_t i) {
      return Received<P>(with, ciphertexts[at + std::min(i, count - 1)]);
    };
    const Received<P> received[group_max] = {item(0), item(1), item(2), item(3),
                                             item(4), item(5), item(6), item(7)};
    decapsulate_batch<P>(outs.subspan(at, count), {received, count});
  }
}

#define V100_MLKEM(P)                                                                              \
  template class EncapsulationKey<P>;                                                              \
  template class DecapsulationKey<P>;                                                              \
  template class Ciphertext<P>;                                                                    \
  template struct KeyPair<P>;                                                                      \
  template class PreparedEncapsulator<P>;                                                          \
  template class PreparedDecapsulator<P>;                                                          \
  template Encapsulated<P> encapsulate(const EncapsulationKey<P>&, Random&) noexcept;              \
  template Encapsulated<P> encapsulate_internal(const EncapsulationKey<P>&,                        \
                                                const Message&) noexcept;                          \
  template SharedSecret decapsulate(const DecapsulationKey<P>&, const Ciphertext<P>&) noexcept;    \
  template Result<SharedSecret> decapsulate_raw(Bytes, const Ciphertext<P>&) noexcept;             \
  template void keygen_batch(std::span<std::optional<KeyPair<P>>>,                                 \
                             std::span<const Seed>) noexcept;                                      \
  template void encapsulate_batch(std::span<Encapsulated<P>>, std::span<const Recipient<P>>,       \
                                  Random&) noexcept;                                               \
  template void encapsulate_batch(std::span<Encapsulated<P>>, const PreparedEncapsulator<P>&,      \
                                  Random&) noexcept;                                               \
  template void encapsulate_batch_internal(std::span<Encapsulated<P>>,                             \
                                           std::span<const Recipient<P>>,                          \
                                           std::span<const Message>) noexcept;                     \
  template void decapsulate_batch(std::span<SharedSecret>, std::span<const Received<P>>) noexcept; \
  template void decapsulate_batch(std::span<SharedSecret>, const PreparedDecapsulator<P>&,         \
                                  std::span<const Ciphertext<P>>) noexcept;
V100_MLKEM(Mlkem512)
V100_MLKEM(Mlkem768)
V100_MLKEM(Mlkem1024)
#undef V100_MLKEM

}  // namespace v100::mlkem
