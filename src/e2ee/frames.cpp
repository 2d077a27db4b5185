// The book of frames (docs/spec/e2ee.md §8).
#include "e2ee/frames.h"

namespace v100::e2ee {

void FrameBook::install(SenderId sender, Epoch epoch) {
  std::vector<Held>& list = held_[sender.value()];
  for (const Held& one : list) {
    if (one.epoch == epoch) {
      return;
    }
  }
  if (list.size() == epochs_max) {
    list.erase(list.begin());
  }
  list.push_back(Held{epoch, {}});
}

void FrameBook::erase(SenderId sender, Epoch epoch) {
  const auto found = held_.find(sender.value());
  if (found != held_.end()) {
    std::erase_if(found->second, [&](const Held& one) { return one.epoch == epoch; });
  }
}

void FrameBook::forget(SenderId sender) {
  held_.erase(sender.value());
  for (std::size_t track = 0; track < tracks; ++track) {
    counts_.erase(counts_key(sender, static_cast<Track>(track)));
  }
}

void FrameBook::start_sending(Epoch epoch) {
  CHECK(!sending_ || *sending_ < epoch);
  sending_ = epoch;
  for (std::uint64_t& next : next_) {
    next = 0;
  }
}

Result<FrameBook::Sealing> FrameBook::seal(Track track, Codec codec, Bytes frame) {
  if (!sending_) {
    return fail(Errc::unavailable, "no key to send with yet");
  }
  Sealing sealing;
  sealing.kid = kid_of(self_, *sending_, track);
  sealing.counter = Counter(next_[static_cast<std::size_t>(track)]++);
  sealing.header = write_header({sealing.kid, sealing.counter});
  sealing.clear = clear_bytes(codec, frame);
  return sealing;
}

FrameBook::Held* FrameBook::held(SenderId sender, std::uint16_t epoch_low) noexcept {
  const auto found = held_.find(sender.value());
  if (found == held_.end()) {
    return nullptr;
  }
  for (Held& one : found->second) {
    if ((one.epoch.value() & 0xffff) == epoch_low) {
      return &one;
    }
  }
  return nullptr;
}

std::optional<Drop> FrameBook::why_not(const Source& source, const ParsedHeader& parsed) noexcept {
  const std::optional<KidParts> parts = kid_parts(parsed.header.kid);
  if (!parts) {
    return Drop::malformed;
  }
  if (parts->sender != source.sender) {
    const bool somebody = parts->sender == self_ || held_.contains(parts->sender.value());
    return somebody ? Drop::wrong_track : Drop::malformed;
  }
  if (parts->track != source.track) {
    return Drop::wrong_track;
  }
  const Held* key = held(parts->sender, parts->epoch_low);
  if (key == nullptr) {
    return Drop::no_key;
  }
  const auto& window = key->windows[static_cast<std::size_t>(source.track)];
  if (window && !window->fresh(parsed.header.counter)) {
    return Drop::replayed;
  }
  return std::nullopt;
}

std::expected<FrameBook::Opening, Drop> FrameBook::open(const Source& source, Codec codec,
                                                        Bytes frame, Instant now) {
  Opening opening;
  opening.clear = clear_bytes(codec, frame);
  const Result<ParsedHeader> parsed = parse_header(frame.subspan(opening.clear));
  if (!parsed || frame.size() - opening.clear - parsed->size < sframe_tag_bytes) {
    drop(source, Drop::malformed, now);
    return std::unexpected(Drop::malformed);
  }
  if (const std::optional<Drop> why = why_not(source, *parsed)) {
    drop(source, *why, now);
    return std::unexpected(*why);
  }
  opening.kid = parsed->header.kid;
  opening.counter = parsed->header.counter;
  opening.header = parsed->size;
  return opening;
}

bool FrameBook::opened(const Source& source, const Opening& opening, Instant now) {
  const std::optional<KidParts> parts = kid_parts(opening.kid);
  Held* const key = parts ? held(parts->sender, parts->epoch_low) : nullptr;
  if (key == nullptr) {
    drop(source, Drop::no_key, now);  // erased while it was being decrypted
    return false;
  }
  auto& window = key->windows[static_cast<std::size_t>(source.track)];
  if (!window) {
    window = std::make_unique<ReplayWindow>();
  }
  if (!window->fresh(opening.counter)) {
    drop(source, Drop::replayed, now);
    return false;
  }
  window->mark(opening.counter);
  TrackCounts& counts = counts_at(source.sender, source.track);
  counts.opened += 1;
  counts.without_key_since.reset();
  return true;
}

void FrameBook::drop(const Source& source, Drop why, Instant now) {
  TrackCounts& counts = counts_at(source.sender, source.track);
  const std::size_t index = static_cast<std::size_t>(why);
  if (why == Drop::no_key && !counts.without_key(now)) {
    counts.without_key_since = now;
  }
  counts.dropped[index] += 1;
  counts.dropped_at[index] = now;
}

}  // namespace v100::e2ee
