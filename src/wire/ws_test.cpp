// Broken if this fails: which WebSocket messages reach a service, and with which code a bad peer is
// turned away.
#include "wire/ws.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "base/text.h"
#include "wire/ws_deflate.h"

namespace v100::wire {
namespace {

struct Seen {
  std::vector<std::string> messages;
  std::uint16_t refused = 0;
};

Seen read_all(Bytes stream, std::size_t piece, WsReader::Role role, std::size_t limit) {
  Seen seen;
  WsReader reader(role, limit);
  for (;;) {
    const Result<bool> got = reader.next();
    if (!got) {
      seen.refused = reader.close_code();
      return seen;
    }
    if (*got) {
      const WsMessage& message = reader.message();
      std::string line = std::to_string(static_cast<int>(message.kind)) + ":";
      if (message.kind == WsKind::close) {
        line += std::to_string(message.close_code) + ":";
      }
      seen.messages.push_back(line.append(as_text(message.payload)));
      continue;
    }
    if (stream.empty()) {
      return seen;
    }
    const MutBytes room = reader.space();
    const std::size_t take = std::min({piece, stream.size(), room.size()});
    copy(room.first(take), stream.first(take));
    reader.filled(take);
    stream = stream.subspan(take);
  }
}

Seen read_cut_everywhere(Bytes stream, WsReader::Role role = WsReader::Role::server,
                         std::size_t limit = 1 << 20) {
  const Seen whole = read_all(stream, stream.size(), role, limit);
  for (std::size_t piece = 1; piece < std::min<std::size_t>(stream.size(), 70); ++piece) {
    const Seen cut = read_all(stream, piece, role, limit);
    EXPECT_EQ(cut.messages, whole.messages) << "pieces of " << piece;
    EXPECT_EQ(cut.refused, whole.refused) << "pieces of " << piece;
  }
  return whole;
}

// A client's frame, masked, with any first byte.
Buffer frame(int first_byte, std::string_view payload) {
  Buffer out;
  append_ws_masked(out, WsKind::text, as_bytes(payload), {0x37, 0xfa, 0x21, 0x3d});
  out[0] = static_cast<std::uint8_t>(first_byte);
  return out;
}

Buffer operator+(Buffer a, const Buffer& b) {
  append(a, b);
  return a;
}

TEST(WebSocket, ReadsTheExamplesOfRfc6455) {
  const auto client = WsReader::Role::client;
  const auto read = [&](const char* hex, WsReader::Role role) {
    return read_cut_everywhere(from_hex(hex).value(), role).messages;
  };
  EXPECT_EQ(read("810548656c6c6f", client), std::vector<std::string>{"1:Hello"});
  EXPECT_EQ(read("818537fa213d7f9f4d5158", WsReader::Role::server),
            std::vector<std::string>{"1:Hello"});
  EXPECT_EQ(read("010348656c80026c6f", client), std::vector<std::string>{"1:Hello"});
  EXPECT_EQ(read("890548656c6c6f", client), std::vector<std::string>{"9:Hello"});
  EXPECT_EQ(read("8a8537fa213d7f9f4d5158", WsReader::Role::server),
            std::vector<std::string>{"10:Hello"});
}

TEST(WebSocket, JoinsFragmentsAroundControlFrames) {
  const Seen seen =
      read_cut_everywhere(frame(0x01, "caf\xc3") + frame(0x89, "ping") + frame(0x00, "\xa9 ") +
                          frame(0x80, "ol\xc3\xa9") + frame(0x82, std::string(70000, 'z')) +
                          frame(0x88, std::string("\x03\xe9", 2) + "bye"));
  ASSERT_EQ(seen.messages.size(), 4u);
  EXPECT_EQ(seen.messages[0], "9:ping");
  EXPECT_EQ(seen.messages[1], "1:caf\xc3\xa9 ol\xc3\xa9");
  EXPECT_EQ(seen.messages[2], "2:" + std::string(70000, 'z'));
  EXPECT_EQ(seen.messages[3], "8:1001:bye");
}

TEST(WebSocket, TurnsBadPeersAwayWithTheRightCode) {
  struct Case {
    Buffer stream;
    std::uint16_t code;
    const char* why;
  };
  const Case cases[] = {
      {frame(0xc1, "x"), 1002, "reserved bit"},
      {frame(0x83, "x"), 1002, "opcode 3"},
      {frame(0x8b, "x"), 1002, "opcode 11"},
      {from_hex("810548656c6c6f").value(), 1002, "unmasked from a client"},
      {frame(0x09, "x"), 1002, "ping in fragments"},
      {frame(0x89, std::string(126, 'x')), 1002, "ping of 126 bytes"},
      {frame(0x80, "x"), 1002, "continuation of nothing"},
      {frame(0x01, "x") + frame(0x81, "y"), 1002, "new message inside one"},
      {from_hex("81fe000500000000").value(), 1002, "length 5 in 16 bits"},
      {from_hex("81ff000000000000000500000000").value(), 1002, "length 5 in 64 bits"},
      {from_hex("81ff800000000000000000000000").value(), 1002, "length with the top bit"},
      {from_hex("81ff000000000020000000000000").value(), 1009, "2 MiB"},
      {frame(0x88, "x"), 1002, "close of one byte"},
      {frame(0x88, std::string("\x03\xed", 2)), 1002, "close 1005"},
      {frame(0x88, std::string("\x03\xe7", 2)), 1002, "close 999"},
      {frame(0x88, std::string("\x0b\xb7", 2)), 1002, "close 2999"},
      {frame(0x88, std::string("\x03\xe8\xff", 3)), 1007, "close reason not UTF-8"},
      {frame(0x81, "\xc0\xaf"), 1007, "overlong"},
      {frame(0x81, "\xed\xa0\x80"), 1007, "surrogate"},
      {frame(0x81, "\xf4\x90\x80\x80"), 1007, "above U+10FFFF"},
      {frame(0x81, "abc\xe2\x82"), 1007, "cut character"},
      {frame(0x01, "abc\xff"), 1007, "bad text in a first fragment"},
  };
  for (const Case& c : cases) {
    const Seen seen = read_cut_everywhere(c.stream);
    EXPECT_EQ(seen.refused, c.code) << c.why;
    EXPECT_TRUE(seen.messages.empty()) << c.why;
  }
}

TEST(WebSocket, LimitsTheSumOfFragments) {
  const Seen seen =
      read_cut_everywhere(frame(0x02, std::string(60, 'a')) + frame(0x80, std::string(60, 'b')),
                          WsReader::Role::server, 100);
  EXPECT_EQ(seen.refused, 1009);
}

TEST(WebSocket, ClosesWithoutACodeAndCutsLongReasons) {
  EXPECT_EQ(read_cut_everywhere(frame(0x88, "")).messages, std::vector<std::string>{"8:1005:"});
  Buffer out;
  append_ws_close(out, 1001, std::string(122, 'x') + "\xc3\xa9");
  EXPECT_EQ(out.size(), 2u + 2u + 122u);
}

TEST(WebSocket, WritesEveryLengthForm) {
  for (const std::size_t size : {0u, 125u, 126u, 65535u, 65536u}) {
    Buffer out;
    append_ws_frame(out, WsKind::binary, Buffer(size, 7));
    const Seen seen = read_all(out, out.size(), WsReader::Role::client, 1 << 20);
    ASSERT_EQ(seen.messages.size(), 1u);
    EXPECT_EQ(seen.messages[0].size(), size + 2);
  }
}

// RFC 7692 §7.2.3.1 and §7.2.3.2.
TEST(WebSocket, ReadsTheCompressedExamplesOfRfc7692) {
  WsDeflate deflate;
  for (const char* hex :
       {"c107f248cdc9c90700", "4103f248cd8004c9c90700", "c10bf248cdc9c907000000ffff",
        "c108f348cdc9c9070000", "c10df24805000000ffffcac9c90700"}) {
    WsReader reader(WsReader::Role::client);
    reader.allow_deflate(deflate);
    const Buffer bytes = from_hex(hex).value();
    copy(reader.space().first(bytes.size()), bytes);
    reader.filled(bytes.size());
    const Result<bool> got = reader.next();
    ASSERT_TRUE(got && *got) << hex;
    EXPECT_EQ(as_text(reader.message().payload), "Hello") << hex;
  }
}

TEST(WebSocket, PacksWhatGetsSmallerAndKeepsToTheLimit) {
  WsDeflate deflate;
  Buffer packed;
  EXPECT_FALSE(deflate.compress(as_bytes("short"), packed));
  const Buffer zeros(100'000, 0);
  ASSERT_TRUE(deflate.compress(zeros, packed));
  EXPECT_LT(packed.size(), 600u);
  EXPECT_EQ(deflate.expand(packed, 100'000).value(), zeros);
  EXPECT_EQ(deflate.expand(packed, 99'999).error().code, Errc::too_large);
  EXPECT_EQ(deflate.expand(as_bytes("\xff\xff\xff"), 100).error().code, Errc::malformed);
  Buffer frame;
  append_ws_packed(frame, WsKind::binary, packed);
  const auto refused_of = [&](Bytes bytes, std::size_t most, bool allowed) {
    WsReader reader(WsReader::Role::client, most);
    if (allowed) {
      reader.allow_deflate(deflate);
    }
    copy(reader.space().first(bytes.size()), bytes);
    reader.filled(bytes.size());
    return reader.next() ? 0 : int{reader.close_code()};
  };
  EXPECT_EQ(refused_of(frame, 100'000, true), 0);
  EXPECT_EQ(refused_of(frame, 99'999, true), 1009) << "a bomb";
  EXPECT_EQ(refused_of(frame, 100'000, false), 1002) << "not agreed on";
  EXPECT_EQ(refused_of(from_hex("c900").value(), 100, true), 1002) << "a packed ping";
  EXPECT_EQ(refused_of(from_hex("0103666f6fc000").value(), 100, true), 1002)
      << "RSV1 on a continuation";
}

TEST(WebSocket, AgreesToDeflateOnlyInFormsItCanKeepTo) {
  for (const char* good :
       {"permessage-deflate", "permessage-deflate; client_max_window_bits",
        "x, permessage-deflate;server_no_context_takeover ; client_max_window_bits=\"12\"",
        "permessage-deflate; server_max_window_bits=10, permessage-deflate"}) {
    EXPECT_TRUE(offers_ws_deflate(good)) << good;
  }
  for (const char* bad :
       {"", "x", "permessage-deflate; server_max_window_bits=9", "permessage-deflate; nonsense",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; server_no_context_takeover=1"}) {
    EXPECT_FALSE(offers_ws_deflate(bad)) << bad;
  }
}

}  // namespace
}  // namespace v100::wire
