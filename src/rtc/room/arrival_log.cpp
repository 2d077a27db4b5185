#include "rtc/room/arrival_log.h"

#include <algorithm>

namespace v100::rtc {

void ArrivalLog::on_packet(Instant now, std::uint16_t sequence) {
  const std::uint64_t number = unwrapper_.unwrap(sequence);
  if (base_ == 0) {
    base_ = number;
    sent_ = now;
  }
  // What was reported lost stays so: the browser has acted on it already.
  if (number < base_ || arrivals_.size() == packets_max) {
    return;
  }
  const rtcp::Received received{number, now.ns() / 1000};
  if (arrivals_.empty() || arrivals_.back().sequence < number) {
    arrivals_.push_back(received);
    return;
  }
  const auto it =
      std::lower_bound(arrivals_.begin(), arrivals_.end(), number,
                       [](const rtcp::Received& r, std::uint64_t s) { return r.sequence < s; });
  if (it->sequence != number) {
    arrivals_.insert(it, received);
  }
}

bool ArrivalLog::due(Instant now) const noexcept {
  if (arrivals_.empty()) {
    return false;
  }
  const Duration since = now - sent_;
  return since >= interval_max || (since >= interval_min && arrivals_.size() >= busy_packets);
}

bool ArrivalLog::write(Instant now, rtcp::Writer& writer, std::uint32_t sender,
                       std::uint32_t media) {
  if (arrivals_.empty()) {
    return false;
  }
  const std::size_t covered = writer.transport_feedback(sender, media, base_, count_, arrivals_);
  if (covered == 0) {
    return false;
  }
  base_ = arrivals_[covered - 1].sequence + 1;
  arrivals_.erase(arrivals_.begin(), arrivals_.begin() + static_cast<std::ptrdiff_t>(covered));
  ++count_;
  sent_ = now;
  return true;
}

}  // namespace v100::rtc
