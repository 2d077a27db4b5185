// What a Session asks of its host: jobs to be done and answered, keys for the frame book, messages
// for the server, and news for people. The host drains them in order.
#pragma once

#include <utility>
#include <variant>
#include <vector>

#include "crypto/hybrid/xwing.h"
#include "e2ee/data_message.h"
#include "e2ee/key_message.h"
#include "e2ee/statement.h"

namespace v100::e2ee {

using JobId = Strong<std::uint32_t, struct JobIdTag>;

// Bytes of secret content whose length is known when they are made. Wiped when they die or move.
class SecretBuffer {
 public:
  SecretBuffer() = default;
  explicit SecretBuffer(Bytes from) : bytes_(to_buffer(from)) {}
  SecretBuffer(SecretBuffer&& other) noexcept : bytes_(std::move(other.bytes_)) {}
  SecretBuffer& operator=(SecretBuffer&& other) noexcept {
    wipe(bytes_);
    bytes_ = std::move(other.bytes_);
    return *this;
  }
  ~SecretBuffer() { wipe(bytes_); }
  Bytes expose() const noexcept { return bytes_; }

 private:
  Buffer bytes_;
};

// Jobs: the host answers each once, by Session::complete(id, result) or Session::fail(id), at once
// or later, in any order.
struct SignJob {  // → 3,309 bytes: ML-DSA-65 by the device key, hedged
  JobId id;
  std::string_view context;
  Buffer message;
};
struct X25519Job {  // → 32 bytes; fail when they are all zero
  JobId id;
  xwing::X25519Scalar scalar;
  ByteArray<32> point;
};
struct SealJob {  // → AES-256-GCM ciphertext || tag
  JobId id;
  WrapKey key;
  ByteArray<12> nonce;
  Buffer additional;
  SecretBuffer text;
};
struct OpenJob {  // → plaintext; fail when the tag is wrong
  JobId id;
  WrapKey key;
  ByteArray<12> nonce;
  Buffer additional;
  Buffer sealed;
};
struct SealDataJob {  // → an SFrame frame of track 0 under the key we send with
  JobId id;
  Buffer text;
};
struct OpenDataJob {  // → plaintext of `from`'s track 0; fail when the frame book drops it
  JobId id;
  LeafId from;
  Buffer frame;
};

// Keys for the frame book and the transforms.
struct InstallKey {  // to receive with, or (own sender) to send with after StartSending
  LeafId leaf;
  Epoch epoch;
  BaseKey key;
};
struct EraseKey {
  LeafId leaf;
  Epoch epoch;
};
struct StartSending {  // older keys of our own are erased
  Epoch epoch;
};
struct ForgetMember {  // it left: all its keys go
  LeafId leaf;
};

// Messages for the server.
struct LeafReady {  // for `hello`
  Leaf leaf;
};
struct SendKey {
  LeafId to;
  Buffer message;
};
struct SendData {
  Buffer frame;
};
struct SendStatement {
  Buffer statement;
};

// News for people.
struct ViewChanged {};  // participants, lobby, roles or policy
struct ChatReceived {
  LeafId from;
  ChatText chat;
};
struct MuteAsked {
  Fingerprint by;
  Track track;
};
struct Over {
  bool removed;  // else ended for all
  Fingerprint by;
};
struct Refused {
  const char* what;
};

using Output =
    std::variant<SignJob, X25519Job, SealJob, OpenJob, SealDataJob, OpenDataJob, InstallKey,
                 EraseKey, StartSending, ForgetMember, LeafReady, SendKey, SendData, SendStatement,
                 ViewChanged, ChatReceived, MuteAsked, Over, Refused>;

// Gathers outputs and numbers the jobs.
class Outbox {
 public:
  JobId next_job() noexcept { return JobId(++last_job_); }
  template <class T>
  void put(T&& output) {
    outputs_.emplace_back(std::forward<T>(output));
  }
  std::vector<Output> take() { return std::exchange(outputs_, {}); }

 private:
  std::vector<Output> outputs_;
  std::uint32_t last_job_ = 0;
};

}  // namespace v100::e2ee
