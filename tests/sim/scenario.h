// One seed: a server, a handful of clients, a bad network and a script of mishaps, then a calm in
// which everything must come right. What must hold is in Scenario::check_* and named in the report.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "client.h"
#include "network.h"
#include "testing/world.h"

namespace v100::sim {

struct Report {
  std::string fault;  // empty: all held
  std::string trace;  // a line an event, in virtual milliseconds
  std::uint64_t frames = 0;
  std::size_t members = 0;
};

class StubSfu;

class Scenario {
 public:
  explicit Scenario(std::uint64_t seed);
  ~Scenario();
  Report run();

 private:
  // Sealed by a member before another had joined: the joiner must never open it.
  struct Before {
    std::size_t joiner;
    e2ee::LeafId sender;
    Buffer frame;
  };

  void start_server();
  void restart_server();
  void step();
  void act();
  void act_as_host(Client& client);
  void join_somebody();
  void keep_frames_before(std::size_t joiner);
  void admit_waiting();
  void note(std::string_view what, const std::string& who);
  void trace_changes();
  std::string name_of_leaf(const e2ee::LeafId& id) const;
  std::string held_epochs() const;
  std::string check_converged();
  std::string check_secrets();
  std::string check_service();
  std::vector<std::size_t> in_state(Client::State state) const;
  e2ee::Link link() const;

  testing_world::SeededRandom random_;
  testing_world::World world_;
  Network network_;
  StubSfu* sfu_ = nullptr;
  e2ee::RoomId room_;
  ByteArray<32> secret_{};
  bool lobby_ = false;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<std::string> seen_;  // each client's last trace line
  std::vector<Before> before_;
  std::size_t queue_most_ = 0;
  std::string trace_;
};

}  // namespace v100::sim
