// Broken if this fails: what the server takes for a request, where one request ends and the next
// begins, and that two readings of one byte stream are impossible.
#include "wire/http1.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace v100::wire {
namespace {

struct Seen {
  std::vector<std::string> requests;  // "METHOD path?query authority body keep"
  int status = 0;                     // of the refusal, 0 without one
  bool asked_for_body = false;
};

std::string describe(const HttpRequest& request) {
  std::string line(request.method);
  line.append(" ").append(request.path);
  if (!request.query.empty()) {
    line.append("?").append(request.query);
  }
  line.append(" ").append(request.authority).append(" ").append(as_text(request.body));
  line.append(request.keep_alive ? " keep" : " close");
  return line;
}

Seen read_all(std::string_view stream, std::size_t piece, HttpLimits limits = {}) {
  Seen seen;
  Http1Reader reader(limits);
  while (true) {
    const Result<HttpProgress> progress = reader.next();
    if (!progress) {
      seen.status = reader.refusal_status();
      return seen;
    }
    if (*progress == HttpProgress::request) {
      seen.requests.push_back(describe(reader.request()));
      continue;
    }
    seen.asked_for_body = seen.asked_for_body || *progress == HttpProgress::head;
    if (stream.empty()) {
      return seen;
    }
    const MutBytes room = reader.space();
    const std::size_t take = std::min({piece, stream.size(), room.size()});
    copy(room.first(take), as_bytes(stream.substr(0, take)));
    reader.filled(take);
    stream.remove_prefix(take);
  }
}

// However the network cuts the stream, the same requests come out.
Seen read_cut_everywhere(std::string_view stream, HttpLimits limits = {}) {
  const Seen whole = read_all(stream, stream.size(), limits);
  for (std::size_t piece = 1; piece < std::min<std::size_t>(stream.size(), 90); ++piece) {
    const Seen cut = read_all(stream, piece, limits);
    EXPECT_EQ(cut.requests, whole.requests) << "pieces of " << piece;
    EXPECT_EQ(cut.status, whole.status) << "pieces of " << piece;
  }
  return whole;
}

TEST(Http1, ReadsTheExampleOfRfc9112) {
  const Seen seen = read_cut_everywhere(
      "GET /hello.txt HTTP/1.1\r\nUser-Agent: curl/7.64.1\r\nHost: www.example.com\r\n"
      "Accept-Language: en, mi\r\n\r\n");
  EXPECT_EQ(seen.status, 0);
  EXPECT_EQ(seen.requests, std::vector<std::string>{"GET /hello.txt www.example.com  keep"});
}

TEST(Http1, ReadsPipelinedRequestsInOrder) {
  const Seen seen = read_cut_everywhere(
      "GET /a?x=1 HTTP/1.1\r\nHost: h\r\n\r\n"
      "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
      "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "4\r\nWiki\r\n6;name=value\r\npedia \r\nE\r\nin \r\n\r\nchunks.\r\n0\r\nTrailer: gone\r\n\r\n"
      "\r\nGET http://abs.example/d HTTP/1.1\r\nHost: h\r\nConnection: TE, close\r\n\r\n"
      "GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(seen.status, 0);
  const std::vector<std::string> expected = {"GET /a?x=1 h  keep", "POST /b h hello keep",
                                             "POST /c h Wikipedia in \r\n\r\nchunks. keep",
                                             "GET /d abs.example  close", "GET /   close"};
  EXPECT_EQ(seen.requests, expected);
}

TEST(Http1, RefusesWhatCouldBeReadTwoWays) {
  struct Case {
    const char* text;
    int status;
  };
  const Case cases[] = {
      {"GET / HTTP/1.1\nHost: h\n\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\rX: y\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n folded\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\n X: a\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost : h\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\n: empty\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\nX: a\x01\r\n\r\n", 400},
      {"GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET / HTTP/1.1 \r\nHost: h\r\n\r\n", 400},
      {"GET /\tx HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET /#x HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"G(T / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET x HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET /\r\n\r\n", 400},
      {"CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", 501},
      {"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505},
      {"GET / HTTP/1.2\r\nHost: h\r\n\r\n", 505},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       400},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
       400},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1, 1\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x1\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551617\r\n\r\n", 413},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n", 501},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
       "chunked\r\n\r\n",
       501},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nExpect: magic\r\n\r\n", 417},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\nab", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1 x\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n000000001\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n", 413},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n folded\r\n\r\n", 400},
      {"\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
  };
  for (const Case& c : cases) {
    const Seen seen = read_cut_everywhere(c.text);
    EXPECT_EQ(seen.status, c.status) << c.text;
    EXPECT_TRUE(seen.requests.empty()) << c.text;
  }
}

TEST(Http1, KeepsItsLimits) {
  const HttpLimits small{.head_bytes = 64, .headers = 3, .body_bytes = 10};
  EXPECT_EQ(read_cut_everywhere("GET /" + std::string(70, 'a'), small).status, 431);
  EXPECT_EQ(read_cut_everywhere("GET / HTTP/1.1\r\nHost: h\r\nA: b\r\nC: d\r\nE: f\r\n\r\n", small)
                .status,
            431);
  EXPECT_EQ(
      read_cut_everywhere("P / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n", small).status,
      413);
  const std::string chunked = "P / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(read_cut_everywhere(chunked + "6\r\nabcdef\r\n5\r\n", small).status, 413);
  EXPECT_EQ(read_cut_everywhere(chunked + "1;" + std::string(400, 'x'), small).status, 400);
  EXPECT_EQ(
      read_cut_everywhere(chunked + "0\r\nA: b\r\nA: b\r\nA: b\r\nA: b\r\n\r\n", small).status,
      431);
}

TEST(Http1, ManyTinyChunksDoNotGrowTheBuffer) {
  std::string stream = "P / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 60000; ++i) {
    stream += "1\r\nx\r\n";
  }
  stream += "0\r\n\r\n";
  Http1Reader reader;
  std::string_view left = stream;
  for (;;) {
    const auto progress = reader.next();
    ASSERT_TRUE(progress);
    if (*progress == HttpProgress::request) {
      break;
    }
    const MutBytes room = reader.space();
    ASSERT_LE(room.size(), 256u * 1024);
    const std::size_t take = std::min<std::size_t>({room.size(), left.size(), 5000});
    copy(room.first(take), as_bytes(left.substr(0, take)));
    reader.filled(take);
    left.remove_prefix(take);
  }
  EXPECT_EQ(reader.request().body.size(), 60000u);
}

