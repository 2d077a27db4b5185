// If this fails, a request between services is lost, answered twice, reordered or entered while
// another one runs.
#include "bus/bus.h"

#include <gtest/gtest.h>
#include <map>
#include <vector>

#include "base/limits.h"

namespace v100::bus {
namespace {

class CountingMeter final : public Meter {
 public:
  void count(std::string_view name, std::string_view label, std::uint64_t add) override {
    counts[std::string(name) + "{" + std::string(label) + "}"] += add;
  }
  void gauge(std::string_view, std::string_view, std::int64_t) override {}
  std::map<std::string, std::uint64_t> counts;
};

struct Fixture {
  CountingMeter meter;
  int wakes = 0;
  LocalBus bus{meter, [this] { ++wakes; }};
  std::vector<std::string> seen;

  Reply::Sink note() {
    return [this](Result<Buffer> answer) {
      seen.push_back(answer ? std::string(as_text(*answer)) : name(answer.error().code));
    };
  }
};

TEST(LocalBus, DeliversInOrderAndNeverInsideACall) {
  Fixture f;
  f.bus.on("echo", "say", [&](Bytes request, Reply reply) {
    f.seen.push_back("handled " + std::string(as_text(request)));
    reply.ok(to_buffer(request));
  });
  f.bus.call("echo", "say", as_bytes("one"), f.note());
  f.bus.call("echo", "say", as_bytes("two"), f.note());
  EXPECT_TRUE(f.seen.empty());
  EXPECT_EQ(f.wakes, 1);
  EXPECT_FALSE(f.bus.deliver());
  EXPECT_EQ(f.seen, (std::vector<std::string>{"handled one", "handled two", "one", "two"}));
}

TEST(LocalBus, AnswersForUnknownMethodsAndDroppedRequests) {
  Fixture f;
  f.bus.on("lazy", "drop", [](Bytes, Reply) {});
  f.bus.call("lazy", "drop", {}, f.note());
  f.bus.call("lazy", "other", {}, f.note());
  f.bus.post("nobody", "home", {});
  f.bus.deliver();
  EXPECT_EQ(f.seen, (std::vector<std::string>{"unavailable", "not_found"}));
  EXPECT_EQ(f.meter.counts.size(), 3u);
  EXPECT_EQ(
      f.meter.counts[R"(v100_bus_errors_total{service="nobody",method="home",code="not_found"})"],
      1u);
}

TEST(LocalBus, KeptRepliesAnswerLaterAndOnce) {
  Fixture f;
  std::vector<Reply> kept;
  f.bus.on("slow", "wait", [&](Bytes, Reply reply) { kept.push_back(std::move(reply)); });
  f.bus.call("slow", "wait", {}, f.note());
  f.bus.deliver();
  EXPECT_TRUE(f.seen.empty());
  EXPECT_EQ(f.wakes, 1);
  kept[0].ok({'x'});
  EXPECT_TRUE(f.seen.empty());
  EXPECT_EQ(f.wakes, 2);
  f.bus.deliver();
  kept.clear();
  f.bus.deliver();
  EXPECT_EQ(f.seen, (std::vector<std::string>{"x"}));
}

TEST(LocalBus, IsBoundedAndSaysBusy) {
  Fixture f;
  f.bus.on("sink", "in", [](Bytes, Reply reply) { reply.ok({}); });
  for (std::size_t i = 0; i < limits::bus_queue; ++i) {
    f.bus.post("sink", "in", {});
  }
  f.bus.call("sink", "in", {}, f.note());
  EXPECT_EQ(f.seen, (std::vector<std::string>{"busy"}));
  const int wakes = f.wakes;
  EXPECT_TRUE(f.bus.deliver(10));
  EXPECT_EQ(f.wakes, wakes + 1);
  EXPECT_FALSE(f.bus.deliver(limits::bus_queue));
}

TEST(LocalBus, ACallFromAHandlerIsDeliveredInTheSameRound) {
  Fixture f;
  f.bus.on("a", "go", [&](Bytes, Reply reply) {
    f.bus.call("b", "go", {}, [kept = std::move(reply)](Result<Buffer> answer) mutable {
      kept.answer_with(std::move(answer));
    });
  });
  f.bus.on("b", "go", [](Bytes, Reply reply) { reply.ok({'b'}); });
  f.bus.call("a", "go", {}, f.note());
  EXPECT_FALSE(f.bus.deliver());
  EXPECT_EQ(f.seen, (std::vector<std::string>{"b"}));
}

TEST(LocalBus, ClosingAnswersWhatIsQueued) {
  Fixture f;
  f.bus.on("a", "go", [](Bytes, Reply reply) { reply.ok({}); });
  f.bus.call("a", "go", {}, f.note());
  f.bus.close();
  f.bus.call("a", "go", {}, f.note());
  f.bus.deliver();
  EXPECT_EQ(f.seen, (std::vector<std::string>{"unavailable", "not_found"}));
}

}  // namespace
}  // namespace v100::bus
