#include "main/match_demo.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fmt/core.h>
#include <numbers>
#include <unistd.h>

#include "main/match_local.h"

namespace v100 {
namespace {

using match::Row;
using Vector = std::array<float, match::dimensions>;
constexpr std::size_t slots = 32;
constexpr double thresholds[] = {0.25, 0.30, 0.35, 0.40, 0.45, 0.50, 0.55, 0.60};
// The cosine error of two quantised vectors has a standard deviation of 0.0023: four of them.
constexpr double band = 0.0093;

// splitmix64 and Box-Muller: the same people for a seed everywhere.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t x = state_ += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
  }
  double uniform() { return (static_cast<double>(next() >> 11) + 0.5) * 0x1p-53; }
  double normal() {
    return std::sqrt(-2 * std::log(uniform())) * std::cos(2 * std::numbers::pi * uniform());
  }

 private:
  std::uint64_t state_;
};

Vector unit(const std::array<double, match::dimensions>& v) {
  double squares = 0;
  for (const double x : v) {
    squares += x * x;
  }
  Vector out;
  for (std::size_t i = 0; i < v.size(); ++i) {
    out[i] = static_cast<float>(v[i] / std::sqrt(squares));
  }
  return out;
}

double cosine(const Vector& a, const Vector& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  }
  return sum;
}

// The model: a person is a direction, uniform on the sphere. A capture is that direction times w
// plus isotropic noise times sqrt(1 - w^2), w from a Gaussian of mean 0.80 and deviation 0.05, so
// that two captures of one person have cosines around 0.64.
struct Person {
  Vector enrolled;
  Vector shown;
};

std::vector<Person> make_people(std::uint32_t count, std::uint64_t seed) {
  Draw draw(seed);
  std::vector<Person> out;
  for (std::uint32_t i = 0; i < count; ++i) {
    std::array<double, match::dimensions> self;
    for (double& x : self) {
      x = draw.normal();
    }
    Person person;
    for (Vector* capture : {&person.enrolled, &person.shown}) {
      const double w = std::clamp(0.80 + 0.05 * draw.normal(), 0.3, 0.99);
      std::array<double, match::dimensions> v;
      for (std::size_t d = 0; d < v.size(); ++d) {
        v[d] = w * self[d] + std::sqrt(1 - w * w) * draw.normal();
      }
      *capture = unit(v);
    }
    out.push_back(person);
  }
  return out;
}

// A pair of people in one slot, with what the plain vectors say.
struct Pair {
  std::size_t enrolled;
  std::size_t shown;
  double cosine;
};

class Demo {
 public:
  explicit Demo(const DemoOptions& options)
      : options_(options),
        people_(make_people(options.people, options.seed)),
        engine_(options.encrypted_templates) {
    for (const Person& person : people_) {
      enrolled_.push_back(match::quantise(person.enrolled).value());
      shown_.push_back(match::quantise(person.shown).value());
    }
    for (const double threshold : thresholds) {
      rates_.push_back({.threshold = threshold});
    }
  }
  int run();

 private:
  void decide(std::span<const Pair> batch);
  void pairs(std::uint32_t shift);
  void search();
  void print() const;
  DemoOptions options_;
  std::vector<Person> people_;
  LocalEngine engine_;
  std::vector<Row> enrolled_;
  std::vector<Row> shown_;
  std::vector<ErrorRates> rates_;
  std::vector<double> genuine_;
  std::vector<double> impostor_;
  std::uint64_t decisions_ = 0;
  std::uint64_t differ_ = 0;      // inside the band
  std::uint64_t wrong_ = 0;       // outside of it
  double farthest_ = 0;           // from the threshold, of all that differ
  std::uint64_t found_ = 0;       // right people found in searches
  std::uint64_t candidates_ = 0;  // all people found in searches
};

void Demo::decide(std::span<const Pair> batch) {
  std::vector<const Row*> probes(slots, nullptr);
  std::vector<const Row*> rows(slots, nullptr);
  for (std::size_t u = 0; u < batch.size(); ++u) {
    probes[u] = &shown_[batch[u].shown];
    rows[u] = &enrolled_[batch[u].enrolled];
  }
  CHECK(engine_.match(probes, rows));
  for (ErrorRates& rate : rates_) {
    const std::uint64_t accepted = engine_.accept(rate.threshold);
    for (std::size_t u = 0; u < batch.size(); ++u) {
      const bool hidden = (accepted >> u & 1) != 0;
      const bool clear = batch[u].cosine >= rate.threshold;
      const bool same_person = batch[u].enrolled == batch[u].shown;
      (same_person ? rate.genuine : rate.impostors) += 1;
      rate.false_accepts += !same_person && hidden ? 1 : 0;
      rate.false_accepts_clear += !same_person && clear ? 1 : 0;
      rate.false_rejects += same_person && !hidden ? 1 : 0;
      rate.false_rejects_clear += same_person && !clear ? 1 : 0;
      ++decisions_;
      if (hidden != clear) {
        const double off = std::abs(batch[u].cosine - rate.threshold);
        farthest_ = std::max(farthest_, off);
        (off <= band ? differ_ : wrong_) += 1;
      }
    }
  }
}

