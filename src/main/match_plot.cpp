// The demonstration's picture: how genuine and impostor cosines lie, and the two error rates over
// the threshold, encrypted (dots) and in the clear (lines).
#include <algorithm>
#include <cmath>
#include <fmt/core.h>

#include "main/match_demo.h"

namespace v100 {
namespace {

constexpr double width = 760;
constexpr double height = 300;
constexpr double left = 60;
constexpr double low = -0.5;  // of the axis
constexpr double high = 1.0;
constexpr std::size_t bins = 75;

double x_of(double cosine) { return left + (cosine - low) / (high - low) * width; }

std::string histogram(const std::vector<double>& values, const char* color, double base) {
  std::vector<double> counts(bins);
  for (const double v : values) {
    const double at = (v - low) / (high - low) * static_cast<double>(bins);
    counts[static_cast<std::size_t>(std::clamp(at, 0.0, static_cast<double>(bins - 1)))] += 1;
  }
  const double most = std::max(1.0, *std::max_element(counts.begin(), counts.end()));
  std::string out;
  for (std::size_t i = 0; i < bins; ++i) {
    const double tall = counts[i] / most * (height - 20);
    out += fmt::format(R"(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill="{}")"
                       " fill-opacity=\"0.55\"/>\n",
                       left + static_cast<double>(i) * width / bins, base - tall, width / bins,
                       tall, color);
  }
  return out;
}

// Rates from 1 down to 1e-6, logarithmic.
double y_of(double rate, double base) {
  const double decades = std::clamp(-std::log10(std::max(rate, 1e-6)), 0.0, 6.0);
  return base - height + 20 + decades / 6 * (height - 20);
}

std::string curve(const std::vector<ErrorRates>& rows, bool accepts, const char* color,
                  double base) {
  std::string line;
  std::string dots;
  for (const ErrorRates& r : rows) {
    const auto total = static_cast<double>(accepts ? r.impostors : r.genuine);
    const auto clear = static_cast<double>(accepts ? r.false_accepts_clear : r.false_rejects_clear);
    const auto hidden = static_cast<double>(accepts ? r.false_accepts : r.false_rejects);
    line += fmt::format("{:.1f},{:.1f} ", x_of(r.threshold), y_of(clear / total, base));
    dots += fmt::format(R"(<circle cx="{:.1f}" cy="{:.1f}" r="3" fill="{}"/>)"
                        "\n",
                        x_of(r.threshold), y_of(hidden / total, base), color);
  }
  return fmt::format(R"(<polyline points="{}" fill="none" stroke="{}"/>)"
                     "\n",
                     line, color) +
         dots;
}

std::string text(double x, double y, const std::string& words) {
  return fmt::format(
      R"(<text x="{:.0f}" y="{:.0f}" font-size="12" font-family="sans-serif">{}</text>)"
      "\n",
      x, y, words);
}

}  // namespace

std::string error_rate_plot(const std::vector<ErrorRates>& rows, const std::vector<double>& genuine,
                            const std::vector<double>& impostor) {
  const double first = height + 20;
  const double second = 2 * height + 90;
  std::string out =
      fmt::format(R"(<svg xmlns="http://www.w3.org/2000/svg" width="{:.0f}" height="{:.0f}">)"
                  "\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
                  left + width + 20, second + 40);
  out += histogram(impostor, "#b33", first) + histogram(genuine, "#36b", first);
  out += curve(rows, true, "#b33", second) + curve(rows, false, "#36b", second);
  for (double tick = low; tick <= high + 0.01; tick += 0.25) {
    out += text(x_of(tick) - 10, first + 16, fmt::format("{:.2f}", tick));
    out += text(x_of(tick) - 10, second + 16, fmt::format("{:.2f}", tick));
  }
  for (int decade = 0; decade <= 6; decade += 2) {
    out += text(8, y_of(std::pow(10.0, -decade), second) + 4, fmt::format("1e-{}", decade));
  }
  out +=
      text(left, 16, "cosines of impostor (red) and genuine (blue) pairs, each to its own maximum");
  out += text(
      left, first + 46,
      "false accepts (red) and false rejects (blue) over the threshold; dots: under encryption,"
      " lines: in the clear");
  return out + "</svg>\n";
}

}  // namespace v100
