// If this fails, a frame may be opened twice, sealed twice under one counter, or shown under
// another track than its own.
#include "e2ee/frames.h"

#include <gtest/gtest.h>

#include "e2ee/codes.h"
#include "e2ee/data_message.h"

namespace v100::e2ee {
namespace {

constexpr SenderId alice(0x0a11ce);
constexpr SenderId bob(0x000b0b);
constexpr Instant t0;

Buffer frame_with(Kid kid, std::uint64_t counter, std::size_t body = 16) {
  Buffer frame = to_buffer(write_header({kid, Counter(counter)}).view());
  frame.resize(frame.size() + body);
  return frame;
}

TEST(ReplayWindow, TakesEachCounterOnceAndNothingOlderThanItsSize) {
  ReplayWindow window;
  EXPECT_TRUE(window.fresh(Counter(0)));
  window.mark(Counter(0));
  EXPECT_FALSE(window.fresh(Counter(0)));
  window.mark(Counter(5000));
  EXPECT_FALSE(window.fresh(Counter(5000 - 2048)));
  EXPECT_TRUE(window.fresh(Counter(5000 - 2047)));
  window.mark(Counter(5000 - 2047));
  EXPECT_FALSE(window.fresh(Counter(5000 - 2047)));
  window.mark(Counter(5001));  // takes the place that 5000 - 2047 had in the ring
  EXPECT_FALSE(window.fresh(Counter(5000 - 2047)));
  EXPECT_TRUE(window.fresh(Counter(4999)));
  EXPECT_FALSE(window.fresh(Counter(5000)));
}

TEST(ReplayWindow, AgreesWithASetForAnyOrder) {
  ReplayWindow window;
  std::vector<bool> seen(20000);
  std::uint64_t newest = 0;
  std::uint64_t random = 42;
  for (int i = 0; i < 20000; ++i) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    const std::uint64_t counter = static_cast<std::uint64_t>(i) / 2 + (random >> 52);
    const bool expected = (counter + 2047 >= newest) && !seen[counter];
    ASSERT_EQ(window.fresh(Counter(counter)), expected) << counter;
    if (expected) {
      window.mark(Counter(counter));
      seen[counter] = true;
      newest = std::max(newest, counter);
    }
  }
}

TEST(Header, OnlyTheShortestEncodingIsTaken) {
  const Buffer long_kid{0x80, 0x07, 0x00};  // kid 7 in a byte of its own
  EXPECT_FALSE(parse_header(long_kid).has_value());
  const Buffer cut{0x99, 0x01};
  EXPECT_FALSE(parse_header(cut).has_value());
  EXPECT_FALSE(parse_header({}).has_value());
}

TEST(ClearBytes, FollowTheCodec) {
  const Buffer key(20, 0x10);
  const Buffer delta(20, 0x11);
  EXPECT_EQ(clear_bytes(Codec::vp8, key), 10u);
  EXPECT_EQ(clear_bytes(Codec::vp8, delta), 3u);
  EXPECT_EQ(clear_bytes(Codec::vp8, Bytes(key).first(4)), 4u);
  EXPECT_EQ(clear_bytes(Codec::vp8, {}), 0u);
  EXPECT_EQ(clear_bytes(Codec::vp9, key), 0u);
  EXPECT_EQ(clear_bytes(Codec::opus, key), 0u);
}

TEST(FrameBook, CountersNeverRepeatUnderAKey) {
  FrameBook book(alice);
  EXPECT_EQ(book.seal(Track::audio, Codec::opus, {}).error().code, Errc::unavailable);
  book.start_sending(Epoch(1));
  EXPECT_EQ(book.seal(Track::audio, Codec::opus, {})->counter, Counter(0));
  EXPECT_EQ(book.seal(Track::audio, Codec::opus, {})->counter, Counter(1));
  EXPECT_EQ(book.seal(Track::camera, Codec::vp9, {})->counter, Counter(0));  // another KID
  book.start_sending(Epoch(2));
  EXPECT_EQ(book.seal(Track::audio, Codec::opus, {})->counter, Counter(0));
  EXPECT_EQ(book.seal(Track::audio, Codec::opus, {})->kid, kid_of(alice, Epoch(2), Track::audio));
}

TEST(FrameBook, NamesWhyAFrameIsDropped) {
  FrameBook book(alice);
  book.install(bob, Epoch(3));
  book.install(SenderId(7), Epoch(1));
  const FrameBook::Source camera{bob, Track::camera};
  const auto why = [&](const Buffer& frame) {
    return book.open(camera, Codec::vp9, frame, t0).error();
  };
  EXPECT_EQ(why(frame_with(kid_of(bob, Epoch(4), Track::camera), 0)), Drop::no_key);
  EXPECT_EQ(why(frame_with(kid_of(bob, Epoch(3), Track::screen), 0)), Drop::wrong_track);
  EXPECT_EQ(why(frame_with(kid_of(SenderId(7), Epoch(1), Track::camera), 0)), Drop::wrong_track);
  EXPECT_EQ(why(frame_with(kid_of(alice, Epoch(1), Track::camera), 0)), Drop::wrong_track);
  EXPECT_EQ(why(frame_with(kid_of(SenderId(9), Epoch(1), Track::camera), 0)), Drop::malformed);
  EXPECT_EQ(why(frame_with(kid_of(bob, Epoch(3), Track::camera), 0, 15)), Drop::malformed);
  EXPECT_EQ(why(Buffer(40, 0x55)), Drop::malformed);

  const Buffer good = frame_with(kid_of(bob, Epoch(3), Track::camera), 9);
  const auto opening = book.open(camera, Codec::vp9, good, t0);
  ASSERT_TRUE(opening.has_value());
  EXPECT_TRUE(book.opened(camera, *opening, t0));
  EXPECT_FALSE(book.opened(camera, *opening, t0));
  EXPECT_EQ(why(good), Drop::replayed);
  book.erase(bob, Epoch(3));
  EXPECT_EQ(why(frame_with(kid_of(bob, Epoch(3), Track::camera), 10)), Drop::no_key);
  const TrackCounts& counts = book.counts().at(FrameBook::counts_key(bob, Track::camera));
  EXPECT_EQ(counts.opened, 1u);
  EXPECT_EQ(counts.dropped[static_cast<std::size_t>(Drop::replayed)], 2u);
  EXPECT_EQ(counts.dropped[static_cast<std::size_t>(Drop::wrong_track)], 3u);
}

TEST(FrameBook, ATrackThatFallsSilentIsNotWithoutAKeyForEver) {
  FrameBook book(alice);
  const FrameBook::Source audio{bob, Track::audio};
  const auto at = [](std::int64_t ms) { return t0 + Duration::milliseconds(ms); };
  const auto& counts = book.counts();
  const std::uint32_t key = FrameBook::counts_key(bob, Track::audio);
  book.drop(audio, Drop::no_key, at(0));
  book.drop(audio, Drop::no_key, at(400));
  EXPECT_EQ(*counts.at(key).without_key(at(2000)), Duration::milliseconds(2000));
  EXPECT_FALSE(counts.at(key).without_key(at(3400)));
  book.drop(audio, Drop::no_key, at(9000));  // begins anew
  EXPECT_EQ(*counts.at(key).without_key(at(9500)), Duration::milliseconds(500));
  for (std::int64_t ms = 9400; ms <= 60000; ms += 400) {
    book.drop(audio, Drop::no_key, at(ms));
  }
  EXPECT_EQ(*counts.at(key).without_key(at(60000)), Duration::milliseconds(51000));
}

TEST(DataMessage, RoundTripsAndIsBounded) {
  StateMessage state;
  state.roster = RosterHash(Hash{1, 2});
  state.epochs = {{alice, Epoch(3)}, {bob, Epoch(70000)}};
  state.name = "Zo\xc3\xab \"q\" \\ \n";
  state.hand = true;
  state.muted = 0b10110;
  const Result<DataMessage> back = parse_data(write_data(state));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(std::get<StateMessage>(*back), state);

  const ChatText chat{{1, 2, 3}, "hi \xf0\x9f\x99\x82"};
  EXPECT_EQ(std::get<ChatText>(*parse_data(write_data(chat))), chat);

  const auto parse = [](std::string_view text) { return parse_data(as_bytes(text)); };
  EXPECT_TRUE(std::holds_alternative<UnknownData>(*parse(R"({"t":"later","x":[1,{"y":null}]})")));
  EXPECT_FALSE(parse(R"({"t":"state"})").has_value());
  EXPECT_FALSE(parse(R"({"t":"chat","id":"00","text":"x"})").has_value());
  EXPECT_FALSE(parse(R"({"t":"x"} )"
                     "x")
                   .has_value());
  EXPECT_FALSE(parse("").has_value());
  EXPECT_FALSE(parse("{\"x\":" + std::string(20, '[') + std::string(20, ']') + "}").has_value());
  EXPECT_FALSE(parse_data(Buffer(data_bytes_max + 1, ' ')).has_value());
  const std::string escapes =
      R"({"t":"chat","id":"000102030405060708090a0b0c0d0e0f","text":"\u00e9\ud83d\ude42\/"})";
  EXPECT_EQ(std::get<ChatText>(*parse(escapes)).text, "\xc3\xa9\xf0\x9f\x99\x82/");
  EXPECT_FALSE(
      parse(R"({"t":"chat","id":"000102030405060708090a0b0c0d0e0f","text":"\ud83d"})").has_value());
}

TEST(Codes, AreTheSameFromBothSides) {
  const Fingerprint a(Hash{1});
  const Fingerprint b(Hash{2});
  const std::string digits = comparison_digits(a, b);
  EXPECT_EQ(digits.size(), 71u);
  EXPECT_EQ(digits, comparison_digits(b, a));
  EXPECT_NE(digits, comparison_digits(a, Fingerprint(Hash{3})));
  EXPECT_EQ(comparison_qr(a, b).size(), 10u + 60u);
}

}  // namespace
}  // namespace v100::e2ee
