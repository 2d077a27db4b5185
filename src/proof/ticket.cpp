#include "proof/ticket.h"

#include <algorithm>

#include "crypto/keccak/keccak.h"

namespace v100::proof {
namespace {

constexpr std::uint8_t ticket_version = 1;

}  // namespace

Buffer encode_ticket(const Ticket& ticket) {
  Buffer out = {ticket_version, static_cast<std::uint8_t>(ticket.depth)};
  append(out, ticket.root);
  append(out, ticket.pseudonym);
  append(out, ticket.proof);
  return out;
}

Result<Ticket> parse_ticket(Bytes bytes) noexcept {
  const std::size_t proof = bytes.size() - std::min(bytes.size(), ticket_head_bytes);
  if (proof != proof_bytes(Preset::bits100) && proof != proof_bytes(Preset::bits128)) {
    return fail(Errc::malformed, "a ticket of another length");
  }
  if (bytes[0] != ticket_version) {
    return fail(Errc::malformed, "a ticket of another version");
  }
  Ticket out{
      .root = {}, .depth = bytes[1], .pseudonym = {}, .proof = bytes.subspan(ticket_head_bytes)};
  copy(out.root, bytes.subspan(2, 32));
  copy(out.pseudonym, bytes.subspan(34, 32));
  return out;
}

Buffer lobby_context(Bytes room, std::uint64_t occasion) {
  CHECK(room.size() <= 255);
  Buffer out = to_buffer(as_bytes("V100 lobby 1"));
  out.push_back(static_cast<std::uint8_t>(room.size()));
  append(out, room);
  std::uint8_t number[8];
  store_be(number, occasion);
  append(out, number);
  return out;
}

std::string guest_label(const Digest& pseudonym) {
  constexpr char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";  // Crockford's
  ByteArray<32> hash;
  keccak::sha3_256(hash, {as_bytes("V100 guest label"), pseudonym});
  std::string out = "guest-";
  for (std::size_t i = 0; i < 8; ++i) {
    out += digits[hash[i] & 31];
  }
  return out;
}

Result<void> Gate::trust(const Digest& root, unsigned depth, std::uint64_t expires_ms) {
  revoke(root);
  if (roots_.size() == roots_max) {
    return fail(Errc::busy, "too many trusted roots");
  }
  roots_.push_back({root, depth, expires_ms});
  return {};
}

void Gate::revoke(const Digest& root) noexcept {
  std::erase_if(roots_, [&](const Root& r) { return r.root == root; });
}

Result<Digest> Gate::admit(Bytes ticket, Bytes context, Bytes message, std::uint64_t now_ms) {
  const Ticket parsed = TRY(parse_ticket(ticket));
  std::erase_if(roots_, [&](const Root& r) { return r.expires_ms <= now_ms; });
  const bool trusted = std::any_of(roots_.begin(), roots_.end(), [&](const Root& r) {
    return r.root == parsed.root && r.depth == parsed.depth;
  });
  if (!trusted) {
    return fail(Errc::not_found, "a root that is not trusted");
  }
  const Statement statement{.root = parsed.root,
                            .depth = parsed.depth,
                            .level_min = level_min_,
                            .context = context,
                            .pseudonym = parsed.pseudonym,
                            .message = message};
  TRY(verify(statement, parsed.proof, minimum_));
  return parsed.pseudonym;
}

}  // namespace v100::proof
