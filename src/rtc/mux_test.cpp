// If this fails, datagrams go to the wrong participant's transport or to none.
#include "rtc/mux.h"

#include <gtest/gtest.h>

namespace v100::rtc {
namespace {

Address v4(const char* ip, std::uint16_t port) { return *Address::parse(ip, port); }

TEST(Mux, KeepsFourAddressesAndForgetsWithTheTransport) {
  Mux mux(3);
  const TransportId one{1};
  const TransportId two{2};
  EXPECT_TRUE(mux.add(one, "aaaa"));
  EXPECT_FALSE(mux.add(two, "aaaa"));
  EXPECT_TRUE(mux.add(two, "bbbb"));
  const Buffer packet = to_buffer(as_bytes("\x80\x60 any RTP packet"));
  for (std::uint16_t port = 1; port <= 5; ++port) {
    mux.bind(v4("192.0.2.1", port), one);
  }
  EXPECT_FALSE(mux.find(v4("192.0.2.1", 1), packet));
  EXPECT_EQ(mux.find(v4("192.0.2.1", 2), packet), one);
  mux.bind(v4("192.0.2.1", 2), two);
  EXPECT_EQ(mux.find(v4("192.0.2.1", 2), packet), two);
  mux.remove(one);
  EXPECT_FALSE(mux.find(v4("192.0.2.1", 5), packet));
  EXPECT_EQ(mux.find(v4("192.0.2.1", 2), packet), two);
  EXPECT_TRUE(mux.add(one, "aaaa"));
  mux.remove_ufrag("bbbb");
  EXPECT_TRUE(mux.add(one, "bbbb"));
  EXPECT_TRUE(mux.add(one, "cccc"));  // the third takes the place of the first
  EXPECT_TRUE(mux.add(two, "aaaa"));
  EXPECT_FALSE(mux.add(two, "bbbb"));
  for (int i = 0; i < 10; ++i) {
    mux.bind(v4("192.0.2.9", 1), one);  // again and again, and still one entry
  }
  mux.bind(v4("192.0.2.9", 2), one);
  EXPECT_EQ(mux.find(v4("192.0.2.9", 1), packet), one);
}

}  // namespace
}  // namespace v100::rtc
