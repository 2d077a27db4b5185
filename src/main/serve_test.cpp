// Broken if this fails: settings that mean something else than they say, metrics and log lines that
// tools cannot read, files served under the wrong validator.
#include <algorithm>
#include <cstdlib>
#include <gtest/gtest.h>

#include "main/config.h"
#include "main/log.h"
#include "main/meter.h"
#include "main/web_client.h"
#include "net/assets.h"

namespace v100 {
namespace {

std::expected<ConfigOrHelp, std::string> load(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "serve");
  std::vector<char*> argv;
  for (std::string& argument : arguments) {
    argv.push_back(argument.data());
  }
  return load_config(static_cast<int>(argv.size()), argv.data());
}

TEST(Config, ReadsEndpoints) {
  EXPECT_EQ(parse_endpoint("127.0.0.1:80")->text(), "127.0.0.1:80");
  EXPECT_EQ(parse_endpoint("[::1]:443")->text(), "[::1]:443");
  EXPECT_EQ(parse_endpoint("8443")->text(), "[::]:8443");
  EXPECT_EQ(parse_endpoint("*:8443")->text(), "[::]:8443");
  EXPECT_EQ(parse_endpoint("localhost:1")->text(), "127.0.0.1:1");
  for (const char* wrong :
       {"", "::1:80", "1.2.3:80", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:-1", "a:b"}) {
    EXPECT_FALSE(parse_endpoint(wrong)) << wrong;
  }
}

TEST(Config, FlagsBeatTheEnvironment) {
  setenv("V100_UDP_PORT", "1000", 1);
  setenv("V100_STRICT", "true", 1);
  const auto loaded = load({"--udp-port", "2000", "--announce", "192.0.2.1,2001:db8::1"});
  unsetenv("V100_UDP_PORT");
  unsetenv("V100_STRICT");
  ASSERT_TRUE(loaded) << loaded.error();
  EXPECT_EQ(loaded->config.udp_port, 2000);
  EXPECT_TRUE(loaded->config.strict);
  EXPECT_EQ(loaded->config.announce, (std::vector<std::string>{"192.0.2.1", "2001:db8::1"}));
  EXPECT_FALSE(load({"--announce", "example.org"}));
}

TEST(Meter, TellsPrometheusText) {
  TextMeter meter;
  meter.count("v100_a_total", R"(k="x")", 2);
  meter.count("v100_a_total", R"(k="x")", 3);
  meter.count("v100_a_total", "", 1);
  meter.gauge("v100_b", "", -4);
  EXPECT_EQ(meter.text(),
            "# TYPE v100_a_total counter\nv100_a_total 1\nv100_a_total{k=\"x\"} 5\n"
            "# TYPE v100_b gauge\nv100_b -4\n");
}

TEST(Log, EscapesWhatJsonCannotHold) {
  std::string out;
  append_json_text(out, std::string_view("a\"\\\n\x00\x7f \xc3\xa9", 9));
  EXPECT_EQ(out, "a\\\"\\\\\\u000a\\u0000\\u007f \xc3\xa9");
  out.clear();
  append_json_text(out, "\xff x");
  EXPECT_EQ(out, "? x");
}

wire::HttpRequest get(std::span<const wire::HttpHeader> headers) {
  wire::HttpRequest request;
  request.method = "GET";
  request.path = "/";
  request.headers = headers;
  return request;
}

TEST(Assets, AreValidatedPerCoding) {
  const Buffer plain(100, 'p');
  const Buffer gzip(10, 'g');
  const net::Asset asset{"/", "text/html", "abc", plain, gzip, false};
  const wire::HttpHeader takes[] = {{"Accept-Encoding", "br, gzip;q=0.5"}};
  const net::Response packed = net::serve_asset(asset, get(takes));
  EXPECT_EQ(packed.static_body.size(), 10u);
  const wire::HttpHeader has[] = {{"Accept-Encoding", "gzip"},
                                  {"If-None-Match", "W/\"x\", \"abc-gz\""}};
  EXPECT_EQ(net::serve_asset(asset, get(has)).status, 304);
  const wire::HttpHeader other[] = {{"If-None-Match", "\"abc-gz\""},
                                    {"Accept-Encoding", "gzip;q=0"}};
  const net::Response plainly = net::serve_asset(asset, get(other));
  EXPECT_EQ(plainly.status, 200);
  EXPECT_EQ(plainly.static_body.size(), 100u);
}

TEST(WebClient, HoldsAPage) {
  ASSERT_NE(net::find_asset(web_client(), "/"), nullptr);
  EXPECT_EQ(net::find_asset(web_client(), "/nothing"), nullptr);
  EXPECT_TRUE(std::ranges::is_sorted(web_client(), {}, &net::Asset::path));
}

}  // namespace
}  // namespace v100
