// What the crypto worker calls of src/e2ee outside a call: the two buffers, clocks and randomness,
// the device key, links and comparison codes.
#include "e2ee/codes.h"
#include "web/wasm/e2ee_state.h"

namespace v100::e2ee::wasm {

State state;

// The input buffer, `size` bytes long from now on.
EXPORT(e2ee_input) std::uint8_t* e2ee_input(std::uint32_t size) {
  wipe(state.input);
  state.input.resize(size);
  return state.input.data();
}
EXPORT(e2ee_result) const std::uint8_t* e2ee_result() { return state.result.data(); }
EXPORT(e2ee_result_size) std::uint32_t e2ee_result_size() {
  return static_cast<std::uint32_t>(state.result.size());
}
// Both clocks, in ms; to be set before the calls that need them.
EXPORT(e2ee_now) void e2ee_now(double monotonic, double wall) {
  state.now = {Instant::from_ns(static_cast<std::int64_t>(monotonic * 1e6)),
               WallTime(static_cast<std::int64_t>(wall))};
}

// Input: at least 32 random bytes. To be called before anything that draws randomness.
EXPORT(e2ee_stir) void e2ee_stir() {
  state.random.stir(input());
  wipe(state.input);
}

// Device key. Result: seed (32, secret) || public key.
EXPORT(e2ee_device_make) std::uint32_t e2ee_device_make() {
  clear_result();
  mldsa::Seed seed;
  state.random.fill(seed.fill());
  const auto key = mldsa::PrivateKey<mldsa::Mldsa65>::from_seed(seed);
  append(state.result, seed.expose());
  append(state.result, key.public_key().bytes());
  return 0;
}
// Input: seed. The key stays until e2ee_device_drop. Result: public key.
EXPORT(e2ee_device_load) std::uint32_t e2ee_device_load() {
  clear_result();
  if (input().size() != 32) {
    return refuse(Errc::malformed, "device key: not a seed");
  }
  state.device.emplace(
      mldsa::PrivateKey<mldsa::Mldsa65>::from_seed(mldsa::Seed(input().first<32>())));
  wipe(state.input);
  append(state.result, state.device->public_key().bytes());
  return 0;
}
EXPORT(e2ee_device_drop) void e2ee_device_drop() { state.device.reset(); }
// Input: context (with length), message. Result: signature by the loaded key.
EXPORT(e2ee_sign) std::uint32_t e2ee_sign() {
  clear_result();
  Reader in(input());
  const Bytes context = in.bytes();
  const Bytes message = in.bytes();
  if (!state.device || in.bad()) {
    return refuse(Errc::unavailable, "no device key is loaded");
  }
  const auto signature = state.device->sign(message, context, mldsa::Hedge::fresh(state.random));
  if (!signature) {
    return answer(std::unexpected(signature.error()));
  }
  append(state.result, signature->bytes());
  return 0;
}
// Input: public key. Result: fingerprint.
EXPORT(e2ee_fingerprint) std::uint32_t e2ee_fingerprint() {
  clear_result();
  if (input().size() != device_key_bytes) {
    return refuse(Errc::malformed, "device key: wrong size");
  }
  append(state.result, fingerprint(input().first<device_key_bytes>()).value());
  return 0;
}

// Input: host fingerprint. Result: a new link's fragment.
EXPORT(e2ee_link_make) std::uint32_t e2ee_link_make(std::uint32_t lobby) {
  clear_result();
  const Result<Hash> host = hash_from(input());
  if (!host) {
    return answer(std::unexpected(host.error()));
  }
  Link link;
  link.lobby = lobby != 0;
  state.random.fill(link.secret.fill());
  link.host = Fingerprint(*host);
  append(state.result, as_bytes(link.fragment()));
  return 0;
}
// Input: fragment. Result: lobby (1) || host fingerprint.
EXPORT(e2ee_link_read) std::uint32_t e2ee_link_read() {
  clear_result();
  const Result<Link> link = Link::parse(as_text(input()));
  if (!link) {
    return answer(std::unexpected(link.error()));
  }
  put8(link->lobby ? 1 : 0);
  append(state.result, link->host.value());
  return 0;
}
// Input: two fingerprints. Result: digits, QR text.
EXPORT(e2ee_code) std::uint32_t e2ee_code() {
  clear_result();
  Reader in(input());
  const Fingerprint a(in.leaf().value());
  const Fingerprint b(in.leaf().value());
  if (in.bad()) {
    return refuse(Errc::malformed, "code: two fingerprints");
  }
  put_text(comparison_digits(a, b));
  put_text(comparison_qr(a, b));
  return 0;
}

}  // namespace v100::e2ee::wasm
