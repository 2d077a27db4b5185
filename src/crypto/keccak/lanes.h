// Lanes: up to eight sponges of different kinds and lengths that share one permutation. A job takes
// a free lane, absorbs its input block by block, gives its output and leaves the lane to the next
// job. On AVX-512 eight states cost less than one in 64-bit registers, so every serial chain (a
// key's tr, mu, a commitment's hash) belongs into a lane beside other work.
//
// Which lane is at which block depends on lengths only, never on data; lengths are public.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "crypto/keccak/keccak.h"

namespace v100::keccak {

// A hash or XOF. The spans outlive the job.
struct LaneJob {
  std::size_t rate = rate_256;
  Sponge::Domain domain = Sponge::Domain::shake;
  Bytes parts[5];         // the input, as if in one buffer
  MutBytes out;           // any length; written block by block
  std::uint32_t tag = 0;  // given back when the job is done
  // An input of less than a block may be given padded, as a block of `rate` bytes, instead of
  // `parts`. It is read before any output is written, so it may lie in `out`.
  const std::uint8_t* padded = nullptr;
  // A job may be cut in pieces of whole blocks. With `state` the sponge is kept there (25 words) at
  // the end; with `resume` it is taken from there at the start, and gives more output where there
  // are no `parts`, else takes more input. With `more` the input (whole blocks in parts[0], at
  // least one) is not all: nothing is padded and `out` is empty.
  std::uint64_t* state = nullptr;
  bool resume = false;
  bool more = false;

  // As constructed. Field by field: an assignment goes over a copy, whose loads wait for its
  // stores.
  void clear() noexcept {
    rate = rate_256;
    domain = Sponge::Domain::shake;
    for (Bytes& part : parts) {
      part = {};
    }
    out = {};
    tag = 0;
    padded = nullptr;
    state = nullptr;
    resume = more = false;
  }
};

class Lanes {
 public:
  static constexpr std::size_t lanes_max = 8;

  Lanes() noexcept;
  Lanes(const Lanes&) = delete;
  Lanes& operator=(const Lanes&) = delete;
  ~Lanes();

  // Lanes that the kernel in use fills to advantage: 8, or 1 for the portable one.
  std::size_t capacity() const noexcept { return capacity_; }
  std::size_t active() const noexcept {
    return static_cast<std::size_t>(__builtin_popcount(busy_));
  }
  bool has_free() const noexcept { return active() < capacity_; }

  void start(const LaneJob& job) noexcept;  // has_free() is true
  // One permutation for all lanes.
  void step() noexcept;
  // The tag of a job that the last step finished, once for each; false when there is none left.
  bool take_finished(std::uint32_t& tag) noexcept {
    if (finished_ == 0) {
      return false;
    }
    const unsigned at = static_cast<unsigned>(__builtin_ctz(finished_));
    finished_ &= finished_ - 1;
    busy_ &= ~(1u << at);
    tag = lanes_[at].job.tag;
    return true;
  }

  // Feeds the lanes from `source` until it has no more: source.next(job) is false while it has no
  // job to give, source.done(tag) may bring new ones. A source that has finished() may say so while
  // jobs that nobody needs any more are still in lanes; one that counts steps has stepped().
  template <class Source>
  void run(Source& source) {
    for (;;) {
      while (has_free()) {
        const std::size_t at = first_free();
        lanes_[at].job.clear();
        if (!source.next(lanes_[at].job)) {
          break;
        }
        begin(at);
      }
      if (busy_ == 0) {
        return;
      }
      (busy_ & (busy_ - 1)) == 0 ? step_alone() : step();
      if constexpr (requires { source.stepped(); }) {
        source.stepped();
      }
      for (std::uint32_t tag = 0; take_finished(tag);) {
        source.done(tag);
      }
      if constexpr (requires { source.finished(); }) {
        if (source.finished()) {
          return;
        }
      }
    }
  }

 private:
  struct Lane {
    LaneJob job;
    std::size_t part = 0;        // the part that is read next
    std::size_t position = 0;    // bytes of it that are absorbed
    std::uint8_t* to = nullptr;  // where output goes on
    std::size_t left = 0;        // bytes of it
    std::size_t block() const noexcept { return left < job.rate ? left : job.rate; }
  };

  std::size_t first_free() const noexcept {
    return static_cast<std::size_t>(__builtin_ctz(~busy_));
  }
  // The only lane there is, until it gives its first output: nothing can join it before.
  void step_alone() noexcept;
  void begin(std::size_t at) noexcept;
  void choose_width() noexcept;
  void move_lanes(std::size_t width) noexcept;
  const std::uint8_t* next_block(std::size_t at) noexcept;
  const std::uint8_t* stage_block(std::size_t at) noexcept;
  void absorb() noexcept;
  void squeeze() noexcept;
  void end_block(std::size_t at, std::size_t bytes) noexcept;

  alignas(64) std::uint64_t words_[25 * lanes_max];
  alignas(64) std::uint8_t staged_[lanes_max][192];  // blocks that lie in no single part
  Lane lanes_[lanes_max];
  // Bits by lane: holds a job; has input left; its state in words_ is still another job's; is done.
  unsigned busy_ = 0, absorbing_ = 0, fresh_ = 0, finished_ = 0;
  std::size_t width_ = 0;  // states in words_: 0 (none), 1, 4 or 8
  std::size_t capacity_;
  std::size_t native_;  // the kernel's widest
};

}  // namespace v100::keccak
