// Key messages: parsing, verification and making (docs/spec/e2ee.md §6).
#include "e2ee/key_message.h"

namespace v100::e2ee {

namespace {

constexpr std::uint8_t version = 1;
static_assert(173 + kem_ciphertext_bytes == KeyMessage::bound_bytes);
static_assert(KeyMessage::bound_bytes + wrapped_bytes == KeyMessage::signed_bytes);
static_assert(KeyMessage::signed_bytes + signature_bytes == KeyMessage::size);

}  // namespace

Hash kem_key_hash(FixedBytes<kem_key_bytes> kem_key) noexcept {
  return labelled_hash("v100 kem key", {kem_key});
}

Result<KeyMessage> KeyMessage::parse(Bytes bytes, const RoomHash& room) {
  if (bytes.size() != size || bytes[0] != version) {
    return fail(Errc::malformed, "key message: size or version");
  }
  if (!same(bytes.subspan(1, 32), room.value())) {
    return fail(Errc::forbidden, "key message: of another room");
  }
  KeyMessage message;
  copy(message.bytes_, bytes);
  KeyFields& fields = message.fields_;
  fields.room = room;
  fields.epoch = Epoch(load_be<std::uint32_t>(bytes.data() + 33));
  fields.sender = LeafId(TRY(hash_from(bytes.subspan(37, 32))));
  fields.recipient = LeafId(TRY(hash_from(bytes.subspan(69, 32))));
  copy(fields.kem_hash, bytes.subspan(101, 32));
  fields.roster = RosterHash(TRY(hash_from(bytes.subspan(141, 32))));
  const Kid kid(load_be<std::uint64_t>(bytes.data() + 133));
  if (fields.epoch.value() == 0 ||
      kid != kid_of(sender_id(fields.sender), fields.epoch, Track::data)) {
    return fail(Errc::malformed, "key message: epoch or kid");
  }
  return message;
}

Result<void> KeyMessage::verify(const DeviceKey& key) const {
  const Bytes all = bytes_;
  const DeviceSignature signature = TRY(DeviceSignature::parse(all.subspan(signed_bytes)));
  return key.verify(all.first(signed_bytes), as_bytes(context_key), signature);
}

ByteArray<KeyMessage::bound_bytes> key_message_bound(
    const KeyFields& fields, FixedBytes<kem_ciphertext_bytes> ciphertext) noexcept {
  ByteArray<KeyMessage::bound_bytes> bytes;
  const MutBytes out = bytes;
  out[0] = version;
  copy(out.subspan(1, 32), fields.room.value());
  store_be(bytes.data() + 33, fields.epoch.value());
  copy(out.subspan(37, 32), fields.sender.value());
  copy(out.subspan(69, 32), fields.recipient.value());
  copy(out.subspan(101, 32), fields.kem_hash);
  const Kid kid = kid_of(sender_id(fields.sender), fields.epoch, Track::data);
  store_be(bytes.data() + 133, kid.value());
  copy(out.subspan(141, 32), fields.roster.value());
  copy(out.subspan(173), ciphertext);
  return bytes;
}

WrapKey wrap_key(const xwing::SharedSecret& kem, const RoomSecret& room,
                 FixedBytes<KeyMessage::bound_bytes> bound) noexcept {
  Secret<64, struct WrapInputTag> input;
  copy(input.fill().first<32>(), kem.expose());
  copy(input.fill().last<32>(), room.expose());
  WrapKey key;
  mac(key.fill(), input.expose(), "V100 wrap v1", bound);
  return key;
}

}  // namespace v100::e2ee
