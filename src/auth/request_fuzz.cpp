// Any bytes as a COSE_Sign1, a session frame, a token, and as a request of each lane to a gate: no
// answer but a refusal (nobody here can sign), and what was read in place lies within the input.
#include "auth/fast_lane.h"
#include "auth/gate.h"
#include "auth/session_mac.h"
#include "auth/token.h"

using namespace v100;
using namespace v100::auth;

namespace {

class Zeros final : public Random {
 public:
  void fill(MutBytes out) override {
    for (std::uint8_t& byte : out) {
      byte = 0;
    }
  }
};

// Knows every key id, by a key of its own.
class AnyKey final : public KeyDirectory {
 public:
  AnyKey() { record_.public_key.assign(mldsa::Mldsa65::public_key_bytes, 1); }
  const KeyRecord* find(const KeyId&) const override { return &record_; }
  std::uint64_t generation() const override { return 1; }

 private:
  KeyRecord record_;
};

class Refused final : public AnswerSink {
 public:
  void answered(const Answer& answer) override {
    CHECK(answer.reason != Reason::ok || answer.lane == Lane::unsigned_);
  }
};

void check_fast(Bytes in) {
  FastMessage message;
  if (read_fast(in, message) == Reason::ok) {
    CHECK(message.signature.data() + message.signature.size() == in.data() + in.size());
    std::uint8_t room[17 * 1024];
    BoundedText structure(room);
    append_fast_structure(structure, message.header, message.digest);
    CHECK(!structure.overflowed());
    const Buffer again =
        write_fast(message.header, message.content, message.digest, message.signature);
    // One spelling, but for an empty content that stands there.
    CHECK(message.content.empty() || same(again, in));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes in(data, size);
  check_fast(in);
  if (const auto frame = read_session_frame(in)) {
    CHECK(same(*write_session_frame(*frame), in));
  }
  static Zeros random;
  static const AnyKey keys;
  (void)verify_token(as_text(in), keys, {.issuer = "i", .audience = "a", .now = 1});
  GateOptions options;
  options.nonces = 100;
  options.keys = 10;
  options.batch = 8;
  options.prepared_bytes = 1 << 17;
  options.failures_burst = 1'000'000;
  static Sessions sessions({.most = 4, .shard = 0}, random);
  static Gate gate(options, keys, &sessions, random, WallTime(0));
  static Refused sink;
  const WallTime now(2'000'000'000'000);
  // Fields: lines of the input, up to an empty one; the rest is the body.
  std::vector<wire::HttpHeader> headers;
  std::string_view text = as_text(in);
  while (!text.empty() && headers.size() < 20) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() == text.size() ? line.size() : line.size() + 1);
    if (line.empty()) {
      break;
    }
    const std::size_t colon = line.find(':');
    headers.push_back({line.substr(0, colon),
                       colon == line.npos ? std::string_view("") : line.substr(colon + 1)});
  }
  const RequestView request{"POST", "https", "v100.example", "/", headers, as_bytes(text)};
  (void)gate.owner(request);
  gate.submit(request, {}, now, 1);
  gate.submit_frame(in, "v100.example", {}, now, 2);
  gate.flush(now, sink);
  return 0;
}
