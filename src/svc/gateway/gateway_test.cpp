// Broken if this fails: what the gateway promises before and after a handler: refusals, limits,
// timeouts, retries, the circuit breaker, the cache, idempotency, and a place in the log.
#include <gtest/gtest.h>
#include <map>

#include "base/text.h"
#include "crypto/keccak/keccak.h"
#include "svc/gateway/front.h"
#include "svc/gateway/openapi.h"
#include "svc/gateway/service.h"
#include "svc/gateway/trace.h"
#include "testing/world.h"
#include "wire/structured.h"

namespace v100::gateway {
namespace {

using testing_world::CountingMeter;
using testing_world::SeededRandom;
using testing_world::SilentLog;
using testing_world::VirtualClock;

struct Got {
  int status = 0;
  std::string type, body;
  std::map<std::string, std::string> headers;
};

class GatewayTest : public testing::Test, public Outlet {
 protected:
  GatewayTest() { make({}); }
  void make(FrontLimits limits) {
    front = std::make_unique<Front>(
        std::move(limits),
        Front::Parts{clock, random, log, *this, [this] { wanted_finish = true; }});
  }
  void answer(wire::ExchangeId exchange, const wire::AnswerView& answer) override {
    Got got{answer.status, std::string(answer.content_type), std::string(as_text(answer.body)), {}};
    for (const wire::HttpHeader& header : answer.headers) {
      got.headers[std::string(header.name)] = header.value;
    }
    EXPECT_TRUE(answers.emplace(exchange.number, got).second) << "answered twice";
  }
  // A request read whole by the real reader, and one turn.
  std::uint32_t ask(std::string_view head, std::string_view body = "", bool turn = true) {
    std::string text(head);
    text.append(" HTTP/1.1\r\nHost: h\r\n").append(fields);
    text.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n");
    text.append(body);
    readers.push_back(std::make_unique<wire::Http1Reader>());
    wire::Http1Reader& reader = *readers.back();
    const MutBytes space = reader.space();
    copy(space.first(text.size()), as_bytes(text));
    reader.filled(text.size());
    EXPECT_EQ(reader.next().value(), wire::HttpProgress::request);
    const std::uint32_t number = ++last;
    const FrontPeer peer{.address = Address::parse("192.0.2.7", 1).value()};
    known = front->on_request(reader.request(), peer, {1, number}, clock.now());
    if (turn) {
      end_turn();
    }
    return number;
  }
  void end_turn() {
    front->end_of_turn(clock.now());
    front->finish(clock.now());
    readers.clear();
  }
  Got& of(std::uint32_t number) { return answers[number]; }
  void pass(Duration by) {
    clock.advance(by);
    front->tick(clock.now());
    front->finish(clock.now());
  }
  Route& route(std::string_view method, std::string_view path, const RoutePolicy& policy = {}) {
    return front->routes().add("meeting", policy, method, path);
  }
  void keep(Route& to) {
    to.handler = [this](const HttpRequest&, HttpReply reply) {
      ++runs;
      held.push_back(std::move(reply));
    };
  }

