// The event loop: epoll, timers, tasks. One thread a loop; a second shard is a second loop on its
// own thread, with its own SO_REUSEPORT sockets. Only post() and stop() may be called from other
// threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/units.h"
#include "io/fd.h"

namespace v100::io {

struct Interest {
  bool read = false;
  bool write = false;
};

// What a descriptor is ready for. `broken` (error or hang-up) comes without being asked for, and
// sets the other two: the next call on the descriptor will tell.
struct Readiness {
  bool read = false;
  bool write = false;
  bool broken = false;
};

// Something to be run once, without an allocation: a node that its owner embeds, and that drops out
// of the queue it stands in when the owner dies.
class Call {
 public:
  Call() noexcept = default;
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  bool planned() const noexcept { return queue_ != nullptr; }

 protected:
  ~Call() { cancel(); }
  void cancel() noexcept;
  virtual void run() = 0;

 private:
  friend class Loop;
  std::vector<Call*>* queue_ = nullptr;  // where it stands, or null
  std::size_t at_ = 0;
};

class Loop final {
 public:
  using Task = std::move_only_function<void()>;
  using Ready = std::move_only_function<void(Readiness)>;

  struct WatchId {
    std::uint32_t index = 0;
    std::uint32_t generation = 0;  // 0: none
    bool valid() const noexcept { return generation != 0; }
  };
  struct TimerId {
    std::int64_t due_ns = 0;
    std::uint64_t number = 0;  // 0: none
    bool valid() const noexcept { return number != 0; }
  };

  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  Instant now() const noexcept { return now_; }  // read once a turn
  Instant fresh_now();                           // reads the clock again

  // Level-triggered. The callback may unwatch itself and others; nothing is called after unwatch().
  WatchId watch(int fd, Interest interest, Ready ready);
  void set_interest(WatchId id, Interest interest);
  void unwatch(WatchId& id);  // before the descriptor is closed; an id without watch is ignored

  TimerId after(Duration delay, Task task);
  void cancel(TimerId& id);  // fired or cancelled ones are ignored

  // Towards this turn's end, after all tasks and before what is `last`: for answering what the
  // turn's tasks brought about.
  void finish(Call& call) { plan(call, finish_); }
  // At the very end of this turn, after all tasks: for writing what the turn gathered. Planned
  // already: nothing more.
  void last(Call& call) { plan(call, last_); }
  // In the next turn, which then does not wait for events.
  void next_turn(Call& call) { plan(call, next_turn_); }

  void later(Task task);        // in this turn, after the events; then until none is left
  void end_of_turn(Task task);  // after every turn, before it waits; for good
  void post(Task task);         // from any thread

  void run();                    // until stop()
  void turn(Duration wait_max);  // one round, for tests and for draining
  void stop() noexcept;          // from any thread
  std::uint64_t turns() const noexcept { return turns_; }

 private:
  struct Slot {
    int fd = -1;
    std::uint32_t generation = 1;
    Ready ready;
  };

  static void plan(Call& call, std::vector<Call*>& queue);
  void run_calls(std::vector<Call*>& queue);
  int wait_ms(Duration wait_max) const;
  void run_timers();
  void run_later();
  void run_posted();
  Slot* find(WatchId id);

  Fd epoll_, wake_;
  Instant now_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::vector<Ready> buried_;  // callbacks of unwatched slots: destroyed when none can be running
  std::map<std::pair<std::int64_t, std::uint64_t>, Task> timers_;
  std::uint64_t timer_number_ = 0;
  std::vector<Call*> finish_, last_, next_turn_, running_;
  std::vector<Task> later_, spare_;
  std::vector<Task> end_of_turn_;
  std::mutex posted_mutex_;
  std::vector<Task> posted_;  // guarded by posted_mutex_
  std::atomic<bool> stop_{false};
  std::uint64_t turns_ = 0;
};

}  // namespace v100::io
