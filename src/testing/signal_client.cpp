// Leaves, statements and frames with real signatures.
#include "testing/signal_client.h"

#include "base/limits.h"
#include "base/text.h"
#include "svc/signaling/client_frame.h"

namespace v100::testing_world {

namespace {

using PrivateKey = mldsa::PrivateKey<mldsa::Mldsa65>;

PrivateKey key_of(std::uint64_t seed) {
  SeededRandom random(seed);
  return PrivateKey::generate(random);
}

}  // namespace

Device::Device(std::uint64_t seed)
    : key_(key_of(seed).public_key()),
      signer_(std::make_unique<mldsa::PreparedSigner<mldsa::Mldsa65>>(key_of(seed))),
      fingerprint_(e2ee::fingerprint(key_.bytes())) {}

Buffer Device::sign(Bytes message, std::string_view context) const {
  const auto signature = signer_->sign(message, as_bytes(context), mldsa::Hedge::deterministic());
  CHECK(signature.has_value());
  return to_buffer(signature->bytes());
}

e2ee::Leaf Device::leaf(const e2ee::RoomId& room, std::uint8_t nonce) const {
  ByteArray<e2ee::kem_key_bytes> kem_key{};
  ByteArray<16> fill;
  fill.fill(nonce);
  const e2ee::LeafDraft draft({.room = room.hash(),
                               .device_key = key_.bytes(),
                               .kem_key = kem_key,
                               .nonce = fill,
                               .created = WallTime(1)},
                              e2ee::RoomSecret());
  const Result<e2ee::Leaf> leaf = draft.finish(sign(draft.body(), e2ee::context_leaf));
  CHECK(leaf.has_value());
  return *leaf;
}

Buffer Device::statement(const e2ee::RoomId& room, e2ee::StatementKind kind, std::uint64_t seq,
                         const e2ee::Hash& subject, std::uint8_t argument) const {
  e2ee::StatementFields fields;
  fields.kind = kind;
  fields.room = room.hash();
  fields.issuer = fingerprint_;
  fields.seq = seq;
  fields.subject = subject;
  fields.argument = argument;
  const auto body = e2ee::statement_body(fields);
  Buffer out = to_buffer(body);
  append(out, sign(body, e2ee::context_statement));
  return out;
}

void SignalClient::connect(bool post_quantum) {
  const PeerInfo peer{*Address::parse("192.0.2.9", 4000),
                      post_quantum ? "X25519MLKEM768" : "X25519", post_quantum};
  socket_ = world_.connect("/v1/signal", "room=" + std::string(room_.text()), peer);
  seq_ = 0;
  world_.settle();
  messages_.clear();
  poll();
  const Result<Buffer> nonce = last("challenge")["nonce"].base64url();
  if (nonce && nonce->size() == nonce_.size()) {
    copy(nonce_, *nonce);
  }
}

Buffer SignalClient::frame(std::string_view json, std::uint64_t seq) const {
  const Buffer covered = signaling::signed_bytes(nonce_, seq, as_bytes(json));
  return signaling::make_frame(seq, device_.sign(covered, e2ee::context_signal), as_bytes(json));
}

std::uint64_t SignalClient::say(std::string_view json) {
  const Buffer message = frame(json);
  ++seq_;
  send_raw(message);
  return seq_;
}

void SignalClient::send_raw(Bytes message) {
  world_.send_to_server(socket_, message);
  world_.settle();
  poll();
}

std::uint64_t SignalClient::hello(const e2ee::Leaf& leaf, bool classical) {
  wire::JsonWriter out;
  out.object().key("t").text("hello").key("leaf").base64url(leaf.bytes());
  return say(out.key("classical").boolean(classical).end_object().view());
}

std::uint64_t SignalClient::statement(e2ee::StatementKind kind, std::uint64_t seq,
                                      const e2ee::Hash& subject, std::uint8_t argument) {
  wire::JsonWriter out;
  out.object().key("t").text("statement").key("msg");
  out.base64url(device_.statement(room_, kind, seq, subject, argument)).end_object();
  return say(out.view());
}

void SignalClient::poll() {
  for (const Received& received : world_.take(socket_)) {
    Result<wire::JsonDocument> document =
        wire::JsonDocument::parse(as_bytes(received.text), limits::send_queue_bytes);
    CHECK(document.has_value() && !received.binary);
    messages_.push_back(std::move(*document));
  }
}

wire::JsonValue SignalClient::last(std::string_view type) {
  poll();
  for (auto it = messages_.rbegin(); it != messages_.rend(); ++it) {
    if (*it->root()["t"].text() == type) {
      return it->root();
    }
  }
  return {};
}

std::size_t SignalClient::count(std::string_view type) {
  poll();
  std::size_t n = 0;
  for (const wire::JsonDocument& message : messages_) {
    n += *message.root()["t"].text() == type ? 1 : 0;
  }
  return n;
}

std::string SignalClient::types() {
  poll();
  std::string out;
  for (const wire::JsonDocument& message : messages_) {
    out.append(out.empty() ? "" : " ").append(*message.root()["t"].text());
  }
  return out;
}

}  // namespace v100::testing_world
