#include "rtc/negotiate/negotiate.h"

#include <algorithm>

#include "wire/sdp.h"

namespace v100::rtc {
namespace {

constexpr std::string_view uri_mid = "urn:ietf:params:rtp-hdrext:sdes:mid";
constexpr std::string_view uri_rid = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id";
constexpr std::string_view uri_repaired_rid =
    "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id";
constexpr std::string_view uri_transport_sequence =
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
constexpr std::string_view uri_send_time =
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time";

constexpr std::size_t layers_max = 3;
constexpr std::size_t mid_bytes_max = 16;  // RFC 8285 §4.2: the most a one-byte element holds
constexpr std::uint16_t one_byte_id_max = 14;

enum class Way : std::uint8_t { none, from_browser, to_browser };

struct ExtensionRow {
  std::string_view uri;
  std::uint8_t ExtensionIds::* id;
  bool from_browser, to_browser;
};
// Towards the browser there is no transport-wide sequence number, on purpose: without it browsers
// run their own receive-side estimate on abs-send-time and report it as REMB, which is what the
// room's layer choice goes by. No audio level (RFC 6464) either way: it would tell the server, in
// clear, who speaks and how loudly; clients measure what they decode (docs/adr/0007).
constexpr ExtensionRow extension_rows[] = {
    {uri_mid, &ExtensionIds::mid, true, true},
    {uri_rid, &ExtensionIds::rid, true, false},
    {uri_repaired_rid, &ExtensionIds::repaired_rid, true, false},
    {uri_transport_sequence, &ExtensionIds::transport_sequence, true, false},
    {uri_send_time, &ExtensionIds::send_time, true, true},
};

// transport-cc on all lines, although only what the browser sends carries the numbers: a browser
// wants one kind of congestion feedback throughout a description, or ignores it.
bool accepted_feedback(std::string_view feedback, Way way) noexcept {
  return feedback == "nack" || feedback == "nack pli" || feedback == "ccm fir" ||
         feedback == "transport-cc" || (feedback == "goog-remb" && way == Way::to_browser);
}

std::optional<Codec> known_codec(const sdp::Codec& c, sdp::Kind kind) noexcept {
  if (kind == sdp::Kind::audio) {
    const bool opus = sdp::same_name(c.name, "opus") && c.clock_rate == 48000 && c.channels == 2;
    return opus ? std::optional(Codec::opus) : std::nullopt;
  }
  if (c.clock_rate != 90000) {
    return std::nullopt;
  }
  if (sdp::same_name(c.name, "VP8")) {
    return Codec::vp8;
  }
  // Profile 2 is for more than 8 bits a sample; profile 0 is also what no profile-id means.
  if (sdp::same_name(c.name, "VP9") &&
      sdp::format_value(c.format, "profile-id").value_or("0") == "0") {
    return Codec::vp9;
  }
  return std::nullopt;
}

bool stopped(const sdp::Media& m) noexcept { return m.port == 0 && !m.bundle_only; }

const sdp::IceAndDtls& transport_of(const sdp::Session& s, const sdp::Media& m, bool ice) noexcept {
  const bool own = ice ? !m.transport.ufrag.empty() : !m.transport.fingerprints.empty();
  return own ? m.transport : s.transport;
}

// RFC 9143 §9: with BUNDLE one set of credentials and fingerprints holds for all m-lines.
Result<Offered> read_remote(const sdp::Session& offer) {
  const auto first = std::find_if(offer.media.begin(), offer.media.end(),
                                  [](const sdp::Media& m) { return !stopped(m); });
  if (first == offer.media.end()) {
    return fail(Errc::unsupported, "negotiate: offer without a live m-line");
  }
  const sdp::IceAndDtls& ice = transport_of(offer, *first, true);
  const sdp::IceAndDtls& dtls = transport_of(offer, *first, false);
  if (ice.ufrag.size() < 4 || ice.ufrag.size() > 256 || ice.pwd.size() < 22 ||
      ice.pwd.size() > 256) {  // RFC 8839 §5.4
    return fail(Errc::malformed, "negotiate: no ICE credentials");
  }
  Offered out{{ice.ufrag, ice.pwd}, {}};
  for (const sdp::Fingerprint& f : dtls.fingerprints) {
    if (f.algorithm == "sha-256" && f.digest.size() == out.fingerprint.size()) {
      copy(out.fingerprint, f.digest);
      return out;
    }
  }
  return fail(Errc::unsupported, "negotiate: no SHA-256 fingerprint");
}

// Builds one answer; members are filled front to back by run().
class Answerer {
 public:
  explicit Answerer(const NegotiateInput& input) noexcept : in_(input) {}
  Result<Negotiated> run();

