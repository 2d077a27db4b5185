#include "rtc/room/nack_list.h"

#include <algorithm>

namespace v100::rtc {

bool NackList::on_packet(Instant now, std::uint64_t sequence) {
  if (newest_ == 0) {
    newest_ = sequence;
    return false;
  }
  if (sequence <= newest_) {
    const auto it =
        std::lower_bound(missing_.begin(), missing_.end(), sequence,
                         [](const Missing& m, std::uint64_t s) { return m.sequence < s; });
    if (it != missing_.end() && it->sequence == sequence) {
      missing_.erase(it);
    }
    return false;
  }
  const std::uint64_t gap = sequence - newest_ - 1;
  if (missing_.size() + gap > missing_max) {
    missing_.clear();
    newest_ = sequence;
    return true;
  }
  for (std::uint64_t s = newest_ + 1; s < sequence; ++s) {
    missing_.push_back({s, now, now, 0});
  }
  newest_ = sequence;
  return false;
}

void NackList::forget_before(std::uint64_t sequence) {
  std::erase_if(missing_, [&](const Missing& m) { return m.sequence < sequence; });
}

bool NackList::collect(Instant now, Duration rtt, std::vector<std::uint16_t>& out) {
  const std::size_t before = missing_.size();
  std::erase_if(missing_,
                [&](const Missing& m) { return m.tries >= tries_max || now - m.since > age_max; });
  const bool gave_up = missing_.size() != before;
  for (Missing& m : missing_) {
    const Duration wait = m.tries == 0 ? patience : std::max(rtt, Duration::milliseconds(20));
    if (now - m.asked >= wait) {
      out.push_back(static_cast<std::uint16_t>(m.sequence));
      m.asked = now;
      ++m.tries;
    }
  }
  return gave_up;
}

}  // namespace v100::rtc
