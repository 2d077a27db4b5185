// Broken if this fails: references that answers carry, and who is told when a leaf is durable.
#include "merkle/intake.h"

#include <gtest/gtest.h>
#include <string>

namespace v100::merkle {
namespace {

class CountingRandom final : public Random {
 public:
  void fill(MutBytes out) override {
    for (std::uint8_t& byte : out) {
      byte = static_cast<std::uint8_t>(next_++ * 151 >> 3);
    }
  }

 private:
  std::uint32_t next_ = 1;
};

Leaf some_leaf(std::uint8_t n) {
  Leaf leaf;
  leaf.lane = Lane::fast;
  leaf.service = service_number("meeting");
  leaf.time = WallTime(1700000000000 + n);
  leaf.request.fill(n);
  leaf.answer.fill(static_cast<std::uint8_t>(n + 1));
  leaf.key.fill(static_cast<std::uint8_t>(n + 2));
  return leaf;
}

class IntakeTest : public testing::Test {
 protected:
  CountingRandom random_;
  Intake intake_{3, 100, random_};
};

TEST_F(IntakeTest, ReferencesNameTheLeafAtOnce) {
  EXPECT_EQ(intake_.append(some_leaf(1)).error().code, Errc::unavailable);
  intake_.open(7);
  const Reference one = intake_.append(some_leaf(1)).value();
  const Leaf more[] = {some_leaf(2), some_leaf(1), some_leaf(4)};
  Reference refs[3];
  ASSERT_TRUE(intake_.append(more, refs).has_value());
  EXPECT_EQ(one.sequence, 7u);
  EXPECT_EQ(refs[2].sequence, 10u);
  EXPECT_EQ(refs[2].shard, 3u);
  EXPECT_NE(one.entry, refs[1].entry) << "the same leaf twice: only the salt tells them apart";
  ASSERT_EQ(intake_.unsealed(), 4u);
  const auto contents = intake_.contents(4);
  EXPECT_EQ(intake_.entries(4)[2], refs[1].entry);
  EXPECT_EQ(entry_of(contents[2]), refs[1].entry);
  EXPECT_EQ(entry_of(contents[0]), one.entry);
  const SaltedLeaf read = decode_leaf(contents[1]).value();
  EXPECT_EQ(read.salt, refs[0].salt);
  EXPECT_EQ(read.leaf.request, some_leaf(2).request);
  EXPECT_EQ(read.leaf.key, some_leaf(2).key);
  EXPECT_EQ(read.leaf.time, some_leaf(2).time);
  EXPECT_EQ(service_name(read.leaf.service), "meeting");
}

TEST_F(IntakeTest, WaitersAreToldInOrderAndOnce) {
  intake_.open(0);
  std::string told;
  for (std::uint8_t i = 0; i < 6; ++i) {
    ASSERT_TRUE(intake_.append(some_leaf(i)).has_value());
  }
  for (const int i : {4, 0, 2}) {
    intake_.when_committed(static_cast<std::uint64_t>(i), [&told, i](Result<void> result) {
      told += std::to_string(i) + (result ? " " : "! ");
    });
  }
  intake_.seal(3);
  EXPECT_EQ(intake_.unsealed(), 3u);
  intake_.committed(2);
  EXPECT_EQ(told, "0 ");
  intake_.committed(3);
  EXPECT_EQ(told, "0 2 ");
  intake_.when_committed(1, [&told](Result<void>) { told += "at once "; });
  EXPECT_EQ(told, "0 2 at once ");
  EXPECT_EQ(intake_.contents(3)[0], intake_.contents(1)[0]);
  EXPECT_EQ(decode_leaf(intake_.contents(1)[0])->leaf.request, some_leaf(3).request);
  intake_.give_up({Errc::unavailable, "away"});
  EXPECT_EQ(told, "0 2 at once 4! ");
}

TEST_F(IntakeTest, FullItSaysBusyAndKeepsWhatItHas) {
  intake_.open(0);
  std::vector<Leaf> leaves(99, some_leaf(1));
  std::vector<Reference> refs(99);
  ASSERT_TRUE(intake_.append(leaves, refs).has_value());
  ASSERT_TRUE(intake_.append(leaves[0]).has_value());
  EXPECT_EQ(intake_.append(leaves[0]).error().code, Errc::busy);
  intake_.seal(64);
  intake_.committed(64);
  EXPECT_EQ(intake_.append(leaves, refs).error().code, Errc::busy);
  EXPECT_EQ(intake_.append(some_leaf(9)).value().sequence, 100u);
  intake_.shut();
  EXPECT_EQ(intake_.append(leaves[0]).error().code, Errc::unavailable);
  EXPECT_EQ(intake_.unsealed(), 37u);
  EXPECT_EQ(decode_leaf(intake_.contents(37)[36])->leaf.request, some_leaf(9).request);
}

TEST_F(IntakeTest, IdsHaveOneSpelling) {
  intake_.open(12345678901234567890u);
  const Reference ref = intake_.append(some_leaf(1)).value();
  const std::string id = ref.id();
  EXPECT_EQ(id.substr(0, 23), "3-12345678901234567890-");
  const Reference read = parse_reference(id).value();
  EXPECT_EQ(read.sequence, ref.sequence);
  EXPECT_EQ(read.salt, ref.salt);
  for (const std::string& bad : {std::string("3-1"), "03" + id.substr(1), id + "=", "+" + id,
                                 "3-18446744073709551616" + id.substr(22), "65536" + id.substr(1),
                                 id.substr(0, id.size() - 1), "3--" + id.substr(23)}) {
    EXPECT_FALSE(parse_reference(bad).has_value()) << bad;
  }
}

TEST_F(IntakeTest, LeavesOutOfRangeAreRefused) {
  LeafContent content;
  encode_leaf(content, some_leaf(1), Salt{});
  ASSERT_TRUE(decode_leaf(content).has_value());
  for (const auto& [at, value] : {std::pair{0, 2}, {1, 0}, {1, 4}, {2, 6}, {4, 0x80}}) {
    LeafContent bad = content;
    bad[static_cast<std::size_t>(at)] = static_cast<std::uint8_t>(value);
    EXPECT_FALSE(decode_leaf(bad).has_value()) << at;
  }
  EXPECT_FALSE(decode_leaf(Bytes(content).first(131)).has_value());
}

}  // namespace
}  // namespace v100::merkle
