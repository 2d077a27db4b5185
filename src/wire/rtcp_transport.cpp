// Transport-wide congestion feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1):
// |base sequence|status count|reference time (24 bits, 64 ms)|feedback count|chunks…|deltas…|
#include <algorithm>
#include <array>

#include "wire/rtcp.h"

namespace v100::rtcp {
namespace {

constexpr std::int64_t tick_us = 250;
constexpr std::int64_t reference_us = 64000;
constexpr std::int64_t ticks_per_reference = reference_us / tick_us;
constexpr std::size_t head_bytes = 8;
// More statuses than this a feedback would say nothing useful: an outage, not a loss.
constexpr std::size_t span_max = 1024;

enum Symbol : std::uint8_t { lost = 0, small = 1, large = 2 };

// Reads the chunks into `out`, symbol in time_us for the second pass.
Result<std::size_t> read_chunks(Bytes control, std::uint16_t base, std::size_t count,
                                std::vector<Arrival>& out) {
  std::size_t at = head_bytes;
  const auto put = [&](unsigned symbol) {
    out.push_back({static_cast<std::uint16_t>(base + out.size()), symbol != lost, symbol});
  };
  while (out.size() < count) {
    if (control.size() < at + 2) {
      return fail(Errc::malformed, "rtcp: transport feedback chunks cut off");
    }
    const unsigned chunk = load_be<std::uint16_t>(control.data() + at);
    at += 2;
    if ((chunk & 0x8000) == 0) {  // run length: |0|S S|13 bits|
      const std::size_t run = std::min<std::size_t>(chunk & 0x1FFF, count - out.size());
      if (run == 0) {
        return fail(Errc::malformed, "rtcp: transport feedback with an empty run");
      }
      for (std::size_t i = 0; i < run; ++i) {
        put(chunk >> 13 & 3);
      }
    } else if ((chunk & 0x4000) == 0) {  // fourteen one-bit symbols
      for (int i = 13; i >= 0 && out.size() < count; --i) {
        put(chunk >> i & 1);
      }
    } else {  // seven two-bit symbols
      for (int i = 12; i >= 0 && out.size() < count; i -= 2) {
        put(chunk >> i & 3);
      }
    }
  }
  return at;
}

// Appends chunks for symbols to `out`; returns the bytes written, or 0 if they do not fit.
std::size_t write_chunks(MutBytes out, std::span<const std::uint8_t> symbols) noexcept {
  std::size_t at = 0;
  for (std::size_t i = 0; i < symbols.size();) {
    if (out.size() < at + 2) {
      return 0;
    }
    std::size_t run = 1;
    while (i + run < symbols.size() && run < 0x1FFF && symbols[i + run] == symbols[i]) {
      ++run;
    }
    const auto ahead = symbols.subspan(i, std::min<std::size_t>(14, symbols.size() - i));
    const bool any_large = std::find(ahead.begin(), ahead.end(), large) != ahead.end();
    unsigned chunk = 0;
    if (run >= 14 || run == symbols.size() - i || (any_large && run >= 7)) {
      chunk = static_cast<unsigned>(symbols[i]) << 13 | static_cast<unsigned>(run);
      i += run;
    } else if (!any_large) {
      chunk = 0x8000;
      for (std::size_t k = 0; k < ahead.size(); ++k) {
        chunk |= static_cast<unsigned>(ahead[k]) << (13 - k);
      }
      i += ahead.size();
    } else {
      chunk = 0xC000;
      const std::size_t n = std::min<std::size_t>(7, ahead.size());
      for (std::size_t k = 0; k < n; ++k) {
        chunk |= static_cast<unsigned>(ahead[k]) << (12 - 2 * k);
      }
      i += n;
    }
    store_be(out.data() + at, static_cast<std::uint16_t>(chunk));
    at += 2;
  }
  return at;
}

}  // namespace

Result<void> parse_transport_feedback(Bytes control, TransportFeedback& out) {
  out.arrivals.clear();
  if (control.size() < head_bytes) {
    return fail(Errc::malformed, "rtcp: transport feedback cut off");
  }
  const auto base = load_be<std::uint16_t>(control.data());
  const std::size_t count = load_be<std::uint16_t>(control.data() + 2);
  const auto word = load_be<std::uint32_t>(control.data() + 4);
  out.count = static_cast<std::uint8_t>(word);
  const std::int64_t reference = static_cast<std::int32_t>(word) >> 8;  // 24 bits, signed
  std::size_t at = TRY(read_chunks(control, base, count, out.arrivals));
  std::int64_t time = reference * reference_us;
  for (Arrival& arrival : out.arrivals) {
    const std::int64_t symbol = arrival.time_us;
    arrival.time_us = 0;
    if (symbol == lost) {
      continue;
    }
    if (symbol == 3) {
      out.arrivals.clear();
      return fail(Errc::malformed, "rtcp: transport feedback with a reserved symbol");
    }
    const std::size_t bytes = symbol == small ? 1 : 2;
    if (control.size() < at + bytes) {
      out.arrivals.clear();
      return fail(Errc::malformed, "rtcp: transport feedback deltas cut off");
    }
    const std::int64_t delta =
        symbol == small ? static_cast<std::int64_t>(control[at])
                        : static_cast<std::int16_t>(load_be<std::uint16_t>(control.data() + at));
    at += bytes;
    time += delta * tick_us;
    arrival.time_us = time;
  }
  return {};
}

FeedbackExtent build_transport_feedback(MutBytes out, std::uint64_t base, std::uint8_t count,
                                        std::span<const Received> received) noexcept {
  std::array<std::uint8_t, span_max> symbols{};
  if (received.empty() || received[0].sequence < base || out.size() < head_bytes) {
    return {};
  }
  base = std::max(
      base, received[0].sequence - std::min<std::uint64_t>(received[0].sequence, span_max / 2));
  const std::int64_t reference = received[0].time_us / reference_us;
  std::int64_t tick = reference * ticks_per_reference;
  FeedbackExtent extent;
  std::size_t statuses = 0;
  std::size_t delta_bytes = 0;
  for (const Received& packet : received) {
    const std::uint64_t index = packet.sequence - base;
    const std::int64_t delta = packet.time_us / tick_us - tick;
    const bool is_small = delta >= 0 && delta <= 255;
    const std::size_t chunk_bytes_most = 2 * (index / 7 + 1);
    if (index >= span_max || delta < INT16_MIN || delta > INT16_MAX ||
        head_bytes + chunk_bytes_most + delta_bytes + 2 > out.size()) {
      break;
    }
    symbols[index] = is_small ? small : large;
    statuses = index + 1;
    delta_bytes += is_small ? 1 : 2;
    tick += delta;
    ++extent.packets;
  }
  if (extent.packets == 0) {
    return {};
  }
  store_be(out.data(), static_cast<std::uint16_t>(base));
  store_be(out.data() + 2, static_cast<std::uint16_t>(statuses));
  store_be(out.data() + 4,
           (static_cast<std::uint32_t>(reference) & 0xFFFFFF) << 8 | std::uint32_t{count});
  std::size_t at = head_bytes;
  at += write_chunks(out.subspan(at), std::span(symbols).first(statuses));
  tick = reference * ticks_per_reference;
  for (std::size_t i = 0; i < extent.packets; ++i) {
    const std::int64_t delta = received[i].time_us / tick_us - tick;
    tick += delta;
    if (delta >= 0 && delta <= 255) {
      out[at++] = static_cast<std::uint8_t>(delta);
    } else {
      store_be(out.data() + at, static_cast<std::uint16_t>(delta));
      at += 2;
    }
  }
  extent.bytes = at;
  return extent;
}

}  // namespace v100::rtcp
