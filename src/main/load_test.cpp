// If this fails, the latencies that `v100 load` reports are wrong.
#include <gtest/gtest.h>

#include "main/load_stats.h"

namespace v100::load {
namespace {

TEST(Histogram, QuantilesAreRightToSixPercent) {
  Histogram histogram;
  for (std::int64_t us = 1; us <= 100000; ++us) {
    histogram.add(us * 1000);
  }
  EXPECT_EQ(histogram.count(), 100000u);
  for (const double share : {0.01, 0.5, 0.9, 0.99}) {
    EXPECT_NEAR(histogram.quantile_us(share), share * 100000, share * 100000 * 0.07) << share;
  }
}

TEST(Histogram, TakesAnything) {
  Histogram histogram;
  EXPECT_EQ(histogram.quantile_us(0.5), 0);
  histogram.add(-5);
  histogram.add(INT64_MAX);
  histogram.add(17);
  EXPECT_EQ(histogram.count(), 3u);
  EXPECT_GT(histogram.quantile_us(1), 1e12);
  EXPECT_LT(histogram.quantile_us(0.01), 0.001);
}

}  // namespace
}  // namespace v100::load
