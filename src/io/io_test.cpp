// Broken if this fails: timers, wake-ups, datagrams, files: everything above stands on them.
#include <csignal>
#include <cstdlib>
#include <gtest/gtest.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include "io/file.h"
#include "io/loop.h"
#include "io/return_paths.h"
#include "io/signals.h"
#include "io/udp.h"
#include "io/world.h"

namespace v100::io {
namespace {

TEST(Loop, RunsTimersInOrderAndNotTheCancelledOnes) {
  Loop loop;
  std::string order;
  loop.after(Duration::milliseconds(20), [&] { order += 'c'; });
  loop.after(Duration::milliseconds(5), [&] { order += 'a'; });
  auto dropped = loop.after(Duration::milliseconds(10), [&] { order += 'x'; });
  loop.after(Duration::milliseconds(10), [&] { order += 'b'; });
  loop.after(Duration::milliseconds(25), [&] { loop.stop(); });
  loop.cancel(dropped);
  loop.cancel(dropped);
  const Instant before = SystemClock().now();
  loop.run();
  EXPECT_EQ(order, "abc");
  EXPECT_GE((SystemClock().now() - before).ms(), 25);
}

TEST(Loop, WakesForOtherThreadsAndKeepsTheirOrder) {
  Loop loop;
  std::vector<int> seen;
  std::thread other([&] {
    for (int i = 0; i < 1000; ++i) {
      loop.post([&seen, i] { seen.push_back(i); });
    }
    loop.post([&] { loop.stop(); });
  });
  loop.run();
  other.join();
  ASSERT_EQ(seen.size(), 1000u);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
}

TEST(Loop, NothingIsCalledAfterUnwatch) {
  Loop loop;
  int ends[2][2];
  ASSERT_EQ(pipe(ends[0]), 0);
  ASSERT_EQ(pipe(ends[1]), 0);
  Loop::WatchId watches[2];
  int calls = 0;
  for (int i = 0; i < 2; ++i) {
    // Whichever runs first unwatches both, itself included.
    watches[i] = loop.watch(ends[i][0], {.read = true}, [&](Readiness) {
      ++calls;
      loop.unwatch(watches[0]);
      loop.unwatch(watches[1]);
    });
    ASSERT_EQ(write(ends[i][1], "x", 1), 1);
  }
  loop.turn(Duration::milliseconds(10));
  loop.turn(Duration::milliseconds(1));
  EXPECT_EQ(calls, 1);
  for (auto& pair : ends) {
    close(pair[0]);
    close(pair[1]);
  }
}

TEST(Loop, EndOfTurnSeesWhatTheTurnGathered) {
  Loop loop;
  int gathered = 0;
  std::vector<int> batches;
  loop.end_of_turn([&] {
    if (gathered > 0) {
      batches.push_back(std::exchange(gathered, 0));
    }
  });
  loop.later([&] {
    ++gathered;
    loop.later([&] { ++gathered; });
  });
  loop.turn(Duration());
  EXPECT_EQ(batches, std::vector<int>{2});
}

TEST(Signals, ComeAsEvents) {
  Loop loop;
  int got = 0;
  Signals signals(loop, [&](int number) {
    got = number;
    loop.stop();
  });
  kill(getpid(), SIGHUP);
  loop.run();
  EXPECT_EQ(got, SIGHUP);
}

TEST(Udp, CarriesRunsOfPacketsWhole) {
  Loop loop;
  std::vector<std::string> got;
  Address from;
  auto receiver =
      UdpSocket::open(loop, {.bind = Address{}}, [&](Instant, std::span<Datagram> batch) {
        for (const Datagram& datagram : batch) {
          got.emplace_back(as_text(datagram.bytes));
          from = datagram.peer;
        }
      });
  ASSERT_TRUE(receiver);
  auto sender = UdpSocket::open(loop, {.bind = Address{}}, [](Instant, std::span<Datagram>) {});
  ASSERT_TRUE(sender);
  const Address v4 = Address::parse("127.0.0.1", (*receiver)->local().port).value();
  const Address v6 = Address::parse("::1", (*receiver)->local().port).value();
  std::vector<Buffer> bodies;
  for (int i = 0; i < 200; ++i) {
    // Runs of 1200, a short one at the end of each seven, and a change of peer in the middle.
    bodies.emplace_back(i % 7 == 6 ? 300u : 1200u, static_cast<std::uint8_t>(i));
  }
  std::vector<Datagram> batch;
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    batch.push_back({i < 100 ? v4 : v6, bodies[i]});
  }
  (*sender)->send(batch);
  for (int i = 0; i < 100 && got.size() < bodies.size(); ++i) {
    loop.turn(Duration::milliseconds(20));
  }
  ASSERT_EQ(got.size(), bodies.size());
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    EXPECT_EQ(got[i], as_text(bodies[i])) << i;
  }
  EXPECT_EQ((*sender)->counters().sent, 200u);
  EXPECT_EQ((*sender)->counters().refused, 0u);
  EXPECT_EQ((*receiver)->counters().received, 200u);
  EXPECT_EQ(from.port, (*sender)->local().port);
}

