// What the crypto worker calls for each frame: the frame book's sealing and opening, and the badge
// that judges what went through it.
#include "e2ee/badge.h"
#include "web/wasm/e2ee_state.h"

namespace v100::e2ee::wasm {

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

}  // namespace v100::e2ee::wasm
