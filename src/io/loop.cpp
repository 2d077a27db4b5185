#include "io/loop.h"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"

namespace v100::io {
namespace {

constexpr std::uint64_t wake_tag = ~std::uint64_t{0};
constexpr int events_per_turn = 256;

Instant monotonic() noexcept {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return Instant::from_ns(static_cast<std::int64_t>(t.tv_sec) * 1000000000 + t.tv_nsec);
}

std::uint32_t epoll_bits(Interest interest) noexcept {
  return (interest.read ? std::uint32_t{EPOLLIN} | EPOLLRDHUP : 0u) |
         (interest.write ? std::uint32_t{EPOLLOUT} : 0u);
}

std::uint64_t tag(Loop::WatchId id) noexcept {
  return (static_cast<std::uint64_t>(id.index) << 32) | id.generation;
}

}  // namespace

void Fd::close() noexcept {
  if (fd_ >= 0) {
    ::close(std::exchange(fd_, -1));
  }
}

Loop::Loop() : epoll_(epoll_create1(EPOLL_CLOEXEC)), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  CHECK(epoll_.valid() && wake_.valid());
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = wake_tag;
  CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) == 0);
  now_ = monotonic();
}

Loop::~Loop() = default;

Loop::WatchId Loop::watch(int fd, Interest interest, Ready ready) {
  WatchId id;
  if (free_slots_.empty()) {
    id.index = static_cast<std::uint32_t>(slots_.size());
    slots_.push_back(std::make_unique<Slot>());
  } else {
    id.index = free_slots_.back();
    free_slots_.pop_back();
  }
  Slot& slot = *slots_[id.index];
  slot.fd = fd;
  slot.ready = std::move(ready);
  id.generation = slot.generation;
  epoll_event event{};
  event.events = epoll_bits(interest);
  event.data.u64 = tag(id);
  CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0);
  return id;
}

Loop::Slot* Loop::find(WatchId id) {
  if (!id.valid() || id.index >= slots_.size()) {
    return nullptr;
  }
  Slot* slot = slots_[id.index].get();
  return slot->generation == id.generation && slot->fd >= 0 ? slot : nullptr;
}

void Loop::set_interest(WatchId id, Interest interest) {
  if (const Slot* slot = find(id)) {
    epoll_event event{};
    event.events = epoll_bits(interest);
    event.data.u64 = tag(id);
    CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, slot->fd, &event) == 0);
  }
}

void Loop::unwatch(WatchId& id) {
  if (Slot* slot = find(id)) {
    CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, slot->fd, nullptr) == 0);
    slot->fd = -1;
    slot->generation = std::max(slot->generation + 1, 1u);  // 0 means none
    buried_.push_back(std::move(slot->ready));
    free_slots_.push_back(id.index);
  }
  id = WatchId{};
}

Loop::TimerId Loop::after(Duration delay, Task task) {
  const TimerId id{(now_ + delay).ns(), ++timer_number_};
  timers_.emplace(std::pair(id.due_ns, id.number), std::move(task));
  return id;
}

void Loop::cancel(TimerId& id) {
  timers_.erase({id.due_ns, id.number});
  id = TimerId{};
}

void Loop::later(Task task) { later_.push_back(std::move(task)); }

void Loop::end_of_turn(Task task) { end_of_turn_.push_back(std::move(task)); }

void Loop::post(Task task) {
  {
    const std::lock_guard lock(posted_mutex_);
    posted_.push_back(std::move(task));
  }
  const std::uint64_t one = 1;
  // Full (2^64 - 2 wakes unread) would still wake.
  [[maybe_unused]] const ssize_t n = write(wake_.get(), &one, sizeof one);
}

void Loop::stop() noexcept {
  stop_.store(true, std::memory_order_release);
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = write(wake_.get(), &one, sizeof one);
}

void Call::cancel() noexcept {
  if (queue_ != nullptr) {
    (*queue_)[at_] = nullptr;
    queue_ = nullptr;
  }
}

void Loop::plan(Call& call, std::vector<Call*>& queue) {
  if (call.queue_ == nullptr) {
    call.queue_ = &queue;
    call.at_ = queue.size();
    queue.push_back(&call);
  }
}

void Loop::run_calls(std::vector<Call*>& queue) {
  // What they plan anew waits for the next time. The ones that run stand in running_, so that a
  // call that destroys another's owner takes it out.
  running_.swap(queue);
  for (Call* call : running_) {
    if (call != nullptr) {
      call->queue_ = &running_;
    }
  }
  for (std::size_t i = 0; i < running_.size(); ++i) {
    if (Call* call = std::exchange(running_[i], nullptr)) {
      call->queue_ = nullptr;
      call->run();
    }
  }
  running_.clear();
}

Instant Loop::fresh_now() { return now_ = monotonic(); }

int Loop::wait_ms(Duration wait_max) const {
  if (!later_.empty() || !next_turn_.empty() || !last_.empty() || !finish_.empty()) {
    return 0;
  }
  Duration wait = wait_max;
  if (!timers_.empty()) {
    wait = std::min(wait, Duration::nanoseconds(timers_.begin()->first.first - now_.ns()));
  }
  // Rounded up, so that a timer is due when the wait ends.
  return static_cast<int>(std::clamp<std::int64_t>((wait.ns() + 999999) / 1000000, 0, 60000));
}

void Loop::run() {
  while (!stop_.load(std::memory_order_acquire)) {
    turn(Duration::seconds(60));
  }
}

void Loop::turn(Duration wait_max) {
  now_ = monotonic();
  epoll_event events[events_per_turn];
  const int count = epoll_wait(epoll_.get(), events, events_per_turn, wait_ms(wait_max));
  CHECK(count >= 0 || errno == EINTR);
  now_ = monotonic();
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[i];
    if (event.data.u64 == wake_tag) {
      run_posted();
      continue;
    }
    const WatchId id{static_cast<std::uint32_t>(event.data.u64 >> 32),
                     static_cast<std::uint32_t>(event.data.u64)};
    Slot* slot = find(id);
    if (slot == nullptr) {
      continue;  // unwatched by a callback of this turn
    }
    const bool broken = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
    // Moved out for the call: it may watch new descriptors, or unwatch this one.
    Ready ready = std::move(slot->ready);
    ready({.read = broken || (event.events & (EPOLLIN | EPOLLRDHUP)) != 0,
           .write = broken || (event.events & EPOLLOUT) != 0,
           .broken = broken});
    if (find(id) == slot) {
      slot->ready = std::move(ready);
    }
  }
  run_calls(next_turn_);
  run_timers();
  run_later();
  for (Task& task : end_of_turn_) {
    task();
  }
  run_later();
  run_calls(finish_);
  run_calls(last_);
  buried_.clear();
  ++turns_;
}

void Loop::run_timers() {
  while (!timers_.empty() && timers_.begin()->first.first <= now_.ns()) {
    Task task = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    task();
  }
}

void Loop::run_later() {
  while (!later_.empty()) {
    std::vector<Task> tasks = std::exchange(later_, std::move(spare_));
    for (Task& task : tasks) {
      task();
    }
    tasks.clear();
    spare_ = std::move(tasks);
  }
}

void Loop::run_posted() {
  std::uint64_t wakes = 0;
  [[maybe_unused]] const ssize_t n = read(wake_.get(), &wakes, sizeof wakes);
  std::vector<Task> tasks;
  {
    const std::lock_guard lock(posted_mutex_);
    tasks.swap(posted_);
  }
  for (Task& task : tasks) {
    task();
  }
}

}  // namespace v100::io
