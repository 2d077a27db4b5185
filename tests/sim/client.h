// A simulated client: e2ee::Session as its brain, the signalling protocol around it, and the habits
// of a real one: it reconnects, says its statements again, offers again.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "e2ee/native/host.h"
#include "network.h"
#include "wire/json.h"

namespace v100::sim {

// A device's key pair, made once for all seeds.
struct SimDevice {
  explicit SimDevice(std::uint8_t number);
  std::unique_ptr<e2ee::DevicePrivateKey> key;
  std::unique_ptr<mldsa::PreparedSigner<mldsa::Mldsa65>> signer;  // for frames
  e2ee::Fingerprint fingerprint;
};

class Client {
 public:
  enum class State : std::uint8_t { away, connecting, waiting, member, over };

  Client(const SimDevice& device, const e2ee::RoomId& room, e2ee::Link link, std::string name,
         std::uint64_t seed, testing_world::World& world, Network& network);

  void join();   // starts connecting, and keeps at it
  void leave();  // in order, for good
  void cut();    // the network's doing
  void step();

  State state() const noexcept { return state_; }
  const std::string& name() const noexcept { return name_; }
  const std::string& bye() const noexcept { return bye_; }
  e2ee::NativeHost& host() noexcept { return *host_; }
  const e2ee::LeafId& id() const noexcept { return host_->session().leaf()->id(); }
  bool ready() const noexcept { return host_->session().leaf().has_value(); }
  e2ee::Now now() const { return {world_.clock.now(), world_.clock.wall()}; }
  // After a call into the session.
  void pump();
  std::vector<e2ee::LeafId> lobby() const;
  std::size_t offers_unanswered() const noexcept { return offers_.size(); }
  const std::vector<std::string>& faults() const noexcept { return faults_; }

 private:
  void connect();
  void lost();
  void say(std::string_view json);
  void on_text(const std::string& text);
  void on_roster(const wire::JsonValue& message);
  void on_error(const wire::JsonValue& message);
  void send_outputs();
  void offer();

  const SimDevice& device_;
  e2ee::RoomId room_;
  std::string name_;
  testing_world::SeededRandom random_;
  testing_world::World& world_;
  Network& network_;
  std::unique_ptr<e2ee::NativeHost> host_;
  State state_ = State::away;
  std::optional<SocketId> socket_;
  Instant connect_at_;
  ByteArray<32> nonce_{};
  std::uint64_t seq_ = 0;
  std::vector<Buffer> statements_;    // all of its own, in order
  std::set<std::uint64_t> repeated_;  // seqs of frames that say one again
  std::set<std::int64_t> offers_;     // sent on this socket, not answered
  std::int64_t last_offer_ = 0;
  std::string bye_;
  std::vector<std::string> faults_;  // what an honest client must never be told
};

}  // namespace v100::sim
