#include "merkle/checkpoint.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "crypto/mldsa/mldsa.h"
#include "crypto/slhdsa/slhdsa.h"
#include "merkle/ed25519.h"

namespace v100::merkle {
namespace {

constexpr std::string_view subtree_label("subtree/v1\n\0", 12);
constexpr std::string_view batch_label("v100-batch/v1\n\0", 15);
constexpr std::string_view daily_label("v100-daily/v1\n\0", 15);
constexpr std::size_t claim_bytes = 8 + 8 + sizeof(Hash);
constexpr Error not_a_line{Errc::malformed, "checkpoint: a signature of the wrong length"};

void put64(Buffer& out, std::uint64_t value) {
  ByteArray<8> bytes;
  store_be(bytes.data(), value);
  append(out, bytes);
}

void put_name(Buffer& out, std::string_view name) {
  CHECK(!name.empty() && name.size() <= 255);
  out.push_back(static_cast<std::uint8_t>(name.size()));
  append(out, as_bytes(name));
}

// A line and what follows it.
std::string_view take_line(std::string_view& rest) noexcept {
  const std::size_t end = rest.find('\n');
  const std::string_view line = rest.substr(0, end);
  rest = end == rest.npos ? std::string_view() : rest.substr(end + 1);
  return line;
}

template <class P>
Result<void> verify_mldsa(Bytes key, Bytes message, Bytes signature) {
  const mldsa::PublicKey<P> parsed = TRY(mldsa::PublicKey<P>::parse(key));
  return parsed.verify(message, {}, TRY(mldsa::Signature<P>::parse(signature)));
}

Result<VerifiedLine> verify_cosignature(const Vkey& key, const Checkpoint& checkpoint, Bytes blob) {
  if (blob.size() < 8) {
    return std::unexpected(not_a_line);
  }
  const auto timestamp = load_be<std::uint64_t>(blob.data());
  if (timestamp >> 63 != 0 || timestamp > ~std::uint64_t{0} / 1000) {
    return fail(Errc::malformed, "checkpoint: a cosignature's time is out of range");
  }
  const Buffer message = cosigned_message(
      {key.name(), timestamp, checkpoint.origin, {0, checkpoint.size}, checkpoint.root});
  TRY(verify_mldsa<mldsa::Mldsa44>(key.public_key(), message, blob.subspan(8)));
  return VerifiedLine{&key, timestamp * 1000, {}};
}

// c2sp.org/tlog-cosignature, Ed25519 signed message.
Result<VerifiedLine> verify_ed25519_cosignature(const Vkey& key, std::string_view note_text,
                                                Bytes blob) {
  if (blob.size() < 8) {
    return std::unexpected(not_a_line);
  }
  const auto timestamp = load_be<std::uint64_t>(blob.data());
  if (timestamp >> 63 != 0 || timestamp > ~std::uint64_t{0} / 1000) {
    return fail(Errc::malformed, "checkpoint: a cosignature's time is out of range");
  }
  std::string message = "cosignature/v1\ntime " + std::to_string(timestamp) + "\n";
  message.append(note_text);
  TRY(verify_ed25519(key.public_key(), as_bytes(message), blob.subspan(8)));
  return VerifiedLine{&key, timestamp * 1000, {}};
}

Result<VerifiedLine> verify_batch_line(const Vkey& key, const Checkpoint& checkpoint, Bytes blob) {
  if (blob.size() < claim_bytes) {
    return std::unexpected(not_a_line);
  }
  BatchClaim claim;
  claim.time_ms = load_be<std::uint64_t>(blob.data());
  claim.start = load_be<std::uint64_t>(blob.data() + 8);
  copy(claim.sha3_root, blob.subspan(16, sizeof(Hash)));
  if (!Subtree{claim.start, checkpoint.size}.valid()) {
    return fail(Errc::malformed, "checkpoint: a batch that is no subtree");
  }
  TRY(verify_mldsa<mldsa::Mldsa65>(key.public_key(), batch_message(key.name(), claim, checkpoint),
                                   blob.subspan(claim_bytes)));
  return VerifiedLine{&key, claim.time_ms, claim};
}

Result<VerifiedLine> verify_daily_line(const Vkey& key, const Checkpoint& checkpoint, Bytes blob) {
  using P = slhdsa::Shake128f;
  if (blob.size() < 8) {
    return std::unexpected(not_a_line);
  }
  const auto time_ms = load_be<std::uint64_t>(blob.data());
  const auto parsed = TRY(slhdsa::PublicKey<P>::parse(key.public_key()));
  const auto signature = TRY(slhdsa::Signature<P>::parse(blob.subspan(8)));
  TRY(parsed.verify(daily_message(key.name(), time_ms, checkpoint), {}, signature));
  return VerifiedLine{&key, time_ms, {}};
}

}  // namespace

Result<Checkpoint> parse_checkpoint(std::string_view note_text) {
  constexpr Error bad{Errc::malformed, "checkpoint: not origin, size and root"};
  if (!note_text.ends_with('\n')) {
    return std::unexpected(bad);
  }
  std::string_view rest = note_text;
  Checkpoint out;
  out.origin = take_line(rest);
  const std::string_view size = take_line(rest);
  const std::string_view root = take_line(rest);
  const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), out.size);
  if (out.origin.empty() || out.origin.size() > 255 || size.empty() || error != std::errc() ||
      end != size.data() + size.size() || (size.size() > 1 && size.front() == '0')) {
    return std::unexpected(bad);
  }
  const Buffer hash = TRY(from_base64(root));
  if (hash.size() != sizeof(Hash)) {
    return std::unexpected(bad);
  }
  copy(out.root, hash);
  while (!rest.empty()) {
    if (take_line(rest).empty()) {
      return fail(Errc::malformed, "checkpoint: an empty extension line");
    }
  }
  return out;
}

