// The writer half of sdp.h: lines in the order in which RFC 9429 lists them.
#include "base/text.h"
#include "wire/sdp.h"

namespace v100::sdp {
namespace {

class Lines {
 public:
  template <class... Parts>
  void add(const Parts&... parts) {
    (put(parts), ...);
    text_ += "\r\n";
  }
  std::string take() { return std::move(text_); }

 private:
  void put(std::string_view text) { text_ += text; }
  void put(const char* text) { text_ += text; }
  void put(std::uint64_t n) { text_ += std::to_string(n); }
  void put(unsigned n) { text_ += std::to_string(n); }
  void put(std::uint16_t n) { text_ += std::to_string(n); }
  void put(std::uint8_t n) { text_ += std::to_string(n); }

  std::string text_;
};

std::string colon_hex(Bytes digest) {
  constexpr char digits[] = "0123456789ABCDEF";  // RFC 8122 §5: upper case
  std::string out;
  for (const std::uint8_t byte : digest) {
    if (!out.empty()) {
      out += ':';
    }
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

void write_transport(Lines& out, const IceAndDtls& t) {
  if (!t.ufrag.empty()) {
    out.add("a=ice-ufrag:", t.ufrag);
    out.add("a=ice-pwd:", t.pwd);
  }
  for (const Fingerprint& f : t.fingerprints) {
    out.add("a=fingerprint:", f.algorithm, " ", colon_hex(f.digest));
  }
  if (!t.setup.empty()) {
    out.add("a=setup:", t.setup);
  }
}

void write_codecs(Lines& out, const Media& m) {
  for (const Codec& c : m.codecs) {
    if (c.channels > 1) {
      out.add("a=rtpmap:", c.payload_type, " ", c.name, "/", c.clock_rate, "/", c.channels);
    } else {
      out.add("a=rtpmap:", c.payload_type, " ", c.name, "/", c.clock_rate);
    }
    if (!c.format.empty()) {
      out.add("a=fmtp:", c.payload_type, " ", c.format);
    }
    for (const std::string& f : c.feedback) {
      out.add("a=rtcp-fb:", c.payload_type, " ", f);
    }
  }
}

void write_streams(Lines& out, const Media& m) {
  if (!m.stream_id.empty()) {
    out.add("a=msid:", m.stream_id, " ", m.track_id);
  }
  for (const SsrcPair& pair : m.repairs) {
    out.add("a=ssrc-group:FID ", pair.media, " ", pair.repair);
  }
  for (const Ssrc& s : m.ssrcs) {
    out.add("a=ssrc:", s.ssrc, " cname:", s.cname);
  }
  for (const Rid& r : m.rids) {
    out.add("a=rid:", r.id, r.send ? " send" : " recv", r.restrictions.empty() ? "" : " ",
            r.restrictions);
  }
  if (!m.simulcast_send.empty()) {
    out.add("a=simulcast:send ", m.simulcast_send);
  }
  if (!m.simulcast_receive.empty()) {
    out.add("a=simulcast:recv ", m.simulcast_receive);
  }
}

void write_media(Lines& out, const Media& m) {
  std::string formats;
  for (const std::string& f : m.formats) {
    formats += ' ';
    formats += f;
  }
  out.add("m=", m.kind_name, " ", m.port, " ", m.protocol, formats);
  out.add("c=IN IP4 0.0.0.0");
  if (!m.mid.empty()) {
    out.add("a=mid:", m.mid);
  }
  out.add("a=", name(m.direction));
  write_transport(out, m.transport);
  if (m.rtcp_mux) {
    out.add("a=rtcp-mux");
  }
  if (m.rtcp_reduced) {
    out.add("a=rtcp-rsize");
  }
  for (const std::string& c : m.candidates) {
    out.add("a=candidate:", c);
  }
  if (m.end_of_candidates) {
    out.add("a=end-of-candidates");
  }
  for (const Extmap& e : m.extensions) {
    out.add("a=extmap:", e.id, " ", e.uri);
  }
  write_codecs(out, m);
  write_streams(out, m);
}

}  // namespace

std::string write(const Session& session) {
  Lines out;
  out.add("v=0");
  out.add("o=- ", session.id, " ", session.version, " IN IP4 0.0.0.0");
  out.add("s=-");
  out.add("t=0 0");
  if (session.ice_lite) {
    out.add("a=ice-lite");
  }
  write_transport(out, session.transport);
  if (!session.bundle.empty()) {
    std::string mids;
    for (const std::string& mid : session.bundle) {
      mids += ' ';
      mids += mid;
    }
    out.add("a=group:BUNDLE", mids);
  }
  for (const Media& m : session.media) {
    write_media(out, m);
  }
  return out.take();
}

}  // namespace v100::sdp
