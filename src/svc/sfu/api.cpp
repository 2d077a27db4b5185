// The messages on the bus: fields in order, integers big-endian, texts with a 32-bit length.
#include "svc/sfu/api.h"

#include "base/limits.h"

namespace v100::sfu {
namespace {

constexpr std::size_t name_bytes_max = 128;

class Out {
 public:
  template <class U>
  Out& put(U value) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + sizeof(U));
    store_be(bytes_.data() + at, value);
    return *this;
  }
  Out& put(Track track) { return put(static_cast<std::uint8_t>(track)); }
  Out& text(std::string_view value) {
    put(static_cast<std::uint32_t>(value.size()));
    append(bytes_, as_bytes(value));
    return *this;
  }
  Buffer take() { return std::move(bytes_); }

 private:
  Buffer bytes_;
};

// Reads in the same order; the first thing missing makes every later answer empty.
class In {
 public:
  explicit In(Bytes bytes) : rest_(bytes) {}
  template <class U>
  U get() {
    if (rest_.size() < sizeof(U)) {
      ok_ = false;
      rest_ = {};
      return 0;
    }
    const U value = load_be<U>(rest_.data());
    rest_ = rest_.subspan(sizeof(U));
    return value;
  }
  std::string text(std::size_t most) {
    const auto size = get<std::uint32_t>();
    if (size > most || size > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    std::string value(as_text(rest_.first(size)));
    rest_ = rest_.subspan(size);
    return value;
  }
  std::string name() { return text(name_bytes_max); }
  Track track(std::uint8_t lowest) {
    const auto value = get<std::uint8_t>();
    ok_ = ok_ && value >= lowest && value <= static_cast<std::uint8_t>(Track::screen_audio);
    return static_cast<Track>(value);
  }
  std::size_t count() {
    const auto value = get<std::uint32_t>();
    ok_ = ok_ && value <= limits::sdp_media;
    return ok_ ? value : 0;
  }
  bool flag() {
    const auto value = get<std::uint8_t>();
    ok_ = ok_ && value <= 1;
    return value == 1;
  }
  bool ok() const { return ok_; }
  bool done() const { return ok_ && rest_.empty(); }

 private:
  Bytes rest_;
  bool ok_ = true;
};

template <class T>
Result<T> finish(const In& in, T&& value) {
  if (!in.done()) {
    return fail(Errc::malformed, "sfu: message breaks its format");
  }
  return std::forward<T>(value);
}

constexpr std::string_view track_names[] = {"", "audio", "camera", "screen", "screen-audio"};

}  // namespace

std::string_view name(Track track) noexcept {
  const auto index = static_cast<std::size_t>(track);
  return index < std::size(track_names) ? track_names[index] : std::string_view();
}

Result<Track> track_from_name(std::string_view name) noexcept {
  for (std::size_t i = 1; i < std::size(track_names); ++i) {
    if (track_names[i] == name) {
      return static_cast<Track>(i);
    }
  }
  return fail(Errc::not_found, "sfu: no track of this name");
}

Buffer encode(const Offer& m) {
  Out out;
  out.text(m.room).text(m.member).text(m.sdp);
  out.put(static_cast<std::uint32_t>(m.sends.size()));
  for (const SendLine& line : m.sends) {
    out.text(line.mid).put(line.track);
  }
  out.put(static_cast<std::uint32_t>(m.receives.size()));
  for (const ReceiveLine& line : m.receives) {
    out.text(line.mid).text(line.member).put(line.track).put(line.height);
  }
  return out.take();
}

Result<Offer> decode_offer(Bytes bytes) {
  In in(bytes);
  Offer m;
  m.room = in.name();
  m.member = in.name();
  m.sdp = in.text(limits::sdp_bytes);
  for (std::size_t n = in.count(); n > 0 && in.ok(); --n) {
    SendLine& line = m.sends.emplace_back();
    line.mid = in.name();
    line.track = in.track(1);
  }
  for (std::size_t n = in.count(); n > 0 && in.ok(); --n) {
    ReceiveLine& line = m.receives.emplace_back();
    line.mid = in.name();
    line.member = in.name();
    line.track = in.track(1);
    line.height = in.get<std::uint16_t>();
  }
  return finish(in, std::move(m));
}

Buffer encode(const Leave& m) { return Out().text(m.room).text(m.member).take(); }

Result<Leave> decode_leave(Bytes bytes) {
  In in(bytes);
  Leave m;
  m.room = in.name();
  m.member = in.name();
  return finish(in, std::move(m));
}

Buffer encode(const CloseRoom& m) { return Out().text(m.room).take(); }

Result<CloseRoom> decode_close_room(Bytes bytes) {
  In in(bytes);
  CloseRoom m;
  m.room = in.name();
  return finish(in, std::move(m));
}

Buffer encode(const Mute& m) {
  return Out()
      .text(m.room)
      .text(m.member)
      .put(m.track)
      .put(static_cast<std::uint8_t>(m.muted ? 1 : 0))
      .take();
}

Result<Mute> decode_mute(Bytes bytes) {
  In in(bytes);
  Mute m;
  m.room = in.name();
  m.member = in.name();
  m.track = in.track(1);
  m.muted = in.flag();
  return finish(in, std::move(m));
}

Buffer encode(const View& m) {
  return Out().text(m.room).text(m.member).text(m.mid).put(m.height).take();
}

Result<View> decode_view(Bytes bytes) {
  In in(bytes);
  View m;
  m.room = in.name();
  m.member = in.name();
  m.mid = in.name();
  m.height = in.get<std::uint16_t>();
  return finish(in, std::move(m));
}

Buffer encode(const Event& m) {
  Out out;
  out.put(static_cast<std::uint8_t>(m.kind)).text(m.room).text(m.member).put(m.track);
  out.text(m.reason).text(m.dtls_group).put(m.dtls_version);
  out.put(m.loss_up).put(m.loss_down).put(m.rtt_ms).put(m.up_kbps).put(m.down_kbps);
  return out.take();
}

Result<Event> decode_event(Bytes bytes) {
  In in(bytes);
  Event m;
  const auto kind = in.get<std::uint8_t>();
  m.kind = static_cast<EventKind>(kind);
  m.room = in.name();
  m.member = in.name();
  m.track = in.track(0);
  m.reason = in.name();
  m.dtls_group = in.name();
  m.dtls_version = in.get<std::uint16_t>();
  m.loss_up = in.get<std::uint16_t>();
  m.loss_down = in.get<std::uint16_t>();
  m.rtt_ms = in.get<std::uint16_t>();
  m.up_kbps = in.get<std::uint32_t>();
  m.down_kbps = in.get<std::uint32_t>();
  if (kind < 1 || kind > 5) {
    return fail(Errc::malformed, "sfu: unknown event");
  }
  return finish(in, std::move(m));
}

}  // namespace v100::sfu
