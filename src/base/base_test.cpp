// Broken if this fails: the vocabulary every module speaks (spans, hex and base64, masks, secrets,
// time).
#include <gtest/gtest.h>
#include <type_traits>

#include "base/bytes.h"
#include "base/ct.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/text.h"
#include "base/units.h"

namespace v100 {
namespace {

using Key = Secret<4, struct KeyTag>;
static_assert(!std::is_copy_constructible_v<Key> && !std::is_copy_assignable_v<Key>);

TEST(Text, RoundTripsEveryLength) {
  Buffer bytes;
  for (int n = 0; n < 70; ++n) {
    EXPECT_EQ(from_hex(to_hex(bytes)).value(), bytes);
    EXPECT_EQ(from_base64url(to_base64url(bytes)).value(), bytes);
    EXPECT_EQ(from_base64(to_base64(bytes)).value(), bytes);
    bytes.push_back(static_cast<std::uint8_t>(n * 37 + 200));
  }
}

TEST(Text, RefusesASecondSpelling) {
  EXPECT_EQ(to_base64(as_bytes("f")), "Zg==");
  EXPECT_EQ(from_base64("Zh==").error().code, Errc::malformed);
  EXPECT_EQ(from_base64url("Zh").error().code, Errc::malformed);
  EXPECT_FALSE(from_base64("Zg=").has_value());
  EXPECT_FALSE(from_base64url("Zg==").has_value());
  EXPECT_FALSE(from_base64url("A").has_value());
  EXPECT_FALSE(from_hex("abc").has_value());
  EXPECT_FALSE(from_hex("zz").has_value());
}

TEST(Bytes, LoadsAndStoresBothOrders) {
  ByteArray<8> b{};
  store_be<std::uint64_t>(b.data(), 0x0102030405060708u);
  EXPECT_EQ(b[0], 1);
  EXPECT_EQ(load_be<std::uint32_t>(b.data() + 4), 0x05060708u);
  EXPECT_EQ(load_le<std::uint16_t>(b.data()), 0x0201u);
  store_le<std::uint32_t>(b.data(), 0xAABBCCDDu);
  EXPECT_EQ(b[0], 0xDD);
  EXPECT_EQ(load_be<std::uint8_t>(b.data()), 0xDD);
}

TEST(Ct, SelectsAndCompares) {
  const ByteArray<3> a{1, 2, 3};
  const ByteArray<3> b{1, 2, 4};
  ByteArray<3> out{};
  EXPECT_TRUE(ct::declassify(ct::equal(a, a), "test"));
  EXPECT_FALSE(ct::declassify(ct::equal(a, b), "test"));
  EXPECT_FALSE(ct::declassify(ct::equal(a, Bytes(b).first(2)), "test"));
  ct::select(out, ct::equal(a, b), a, b);
  EXPECT_EQ(out, b);
  ct::select(out, ct::equal(a, a), a, b);
  EXPECT_EQ(out, a);
}

TEST(Secret, MovingWipesTheSource) {
  const ByteArray<4> bytes{1, 2, 3, 4};
  Key first{FixedBytes<4>(bytes)};
  const Key second(std::move(first));
  EXPECT_TRUE(same(second.expose(), bytes));
  EXPECT_TRUE(same(first.expose(), ByteArray<4>{}));  // NOLINT(bugprone-use-after-move): the point
}

Result<int> half(int n) {
  if (n % 2 != 0) {
    return fail(Errc::malformed, "odd");
  }
  return n / 2;
}
Result<int> quarter(int n) {
  const int h = TRY(half(n));
  return TRY(half(h));
}

TEST(Result, TryHandsTheErrorOn) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().code, Errc::malformed);
  EXPECT_STREQ(name(Errc::too_large), "too_large");
}

TEST(Units, DurationsAddUp) {
  const Instant start = Instant::from_ns(5);
  EXPECT_EQ((start + Duration::seconds(1) - start).ms(), 1000);
  EXPECT_LT(Duration::milliseconds(1), Duration::microseconds(1001));
}

}  // namespace
}  // namespace v100
