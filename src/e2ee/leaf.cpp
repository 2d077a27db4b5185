// Leaves: parsing, verification and making (docs/spec/e2ee.md §3).
#include "e2ee/leaf.h"

#include "base/ct.h"
#include "crypto/hybrid/xwing.h"

namespace v100::e2ee {

namespace {

constexpr std::uint8_t version = 1;
constexpr std::size_t at_room = 1;
constexpr std::size_t at_device_key = at_room + 32;
constexpr std::size_t at_kem_key = at_device_key + device_key_bytes;
constexpr std::size_t at_nonce = at_kem_key + kem_key_bytes;
constexpr std::size_t at_created = at_nonce + 16;
constexpr std::size_t at_invite = at_created + 8;
static_assert(at_kem_key == 1985 && at_invite == Leaf::invited_bytes);
static_assert(at_invite + 32 == Leaf::body_bytes);
static_assert(Leaf::body_bytes + signature_bytes == Leaf::size);
static_assert(xwing::public_key_bytes == kem_key_bytes);
static_assert(DeviceKey::size == device_key_bytes && DeviceSignature::size == signature_bytes);

constexpr std::string_view invite_label = "V100 invite v1";

LeafId leaf_id(FixedBytes<Leaf::body_bytes> body) noexcept {
  return LeafId(labelled_hash("v100 leaf", {body}));
}

}  // namespace

Leaf::Leaf(FixedBytes<size> bytes, const DeviceKey& key)
    : key_(key), id_(leaf_id(bytes.first<body_bytes>())), device_(fingerprint(key.bytes())) {
  copy(bytes_, bytes);
}

Result<Leaf> Leaf::parse(Bytes bytes, const RoomHash& room) {
  if (bytes.size() != size || bytes[0] != version) {
    return fail(Errc::malformed, "leaf: size or version");
  }
  if (!same(bytes.subspan(at_room, 32), room.value())) {
    return fail(Errc::forbidden, "leaf: of another room");
  }
  const DeviceKey key = TRY(DeviceKey::parse(bytes.subspan(at_device_key, device_key_bytes)));
  TRY(xwing::PublicKey::parse(bytes.subspan(at_kem_key, kem_key_bytes)));
  const DeviceSignature signature = TRY(DeviceSignature::parse(bytes.subspan(body_bytes)));
  TRY(key.verify(bytes.first(body_bytes), as_bytes(context_leaf), signature));
  return Leaf(bytes.first<size>(), key);
}

WallTime Leaf::created() const noexcept {
  return WallTime(static_cast<std::int64_t>(load_be<std::uint64_t>(bytes_.data() + at_created)));
}

bool Leaf::invited(const RoomSecret& secret) const noexcept {
  const Bytes all = bytes_;
  ByteArray<32> expected;
  mac(expected, secret.expose(), invite_label, all.first(invited_bytes));
  const ct::Mask right = ct::equal(expected, all.subspan(at_invite, 32));
  wipe(expected);
  return ct::declassify(right, "who was invited is shown to everybody in the call");
}

LeafDraft::LeafDraft(const Fields& fields, const RoomSecret& secret) noexcept : room_(fields.room) {
  const MutBytes out = body_;
  out[0] = version;
  copy(out.subspan(at_room, 32), fields.room.value());
  copy(out.subspan(at_device_key, device_key_bytes), fields.device_key);
  copy(out.subspan(at_kem_key, kem_key_bytes), fields.kem_key);
  copy(out.subspan(at_nonce, 16), fields.nonce);
  store_be(body_.data() + at_created, static_cast<std::uint64_t>(fields.created.value()));
  mac(FixedMutBytes<Leaf::body_bytes>(body_).subspan<at_invite, 32>(), secret.expose(),
      invite_label, Bytes(body_).first(Leaf::invited_bytes));
  ct::unpoison(body_);
}

LeafId LeafDraft::id() const noexcept { return leaf_id(body_); }

Result<Leaf> LeafDraft::finish(Bytes signature) const {
  if (signature.size() != signature_bytes) {
    return fail(Errc::malformed, "leaf: signature size");
  }
  ByteArray<Leaf::size> bytes;
  copy(MutBytes(bytes).first(Leaf::body_bytes), body_);
  copy(MutBytes(bytes).subspan(Leaf::body_bytes), signature);
  return Leaf::parse(bytes, room_);
}

}  // namespace v100::e2ee
