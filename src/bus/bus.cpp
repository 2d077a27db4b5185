// The queue of requests and answers, and how each is delivered.
#include "bus/bus.h"

#include <utility>

#include "base/limits.h"

namespace v100::bus {

namespace {

std::string joined(std::string_view service, std::string_view method) {
  std::string name(service);
  name.push_back('/');
  name.append(method);
  return name;
}

}  // namespace

LocalBus::LocalBus(Meter& meter, Wake wake) : meter_(meter), wake_(std::move(wake)) {}

LocalBus::~LocalBus() { close(); }

void LocalBus::on(std::string_view service, std::string_view method, Router::Handler handler) {
  const bool fresh =
      handlers_
          .emplace(joined(service, method), std::make_unique<Router::Handler>(std::move(handler)))
          .second;
  CHECK(fresh);
}

void LocalBus::call(std::string_view service, std::string_view method, Bytes request,
                    Reply::Sink done) {
  Item item{joined(service, method), to_buffer(request), std::move(done), Buffer()};
  if (queue_.size() >= limits::bus_queue) {
    count_error(item.name, Errc::busy);
    if (item.done != nullptr) {
      item.done(fail(Errc::busy, "bus: queue full"));
    }
    return;
  }
  push(std::move(item));
}

void LocalBus::post(std::string_view service, std::string_view method, Bytes request) {
  call(service, method, request, nullptr);
}

void LocalBus::push(Item item) {
  const bool was_empty = queue_.empty();
  queue_.push_back(std::move(item));
  if (was_empty && !delivering_ && wake_ != nullptr) {
    wake_();
  }
}

// Answers may pass the queue's bound: there is one at most for each request that was let in.
void LocalBus::answer(std::string_view name, Reply::Sink done, Result<Buffer> answer) {
  if (!answer) {
    count_error(name, answer.error().code);
  }
  if (done != nullptr) {
    push({{}, {}, std::move(done), std::move(answer)});
  }
}

void LocalBus::run(Item item) {
  if (item.name.empty()) {
    item.done(std::move(item.answer));
    return;
  }
  const auto handler = handlers_.find(item.name);
  if (handler == handlers_.end()) {
    answer(item.name, std::move(item.done), fail(Errc::not_found, "bus: no such method"));
    return;
  }
  Reply reply([this, name = item.name, done = std::move(item.done)](Result<Buffer> result) mutable {
    answer(name, std::move(done), std::move(result));
  });
  (*handler->second)(item.bytes, std::move(reply));
}

bool LocalBus::deliver(std::size_t most) {
  if (delivering_) {
    return !queue_.empty();
  }
  delivering_ = true;
  for (; most > 0 && !queue_.empty(); --most) {
    Item item = std::move(queue_.front());
    queue_.pop_front();
    run(std::move(item));
  }
  delivering_ = false;
  if (!queue_.empty() && wake_ != nullptr) {
    wake_();
  }
  return !queue_.empty();
}

void LocalBus::close() {
  handlers_.clear();
  while (!queue_.empty()) {
    Item item = std::move(queue_.front());
    queue_.pop_front();
    if (item.done == nullptr) {
      continue;
    }
    if (item.name.empty()) {
      item.done(std::move(item.answer));
    } else {
      item.done(fail(Errc::unavailable, "bus: closed"));
    }
  }
}

void LocalBus::count_error(std::string_view name, Errc code) {
  const std::size_t slash = name.find('/');
  std::string label = "service=\"";
  label.append(name.substr(0, slash)).append("\",method=\"").append(name.substr(slash + 1));
  label.append("\",code=\"").append(v100::name(code)).append("\"");
  meter_.count("v100_bus_errors_total", label, 1);
}

}  // namespace v100::bus
