// If this fails, JSON from clients is read as something it does not say, or what we write is not
// JSON.
#include "wire/json.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "wire/utf8.h"

namespace v100::wire {
namespace {

Result<JsonDocument> parse(std::string_view text) {
  return JsonDocument::parse(as_bytes(text), 64 * 1024);
}

Errc refusal(std::string_view text) {
  const Result<JsonDocument> document = parse(text);
  return document ? Errc::conflict : document.error().code;
}

TEST(Json, ReadsEachKind) {
  const Result<JsonDocument> document =
      parse(R"( {"t":"hello", "n":-12, "x":1.5e3,"yes":true,"no":false,"nil":null,)"
            R"("list":[1,[2],{"a":3}],"b":"_-9"} )");
  ASSERT_TRUE(document.has_value());
  const JsonValue root = document->root();
  EXPECT_EQ(root.size(), 8u);
  EXPECT_EQ(*root["t"].text(), "hello");
  EXPECT_EQ(*root["n"].integer(), -12);
  EXPECT_EQ(*root["n"].number(), -12.0);
  EXPECT_EQ(*root["x"].number(), 1500.0);
  EXPECT_FALSE(root["x"].integer().has_value());
  EXPECT_TRUE(*root["yes"].boolean());
  EXPECT_FALSE(*root["no"].boolean());
  EXPECT_EQ(root["nil"].kind(), JsonKind::null);
  EXPECT_FALSE(root["b"].base64url().has_value());  // its tail bits are not zero
  std::string seen;
  for (const JsonValue item : root["list"]) {
    seen += std::to_string(static_cast<int>(item.kind()));
  }
  EXPECT_EQ(seen, "367");
  EXPECT_EQ(*(*(*++root["list"].begin()).begin()).integer(), 2);
  EXPECT_FALSE(root["missing"]["deeper"].exists());
  EXPECT_FALSE(root["missing"]["deeper"].text().has_value());
  EXPECT_EQ(root["t"].size(), 0u);
  EXPECT_TRUE(root["t"].begin() == root["t"].end());
}

TEST(Json, ReadsEscapesAndSurrogatePairs) {
  const Result<JsonDocument> document =
      parse(R"("\"\\\/\b\f\n\r\t\u0041\u00e9\u20AC\ud83d\ude00")");
  ASSERT_TRUE(document.has_value());
  EXPECT_EQ(*document->root().text(), "\"\\/\b\f\n\r\tA\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
}

TEST(Json, RefusesWhatTwoReadersCouldDifferOn) {
  for (const char* text : {"",
                           " ",
                           "{",
                           "[1,]",
                           "{\"a\":1,}",
                           "{\"a\":1,\"a\":2}",
                           "{\"a\":1,\"\\u0061\":2}",
                           "01",
                           "-",
                           "1.",
                           ".5",
                           "1e",
                           "+1",
                           "nul",
                           "tru",
                           "\"\\x\"",
                           "\"\\u12\"",
                           "\"\\ud800\"",
                           "\"\\ud800\\u0041\"",
                           "\"\\udc00\"",
                           "\"\xC0\x80\"",
                           "\"\xED\xA0\x80\"",
                           "\"\xF4\x90\x80\x80\"",
                           "\"\x01\"",
                           "\"a",
                           "1 2",
                           "{\"a\" 1}",
                           "{1:2}",
                           "[1 2]",
                           "'a'",
                           "1e999",
                           "\xEF\xBB\xBF{}",
                           "NaN",
                           "//"}) {
    EXPECT_EQ(refusal(text), Errc::malformed) << text;
  }
  EXPECT_EQ(refusal(std::string_view("\"a\0b\"", 5)), Errc::malformed);
}

TEST(Json, IsBounded) {
  EXPECT_EQ(JsonDocument::parse(as_bytes("[1,2]"), 4).error().code, Errc::too_large);
  std::string deep;
  for (std::size_t i = 0; i < limits::json_depth; ++i) {
    deep = "[" + deep + "]";
  }
  EXPECT_TRUE(parse(deep).has_value());
  EXPECT_EQ(refusal("[" + deep + "]"), Errc::too_large);
  EXPECT_EQ(refusal(std::string(50000, '[')), Errc::too_large);
  JsonWriter keys;
  keys.object();
  for (std::size_t i = 0; i <= limits::json_keys; ++i) {
    keys.key(std::to_string(i)).integer(1);
  }
  EXPECT_EQ(refusal(keys.end_object().view()), Errc::too_large);
}

TEST(Json, NumbersKeepTheirValueOrAreRefusedAsIntegers) {
  EXPECT_EQ(*parse("9223372036854775807")->root().integer(), INT64_MAX);
  EXPECT_EQ(*parse("-9223372036854775808")->root().integer(), INT64_MIN);
  EXPECT_FALSE(parse("9223372036854775808")->root().integer().has_value());
  EXPECT_EQ(*parse("-0")->root().integer(), 0);
  EXPECT_EQ(*parse("0.1")->root().number(), 0.1);
}

TEST(Json, WhatIsWrittenReadsBack) {
  JsonWriter writer;
  writer.object().key("t").text("a\"b\\c\n\x01\xE2\x82\xAC \xFF").key("list").array();
  writer.integer(-5).boolean(true).null().number(0.25).end_array();
  writer.key("empty").object().end_object().key("none").array().end_array();
  writer.key("b").base64url(Buffer{1, 2, 3}).key("h").hex(Buffer{0xab}).end_object();
  EXPECT_EQ(
      writer.view(),
      "{\"t\":\"a\\\"b\\\\c\\n\\u0001\xE2\x82\xAC \xEF\xBF\xBD\",\"list\":[-5,true,null,0.25],"
      "\"empty\":{},\"none\":[],\"b\":\"AQID\",\"h\":\"ab\"}");
  const Result<JsonDocument> back = parse(writer.view());
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(*back->root()["b"].base64url(), (Buffer{1, 2, 3}));
}

}  // namespace
}  // namespace v100::wire
