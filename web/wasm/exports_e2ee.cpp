// What the crypto worker calls of src/e2ee: one device key, one Session, one frame book. All bytes
// go in through one buffer (e2ee_input) and come out through another (e2ee_result); numbers in them
// are big-endian, lists and strings have a u32 length before them. web/crypto/core.ts is the other
// side.
#include <cstdint>
#include <optional>

#include "base/text.h"
#include "crypto/keccak/keccak.h"
#include "e2ee/codes.h"
#include "e2ee/session.h"

namespace {

using namespace v100;
using namespace v100::e2ee;

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
State state;

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

void put8(std::uint8_t value) { state.result.push_back(value); }
void put32(std::uint32_t value) {
  ByteArray<4> bytes;
  store_be(bytes.data(), value);
  append(state.result, bytes);
}
void put64(std::uint64_t value) {
  ByteArray<8> bytes;
  store_be(bytes.data(), value);
  append(state.result, bytes);
}
void put_bytes(Bytes bytes) {
  put32(static_cast<std::uint32_t>(bytes.size()));
  append(state.result, bytes);
}
void put_text(std::string_view text) { put_bytes(as_bytes(text)); }

void clear_result() {
  wipe(state.result);
  state.result.clear();
}

// 0: done; else 1 + Errc, and the result is the reason.
std::uint32_t answer(const Result<void>& result) {
  if (result) {
    return 0;
  }
  clear_result();
  append(state.result, as_bytes(result.error().what));
  return 1 + static_cast<std::uint32_t>(result.error().code);
}
std::uint32_t refuse(Errc code, const char* what) { return answer(fail(code, what)); }

Bytes input() { return state.input; }

Result<void> in_call() {
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

void put_output(const SignJob& job) {
  put8(1);
  put32(job.id.value());
  put_text(job.context);
  put_bytes(job.message);
}
void put_output(const X25519Job& job) {
  put8(2);
  put32(job.id.value());
  append(state.result, job.scalar.expose());
  append(state.result, job.point);
}
void put_output(const SealJob& job) {
  put8(3);
  put32(job.id.value());
  append(state.result, job.key.expose());
  append(state.result, job.nonce);
  put_bytes(job.additional);
  put_bytes(job.text.expose());
}
void put_output(const OpenJob& job) {
  put8(4);
  put32(job.id.value());
  append(state.result, job.key.expose());
  append(state.result, job.nonce);
  put_bytes(job.additional);
  put_bytes(job.sealed);
}
void put_output(const SealDataJob& job) {
  put8(5);
  put32(job.id.value());
  put_bytes(job.text);
}
void put_output(const OpenDataJob& job) {
  put8(6);
  put32(job.id.value());
  append(state.result, job.from.value());
  put_bytes(job.frame);
}
void put_output(const InstallKey& key) {
  const SenderId sender = sender_id(key.leaf);
  const bool own = key.leaf == state.session->leaf()->id();
  if (!own) {
    state.frames->install(sender, key.epoch);
  }
  put8(7);
  put32(sender.value());
  put32(key.epoch.value());
  append(state.result, key.key.expose());
}
void put_output(const EraseKey& key) {
  state.frames->erase(sender_id(key.leaf), key.epoch);
  put8(8);
  put32(sender_id(key.leaf).value());
  put32(key.epoch.value());
}
void put_output(const StartSending& start) {
  state.frames->start_sending(start.epoch);
  put8(9);
  put32(state.session->leaf()->sender().value());
  put32(start.epoch.value());
}
void put_output(const ForgetMember& forget) {
  state.frames->forget(sender_id(forget.leaf));
  put8(10);
  put32(sender_id(forget.leaf).value());
}
void put_output(const LeafReady& ready) {
  state.frames.emplace(ready.leaf.sender());
  put8(11);
  append(state.result, ready.leaf.id().value());
  put_bytes(ready.leaf.bytes());
}
void put_output(const SendKey& key) {
  put8(12);
  append(state.result, key.to.value());
  put_bytes(key.message);
}
void put_output(const SendData& data) {
  put8(13);
  put_bytes(data.frame);
}
void put_output(const SendStatement& statement) {
  put8(14);
  put_bytes(statement.statement);
}
void put_output(const ViewChanged&) { put8(15); }
void put_output(const ChatReceived& chat) {
  put8(16);
  append(state.result, chat.from.value());
  append(state.result, chat.chat.id);
  put_text(chat.chat.text);
}
void put_output(const MuteAsked& asked) {
  put8(17);
  append(state.result, asked.by.value());
  put8(static_cast<std::uint8_t>(asked.track));
}
void put_output(const Over& over) {
  put8(18);
  put8(over.removed ? 1 : 0);
  append(state.result, over.by.value());
}
void put_output(const Refused& refused) {
  put8(19);
  put_text(refused.what);
}

void put_tracks(const std::vector<Track>& list) {
  put32(static_cast<std::uint32_t>(list.size()));
  for (const Track track : list) {
    put8(static_cast<std::uint8_t>(track));
  }
}

// A roster's entry: leaf id, leaf (may be empty), tracks, connected.
ShownMember shown_member(Reader& in) {
  ShownMember shown;
  shown.id = in.leaf();
  shown.leaf = to_buffer(in.bytes());
  for (const std::uint8_t track : in.bytes()) {
    if (track >= 1 && track < tracks) {
      shown.tracks.push_back(static_cast<Track>(track));
    }
  }
  shown.connected = in.byte() != 0;
  return shown;
}

std::vector<ShownMember> shown_members(Reader& in) {
  std::vector<ShownMember> list;
  for (std::uint32_t count = in.number(); count > 0 && !in.bad(); --count) {
    list.push_back(shown_member(in));
  }
  return list;
}

std::vector<Buffer> byte_lists(Reader& in) {
  std::vector<Buffer> list;
  for (std::uint32_t count = in.number(); count > 0 && !in.bad(); --count) {
    list.push_back(to_buffer(in.bytes()));
  }
  return list;
}

}  // namespace

#define EXPORT(name) extern "C" __attribute__((export_name(#name), used))

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

// Input: room, fragment, device public key, name.
EXPORT(e2ee_begin) std::uint32_t e2ee_begin() {
  clear_result();
  Reader in(input());
  const Result<RoomId> room = RoomId::parse(as_text(in.bytes()));
  Result<Link> link = Link::parse(as_text(in.bytes()));
  const Bytes key = in.bytes();
  const Bytes name = in.bytes();
  if (in.bad() || key.size() != device_key_bytes) {
    return refuse(Errc::malformed, "begin: input");
  }
  if (!room || !link) {
    return answer(std::unexpected(room ? link.error() : room.error()));
  }
  ByteArray<device_key_bytes> device_key;
  copy(device_key, key);
  state.frames.reset();
  state.session.emplace(
      Session::Config{*room, std::move(*link), device_key, std::string(as_text(name))},
      state.random, state.now);
  wipe(state.input);
  return 0;
}
// Result: the metadata of data messages.
EXPORT(e2ee_data_metadata) std::uint32_t e2ee_data_metadata() {
  return with_session([](Session& s) -> Result<void> {
    append(state.result, s.data_metadata());
    return {};
  });
}
EXPORT(e2ee_end) void e2ee_end() {
  state.session.reset();
  state.frames.reset();
  clear_result();
  wipe(state.input);
}

// Jobs, time and messages of the server.
EXPORT(e2ee_complete) void e2ee_complete(std::uint32_t job) {
  if (state.session) {
    state.session->complete(JobId(job), input(), state.now);
    wipe(state.input);
  }
}
EXPORT(e2ee_fail) void e2ee_fail(std::uint32_t job) {
  if (state.session) {
    state.session->fail(JobId(job), state.now);
  }
}
EXPORT(e2ee_tick) void e2ee_tick() {
  if (state.session) {
    state.session->tick(state.now);
  }
}
EXPORT(e2ee_welcome) std::uint32_t e2ee_welcome() {
  return with_session([](Session& s) -> Result<void> {
    s.on_welcome(state.now);
    return {};
  });
}
EXPORT(e2ee_disconnected) std::uint32_t e2ee_disconnected() {
  return with_session([](Session& s) -> Result<void> {
    s.on_disconnected(state.now);
    return {};
  });
}
// Input: members, lobby, statements, issuers.
EXPORT(e2ee_roster) std::uint32_t e2ee_roster() {
  return with_session([](Session& s) -> Result<void> {
    Reader in(input());
    ServerRoster roster;
    roster.members = shown_members(in);
    roster.lobby = shown_members(in);
    roster.statements = byte_lists(in);
    roster.issuers = byte_lists(in);
    if (in.bad()) {
      return fail(Errc::malformed, "roster: input");
    }
    s.on_roster(roster, state.now);
    return {};
  });
}
EXPORT(e2ee_statement) std::uint32_t e2ee_statement() {
  return with_session([](Session& s) -> Result<void> {
    s.on_statement(input(), state.now);
    return {};
  });
}
// Input: from (32) || key message.
EXPORT(e2ee_key) std::uint32_t e2ee_key() {
  return with_session([](Session& s) -> Result<void> {
    Reader in(input());
    const LeafId from = in.leaf();
    s.on_key(from, input().subspan(input().size() < 32 ? input().size() : 32), state.now);
    return {};
  });
}
// Input: from (32) || SFrame frame.
EXPORT(e2ee_data) std::uint32_t e2ee_data() {
  return with_session([](Session& s) -> Result<void> {
    Reader in(input());
    const LeafId from = in.leaf();
    s.on_data(from, input().subspan(input().size() < 32 ? input().size() : 32), state.now);
    return {};
  });
}

// The user's wishes. Inputs: a name, a text, a leaf id.
EXPORT(e2ee_set_name) std::uint32_t e2ee_set_name() {
  return with_session([](Session& s) -> Result<void> {
    s.set_name(as_text(input()), state.now);
    return {};
  });
}
EXPORT(e2ee_set_hand) std::uint32_t e2ee_set_hand(std::uint32_t up) {
  return with_session([&](Session& s) -> Result<void> {
    s.set_hand(up != 0, state.now);
    return {};
  });
}
EXPORT(e2ee_set_muted) std::uint32_t e2ee_set_muted(std::uint32_t bits) {
  return with_session([&](Session& s) -> Result<void> {
    s.set_muted(static_cast<std::uint8_t>(bits), state.now);
    return {};
  });
}
EXPORT(e2ee_set_trust) std::uint32_t e2ee_set_trust(std::uint32_t trust) {
  return with_session([&](Session& s) -> Result<void> {
    s.set_trust(Reader(input()).leaf(), static_cast<Trust>(trust));
    return {};
  });
}
// Result: the message's id.
EXPORT(e2ee_chat) std::uint32_t e2ee_chat() {
  return with_session([](Session& s) -> Result<void> {
    const ChatText chat = TRY(s.chat(as_text(input()), state.now));
    append(state.result, chat.id);
    return {};
  });
}
EXPORT(e2ee_admit) std::uint32_t e2ee_admit() {
  return with_session([](Session& s) { return s.admit(Reader(input()).leaf(), state.now); });
}
EXPORT(e2ee_remove) std::uint32_t e2ee_remove() {
  return with_session([](Session& s) { return s.remove(Reader(input()).leaf(), state.now); });
}
EXPORT(e2ee_policy) std::uint32_t e2ee_policy(std::uint32_t lobby, std::uint32_t locked) {
  return with_session(
      [&](Session& s) { return s.set_policy({lobby != 0, locked != 0}, state.now); });
}
EXPORT(e2ee_grant) std::uint32_t e2ee_grant(std::uint32_t cohost) {
  return with_session([&](Session& s) {
    return s.grant(Reader(input()).leaf(), cohost != 0 ? Role::cohost : Role::guest, state.now);
  });
}
EXPORT(e2ee_ask_to_mute) std::uint32_t e2ee_ask_to_mute(std::uint32_t track) {
  return with_session([&](Session& s) {
    return s.ask_to_mute(Reader(input()).leaf(), static_cast<Track>(track), state.now);
  });
}
EXPORT(e2ee_end_for_all) std::uint32_t e2ee_end_for_all() {
  return with_session([](Session& s) { return s.end(state.now); });
}
// Input: leaf id. Result: the key that seals that leaf's knock (32, secret).
EXPORT(e2ee_knock_key) std::uint32_t e2ee_knock_key() {
  return with_session([](Session& s) -> Result<void> {
    const LeafId leaf = Reader(input()).leaf();
    Secret<32, struct KnockKeyTag> key;
    mac(key.fill(), s.room_secret().expose(), "V100 knock v1", leaf.value());
    append(state.result, key.expose());
    return {};
  });
}

// Result: outputs one after the other, each with its number before it. Secrets are among them: the
// caller copies and calls e2ee_wipe.
EXPORT(e2ee_outputs) std::uint32_t e2ee_outputs() {
  clear_result();
  if (state.session) {
    for (const Output& output : state.session->take_outputs()) {
      std::visit([](const auto& one) { put_output(one); }, output);
    }
  }
  return 0;
}
EXPORT(e2ee_wipe) void e2ee_wipe() {
  clear_result();
  wipe(state.input);
}

// Result: policy, participants, lobby.
EXPORT(e2ee_view) std::uint32_t e2ee_view() {
  return with_session([](Session& s) -> Result<void> {
    const Policy policy = s.roster() ? s.roster()->policy() : Policy();
    put8(policy.lobby ? 1 : 0);
    put8(policy.locked ? 1 : 0);
    const std::vector<ParticipantView> views = s.participants();
    put32(static_cast<std::uint32_t>(views.size()));
    for (const ParticipantView& view : views) {
      append(state.result, view.id.value());
      append(state.result, view.device.value());
      put8(view.self ? 1 : 0);
      put8(static_cast<std::uint8_t>(view.refusal));
      put8(static_cast<std::uint8_t>(view.role));
      put8(static_cast<std::uint8_t>(view.trust));
      put_text(view.name);
      put8(view.hand ? 1 : 0);
      put8(view.muted);
      put_tracks(view.tracks);
      put8(view.connected ? 1 : 0);
      put32(view.epoch.value());
    }
    put32(s.roster() ? static_cast<std::uint32_t>(s.roster()->lobby().size()) : 0);
    if (s.roster()) {
      for (const auto& [id, guest] : s.roster()->lobby()) {
        append(state.result, id.value());
        append(state.result, guest.leaf.device().value());
        put8(guest.invited ? 1 : 0);
      }
    }
    return {};
  });
}

// Input: unprotected senders (tracks), unprotected receivers (leaf id, track each).
// Result: state, reasons, then counts by sender and track.
EXPORT(e2ee_badge) std::uint32_t e2ee_badge() {
  return with_session([](Session& s) -> Result<void> {
    if (!state.frames) {
      return fail(Errc::unavailable, "no leaf yet");
    }
    Reader in(input());
    BadgeFacts facts = s.facts(*state.frames, state.now.instant);
    for (const std::uint8_t track : in.bytes()) {
      facts.unprotected_senders.push_back(static_cast<Track>(track));
    }
    for (std::uint32_t count = in.number(); count > 0 && !in.bad(); --count) {
      const LeafId from = in.leaf();
      facts.unprotected_receivers.push_back({from, static_cast<Track>(in.byte())});
    }
    const Badge badge = judge(facts);
    put_text(name(badge.state));
    put32(static_cast<std::uint32_t>(badge.reasons.size()));
    for (const BadgeReason& reason : badge.reasons) {
      put_text(name(reason.reason));
      put_bytes(reason.who ? Bytes(reason.who->value()) : Bytes());
      put8(reason.track ? static_cast<std::uint8_t>(*reason.track) : 0xff);
    }
    put32(static_cast<std::uint32_t>(state.frames->counts().size()));
    for (const auto& [key, counts] : state.frames->counts()) {
      put32(key);
      put64(counts.sealed);
      put64(counts.opened);
      for (const std::uint64_t dropped : counts.dropped) {
        put64(dropped);
      }
    }
    return {};
  });
}

// Frames. Input of both: the frame's first 48 bytes, or all of it when it is shorter.
// Result: kid (8), counter (8), clear bytes (1), header.
EXPORT(e2ee_frame_seal) std::uint32_t e2ee_frame_seal(std::uint32_t track, std::uint32_t codec) {
  clear_result();
  if (!state.frames) {
    return refuse(Errc::unavailable, "no key to send with yet");
  }
  const auto sealing =
      state.frames->seal(static_cast<Track>(track), static_cast<Codec>(codec), input());
  if (!sealing) {
    return answer(std::unexpected(sealing.error()));
  }
  put64(sealing->kid.value());
  put64(sealing->counter.value());
  put8(static_cast<std::uint8_t>(sealing->clear));
  append(state.result, sealing->header.view());
  return 0;
}
EXPORT(e2ee_frame_sealed) void e2ee_frame_sealed(std::uint32_t track) {
  if (state.frames) {
    state.frames->sealed(static_cast<Track>(track));
  }
}
// 0, and the result is kid (8), counter (8), clear bytes (1), header bytes (1); or 1 + Drop.
EXPORT(e2ee_frame_open)
std::uint32_t e2ee_frame_open(std::uint32_t sender, std::uint32_t track, std::uint32_t codec) {
  clear_result();
  if (!state.frames) {
    return 1 + static_cast<std::uint32_t>(Drop::no_key);
  }
  const auto opening = state.frames->open({SenderId(sender), static_cast<Track>(track)},
                                          static_cast<Codec>(codec), input(), state.now.instant);
  if (!opening) {
    return 1 + static_cast<std::uint32_t>(opening.error());
  }
  put64(opening->kid.value());
  put64(opening->counter.value());
  put8(static_cast<std::uint8_t>(opening->clear));
  put8(static_cast<std::uint8_t>(opening->header));
  return 0;
}
// 1 when the frame may be shown.
EXPORT(e2ee_frame_opened)
std::uint32_t e2ee_frame_opened(std::uint32_t sender, std::uint32_t track, std::uint64_t kid,
                                std::uint64_t counter) {
  if (!state.frames) {
    return 0;
  }
  FrameBook::Opening opening;
  opening.kid = Kid(kid);
  opening.counter = Counter(counter);
  return state.frames->opened({SenderId(sender), static_cast<Track>(track)}, opening,
                              state.now.instant)
             ? 1
             : 0;
}
EXPORT(e2ee_frame_drop)
void e2ee_frame_drop(std::uint32_t sender, std::uint32_t track, std::uint32_t why) {
  if (state.frames && why < drops) {
    state.frames->drop({SenderId(sender), static_cast<Track>(track)}, static_cast<Drop>(why),
                       state.now.instant);
  }
}
// Result: the HKDF labels of a KID's key (32) and salt (33).
EXPORT(e2ee_frame_labels) std::uint32_t e2ee_frame_labels(std::uint64_t kid, std::uint32_t suite) {
  clear_result();
  append(state.result, key_label(Kid(kid), static_cast<SframeSuite>(suite)));
  append(state.result, salt_label(Kid(kid), static_cast<SframeSuite>(suite)));
  return 0;
}
// Input: salt. Result: the nonce.
EXPORT(e2ee_frame_nonce) std::uint32_t e2ee_frame_nonce(std::uint64_t counter) {
  clear_result();
  if (input().size() != sframe_nonce_bytes) {
    return refuse(Errc::malformed, "nonce: salt of 12 bytes");
  }
  append(state.result, frame_nonce(input().first<sframe_nonce_bytes>(), Counter(counter)));
  return 0;
}
// Result: the header's bytes. For the vectors.
EXPORT(e2ee_header_write)
std::uint32_t e2ee_header_write(std::uint64_t kid, std::uint64_t counter) {
  clear_result();
  append(state.result, write_header({Kid(kid), Counter(counter)}).view());
  return 0;
}