// Person i shows up as person i + shift.
void Demo::pairs(std::uint32_t shift) {
  std::vector<Pair> batch;
  for (std::size_t i = 0; i < people_.size(); ++i) {
    const std::size_t other = (i + shift) % people_.size();
    const double c = cosine(people_[other].enrolled, people_[i].shown);
    (shift == 0 ? genuine_ : impostor_).push_back(c);
    batch.push_back({other, i, c});
    if (batch.size() == slots || i + 1 == people_.size()) {
      decide(batch);
      batch.clear();
    }
  }
}

// 1:N: one probe in every slot, the gallery 32 rows at a time.
void Demo::search() {
  for (std::uint32_t k = 0; k < options_.searches; ++k) {
    const std::size_t who = k * 7919 % people_.size();
    const std::vector<const Row*> probes(slots, &shown_[who]);
    bool first = true;
    for (std::size_t from = 0; from < people_.size(); from += slots) {
      std::vector<const Row*> rows(slots, nullptr);
      for (std::size_t u = 0; u < slots && from + u < people_.size(); ++u) {
        rows[u] = &enrolled_[from + u];
      }
      CHECK(first ? engine_.match(probes, rows) : engine_.match_again(rows));
      first = false;
      const std::uint64_t accepted = engine_.accept(options_.threshold);
      candidates_ += static_cast<std::uint64_t>(__builtin_popcountll(accepted));
      found_ += who >= from && who < from + slots && (accepted >> (who - from) & 1) != 0 ? 1 : 0;
    }
  }
}

void Demo::print() const {
  if (!options_.json) {
    fmt::print(
        "{} people from seed {}, {} templates; a person is a uniform direction in 128 dimensions,"
        " a capture w·direction + noise with w of mean 0.80 and deviation 0.05\n\n"
        "threshold   FAR encrypted   FAR clear       FRR encrypted   FRR clear\n",
        people_.size(), options_.seed, options_.encrypted_templates ? "encrypted" : "plain");
  }
  for (const ErrorRates& r : rates_) {
    const auto share = [](std::uint64_t part, std::uint64_t all) {
      return all == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(all);
    };
    const double far = share(r.false_accepts, r.impostors);
    const double far_clear = share(r.false_accepts_clear, r.impostors);
    const double frr = share(r.false_rejects, r.genuine);
    const double frr_clear = share(r.false_rejects_clear, r.genuine);
    if (options_.json) {
      fmt::print(
          "{{\"threshold\":{:.2f},\"far\":{:.3g},\"far_clear\":{:.3g},\"frr\":{:.3g},"
          "\"frr_clear\":{:.3g},\"impostors\":{},\"genuine\":{}}}\n",
          r.threshold, far, far_clear, frr, frr_clear, r.impostors, r.genuine);
    } else {
      fmt::print("{:>9.2f}   {:<13.3e}   {:<13.3e}   {:<13.4f}   {:<13.4f}\n", r.threshold, far,
                 far_clear, frr, frr_clear);
    }
  }
  if (options_.json) {
    fmt::print(
        "{{\"decisions\":{},\"differ_inside_band\":{},\"differ_outside\":{},\"farthest\":{:.4f},"
        "\"searches\":{},\"found\":{},\"candidates\":{}}}\n",
        decisions_, differ_, wrong_, farthest_, options_.searches, found_, candidates_);
    return;
  }
  fmt::print(
      "\n{} decisions; {} differ from the clear ones within {} of the threshold (the band of"
      " quantisation), {} outside of it; the farthest {:.4f} away\n"
      "1:N at {}: {} searches, {} found the right person, {} candidates in all\n",
      decisions_, differ_, band, wrong_, farthest_, options_.threshold, options_.searches, found_,
      candidates_);
}

int Demo::run() {
  for (std::uint32_t shift = 0; shift <= options_.impostors; ++shift) {
    pairs(shift);
    if (!options_.json && isatty(2) != 0) {
      fmt::print(stderr, "\r{} of {} rounds of {} pairs", shift + 1, options_.impostors + 1,
                 people_.size());
    }
  }
  search();
  print();
  if (!options_.plot.empty()) {
    std::FILE* file = std::fopen(options_.plot.c_str(), "wb");
    const std::string svg = error_rate_plot(rates_, genuine_, impostor_);
    if (file == nullptr || std::fwrite(svg.data(), 1, svg.size(), file) != svg.size()) {
      fmt::print(stderr, "v100 match: {} cannot be written\n", options_.plot);
      return 2;
    }
    std::fclose(file);
  }
  return wrong_ == 0 ? 0 : 1;
}

}  // namespace

int run_match_demo(const DemoOptions& options) { return Demo(options).run(); }

}  // namespace v100
