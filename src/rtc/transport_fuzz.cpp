// Any datagrams to a connected-to-be transport, with its credentials known to nobody: it stays in
// bounds, answers nobody, and hands up nothing. The input is a list of datagrams, each behind a
// length byte (times 8).
#include "base/check.h"
#include "rtc/transport.h"

namespace {

class ZeroRandom final : public v100::Random {
 public:
  void fill(v100::MutBytes out) override { v100::wipe(out); }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace v100;
  static ZeroRandom random;
  static const std::unique_ptr<rtc::DtlsContext> context = *rtc::DtlsContext::make(1790000000);
  const Address from = *Address::parse("192.0.2.7", 9);
  Instant now = Instant::from_ns(1);
  rtc::Transport transport({.side = rtc::TransportSide::server,
                            .local = {"aaaaaaaa", "secretsecretsecretsecret"},
                            .remote = {"bbbbbbbb", "tercestercestercesterces"},
                            .remote_fingerprint = {},
                            .remote_address = {}},
                           *context, random, now);
  static rtc::Outbox box(16);
  std::vector<rtc::TransportEvent> events;
  rtc::TransportOut out{box, events};
  for (Bytes rest(data, size); rest.size() > 1;) {
    const std::size_t wish = std::size_t{rest[0]} * 8;
    rest = rest.subspan(1);
    const std::size_t bytes = wish < rest.size() ? wish : rest.size();
    Buffer datagram = to_buffer(rest.first(bytes));
    rest = rest.subspan(bytes);
    now = now + Duration::milliseconds(10);
    CHECK(transport.on_datagram(now, from, datagram, out).kind == rtc::Received::Kind::nothing);
    transport.on_timer(now, out);
    CHECK(box.empty() && events.empty());
    box.clear();
  }
  // The same to a DTLS session alone, as a peer that passed ICE could send it.
  const auto session = rtc::make_dtls_session(*context, rtc::DtlsRole::passive, {});
  rtc::DtlsSession::Out flight;
  session->start(now, flight);
  for (Bytes rest(data, size); rest.size() > 1;) {
    const std::size_t wish = std::size_t{rest[0]} * 8;
    rest = rest.subspan(1);
    const std::size_t bytes = wish < rest.size() ? wish : rest.size();
    session->on_datagram(now, rest.first(bytes), flight);
    rest = rest.subspan(bytes);
    CHECK(session->state() != rtc::DtlsState::connected);
  }
  for (const Buffer& datagram : flight) {
    CHECK(datagram.size() <= rtc::dtls_mtu_bytes);
  }
  return 0;
}