 private:
  Result<void> media(const sdp::Media& offered);
  Result<void> accept(const sdp::Media& offered, sdp::Media& answer, Way way);
  void reject(const sdp::Media& offered, sdp::Media& answer);
  Way way_of(const sdp::Media& offered) const;
  CodecTable take_codecs(const sdp::Media& offered, sdp::Media& answer, Way way) const;
  ExtensionIds take_extensions(const sdp::Media& offered, sdp::Media& answer, Way way) const;
  void take_send(const sdp::Media& offered, sdp::Media& answer, CodecTable codecs,
                 ExtensionIds ids);
  void take_receive(const sdp::Media& offered, sdp::Media& answer, CodecTable codecs,
                    ExtensionIds ids);
  Result<void> check_wishes() const;
  void add_candidates(sdp::Media& answer) const;

  const NegotiateInput& in_;
  sdp::Session offer_;
  sdp::Session answer_;
  Negotiated out_;
  bool first_accepted_ = true;
};

template <class Wish>
const Wish* find_wish(std::span<const Wish> wishes, std::string_view mid) noexcept {
  const auto it =
      std::find_if(wishes.begin(), wishes.end(), [&](const Wish& w) { return w.mid == mid; });
  return it == wishes.end() ? nullptr : &*it;
}

Result<Negotiated> Answerer::run() {
  offer_ = TRY(sdp::parse(in_.offer));
  const Offered remote = TRY(read_remote(offer_));
  out_.remote = remote.credentials;
  out_.remote_fingerprint = remote.fingerprint;
  TRY(check_wishes());
  answer_.id = in_.session_id;
  answer_.version = in_.version;
  answer_.ice_lite = true;
  for (const sdp::Media& offered : offer_.media) {
    TRY(media(offered));
  }
  out_.answer = sdp::write(answer_);
  return std::move(out_);
}

Result<void> Answerer::check_wishes() const {
  const auto live = [&](std::string_view mid) {
    return std::any_of(offer_.media.begin(), offer_.media.end(),
                       [&](const sdp::Media& m) { return m.mid == mid && !stopped(m); });
  };
  for (const SendWish& wish : in_.sends) {
    if (!live(wish.mid)) {
      return fail(Errc::not_found, "negotiate: a track's mid is not in the offer");
    }
  }
  for (const ReceiveWish& wish : in_.receives) {
    if (!live(wish.mid)) {
      return fail(Errc::not_found, "negotiate: a receive mid is not in the offer");
    }
  }
  return {};
}

Way Answerer::way_of(const sdp::Media& offered) const {
  using enum sdp::Direction;
  if (find_wish(in_.sends, offered.mid) != nullptr) {
    return offered.direction == sendrecv || offered.direction == sendonly ? Way::from_browser
                                                                          : Way::none;
  }
  if (find_wish(in_.receives, offered.mid) != nullptr) {
    return offered.direction == sendrecv || offered.direction == recvonly ? Way::to_browser
                                                                          : Way::none;
  }
  return Way::none;
}

Result<void> Answerer::media(const sdp::Media& offered) {
  sdp::Media& answer = answer_.media.emplace_back();
  answer.kind = offered.kind;
  answer.kind_name = offered.kind_name;
  answer.protocol = offered.protocol;
  answer.mid = offered.mid;
  answer.direction = sdp::Direction::inactive;
  const bool ours = offered.kind == sdp::Kind::audio || offered.kind == sdp::Kind::video;
  if (stopped(offered) || !ours) {
    reject(offered, answer);
    return {};
  }
  return accept(offered, answer, way_of(offered));
}

void Answerer::reject(const sdp::Media& offered, sdp::Media& answer) {
  answer.port = 0;
  answer.formats = offered.formats;
}

Result<void> Answerer::accept(const sdp::Media& offered, sdp::Media& answer, Way way) {
  const CodecTable codecs = take_codecs(offered, answer, way);
  if (answer.codecs.empty()) {
    if (way != Way::none) {
      return fail(Errc::unsupported, "negotiate: no common codec");
    }
    reject(offered, answer);
    return {};
  }
  const bool bundled =
      std::find(offer_.bundle.begin(), offer_.bundle.end(), offered.mid) != offer_.bundle.end();
  if (!offered.rtcp_mux || !bundled || offered.mid.empty() || offered.mid.size() > mid_bytes_max) {
    return fail(Errc::unsupported, "negotiate: an m-line without BUNDLE, rtcp-mux or short mid");
  }
  answer.port = 9;
  answer.transport = {in_.local->ufrag, in_.local->pwd, {}, "passive"};
  answer.transport.fingerprints.push_back({"sha-256", to_buffer(*in_.fingerprint)});
  answer.rtcp_mux = true;
  answer.rtcp_reduced = offered.rtcp_reduced;
  const ExtensionIds ids = take_extensions(offered, answer, way);
  if (first_accepted_) {
    add_candidates(answer);
    first_accepted_ = false;
  }
  answer_.bundle.push_back(offered.mid);
  if (way == Way::from_browser) {
    take_send(offered, answer, codecs, ids);
  } else if (way == Way::to_browser) {
    take_receive(offered, answer, codecs, ids);
  }
  return {};
}

void Answerer::add_candidates(sdp::Media& answer) const {
  std::uint32_t local_preference = 65535;
  for (const Address& address : in_.candidates) {
    // RFC 8445 §5.1.2.1: host candidates, type preference 126, component 1.
    const std::uint32_t priority = (126u << 24) | (local_preference << 8) | 255u;
    std::string line = std::to_string(65536 - local_preference);
    line += " 1 udp " + std::to_string(priority) + " " + address.ip_text() + " " +
            std::to_string(address.port) + " typ host";
    answer.candidates.push_back(std::move(line));
    --local_preference;
  }
  answer.end_of_candidates = true;
}

CodecTable Answerer::take_codecs(const sdp::Media& offered, sdp::Media& answer, Way way) const {
  CodecTable table{};
  const auto add = [&](const sdp::Codec& c, std::string format) {
    sdp::Codec& out = answer.codecs.emplace_back(c);
    out.format = std::move(format);
    std::erase_if(out.feedback, [&](const std::string& f) { return !accepted_feedback(f, way); });
    answer.formats.push_back(std::to_string(c.payload_type));
  };
  for (const sdp::Codec& c : offered.codecs) {
    const auto codec = known_codec(c, offered.kind);
    if (!codec || table[static_cast<std::size_t>(*codec)].media != 0) {
      continue;
    }
    CodecNumbers& numbers = table[static_cast<std::size_t>(*codec)];
    numbers.media = c.payload_type;
    add(c, *codec == Codec::opus  ? "minptime=10;useinbandfec=1"
           : *codec == Codec::vp9 ? "profile-id=0"
                                  : "");
    const std::string wanted = std::to_string(c.payload_type);
    for (const sdp::Codec& repair : offered.codecs) {
      if (sdp::same_name(repair.name, "rtx") && sdp::format_value(repair.format, "apt") == wanted) {
        numbers.repair = repair.payload_type;
        add(repair, "apt=" + wanted);
        break;
      }
    }
  }
  return table;
}

ExtensionIds Answerer::take_extensions(const sdp::Media& offered, sdp::Media& answer,
                                       Way way) const {
  ExtensionIds ids;
  for (const sdp::Extmap& e : offered.extensions) {
    for (const ExtensionRow& row : extension_rows) {
      const bool wanted = way == Way::to_browser ? row.to_browser : row.from_browser;
      if (row.uri == e.uri && wanted && e.id >= 1 && e.id <= one_byte_id_max && ids.*row.id == 0) {
        ids.*row.id = static_cast<std::uint8_t>(e.id);
        answer.extensions.push_back(e);
      }
    }
  }
  return ids;
}

void Answerer::take_send(const sdp::Media& offered, sdp::Media& answer, CodecTable codecs,
                         ExtensionIds ids) {
  answer.direction = sdp::Direction::recvonly;
  SendLine& line = out_.sends.emplace_back();
  line.mid = offered.mid;
  line.track = find_wish(in_.sends, offered.mid)->track;
  line.video = offered.kind == sdp::Kind::video;
  line.codecs = codecs;
  line.extensions = ids;
  std::string list;
  for (const std::string_view id : sdp::simulcast_ids(offered.simulcast_send)) {
    const bool offered_rid = std::any_of(offered.rids.begin(), offered.rids.end(),
                                         [&](const sdp::Rid& r) { return r.send && r.id == id; });
    if (!offered_rid || line.rids.size() == layers_max || ids.rid == 0) {
      continue;
    }
    line.rids.emplace_back(id);
    answer.rids.push_back({std::string(id), false, ""});
    list += (list.empty() ? "" : ";") + std::string(id);
  }
  answer.simulcast_receive = list;
  if (line.rids.empty() && !offered.ssrcs.empty()) {
    line.ssrc = offered.ssrcs[0].ssrc;
    for (const sdp::SsrcPair& pair : offered.repairs) {
      if (pair.media == line.ssrc) {
        line.repair_ssrc = pair.repair;
      }
    }
  }
}

void Answerer::take_receive(const sdp::Media& offered, sdp::Media& answer, CodecTable codecs,
                            ExtensionIds ids) {
  const ReceiveWish& wish = *find_wish(in_.receives, offered.mid);
  answer.direction = sdp::Direction::sendonly;
  ReceiveLine& line = out_.receives.emplace_back();
  line.mid = offered.mid;
  line.video = offered.kind == sdp::Kind::video;
  line.codecs = codecs;
  line.extensions = ids;
  line.ssrc = wish.ssrc;
  answer.stream_id = wish.stream_id;
  answer.track_id = wish.track_id;
  answer.ssrcs.push_back({wish.ssrc, std::string(wish.cname)});
  const bool repair = std::any_of(codecs.begin(), codecs.end(),
                                  [](const CodecNumbers& n) { return n.repair != 0; });
  if (repair) {
    line.repair_ssrc = wish.repair_ssrc;
    answer.ssrcs.push_back({wish.repair_ssrc, std::string(wish.cname)});
    answer.repairs.push_back({wish.ssrc, wish.repair_ssrc});
  }
}

}  // namespace

Result<Offered> look_at_offer(std::string_view offer) {
  const sdp::Session session = TRY(sdp::parse(offer));
  return read_remote(session);
}

Result<Negotiated> negotiate(const NegotiateInput& input) { return Answerer(input).run(); }

}  // namespace v100::rtc