std::string checkpoint_text(const Checkpoint& checkpoint) {
  return checkpoint.origin + "\n" + std::to_string(checkpoint.size) + "\n" +
         to_base64(checkpoint.root) + "\n";
}

// c2sp.org/tlog-cosignature, ML-DSA-44 signed message.
Buffer cosigned_message(const Cosigned& cosigned) {
  CHECK(cosigned.timestamp == 0 || cosigned.subtree.start == 0);
  Buffer out = to_buffer(as_bytes(subtree_label));
  put_name(out, cosigned.cosigner);
  put64(out, cosigned.timestamp);
  put_name(out, cosigned.origin);
  put64(out, cosigned.subtree.start);
  put64(out, cosigned.subtree.end);
  append(out, cosigned.hash);
  return out;
}

Buffer batch_message(std::string_view signer, const BatchClaim& claim,
                     const Checkpoint& checkpoint) {
  Buffer out = to_buffer(as_bytes(batch_label));
  put_name(out, signer);
  put64(out, claim.time_ms);
  put_name(out, checkpoint.origin);
  put64(out, claim.start);
  put64(out, checkpoint.size);
  append(out, claim.sha3_root);
  append(out, checkpoint.root);
  return out;
}

Buffer daily_message(std::string_view signer, std::uint64_t time_ms, const Checkpoint& checkpoint) {
  Buffer out = to_buffer(as_bytes(daily_label));
  put_name(out, signer);
  put64(out, time_ms);
  put_name(out, checkpoint.origin);
  put64(out, checkpoint.size);
  append(out, checkpoint.root);
  return out;
}

NoteSignature cosignature_line(const Vkey& key, std::uint64_t timestamp, Bytes signature) {
  Buffer blob;
  put64(blob, timestamp);
  append(blob, signature);
  return {key.name(), key.id(), std::move(blob)};
}

NoteSignature batch_line(const Vkey& key, const BatchClaim& claim, Bytes signature) {
  Buffer blob;
  put64(blob, claim.time_ms);
  put64(blob, claim.start);
  append(blob, claim.sha3_root);
  append(blob, signature);
  return {key.name(), key.id(), std::move(blob)};
}

NoteSignature daily_line(const Vkey& key, std::uint64_t time_ms, Bytes signature) {
  return cosignature_line(key, time_ms, signature);
}

Result<VerifiedLine> verify_line(const Vkey& key, const Checkpoint& checkpoint,
                                 std::string_view note_text, const NoteSignature& line) {
  switch (key.type()) {
    case SignatureType::ed25519:
      TRY(verify_ed25519(key.public_key(), as_bytes(note_text), line.signature));
      return VerifiedLine{&key, 0, {}};
    case SignatureType::ed25519_cosignature:
      return verify_ed25519_cosignature(key, note_text, line.signature);
    case SignatureType::mldsa44_cosignature:
      return verify_cosignature(key, checkpoint, line.signature);
    case SignatureType::mldsa65_batch:
      return verify_batch_line(key, checkpoint, line.signature);
    case SignatureType::slhdsa_daily:
      return verify_daily_line(key, checkpoint, line.signature);
  }
  return fail(Errc::unsupported, "checkpoint: a signature type that is not known here");
}

Result<void> verify_subtree_cosignature(const Vkey& key, std::string_view origin, Subtree subtree,
                                        const Hash& hash, Bytes signature) {
  if (key.type() != SignatureType::mldsa44_cosignature || !subtree.valid()) {
    return fail(Errc::malformed, "checkpoint: no cosignature of a subtree");
  }
  return verify_mldsa<mldsa::Mldsa44>(
      key.public_key(), cosigned_message({key.name(), 0, origin, subtree, hash}), signature);
}

const VerifiedLine* OpenedCheckpoint::line_of(SignatureType type) const noexcept {
  const auto found =
      std::ranges::find_if(lines, [&](const VerifiedLine& l) { return l.key->type() == type; });
  return found == lines.end() ? nullptr : &*found;
}

Result<OpenedCheckpoint> open_checkpoint(std::string_view note, std::span<const Vkey> keys) {
  const Note parsed = TRY(parse_note(note));
  OpenedCheckpoint out;
  out.checkpoint = TRY(parse_checkpoint(parsed.text));
  for (const NoteSignature& line : parsed.signatures) {
    for (const Vkey& key : keys) {
      if (!line.is_of(key)) {
        continue;
      }
      const Result<VerifiedLine> verified = verify_line(key, out.checkpoint, parsed.text, line);
      if (!verified) {
        return fail(Errc::unauthenticated, "checkpoint: a known key's signature does not verify");
      }
      out.lines.push_back(*verified);
    }
  }
  if (out.lines.empty()) {
    return fail(Errc::unauthenticated, "checkpoint: signed by no key that is trusted");
  }
  return out;
}

}  // namespace v100::merkle
