// What the sources of the end-to-end encryption's exports share: the module's state, and reading
// the input and writing the result. One thread calls all of it. All bytes go in through one buffer
// (e2ee_input) and come out through another (e2ee_result); numbers in them are big-endian, lists
// and strings have a u32 length before them. web/crypto/core.ts is the other side.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/text.h"
#include "crypto/keccak/keccak.h"
#include "e2ee/frames.h"
#include "e2ee/session.h"

#define EXPORT(name) extern "C" __attribute__((export_name(#name), used))

namespace v100::e2ee::wasm {

// The module imports nothing: the worker mixes in entropy of crypto.getRandomValues, and each fill
// draws a new state beside its output, so that what was given out cannot be computed backwards.
class PoolRandom final : public Random {
 public:
  void stir(Bytes entropy) {
    CHECK(entropy.size() >= 32);
    keccak::shake256(state_.fill(), {state_.expose(), entropy});
    stirred_ = true;
  }
  void fill(MutBytes out) override {
    CHECK(stirred_);
    keccak::Shake256 stream;
    stream.absorb(state_.expose());
    stream.squeeze(state_.fill());
    stream.squeeze(out);
  }

 private:
  Secret<64, struct PoolTag> state_;
  bool stirred_ = false;
};

// This module's whole state: a WASM instance is one worker's, so a static is its composition root.
struct State {
  PoolRandom random;
  Buffer input;
  Buffer result;
  Now now;
  std::optional<mldsa::PrivateKey<mldsa::Mldsa65>> device;
  std::optional<Session> session;
  std::optional<FrameBook> frames;
};
extern State state;

// Reading the input. Past its end everything is zero and `bad` is set; callers ask once.
class Reader {
 public:
  explicit Reader(Bytes bytes) : left_(bytes) {}
  Bytes take(std::size_t size) {
    if (size > left_.size()) {
      bad_ = true;
      return {};
    }
    const Bytes part = left_.first(size);
    left_ = left_.subspan(size);
    return part;
  }
  std::uint32_t number() {
    const Bytes part = take(4);
    return bad_ ? 0 : load_be<std::uint32_t>(part.data());
  }
  std::uint8_t byte() {
    const Bytes part = take(1);
    return bad_ ? 0 : part[0];
  }
  Bytes bytes() { return take(number()); }
  LeafId leaf() {
    const Result<Hash> hash = hash_from(take(32));
    return hash ? LeafId(*hash) : LeafId();
  }
  bool bad() const { return bad_; }

 private:
  Bytes left_;
  bool bad_ = false;
};

inline void put8(std::uint8_t value) { state.result.push_back(value); }
inline void put32(std::uint32_t value) {
  ByteArray<4> bytes;
  store_be(bytes.data(), value);
  append(state.result, bytes);
}
inline void put64(std::uint64_t value) {
  ByteArray<8> bytes;
  store_be(bytes.data(), value);
  append(state.result, bytes);
}
inline void put_bytes(Bytes bytes) {
  put32(static_cast<std::uint32_t>(bytes.size()));
  append(state.result, bytes);
}
inline void put_text(std::string_view text) { put_bytes(as_bytes(text)); }

inline void clear_result() {
  wipe(state.result);
  state.result.clear();
}

// 0: done; else 1 + Errc, and the result is the reason.
inline std::uint32_t answer(const Result<void>& result) {
  if (result) {
    return 0;
  }
  clear_result();
  append(state.result, as_bytes(result.error().what));
  return 1 + static_cast<std::uint32_t>(result.error().code);
}
inline std::uint32_t refuse(Errc code, const char* what) { return answer(fail(code, what)); }

inline Bytes input() { return state.input; }

inline Result<void> in_call() {
  return state.session ? Result<void>() : fail(Errc::unavailable, "not in a call");
}

template <class F>
std::uint32_t with_session(F&& call) {
  clear_result();
  const Result<void> there = in_call();
  if (!there) {
    return answer(there);
  }
  return answer(call(*state.session));
}

}  // namespace v100::e2ee::wasm