  VirtualClock clock;
  SeededRandom random{1};
  SilentLog log;
  std::vector<std::unique_ptr<wire::Http1Reader>> readers;
  std::vector<HttpReply> held;  // dies after front: late answers go nowhere
  std::unique_ptr<Front> front;
  std::map<std::uint32_t, Got> answers;
  std::uint32_t last = 0;
  std::string fields;
  bool wanted_finish = false, known = false;
  int runs = 0;
};

HttpAnswer text_answer(int status, std::string_view text) {
  HttpAnswer answer;
  answer.status = status;
  answer.body = to_buffer(as_bytes(text));
  return answer;
}

TEST_F(GatewayTest, RoutesExactPathsPrefixesAndMethods) {
  route("GET", "/v1/a").now = [](const HttpRequest&, HttpNowAnswer& out) {
    append(out.body, as_bytes("exact"));
  };
  route("GET", "/v1/a/").now = [](const HttpRequest& request, HttpNowAnswer& out) {
    append(out.body, as_bytes(request.path_tail));
  };
  EXPECT_EQ(of(ask("GET /v1/a")).body, "exact");
  EXPECT_EQ(of(ask("GET /v1/a/b/c?q=1")).body, "b/c");
  EXPECT_EQ(of(ask("HEAD /v1/a")).status, 200);
  const Got& wrong = of(ask("POST /v1/a"));
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers.at("Allow"), "GET, HEAD");
  ask("GET /v1/other");
  EXPECT_FALSE(known);
}

TEST_F(GatewayTest, AHandlerThatDropsIsAnswered503AndReadsAreRetriedOnce) {
  int tries = 0;
  route("GET", "/r").handler = [&tries](const HttpRequest& request, HttpReply reply) {
    if (++tries == 2) {
      EXPECT_EQ(request.headers[1].value, "b") << "a retry tells the request again";
      reply.answer(text_answer(200, "second"));
    }
  };
  fields = "X-A: b\r\n";
  EXPECT_EQ(of(ask("GET /r")).body, "second");
  EXPECT_EQ(front->counters().retried, 1u);
  route("POST", "/w").handler = [&tries](const HttpRequest&, HttpReply) { ++tries; };
  tries = 0;
  EXPECT_EQ(of(ask("POST /w", "x")).status, 503);
  EXPECT_EQ(tries, 1) << "a write is not";
}

TEST_F(GatewayTest, RetriesHaveABudget) {
  int tries = 0;
  route("GET", "/r").handler = [&tries](const HttpRequest&, HttpReply) { ++tries; };
  for (int i = 0; i < 14; ++i) {
    ask("GET /r");
  }
  EXPECT_LE(tries, 14 + 3 + 2) << "a tenth, and a reserve of three";
}

TEST_F(GatewayTest, ASilentHandlerTimesOutAndItsLateAnswerGoesNowhere) {
  keep(route("GET", "/slow", {.timeout = Duration::seconds(2)}));
  const std::uint32_t number = ask("GET /slow");
  pass(Duration::seconds(1));
  EXPECT_FALSE(answers.contains(number));
  pass(Duration::seconds(1));
  EXPECT_EQ(of(number).status, 504);
  held[0].answer(text_answer(200, "late"));
  pass(Duration::milliseconds(10));
  EXPECT_EQ(of(number).status, 504);
  EXPECT_EQ(front->in_hand(), 0u);
}

TEST_F(GatewayTest, TheBreakerOpensProbesAndCloses) {
  int status = 500;
  route("POST", "/b").handler = [&](const HttpRequest&, HttpReply reply) {
    ++runs;
    reply.answer(text_answer(status, ""));
  };
  for (int i = 0; i < 16; ++i) {
    EXPECT_EQ(of(ask("POST /b", "x")).status, 500);
  }
  const Got& refused = of(ask("POST /b", "x"));
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.body.find("circuit_open"), std::string::npos);
  EXPECT_EQ(runs, 16) << "the service is left alone";
  clock.advance(Duration::seconds(1));
  EXPECT_EQ(of(ask("POST /b", "x")).status, 500) << "the probe";
  EXPECT_EQ(of(ask("POST /b", "x")).status, 503) << "open again, for twice as long";
  clock.advance(Duration::seconds(2));
  status = 200;
  EXPECT_EQ(of(ask("POST /b", "x")).status, 200);
  EXPECT_EQ(of(ask("POST /b", "x")).status, 200);
}

TEST_F(GatewayTest, CachesAndCoalesces) {
  keep(route("GET", "/c", {.cache_for = Duration::seconds(5)}));
  const std::uint32_t first = ask("GET /c?x=1"), second = ask("GET /c?x=1"),
                      other = ask("GET /c?x=2");
  EXPECT_EQ(runs, 2) << "two targets";
  held[0].answer(text_answer(200, "one"));
  pass(Duration::milliseconds(10));
  EXPECT_EQ(of(first).body, "one");
  EXPECT_EQ(of(second).body, "one");
  EXPECT_FALSE(answers.contains(other));
  EXPECT_EQ(of(ask("GET /c?x=1")).body, "one");
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(front->counters().cache_hits, 1u);
  EXPECT_EQ(front->counters().coalesced, 1u);
  clock.advance(Duration::seconds(6));
  ask("GET /c?x=1");
  EXPECT_EQ(runs, 3) << "too old";
  held[1].answer(text_answer(404, "none"));
  pass(Duration::milliseconds(10));
  ask("GET /c?x=2");
  EXPECT_EQ(runs, 4) << "only 200s are kept";
}

