// What the crypto worker calls of the Session: beginning and ending, the server's messages, the
// user's wishes, and what comes of them: outputs and the view.
#include "web/wasm/e2ee_state.h"

namespace v100::e2ee::wasm {
namespace {

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
EXPORT(e2ee_waiting) std::uint32_t e2ee_waiting() {
  return with_session([](Session& s) -> Result<void> {
    s.on_waiting(state.now);
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

}  // namespace v100::e2ee::wasm
