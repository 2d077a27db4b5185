// Broken if this fails: templates lie open on the disk, or a deleted person is still there.
#include "svc/match/gallery.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "he/bfv/test_random.h"

namespace v100::match {
namespace {

class GalleryTest : public testing::Test {
 protected:
  he::bfv::TestRandom random{3};
  GalleryKey key;
  Gallery gallery;
  WallTime now{1'000'000};

  void SetUp() override { random.fill(key.fill()); }
  Enrolment somebody(std::int8_t value) {
    Enrolment e{.consent = "terms of 2026", .enrolled = now, .retain_until = WallTime(2'000'000)};
    e.row.fill(value);
    return e;
  }
};

TEST_F(GalleryTest, IsSealedAndComesBack) {
  ASSERT_TRUE(gallery.enrol("ada", somebody(3), key).has_value());
  ASSERT_TRUE(gallery.enrol("bob", somebody(-4), key).has_value());
  ASSERT_TRUE(gallery.revoke("bob", now, key).has_value());
  const Buffer sealed = gallery.seal(key, random);
  const std::string_view text = as_text(sealed);
  EXPECT_EQ(text.find("ada"), std::string_view::npos);
  const Gallery back = Gallery::open(sealed, key).value();
  EXPECT_EQ(back.people().size(), 2u);
  EXPECT_EQ(back.find("ada")->row, gallery.find("ada")->row);
  EXPECT_TRUE(back.find("bob")->revoked);
  ASSERT_EQ(back.log().size(), 3u);
  EXPECT_EQ(back.log().back().hash, gallery.log().back().hash);
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    Buffer bad = sealed;
    bad[at] ^= 1;
    EXPECT_FALSE(Gallery::open(bad, key).has_value()) << at;
  }
  GalleryKey other;
  EXPECT_EQ(Gallery::open(sealed, other).error().code, Errc::unauthenticated);
}

TEST_F(GalleryTest, DeletedIsGoneAndTheChainSaysSo) {
  ASSERT_TRUE(gallery.enrol("ada", somebody(15), key).has_value());
  EXPECT_EQ(gallery.enrol("ada", somebody(1), key).error().code, Errc::conflict);
  ASSERT_TRUE(gallery.erase("ada", now, key).has_value());
  EXPECT_EQ(gallery.find("ada"), nullptr);
  EXPECT_EQ(gallery.erase("ada", now, key).error().code, Errc::not_found);
  ASSERT_EQ(gallery.log().size(), 2u);
  EXPECT_EQ(gallery.log()[1].event, GalleryEvent::deleted);
  EXPECT_EQ(gallery.log()[0].person, gallery.log()[1].person);
  EXPECT_NE(gallery.log()[0].hash, gallery.log()[1].hash);
  const Gallery back = Gallery::open(gallery.seal(key, random), key).value();
  EXPECT_TRUE(back.people().empty());
}

TEST_F(GalleryTest, RetentionEndsAndConsentIsAsked) {
  ASSERT_TRUE(gallery.enrol("ada", somebody(2), key).has_value());
  EXPECT_EQ(gallery.sweep(WallTime(1'999'999), key), 0u);
  EXPECT_EQ(gallery.sweep(WallTime(2'000'000), key), 1u);
  EXPECT_TRUE(gallery.people().empty());
  Enrolment none = somebody(2);
  none.consent.clear();
  EXPECT_EQ(gallery.enrol("bob", none, key).error().code, Errc::malformed);
  EXPECT_EQ(gallery.enrol("bob", somebody(127), key).error().code, Errc::forbidden);
}

}  // namespace
}  // namespace v100::match