TEST(Http1, TellsWhenTheClientWaitsBeforeItsBody) {
  const std::string head =
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
  EXPECT_TRUE(read_all(head, head.size()).asked_for_body);
  EXPECT_FALSE(read_all(head + "ok", 1000).asked_for_body);
  EXPECT_EQ(read_all(head + "ok", head.size()).requests.size(), 1u);
}

TEST(Http1, HandsOverWhatFollowsAnUpgrade) {
  Http1Reader reader;
  const std::string stream =
      "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\n\r\n\x81\x80";
  copy(reader.space().first(stream.size()), as_bytes(stream));
  reader.filled(stream.size());
  ASSERT_EQ(reader.next().value(), HttpProgress::request);
  EXPECT_TRUE(list_has(reader.request().header("CONNECTION"), "upgrade"));
  EXPECT_FALSE(list_has("upgraded, x", "upgrade"));
  EXPECT_EQ(as_text(reader.rest()), "\x81\x80");
}

TEST(Http1, WritesHeadsThatCannotBeSplit) {
  Buffer out;
  const HttpHeader headers[] = {{"Location", "/x\r\nSet-Cookie: a"}, {"Content-Length", "0"}};
  append_response_head(out, 302, headers);
  EXPECT_EQ(as_text(out),
            "HTTP/1.1 302 Found\r\nLocation: /x  Set-Cookie: a\r\nContent-Length: 0\r\n\r\n");
}

}  // namespace
}  // namespace v100::wire