TEST(CacheTest, HoldsItsBytes) {
  Cache cache(8 * 4096);
  const Instant now = Instant::from_ns(0);
  for (int i = 0; i < 100; ++i) {
    cache.put("/" + std::to_string(i), text_answer(200, std::string(2000, 'x')),
              now + Duration::seconds(9));
  }
  EXPECT_LE(cache.bytes(), 8u * 4096);
  EXPECT_NE(cache.find("/99", now), nullptr);
  EXPECT_EQ(cache.find("/1", now), nullptr);
  cache.put("/big", text_answer(200, std::string(30000, 'x')), now + Duration::seconds(9));
  EXPECT_EQ(cache.find("/big", now), nullptr) << "would drive out all others";
}

TEST(IdempotencyTest, OneRunOneAnswer) {
  Idempotency keys(2);
  const Instant now = Instant::from_ns(0);
  const HttpAnswer* kept = nullptr;
  EXPECT_EQ(keys.begin("a", {1}, now, kept), Idempotency::State::fresh);
  EXPECT_EQ(keys.begin("a", {1}, now, kept), Idempotency::State::running);
  EXPECT_EQ(keys.begin("a", {2}, now, kept), Idempotency::State::other_request);
  EXPECT_EQ(keys.begin("b", {1}, now, kept), Idempotency::State::fresh);
  EXPECT_EQ(keys.begin("c", {1}, now, kept), Idempotency::State::full);
  keys.finish("a", text_answer(201, "made"));
  EXPECT_EQ(keys.begin("a", {1}, now, kept), Idempotency::State::done);
  EXPECT_EQ(kept->status, 201);
  keys.finish("b", text_answer(503, ""));
  EXPECT_EQ(keys.begin("b", {1}, now, kept), Idempotency::State::fresh) << "failed: again";
  EXPECT_EQ(keys.begin("c", {1}, now, kept), Idempotency::State::fresh) << "a is forgotten";
  EXPECT_EQ(keys.size(), 2u);
}

TEST_F(GatewayTest, LimitsAddressesWithRetryAfter) {
  FrontLimits limits;
  limits.per_address = {.per_second_thousandths = 1000, .burst = 2};
  make(limits);
  route("GET", "/l").now = [](const HttpRequest&, HttpNowAnswer&) {};
  EXPECT_EQ(of(ask("GET /l")).status, 200);
  EXPECT_EQ(of(ask("GET /l")).status, 200);
  const Got& third = of(ask("GET /l"));
  EXPECT_EQ(third.status, 429);
  EXPECT_EQ(third.headers.at("Retry-After"), "1");
  EXPECT_EQ(third.type, "application/problem+json");
  clock.advance(Duration::seconds(1));
  EXPECT_EQ(of(ask("GET /l")).status, 200);
  limits.per_address.burst = 0;
  front->reload(limits);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(of(ask("GET /l")).status, 200) << "reloaded";
  }
}

