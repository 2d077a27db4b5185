// Broken if this fails: COSE objects are read in more than one spelling, or written in another one.
#include "wire/cbor.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace v100::wire {
namespace {

Buffer hex(std::string_view text) { return from_hex(text).value(); }

// RFC 8949, appendix A: the rows without floating-point numbers and indefinite lengths.
TEST(Cbor, ReadsAndWritesIntegersOfTheRfc) {
  const std::pair<std::int64_t, const char*> rows[] = {{0, "00"},
                                                       {1, "01"},
                                                       {10, "0a"},
                                                       {23, "17"},
                                                       {24, "1818"},
                                                       {25, "1819"},
                                                       {100, "1864"},
                                                       {1000, "1903e8"},
                                                       {1000000, "1a000f4240"},
                                                       {1000000000000, "1b000000e8d4a51000"},
                                                       {-1, "20"},
                                                       {-10, "29"},
                                                       {-100, "3863"},
                                                       {-1000, "3903e7"},
                                                       {INT64_MIN, "3b7fffffffffffffff"},
                                                       {INT64_MAX, "1b7fffffffffffffff"}};
  for (const auto& [value, text] : rows) {
    const Buffer bytes = hex(text);
    CborReader reader(bytes);
    EXPECT_EQ(reader.integer().value_or(7777), value) << text;
    EXPECT_TRUE(reader.empty());
    Buffer out;
    CborWriter(out).integer(value);
    EXPECT_EQ(to_hex(out), text);
    EXPECT_EQ(out.size(),
              cbor_head_bytes(static_cast<std::uint64_t>(value < 0 ? -1 - value : value)));
  }
  const Buffer most = hex("1bffffffffffffffff");
  EXPECT_EQ(CborReader(most).positive().value(), UINT64_MAX);
  EXPECT_FALSE(CborReader(most).integer());
}

TEST(Cbor, SkipsEachKindOfTheRfc) {
  for (const char* text : {"f4",
                           "f5",
                           "f6",
                           "f7",
                           "f0",
                           "f8ff",
                           "f90000",
                           "fb3ff199999999999a",
                           "c074323031332d30332d32315432303a30343a30305a",
                           "c11a514b67b0",
                           "d818456449455446",
                           "40",
                           "4401020304",
                           "60",
                           "6449455446",
                           "62225c",
                           "62c3bc",
                           "64f0908591",
                           "80",
                           "8301820203820405",
                           "98190102030405060708090a0b0c0d0e0f101112131415161718181819",
                           "a0",
                           "a201020304",
                           "a26161016162820203",
                           "826161a161626163"}) {
    Buffer bytes = hex(text);
    CborReader reader(bytes);
    EXPECT_TRUE(reader.skip()) << text;
    EXPECT_TRUE(reader.empty()) << text;
    bytes.pop_back();
    EXPECT_FALSE(CborReader(bytes).skip()) << text;
  }
}

TEST(Cbor, RefusesSecondSpellings) {
  for (const char* text : {"1817",
                           "190018",
                           "1a00001000",
                           "1b00000000ffffffff",
                           "5f41014101ff",
                           "7f6161ff",
                           "9fff",
                           "bfff",
                           "1c",
                           "fc",
                           "ff",
                           "f818",
                           "62c328",
                           "61ff",
                           "58",
                           "5803aabb",
                           "a101",
                           "bb8000000000000000",
                           "9bffffffffffffffff",
                           "5bffffffffffffffff"}) {
    EXPECT_FALSE(CborReader(hex(text)).skip()) << text;
  }
  Buffer deep(CborReader::depth_max + 2, 0x81);
  deep.push_back(0);
  EXPECT_FALSE(CborReader(deep).skip());
  EXPECT_TRUE(CborReader(Bytes(deep).subspan(2)).skip());
}

TEST(Cbor, AsksForOneKind) {
  const Buffer bytes = hex("a1656b696e6473824102617a");
  CborReader reader(bytes);
  EXPECT_EQ(reader.map().value(), 1u);
  EXPECT_EQ(reader.text().value(), "kinds");
  EXPECT_EQ(reader.array().value(), 2u);
  EXPECT_EQ(to_hex(reader.bytes().value()), "02");
  EXPECT_EQ(reader.text().value(), "z");
  EXPECT_TRUE(reader.empty());
  Buffer out;
  CborWriter(out).map(1).text("kinds").array(2).bytes(hex("02")).text("z");
  EXPECT_EQ(out, bytes);
  EXPECT_FALSE(CborReader(bytes).array());
  EXPECT_FALSE(CborReader(bytes).bytes());
}

}  // namespace
}  // namespace v100::wire
