// A Session with everything a browser's crypto worker gives it, natively and at once: libcrypto for
// X25519 and AES-GCM, a device key in memory, the frame book and frame keys. For tests, load and
// simulation. Messages for the server and news are kept for the caller to take.
#pragma once

#include <expected>
#include <map>

#include "e2ee/native/sframe_cipher.h"
#include "e2ee/session.h"

namespace v100::e2ee {

using DevicePrivateKey = mldsa::PrivateKey<mldsa::Mldsa65>;

class NativeHost {
 public:
  // `device` and `random` outlive this.
  NativeHost(const DevicePrivateKey& device, RoomId room, Link link, std::string name,
             Random& random, Now now);

  Session& session() noexcept { return session_; }
  const FrameBook& frames() const noexcept { return *frames_; }

  // Does all jobs and takes all keys that wait; to be called after every call into session().
  void pump(Now now);
  // Outputs for the server and for people since the last call: LeafReady, SendKey, SendData,
  // SendStatement, ViewChanged, ChatReceived, MuteAsked, Over, Refused.
  std::vector<Output> take();

  // Media. unavailable: no key to send with.
  Result<Buffer> seal(Track track, Codec codec, Bytes frame);
  std::expected<Buffer, Drop> open(const LeafId& from, Track track, Codec codec, Bytes frame,
                                   Instant now);
  Badge badge(Instant now) const { return judge(session_.facts(*frames_, now)); }
  bool holds(const LeafId& leaf, Epoch epoch) const;  // a base key to open frames with

 private:
  void handle(Output& output, Now now);
  void answer(JobId id, const Result<Buffer>& result, Now now);
  const FrameKey* frame_key(Kid kid, const BaseKey& base);
  const BaseKey* base_key(SenderId sender, Epoch epoch) const;
  const BaseKey* base_key(Kid kid) const;
  Result<Buffer> seal_data(Bytes text);
  Buffer data_metadata() const;

  const DevicePrivateKey& device_;
  Random& random_;
  Session session_;
  std::optional<FrameBook> frames_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, BaseKey> base_keys_;  // sender, epoch
  std::map<std::uint64_t, FrameKey> frame_keys_;
  std::vector<Output> kept_;
};

}  // namespace v100::e2ee
