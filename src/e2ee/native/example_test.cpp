// If this fails, the code and the worked example of docs/spec (e2ee-example.json) no longer agree:
// old and new clients would not understand each other. V100_WRITE_EXAMPLE=1 writes the file anew.
#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>
#include <simdjson.h>
#include <string>

#include "base/text.h"
#include "crypto/hybrid/xwing_native.h"
#include "e2ee/codes.h"
#include "e2ee/key_message.h"
#include "e2ee/link.h"
#include "e2ee/native/sframe_cipher.h"
#include "e2ee/roster.h"

namespace v100::e2ee {
namespace {

using PrivateKey = mldsa::PrivateKey<mldsa::Mldsa65>;
using Entries = std::vector<std::pair<std::string, std::string>>;

template <std::size_t N>
ByteArray<N> filled(std::uint8_t first) {
  ByteArray<N> bytes;
  for (std::size_t i = 0; i < N; ++i) {
    bytes[i] = static_cast<std::uint8_t>(first + i);
  }
  return bytes;
}

Buffer signature_of(const PrivateKey& key, Bytes message, std::string_view context) {
  return to_buffer(key.sign(message, as_bytes(context), mldsa::Hedge::deterministic())->bytes());
}

struct Person {
  explicit Person(std::uint8_t number)
      : device_seed(filled<32>(number)),
        kem_seed(filled<32>(static_cast<std::uint8_t>(number + 100))),
        device(PrivateKey::from_seed(mldsa::Seed(device_seed))),
        kem(xwing::Seed(kem_seed)) {}
  Leaf leaf(const RoomHash& room, const RoomSecret& secret) const {
    const ByteArray<16> nonce = filled<16>(device_seed[0]);
    const ByteArray<kem_key_bytes> kem_key = kem.public_key().bytes();
    const LeafDraft draft({.room = room,
                           .device_key = device.public_key().bytes(),
                           .kem_key = kem_key,
                           .nonce = nonce,
                           .created = WallTime(1750000000000)},
                          secret);
    return *draft.finish(signature_of(device, draft.body(), context_leaf));
  }
  ByteArray<32> device_seed;
  ByteArray<32> kem_seed;
  PrivateKey device;
  xwing::PrivateKey kem;
};

Buffer statement_of(const Person& host, const RoomHash& room, const LeafId& admitted) {
  StatementFields fields;
  fields.kind = StatementKind::admit;
  fields.room = room;
  fields.issuer = fingerprint(host.device.public_key().bytes());
  fields.seq = 1750000000001;
  fields.subject = admitted.value();
  const ByteArray<Statement::body_bytes> body = statement_body(fields);
  Buffer bytes = to_buffer(body);
  append(bytes, signature_of(host.device, body, context_statement));
  return bytes;
}

Buffer key_message_of(const Person& host, const Leaf& from, const Leaf& to,
                      const RosterHash& roster, const RoomHash& room, const RoomSecret& secret) {
  const xwing::EncapsulationSeed eseed(filled<64>(64));
  const xwing::Encapsulated kem =
      xwing::encapsulate_internal(*xwing::PublicKey::parse(to.kem_key()), eseed);
  const KeyFields fields{room, Epoch(1), from.id(), to.id(), kem_key_hash(to.kem_key()), roster};
  const ByteArray<KeyMessage::bound_bytes> bound =
      key_message_bound(fields, kem.ciphertext.bytes());
  const WrapKey wrap = wrap_key(kem.secret, secret, bound);
  const FrameKey gcm =
      FrameKey::from_parts(SframeSuite::aes_256_gcm_sha512_128, wrap.expose(), ByteArray<12>{});
  Buffer message = to_buffer(bound);
  append(message, gcm.seal_raw(ByteArray<12>{}, bound, filled<32>(200)));
  append(message, signature_of(host.device, message, context_key));
  return message;
}

Entries example() {
  const RoomId room_id = *RoomId::parse("abcd-efgh-jkmn");
  const RoomHash room = room_id.hash();
  const Person host(1);
  const Person guest(2);
  Link link;
  link.lobby = true;
  link.secret = RoomSecret(filled<32>(10));
  link.host = fingerprint(host.device.public_key().bytes());
  const Leaf host_leaf = host.leaf(room, link.secret);
  const Leaf guest_leaf = guest.leaf(room, link.secret);
  const Buffer admit = statement_of(host, room, guest_leaf.id());
  std::vector<LeafId> ids{host_leaf.id(), guest_leaf.id()};
  std::sort(ids.begin(), ids.end());
  const RosterHash roster = roster_hash(room, ids);
  const Buffer key = key_message_of(host, host_leaf, guest_leaf, roster, room, link.secret);
  const Kid kid = kid_of(host_leaf.sender(), Epoch(1), Track::camera);
  const ByteArray<32> base = filled<32>(200);
  const FrameKey frame_key(SframeSuite::aes_256_gcm_sha512_128, base, kid);
  const ByteArray<40> vp8 = filled<40>(16);  // first byte even: a key frame, 10 clear bytes
  Buffer frame = to_buffer(Bytes(vp8).first(10));
  append(frame, frame_key.seal(Counter(258), Bytes(vp8).first(10), Bytes(vp8).subspan(10)));
  ByteArray<32> knock;
  mac(knock, link.secret.expose(), "V100 knock v1", guest_leaf.id().value());
  return {{"room", std::string(room_id.text())},
          {"room_hash", to_hex(room.value())},
          {"room_secret", to_hex(link.secret.expose())},
          {"fragment", link.fragment()},
          {"host_device_seed", to_hex(host.device_seed)},
          {"host_fp", to_hex(link.host.value())},
          {"guest_device_seed", to_hex(guest.device_seed)},
          {"guest_fp", to_hex(guest_leaf.device().value())},
          {"guest_kem_seed", to_hex(guest.kem_seed)},
          {"host_leaf", to_hex(host_leaf.bytes())},
          {"host_leaf_id", to_hex(host_leaf.id().value())},
          {"guest_leaf", to_hex(guest_leaf.bytes())},
          {"guest_leaf_id", to_hex(guest_leaf.id().value())},
          {"admit", to_hex(admit)},
          {"roster_hash", to_hex(roster.value())},
          {"epoch_secret", to_hex(base)},
          {"key_message", to_hex(key)},
          {"kid_camera", to_hex([&] {
             ByteArray<8> bytes;
             store_be(bytes.data(), kid.value());
             return bytes;
           }())},
          {"vp8_frame", to_hex(vp8)},
          {"vp8_counter", "258"},
          {"vp8_sealed", to_hex(frame)},
          {"data_metadata", to_hex(labelled_hash("v100 data", {room.value()}))},
          {"knock_key", to_hex(knock)},
          {"digits", comparison_digits(link.host, guest_leaf.device())}};
}

const std::string path = V100_SOURCE_DIR "/docs/spec/e2ee-example.json";

void write(const Entries& entries) {
  std::FILE* const file = std::fopen(path.c_str(), "w");
  ASSERT_NE(file, nullptr);
  std::fputs("{\n", file);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    std::fprintf(file, "  \"%s\": \"%s\"%s\n", entries[i].first.c_str(), entries[i].second.c_str(),
                 i + 1 < entries.size() ? "," : "");
  }
  std::fputs("}\n", file);
  std::fclose(file);
}

TEST(Example, IsWhatTheCodeMakes) {
  const Entries entries = example();
  if (std::getenv("V100_WRITE_EXAMPLE") != nullptr) {
    write(entries);
  }
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  ASSERT_EQ(parser.load(path).get(root), simdjson::SUCCESS);
  for (const auto& [name, value] : entries) {
    EXPECT_EQ(std::string(std::string_view(root[name].get_string().value())), value) << name;
  }
}

TEST(Example, OpensWithTheRecipientsKey) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  ASSERT_EQ(parser.load(path).get(root), simdjson::SUCCESS);
  const auto bytes = [&](const char* name) {
    return *from_hex(std::string_view(root[name].get_string().value()));
  };
  const RoomHash room(*hash_from(bytes("room_hash")));
  const Leaf host = *Leaf::parse(bytes("host_leaf"), room);
  const Link link = *Link::parse(std::string_view(root["fragment"].get_string().value()));
  EXPECT_TRUE(host.invited(link.secret));
  EXPECT_TRUE(Statement::parse(bytes("admit"), room)->verify(host.device_key()));
  const Result<KeyMessage> message = KeyMessage::parse(bytes("key_message"), room);
  ASSERT_TRUE(message && message->verify(host.device_key()));
  const Buffer seed = bytes("guest_kem_seed");
  const xwing::PrivateKey kem(xwing::Seed(Bytes(seed).first<32>()));
  const WrapKey wrap =
      wrap_key(kem.decapsulate(*xwing::Ciphertext::parse(message->kem_ciphertext())), link.secret,
               message->bound());
  const FrameKey gcm =
      FrameKey::from_parts(SframeSuite::aes_256_gcm_sha512_128, wrap.expose(), ByteArray<12>{});
  const Result<Buffer> secret = gcm.open_raw(ByteArray<12>{}, message->bound(), message->wrapped());
  ASSERT_TRUE(secret.has_value());
  EXPECT_EQ(*secret, bytes("epoch_secret"));
}

}  // namespace
}  // namespace v100::e2ee
