// A client of signaling in the virtual world: signs frames with a real device key and reads what
// comes back. What it says is the test's affair.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "e2ee/leaf.h"
#include "e2ee/statement.h"
#include "testing/world.h"
#include "wire/json.h"

namespace v100::testing_world {

// A device: its key pair, ready to sign.
class Device {
 public:
  explicit Device(std::uint64_t seed);
  const e2ee::DeviceKey& key() const noexcept { return key_; }
  const e2ee::Fingerprint& fingerprint() const noexcept { return fingerprint_; }
  Buffer sign(Bytes message, std::string_view context) const;  // deterministic

  e2ee::Leaf leaf(const e2ee::RoomId& room, std::uint8_t nonce) const;
  Buffer statement(const e2ee::RoomId& room, e2ee::StatementKind kind, std::uint64_t seq,
                   const e2ee::Hash& subject, std::uint8_t argument) const;

 private:
  e2ee::DeviceKey key_;
  std::unique_ptr<mldsa::PreparedSigner<mldsa::Mldsa65>> signer_;
  e2ee::Fingerprint fingerprint_;
};

class SignalClient {
 public:
  SignalClient(World& world, const Device& device, const e2ee::RoomId& room)
      : world_(world), device_(device), room_(room) {}

  void connect(bool post_quantum = true);  // takes the challenge
  // Signs and sends; settles. The frame's seq.
  std::uint64_t say(std::string_view json);
  // The frame that say() would send, and one with the number given.
  Buffer frame(std::string_view json) { return frame(json, seq_ + 1); }
  Buffer frame(std::string_view json, std::uint64_t seq) const;
  void send_raw(Bytes message);  // settles

  std::uint64_t hello(const e2ee::Leaf& leaf, bool classical = false);
  std::uint64_t statement(e2ee::StatementKind kind, std::uint64_t seq, const e2ee::Hash& subject,
                          std::uint8_t argument);

  void poll();  // reads what came
  // The newest message of this type since the last clear(), absent value if none.
  wire::JsonValue last(std::string_view type);
  std::size_t count(std::string_view type);
  std::string types();  // of all since the last clear(), joined by spaces
  void clear() {        // what came until now is forgotten
    poll();
    messages_.clear();
  }

  SocketId socket() const noexcept { return socket_; }
  const Device& device() const noexcept { return device_; }
  bool open() const { return world_.open(socket_); }
  std::vector<wire::JsonDocument>& messages() noexcept { return messages_; }

 private:
  World& world_;
  const Device& device_;
  e2ee::RoomId room_;
  SocketId socket_;
  ByteArray<32> nonce_{};
  std::uint64_t seq_ = 0;
  std::vector<wire::JsonDocument> messages_;
};

}  // namespace v100::testing_world
