// Latencies of millions of packets in a few hundred counters: buckets a sixteenth of a power of two
// wide, so a quantile is right to within 6 %.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace v100::load {

class Histogram {
 public:
  void add(std::int64_t ns) noexcept {
    const std::uint64_t value = ns < 0 ? 0 : static_cast<std::uint64_t>(ns);
    ++buckets_[bucket_of(value)];
    ++count_;
  }
  std::uint64_t count() const noexcept { return count_; }

  // The value below which `share` (0..1) of all lie, in µs; 0 when empty.
  double quantile_us(double share) const noexcept {
    const double want = share * static_cast<double>(count_);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      seen += buckets_[i];
      if (seen > 0 && static_cast<double>(seen) >= want) {
        return static_cast<double>(upper_end(i)) / 1000;
      }
    }
    return 0;
  }

 private:
  static constexpr unsigned fine_bits = 4;
  static std::size_t bucket_of(std::uint64_t value) noexcept {
    const unsigned width = static_cast<unsigned>(std::bit_width(value));
    if (width <= fine_bits + 1) {
      return static_cast<std::size_t>(value);
    }
    const unsigned shift = width - fine_bits - 1;
    return ((shift + 1) << fine_bits) + ((value >> shift) & ((1u << fine_bits) - 1));
  }
  static std::uint64_t upper_end(std::size_t bucket) noexcept {
    const std::size_t group = bucket >> fine_bits;
    const std::uint64_t fine = bucket & ((1u << fine_bits) - 1);
    if (group < 2) {
      return bucket;
    }
    return (((1u << fine_bits) + fine + 1) << (group - 1)) - 1;
  }

  std::array<std::uint64_t, 1024> buckets_{};
  std::uint64_t count_ = 0;
};

}  // namespace v100::load
