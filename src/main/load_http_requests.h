// Requests made and signed ahead, so that a load generator measures the server and not itself.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "auth/sign.h"
#include "base/bytes.h"
#include "base/result.h"
#include "base/world.h"

namespace v100::load {

// The clients: ML-DSA-65 keys, prepared for signing.
std::vector<auth::Signer> make_clients(std::size_t count, Random& random);

// What all requests of a run have in common.
struct RequestShape {
  auth::Lane lane = auth::Lane::fast;
  std::string authority;  // "127.0.0.1:8080"
  std::string scheme = "http";
  std::string method = "POST";
  std::string target = "/v1/echo";
  std::size_t body_bytes = 1024;
  std::int64_t created_s = 0;  // signed for this time, to expire in ten minutes
  bool wait = false;           // asks for answers that are in the log
};

// One connection's requests, one behind the other as they go over the wire.
struct RequestRun {
  Buffer bytes;
  std::vector<std::uint32_t> sizes;
};

// What signs: one of the two is used, by lane. Each client's sequence goes on from `sequences`.
struct Signing {
  const std::vector<auth::Signer>& clients;
  std::vector<std::uint64_t>& sequences;
  std::vector<auth::ClientSession>& sessions;
};

// `count` requests by the clients first, first + step, ... in turn. Several threads may run at
// once with clients of their own.
RequestRun make_ahead(const RequestShape& shape, const Signing& signing, std::size_t first,
                      std::size_t step, std::size_t count, Random& random);
// One signed POST with that body, header lane: to open a session.
Buffer signed_post(const RequestShape& shape, const auth::Signer& client, Bytes body,
                   Random& random);

}  // namespace v100::load