TEST(BucketsTest, ConstantMemoryAndFairness) {
  SeededRandom random(1);
  Buckets buckets({.per_second_thousandths = 1000, .burst = 1}, 64, random);
  const std::size_t memory = buckets.memory_bytes();
  Instant now = Instant::from_ns(5'000'000'000);
  int taken = 0;
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    ByteArray<8> who;
    store_be(who.data(), i);
    taken += buckets.take(who, now).ok ? 1 : 0;
  }
  EXPECT_EQ(taken, 100'000) << "each is new";
  EXPECT_EQ(buckets.memory_bytes(), memory);
  const ByteArray<8> one{1};
  buckets.take(one, now);
  EXPECT_FALSE(buckets.take(one, now).ok);
  EXPECT_TRUE(buckets.take(one, now + Duration::seconds(1)).ok);
}

TEST_F(GatewayTest, ShedsUnsignedRequestsWhenTurnsTakeTooLong) {
  route("GET", "/o").now = [](const HttpRequest&, HttpNowAnswer&) {};
  for (int i = 0; i < 30; ++i) {
    front->turn_took(Duration::milliseconds(400));
  }
  EXPECT_TRUE(front->overloaded());
  EXPECT_EQ(of(ask("GET /o")).status, 503);
  for (int i = 0; i < 30; ++i) {
    front->turn_took(Duration::milliseconds(1));
  }
  EXPECT_EQ(of(ask("GET /o")).status, 200);
}

TEST_F(GatewayTest, HoldsAtMostSoManyRequests) {
  FrontLimits limits;
  limits.in_hand_max = 3;
  make(limits);
  keep(route("POST", "/h"));
  for (int i = 0; i < 3; ++i) {
    ask("POST /h", "x");
  }
  EXPECT_EQ(of(ask("POST /h", "x")).status, 503);
  held[0].answer(text_answer(200, ""));
  pass(Duration::milliseconds(10));
  ask("POST /h", "x");
  EXPECT_EQ(runs, 4);
}

TEST_F(GatewayTest, AsksForSignaturesAndScopesAndBodiesOfASize) {
  route("POST", "/s", {.signed_only = true}).now = [](const HttpRequest&, HttpNowAnswer&) {};
  const Got& unsigned_one = of(ask("POST /s", "x"));
  EXPECT_EQ(unsigned_one.status, 401);
  EXPECT_TRUE(unsigned_one.headers.contains("Accept-Signature"));
  route("POST", "/z", {.body_bytes = 4}).now = [](const HttpRequest&, HttpNowAnswer&) {};
  EXPECT_EQ(of(ask("POST /z", "12345")).status, 413);
  EXPECT_EQ(of(ask("POST /z", "1234")).status, 200);
}

TEST_F(GatewayTest, AnswersOtherOriginsOnlyWhereAllowed) {
  FrontLimits limits;
  limits.origins = {"https://a.example"};
  make(limits);
  route("GET", "/x", {.cross_origin = true}).now = [](const HttpRequest&, HttpNowAnswer&) {};
  route("GET", "/y").now = [](const HttpRequest&, HttpNowAnswer&) {};
  fields = "Origin: https://a.example\r\nAccess-Control-Request-Method: GET\r\n";
  EXPECT_EQ(of(ask("GET /x")).headers.at("Access-Control-Allow-Origin"), "https://a.example");
  EXPECT_FALSE(of(ask("GET /y")).headers.contains("Access-Control-Allow-Origin"));
  const Got& preflight = of(ask("OPTIONS /x"));
  EXPECT_EQ(preflight.status, 204);
  EXPECT_TRUE(preflight.headers.contains("Access-Control-Allow-Headers"));
  EXPECT_EQ(of(ask("OPTIONS /y")).status, 405);
  fields = "Origin: https://b.example\r\n";
  EXPECT_FALSE(of(ask("GET /x")).headers.contains("Access-Control-Allow-Origin"));
}

TEST_F(GatewayTest, CompressesLongText) {
  route("GET", "/t").now = [](const HttpRequest&, HttpNowAnswer& out) {
    out.content_type = "text/plain";
    out.body.assign(5000, 'a');
  };
  fields = "Accept-Encoding: br, gzip\r\n";
  const Got& packed = of(ask("GET /t"));
  EXPECT_EQ(packed.headers.at("Content-Encoding"), "gzip");
  EXPECT_LT(packed.body.size(), 200u);
  fields = "Accept-Encoding: gzip;q=0\r\n";
  EXPECT_EQ(of(ask("GET /t")).body.size(), 5000u);
}

TEST_F(GatewayTest, GoesOnWithATrace) {
  constexpr std::string_view parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  route("GET", "/t").now = [](const HttpRequest&, HttpNowAnswer&) {};
  fields = std::string("traceparent: ").append(parent).append("\r\n");
  const std::string next = of(ask("GET /t")).headers.at("traceparent");
  EXPECT_TRUE(is_traceparent(next)) << next;
  EXPECT_EQ(next.substr(0, 36), parent.substr(0, 36));
  EXPECT_NE(next, parent);
  for (const char* bad : {"", "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
                          "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                          "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}) {
    EXPECT_FALSE(is_traceparent(bad)) << bad;
  }
}

TEST_F(GatewayTest, EachAnswerHasItsPlaceInTheLogAndWritesWaitForIt) {
  merkle::Intake intake(5, 100, random);
  front->use(nullptr, &intake);
  route("GET", "/r").now = [](const HttpRequest&, HttpNowAnswer& out) {
    append(out.body, as_bytes("read"));
  };
  route("POST", "/w").now = [](const HttpRequest&, HttpNowAnswer& out) {
    append(out.body, as_bytes("written"));
  };
  EXPECT_EQ(of(ask("GET /r")).status, 503) << "the log is not open";
  EXPECT_EQ(front->counters().unattested, 1u);
  intake.open(7);
  const std::string promise = of(ask("GET /r")).headers.at("Attestation");
  const auto item = wire::sf::parse_item(promise);
  ASSERT_TRUE(item) << promise;
  const auto reference = merkle::parse_reference(std::get<std::string>(item->value));
  ASSERT_TRUE(reference) << promise;
  EXPECT_EQ(reference->shard, 5u);
  EXPECT_EQ(reference->sequence, 7u);
  EXPECT_EQ(std::get<Buffer>(item->parameters[0].second), to_buffer(intake.entries(1)[0]));
  EXPECT_FALSE(std::get<bool>(item->parameters[1].second)) << "a promise";

  const std::uint32_t write = ask("POST /w", "x");
  EXPECT_FALSE(answers.contains(write));
  fields = "Prefer: attest=wait\r\n";
  const std::uint32_t waiting = ask("GET /r");
  EXPECT_FALSE(answers.contains(waiting));
  intake.seal(intake.unsealed());
  intake.committed(9);
  EXPECT_EQ(of(write).body, "written");
  EXPECT_TRUE(of(write).headers.at("Attestation").ends_with(";committed=?1"));
  EXPECT_FALSE(answers.contains(waiting));
  intake.give_up({Errc::unavailable, "away"});
  EXPECT_EQ(of(waiting).status, 503);
  EXPECT_EQ(front->counters().attested, 3u);
  front->use(nullptr, nullptr);
}

TEST(RequestDigestTest, LongTargetsAreHashedAtOnceAndAlike) {
  const ByteArray<32> body{9};
  for (const std::size_t length : {1u, 60u, 73u, 74u, 75u, 400u}) {
    const std::string target(length, 't');
    RequestDigest digest;
    digest.set(merkle::Lane::fast, 77, body, "POST", target);
    Buffer whole = to_buffer(as_bytes("v100 request v1"));
    whole.push_back(2);
    for (int i = 0; i < 7; ++i) {
      whole.push_back(0);
    }
    whole.push_back(77);
    append(whole, body);
    whole.push_back(4);
    append(whole, as_bytes("POST" + target));
    merkle::Hash expected;
    keccak::sha3_256(expected, {Bytes(whole)});
    EXPECT_EQ(digest.hash(), expected) << length;
  }
  // docs/spec/gateway.md §5
  RequestDigest example;
  example.set(merkle::Lane::fast, 77, body, "POST", "/v1/echo");
  EXPECT_EQ(to_hex(example.hash()),
            "6726c8f19d79176b0dbd32f0c958b1443efb201e86f564776a48424321513471");
}

TEST_F(GatewayTest, DescribesItsRoutes) {
  const auto own = make_gateway_service({.clock = clock, .front = front.get()});
  struct OwnRouter final : Router {
    explicit OwnRouter(Front& f) : front(f) {}
    void on(std::string_view, Handler) override {}
    void http(std::string_view, std::string_view, HttpHandler) override {}
    void http_now(const RoutePolicy& policy, std::string_view method, std::string_view path,
                  HttpNow handler) override {
      front.routes().add("gateway", policy, method, path).now = std::move(handler);
    }
    void socket(std::string_view, SocketHandler&) override {}
    void datagrams(DatagramHandler&) override {}
    Front& front;
  } router(*front);
  own->open(router);
  const Got& described = of(ask("GET /openapi.json"));
  EXPECT_EQ(described.status, 200);
  EXPECT_TRUE(described.body.starts_with(R"({"openapi":"3.1.0")"));
  EXPECT_NE(described.body.find(R"("/v1/echo":{"get":)"), std::string::npos);
  EXPECT_EQ(of(ask("POST /v1/echo", "12345")).body, R"({"bytes":5,"lane":"unsigned"})");
}

TEST_F(GatewayTest, EndsWhatIsInHandWhenServicesDie) {
  keep(route("POST", "/h"));
  const std::uint32_t number = ask("POST /h", "x");
  front->forget_handlers();
  EXPECT_EQ(of(number).status, 503);
  ask("POST /h", "x");
  EXPECT_FALSE(known);
}

TEST_F(GatewayTest, TellsItsMetrics) {
  route("GET", "/m").now = [](const HttpRequest&, HttpNowAnswer&) {};
  ask("GET /m");
  CountingMeter meter;
  front->tell(meter);
  front->tell(meter);
  EXPECT_EQ(meter["v100_gateway_requests_total"], 1u);
}

}  // namespace
}  // namespace v100::gateway
