// The sliding window of a sequence of 64-bit numbers, in constant memory: the highest number seen
// and which of the 1,024 below it were (RFC 6479's idea: words in a ring, cleared as it advances).
#pragma once

#include <cstdint>

namespace v100::auth {

class SequenceWindow {
 public:
  static constexpr std::uint64_t size = 1024;  // requests of one key in flight, out of order

  enum class Answer : std::uint8_t { fresh, seen, too_old };
  Answer peek(std::uint64_t sequence) const noexcept {
    if (!started_ || sequence > highest_) {
      return Answer::fresh;
    }
    if (highest_ - sequence >= size) {
      return Answer::too_old;
    }
    return (words_[word(sequence)] >> (sequence & 63) & 1) != 0 ? Answer::seen : Answer::fresh;
  }
  // peek(), and if fresh, records it.
  Answer record(std::uint64_t sequence) noexcept {
    const Answer answer = peek(sequence);
    if (answer != Answer::fresh) {
      return answer;
    }
    if (!started_ || sequence > highest_) {
      advance(sequence);
    }
    words_[word(sequence)] |= std::uint64_t{1} << (sequence & 63);
    return answer;
  }

 private:
  // A word more than the window: the newest word is partly ahead of the highest number.
  static constexpr std::uint64_t words = size / 64 * 2;
  static std::size_t word(std::uint64_t sequence) noexcept {
    return static_cast<std::size_t>(sequence / 64 % words);
  }
  void advance(std::uint64_t sequence) noexcept {
    const std::uint64_t to = sequence / 64;
    const std::uint64_t from = started_ ? highest_ / 64 : to - 1;  // the first clears its own word
    const std::uint64_t steps = started_ && to - from < words ? to - from : words;
    for (std::uint64_t i = 0; i < steps; ++i) {
      words_[static_cast<std::size_t>((to - i) % words)] = 0;
    }
    highest_ = sequence;
    started_ = true;
  }

  std::uint64_t highest_ = 0;
  std::uint64_t words_[words] = {};
  bool started_ = false;
};

}  // namespace v100::auth
