// Templates at rest: who is enrolled, with what consent and until when, sealed as a whole under one
// key (AES-256-GCM), and a chain of what was done. Pure: bytes in and out, time as an argument.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/units.h"
#include "base/world.h"
#include "svc/match/vector.h"

namespace v100::match {

inline constexpr std::size_t name_bytes_max = 128;
inline constexpr std::size_t consent_bytes_max = 512;
inline constexpr std::size_t gallery_people_max = 1'000'000;

struct GalleryKeyTag;
using GalleryKey = Secret<32, GalleryKeyTag>;

struct Enrolment {
  Row row{};
  std::string consent;  // what was agreed to, or where that text is
  WallTime enrolled;
  WallTime retain_until;  // afterwards sweep() deletes it
  bool revoked = false;   // kept for the record, matches nobody
};

enum class GalleryEvent : std::uint8_t {
  enrolled = 1,
  revoked = 2,
  deleted = 3,
  exported = 4,
  expired = 5
};
const char* name(GalleryEvent event) noexcept;

// Each entry's hash covers the one before: SHA3-256(hash before || event || time || person), with
// the person as KMAC256(gallery key, name), so that the chain keeps no names of the deleted.
struct GalleryEntry {
  GalleryEvent event;
  WallTime time;
  ByteArray<32> person;
  ByteArray<32> hash;
};

class Gallery {
 public:
  // malformed: name or consent empty or too long. conflict: enrolled already (revoked ones too:
  // delete first). too_large: full.
  Result<void> enrol(const std::string& name, Enrolment enrolment, const GalleryKey& key);
  const Enrolment* find(const std::string& name) const noexcept;
  // not_found below.
  Result<void> revoke(const std::string& name, WallTime now, const GalleryKey& key);
  // The record is gone from memory and, once sealed and written, from the file.
  Result<void> erase(const std::string& name, WallTime now, const GalleryKey& key);
  Result<Enrolment> take_out(const std::string& name, WallTime now, const GalleryKey& key);
  // Deletes what is past its retention; how many.
  std::size_t sweep(WallTime now, const GalleryKey& key);
  const std::map<std::string, Enrolment>& people() const noexcept { return people_; }
  const std::vector<GalleryEntry>& log() const noexcept { return log_; }

  // "V1MG" | 1 | 3 zero bytes | nonce 12 | tag 16 | sealed records and log.
  Buffer seal(const GalleryKey& key, Random& random) const;
  // unauthenticated: another key, or the file was altered. malformed: not a gallery, or a broken
  // chain.
  static Result<Gallery> open(Bytes sealed, const GalleryKey& key);

 private:
  void note(GalleryEvent event, const std::string& name, WallTime now, const GalleryKey& key);
  std::map<std::string, Enrolment> people_;
  std::vector<GalleryEntry> log_;
};

}  // namespace v100::match
