#include "svc/match/gallery.h"

#include "crypto/aead/aead.h"
#include "crypto/keccak/keccak.h"
#include "svc/codec.h"

namespace v100::match {
namespace {

constexpr std::uint8_t magic[8] = {'V', '1', 'M', 'G', 1, 0, 0, 0};
constexpr std::size_t head_bytes = sizeof magic + crypto::aead_nonce_bytes + crypto::aead_tag_bytes;
constexpr std::size_t log_max = 16'000'000;

std::uint64_t ms(WallTime time) { return static_cast<std::uint64_t>(time.value()); }
WallTime wall(std::uint64_t ms) { return WallTime(static_cast<std::int64_t>(ms)); }

ByteArray<32> entry_hash(Bytes before, const GalleryEntry& entry) {
  ByteArray<9> fixed;
  fixed[0] = static_cast<std::uint8_t>(entry.event);
  store_be(fixed.data() + 1, ms(entry.time));
  ByteArray<32> out;
  keccak::sha3_256(out, {before, fixed, entry.person});
  return out;
}

}  // namespace

const char* name(GalleryEvent event) noexcept {
  switch (event) {
    case GalleryEvent::enrolled:
      return "enrolled";
    case GalleryEvent::revoked:
      return "revoked";
    case GalleryEvent::deleted:
      return "deleted";
    case GalleryEvent::exported:
      return "exported";
    case GalleryEvent::expired:
      return "expired";
  }
  return "unknown";
}

void Gallery::note(GalleryEvent event, const std::string& name, WallTime now,
                   const GalleryKey& key) {
  GalleryEntry entry{event, now, {}, {}};
  keccak::kmac256(entry.person, key.expose(), as_bytes("v100 match person"), {as_bytes(name)});
  const ByteArray<32> start{};
  entry.hash = entry_hash(log_.empty() ? start : log_.back().hash, entry);
  log_.push_back(entry);
}

Result<void> Gallery::enrol(const std::string& name, Enrolment enrolment, const GalleryKey& key) {
  if (name.empty() || name.size() > name_bytes_max) {
    return fail(Errc::malformed, "match: a name has 1 to 128 bytes");
  }
  if (enrolment.consent.empty() || enrolment.consent.size() > consent_bytes_max) {
    return fail(Errc::malformed, "match: without a consent of 1 to 512 bytes nobody is enrolled");
  }
  if (enrolment.retain_until <= enrolment.enrolled) {
    return fail(Errc::malformed, "match: retention ends after enrolment");
  }
  if (norm_squared(enrolment.row) > norm_squared_max) {
    return fail(Errc::forbidden, "match: a vector is longer than the norm allows");
  }
  if (people_.contains(name)) {
    return fail(Errc::conflict, "match: enrolled already");
  }
  if (people_.size() >= gallery_people_max) {
    return fail(Errc::too_large, "match: the gallery is full");
  }
  note(GalleryEvent::enrolled, name, enrolment.enrolled, key);
  people_.emplace(name, std::move(enrolment));
  return {};
}

const Enrolment* Gallery::find(const std::string& name) const noexcept {
  const auto found = people_.find(name);
  return found == people_.end() ? nullptr : &found->second;
}

Result<void> Gallery::revoke(const std::string& name, WallTime now, const GalleryKey& key) {
  const auto found = people_.find(name);
  if (found == people_.end()) {
    return fail(Errc::not_found, "match: nobody of this name");
  }
  found->second.revoked = true;
  note(GalleryEvent::revoked, name, now, key);
  return {};
}

Result<void> Gallery::erase(const std::string& name, WallTime now, const GalleryKey& key) {
  const auto found = people_.find(name);
  if (found == people_.end()) {
    return fail(Errc::not_found, "match: nobody of this name");
  }
  wipe_object(found->second.row);
  people_.erase(found);
  note(GalleryEvent::deleted, name, now, key);
  return {};
}

Result<Enrolment> Gallery::take_out(const std::string& name, WallTime now, const GalleryKey& key) {
  const Enrolment* found = find(name);
  if (found == nullptr) {
    return fail(Errc::not_found, "match: nobody of this name");
  }
  note(GalleryEvent::exported, name, now, key);
  return *found;
}

std::size_t Gallery::sweep(WallTime now, const GalleryKey& key) {
  std::size_t count = 0;
  for (auto at = people_.begin(); at != people_.end();) {
    if (at->second.retain_until > now) {
      ++at;
      continue;
    }
    note(GalleryEvent::expired, at->first, now, key);
    wipe_object(at->second.row);
    at = people_.erase(at);
    ++count;
  }
  return count;
}

Buffer Gallery::seal(const GalleryKey& key, Random& random) const {
  Encoder out;
  out.count(people_.size());
  for (const auto& [who, e] : people_) {
    out.text(who).text(e.consent).put(ms(e.enrolled)).put(ms(e.retain_until)).flag(e.revoked);
    out.raw({reinterpret_cast<const std::uint8_t*>(e.row.data()), e.row.size()});
  }
  out.count(log_.size());
  for (const GalleryEntry& entry : log_) {
    out.put(static_cast<std::uint8_t>(entry.event)).put(ms(entry.time)).raw(entry.person);
  }
  Buffer text = out.take();
  ByteArray<crypto::aead_nonce_bytes> nonce;
  random.fill(nonce);
  ByteArray<crypto::aead_tag_bytes> tag;
  crypto::Aead aead(crypto::AeadAlgorithm::aes_256_gcm, key.expose());
  aead.seal(tag, text, nonce, magic);
  Buffer sealed;
  append(sealed, magic);
  append(sealed, nonce);
  append(sealed, tag);
  append(sealed, text);
  return sealed;
}

Result<Gallery> Gallery::open(Bytes sealed, const GalleryKey& key) {
  if (sealed.size() < head_bytes || !same(sealed.first(sizeof magic), magic)) {
    return fail(Errc::malformed, "match: not a gallery");
  }
  Buffer text = to_buffer(sealed.subspan(head_bytes));
  crypto::Aead aead(crypto::AeadAlgorithm::aes_256_gcm, key.expose());
  TRY(aead.open(text, sealed.subspan(20).first<16>(), sealed.subspan(8).first<12>(), magic));
  Decoder in(text);
  Gallery out;
  const std::size_t count = in.count(gallery_people_max);
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    std::string who = in.text(name_bytes_max);
    Enrolment e;
    e.consent = in.text(consent_bytes_max);
    e.enrolled = wall(in.get<std::uint64_t>());
    e.retain_until = wall(in.get<std::uint64_t>());
    e.revoked = in.flag();
    const Bytes row = in.raw(dimensions);
    if (!row.empty()) {
      std::memcpy(e.row.data(), row.data(), dimensions);
    }
    out.people_.emplace(std::move(who), std::move(e));
  }
  ByteArray<32> before{};
  const std::size_t entries = in.count(log_max);
  for (std::size_t i = 0; i < entries && in.ok(); ++i) {
    GalleryEntry entry{};
    entry.event = static_cast<GalleryEvent>(in.get<std::uint8_t>());
    entry.time = wall(in.get<std::uint64_t>());
    entry.person = in.fixed<32>();
    before = entry.hash = entry_hash(before, entry);
    out.log_.push_back(entry);
  }
  wipe(text);
  if (!in.done() || out.people_.size() != count) {
    return fail(Errc::malformed, "match: a gallery that cannot be read");
  }
  return out;
}

}  // namespace v100::match
