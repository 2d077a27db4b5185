// A ticket: how an anonymous guest asks to be let in, with a proof instead of a name. The lobby's
// side of it, pure: the caller knows the attested roots and the time.
//
//   version = 1 (1) | depth (1) | root (32) | pseudonym (32) | proof
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proof/proof.h"

namespace v100::proof {

struct Ticket {
  Digest root;
  unsigned depth;
  Digest pseudonym;
  Bytes proof;  // borrowed from what was parsed
};
inline constexpr std::size_t ticket_head_bytes = 66;

Buffer encode_ticket(const Ticket& ticket);
// `malformed` for another length or version. The proof is not looked at.
Result<Ticket> parse_ticket(Bytes bytes) noexcept;

// The context of one room on one occasion: "V100 lobby 1" || length of room || room || occasion (8,
// big-endian). A guest has one pseudonym there and cannot be recognised from another one. `room` is
// at most 255 bytes, the occasion whatever sets calls in it apart: a start time, a day.
Buffer lobby_context(Bytes room, std::uint64_t occasion);

// "guest-" and eight characters of the pseudonym's hash: for people to tell guests apart.
std::string guest_label(const Digest& pseudonym);

// What the lobby of one room asks for. Not thread-safe.
class Gate {
 public:
  // Levels below `level_min` and presets below `minimum` are not let in.
  Gate(std::uint8_t level_min, Preset minimum) : level_min_(level_min), minimum_(minimum) {}

  // A root whose signature the caller has verified, until `expires_ms`. At most roots_max at once:
  // `busy` above that.
  static constexpr std::size_t roots_max = 256;
  Result<void> trust(const Digest& root, unsigned depth, std::uint64_t expires_ms);
  // Takes it away: proofs that stand on it are refused from now on.
  void revoke(const Digest& root) noexcept;

  // The guest's pseudonym, or why not: `malformed`; `not_found` for a root that is not trusted (any
  // more), before any cryptography; `unsupported` and `forbidden` as verify has them. `message` is
  // what the guest's proof signs: the key that it speaks with. Who is in already is the caller's
  // question, by pseudonym.
  Result<Digest> admit(Bytes ticket, Bytes context, Bytes message, std::uint64_t now_ms);

 private:
  struct Root {
    Digest root;
    unsigned depth;
    std::uint64_t expires_ms;
  };
  std::uint8_t level_min_;
  Preset minimum_;
  std::vector<Root> roots_;
};

}  // namespace v100::proof