// A host with several addresses: each client must be answered from the one that it spoke to.
TEST(Udp, AnswersFromTheAddressThatItWasReachedAt) {
  Loop loop;
  std::unique_ptr<UdpSocket> server;
  const auto echo = [&](Instant, std::span<Datagram> batch) {
    // Each twice, so that answers go out as segments too.
    std::vector<Datagram> out;
    for (const Datagram& datagram : batch) {
      out.insert(out.end(), 2, datagram);
    }
    server->send(out);
  };
  for (const char* bind : {"::", "0.0.0.0"}) {
    server = UdpSocket::open(loop, {.bind = Address::parse(bind, 0).value()}, echo).value();
    const std::uint16_t port = server->local().port;
    std::vector<std::string> heard;
    auto client = UdpSocket::open(loop, {.bind = Address::parse("127.0.0.1", 0).value()},
                                  [&](Instant, std::span<Datagram> batch) {
                                    for (const Datagram& datagram : batch) {
                                      heard.push_back(datagram.peer.ip_text());
                                    }
                                  })
                      .value();
    // The same client, another address each time: the newest counts.
    for (const char* at : {"127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.2"}) {
      heard.clear();
      Buffer body(100, 7);
      const Datagram datagram{Address::parse(at, port).value(), body};
      client->send({&datagram, 1});
      for (int i = 0; i < 50 && heard.size() < 2; ++i) {
        loop.turn(Duration::milliseconds(20));
      }
      EXPECT_EQ(heard, std::vector<std::string>(2, at)) << bind;
    }
    EXPECT_EQ(server->counters().refused, 0u);
  }
}

TEST(ReturnPaths, ForgetTheOldestAndStayBounded) {
  ReturnPaths paths(10);
  const auto peer = [](std::uint16_t port) { return Address::parse("192.0.2.1", port).value(); };
  const ReturnPath here{Address::parse("192.0.2.7", 0).value().ip, 0};
  for (std::uint16_t port = 1; port <= 1000; ++port) {
    paths.note(peer(port), here);
    paths.note(peer(1), here);  // is heard all the time
    EXPECT_LE(paths.size(), 20u);
    EXPECT_NE(paths.find(peer(1)), nullptr);
  }
  EXPECT_NE(paths.find(peer(1000)), nullptr);
  EXPECT_EQ(paths.find(peer(500)), nullptr);
}

TEST(Udp, DropsAndCountsWhatIsTooLong) {
  Loop loop;
  int calls = 0;
  auto socket = UdpSocket::open(
      loop, {.bind = Address::parse("127.0.0.1", 0).value()},
      [&](Instant, std::span<Datagram> batch) { calls += static_cast<int>(batch.size()); });
  ASSERT_TRUE(socket);
  Buffer large(1501), fits(1500);
  const Datagram batch[] = {{(*socket)->local(), large}, {(*socket)->local(), fits}};
  (*socket)->send(batch);
  loop.turn(Duration::milliseconds(100));
  EXPECT_EQ(calls, 1);
  EXPECT_EQ((*socket)->counters().oversized, 1u);
}

TEST(Udp, SaysThatAPortIsTaken) {
  Loop loop;
  const auto nothing = [](Instant, std::span<Datagram>) {};
  auto first = UdpSocket::open(loop, {.bind = Address{}}, nothing);
  ASSERT_TRUE(first);
  auto second = UdpSocket::open(loop, {.bind = (*first)->local()}, nothing);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::conflict);
}

TEST(File, IsReplacedWholeAndKeepsItsMode) {
  char folder[] = "/tmp/v100_io_test_XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  const std::string deep = std::string(folder) + "/a/b";
  ASSERT_TRUE(make_folder(deep));
  ASSERT_TRUE(make_folder(deep));
  const std::string path = deep + "/key";
  ASSERT_TRUE(write_file(path, as_bytes("one"), {.mode = 0600}));
  ASSERT_TRUE(write_file(path, as_bytes("second"), {.mode = 0600}));
  EXPECT_EQ(as_text(read_file(path, 100).value()), "second");
  EXPECT_EQ(read_file(path, 5).error().code, Errc::too_large);
  EXPECT_EQ(read_file(path + "x", 5).error().code, Errc::not_found);
  EXPECT_FALSE(exists(path + ".new"));
  EXPECT_EQ(make_folder(path).error().code, Errc::conflict);
  std::system(("rm -r " + std::string(folder)).c_str());
}

TEST(Random, DoesNotRepeat) {
  SystemRandom random;
  ByteArray<32> a{}, b{};
  for (int i = 0; i < 100; ++i) {
    random.fill(a);
    EXPECT_FALSE(same(a, b));
    b = a;
  }
  Buffer large(5000);
  random.fill(large);
  EXPECT_NE(std::count(large.begin(), large.end(), 0), 5000);
}

}  // namespace
}  // namespace v100::io
