// The bus of one process: requests and answers are copied bytes, queued and delivered in order,
// never inside the call that sends them, so a service that works in one process works in many.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/world.h"
#include "svc/service.h"

namespace v100::bus {

// The router's bus half and Env's Bus for the services of one loop thread. Not thread-safe.
// The queue is bounded (limits::bus_queue): full, a call is answered `busy` and a post is dropped
// and counted.
class LocalBus final : public Bus {
 public:
  using Wake = std::move_only_function<void()>;

  // `wake` is called when the queue becomes non-empty outside deliver(), and when deliver() leaves
  // something: let it make the loop call deliver() before it waits again (main: loop.later).
  LocalBus(Meter& meter, Wake wake);
  ~LocalBus() override;
  LocalBus(const LocalBus&) = delete;
  LocalBus& operator=(const LocalBus&) = delete;

  // Router::on of the service named `service`. A method has one handler (CHECK).
  void on(std::string_view service, std::string_view method, Router::Handler handler);

  void call(std::string_view service, std::string_view method, Bytes request,
            Reply::Sink done) override;
  void post(std::string_view service, std::string_view method, Bytes request) override;

  // Delivers what is queued and what that queues in turn, at most `most` items. True when
  // something is left (and wake was called).
  bool deliver(std::size_t most = 10000);

  std::size_t queued() const noexcept { return queue_.size(); }
  // Forgets all handlers (their services are about to die) and answers what is queued
  // `unavailable`. Later calls get not_found.
  void close();

 private:
  // A request on its way (handler set by name) or an answer on its way back.
  struct Item {
    std::string name;  // "service/method"; empty for an answer
    Buffer bytes;
    Reply::Sink done;  // null for a post
    Result<Buffer> answer;
  };
  void push(Item item);
  void answer(std::string_view name, Reply::Sink done, Result<Buffer> answer);
  void run(Item item);
  void count_error(std::string_view name, Errc code);

  Meter& meter_;
  Wake wake_;
  std::map<std::string, std::unique_ptr<Router::Handler>, std::less<>> handlers_;
  std::deque<Item> queue_;
  bool delivering_ = false;
};

}  // namespace v100::bus
