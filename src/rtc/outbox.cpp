#include "rtc/outbox.h"

#include "base/check.h"
#include "base/limits.h"

namespace v100::rtc {

Outbox::Outbox(std::size_t datagrams_max)
    : arena_(datagrams_max * limits::datagram_bytes), datagrams_max_(datagrams_max) {
  list_.reserve(datagrams_max);
}

MutBytes Outbox::next(std::size_t bytes) noexcept {
  CHECK(bytes <= limits::datagram_bytes);
  if (list_.size() == datagrams_max_ || bytes > arena_.size() - used_) {
    reserved_ = 0;
    return {};
  }
  reserved_ = bytes;
  return MutBytes(arena_).subspan(used_, bytes);
}

void Outbox::push(const Address& to, std::size_t bytes) noexcept {
  CHECK(bytes <= reserved_);
  list_.push_back({to, MutBytes(arena_).subspan(used_, bytes)});
  used_ += bytes;
  reserved_ = 0;
}

std::size_t Outbox::free() const noexcept {
  const std::size_t by_bytes = (arena_.size() - used_) / limits::datagram_bytes;
  const std::size_t by_count = datagrams_max_ - list_.size();
  return by_bytes < by_count ? by_bytes : by_count;
}

void Outbox::clear() noexcept {
  list_.clear();
  used_ = 0;
  reserved_ = 0;
}

}  // namespace v100::rtc
