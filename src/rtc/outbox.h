// Outbox: the datagrams one turn of the loop wants sent. They lie end to end in one arena, so a
// turn allocates nothing, the kernel gets one batch, and equal-sized neighbours to one peer can go
// out as one segmented send.
#pragma once

#include <cstddef>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"

namespace v100::rtc {

// Filled by transports and the room, emptied by whoever owns the socket:
//   MutBytes room = outbox.next(bytes);  // empty: full, count a drop
//   ... write n bytes ...
//   outbox.push(peer, n);
// Not thread-safe. Spans stay valid until clear().
class Outbox {
 public:
  explicit Outbox(std::size_t datagrams_max);  // arena: datagrams_max * limits::datagram_bytes

  // Room for one datagram of up to `bytes` (at most limits::datagram_bytes), or an empty span.
  MutBytes next(std::size_t bytes) noexcept;
  // Queues the first `bytes` of the span last given by next().
  void push(const Address& to, std::size_t bytes) noexcept;

  std::span<const Datagram> datagrams() const noexcept { return {list_.data(), list_.size()}; }
  std::size_t free() const noexcept;  // how many more full-sized datagrams fit
  bool empty() const noexcept { return list_.empty(); }
  void clear() noexcept;

 private:
  Buffer arena_;
  std::size_t used_ = 0;      // bytes of arena_ that queued datagrams occupy
  std::size_t reserved_ = 0;  // bytes last given by next() and not yet pushed
  std::size_t datagrams_max_;
  std::vector<Datagram> list_;
};

}  // namespace v100::rtc
