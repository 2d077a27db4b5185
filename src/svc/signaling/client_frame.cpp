// Frames of clients: cut apart and put together.
#include "svc/signaling/client_frame.h"

namespace v100::signaling {

namespace {

constexpr std::uint8_t version = 1;

}  // namespace

Result<ClientFrame> parse_frame(Bytes message) {
  if (message.size() <= ClientFrame::header_bytes || message[0] != version) {
    return fail(Errc::malformed, "signal: frame too short or of another version");
  }
  ClientFrame frame;
  frame.seq = load_be<std::uint64_t>(message.data() + 1);
  frame.signature = message.subspan(9, e2ee::signature_bytes);
  frame.payload = message.subspan(ClientFrame::header_bytes);
  return frame;
}

Buffer signed_bytes(const Nonce& nonce, std::uint64_t seq, Bytes payload) {
  Buffer out = to_buffer(nonce);
  out.resize(out.size() + 8);
  store_be(out.data() + nonce.size(), seq);
  append(out, payload);
  return out;
}

Buffer make_frame(std::uint64_t seq, Bytes signature, Bytes payload) {
  CHECK(signature.size() == e2ee::signature_bytes);
  Buffer out(9);
  out[0] = version;
  store_be(out.data() + 1, seq);
  append(out, signature);
  append(out, payload);
  return out;
}

}  // namespace v100::signaling
