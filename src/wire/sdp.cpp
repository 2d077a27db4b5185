#include "wire/sdp.h"

#include <algorithm>
#include <charconv>

#include "base/limits.h"
#include "base/text.h"

namespace v100::sdp {
namespace {

// Bounds per m-line; browsers stay under a quarter of each.
constexpr std::size_t formats_max = 128, extensions_max = 64, rids_max = 16, ssrcs_max = 64,
                      candidates_max = 64, feedback_max = 16, fingerprints_max = 8,
                      line_bytes_max = 8192, token_bytes_max = 512,
                      credential_bytes_max = 257;  // RFC 8839 §5.4: 256; one more shows

constexpr Error malformed{Errc::malformed, "sdp: line breaks the grammar"};
constexpr Error too_many{Errc::too_large, "sdp: too many lines of one kind"};

// The text up to the first `mark` (all of it where there is none); `rest` gets what follows.
std::string_view cut(std::string_view text, char mark, std::string_view& rest) noexcept {
  const std::size_t at = text.find(mark);
  rest = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
  return text.substr(0, at);
}

// Takes the next word of `text`; empty at the end.
std::string_view word(std::string_view& text) noexcept {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view out = text.substr(0, end);
  text.remove_prefix(end);
  return out;
}

template <class U>
bool number(std::string_view text, U& out) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

template <class List>
bool take_words(std::string_view text, List& out, std::size_t most) {
  for (std::string_view w = word(text); !w.empty(); w = word(text)) {
    if (out.size() == most || w.size() > token_bytes_max) {
      return false;
    }
    out.emplace_back(w);
  }
  return true;
}

// An rtpmap, fmtp or rtcp-fb line, kept until the m-line's formats give the order.
struct CodecLine {
  std::uint8_t payload_type = 0;
  bool any = false;  // rtcp-fb:*
  std::string_view text;
};

class Parser {
 public:
  Result<Session> run(std::string_view text);

 private:
  using Attribute = Result<void> (Parser::*)(std::string_view value);
  struct Row {
    std::string_view name;
    Attribute take;
  };
  static const Row rows[];

  Result<void> line(char type, std::string_view value);
  Result<void> origin(std::string_view value);
  Result<void> open_media(std::string_view value);
  Result<void> close_media();
  Result<void> attribute(std::string_view text);

  Result<void> on_group(std::string_view value);
  Result<void> on_ice_lite(std::string_view value);
  Result<void> on_ufrag(std::string_view value);
  Result<void> on_pwd(std::string_view value);
  Result<void> on_fingerprint(std::string_view value);
  Result<void> on_setup(std::string_view value);
  Result<void> on_mid(std::string_view value);
  Result<void> on_rtpmap(std::string_view value);
  Result<void> on_fmtp(std::string_view value);
  Result<void> on_rtcp_fb(std::string_view value);
  Result<void> on_extmap(std::string_view value);
  Result<void> on_rid(std::string_view value);
  Result<void> on_simulcast(std::string_view value);
  Result<void> on_ssrc(std::string_view value);
  Result<void> on_ssrc_group(std::string_view value);
  Result<void> on_msid(std::string_view value);
  Result<void> on_candidate(std::string_view value);

  bool flag(std::string_view key);
  Result<void> codec_line(std::string_view value, std::vector<CodecLine>& out, std::size_t most);
  IceAndDtls& transport() { return media_ == nullptr ? session_.transport : media_->transport; }

  Session session_;
  Media* media_ = nullptr;                     // the m-line being read; null on session level
  Direction direction_ = Direction::sendrecv;  // session level default
  std::vector<CodecLine> rtpmaps_, formats_, feedback_;
};

const Parser::Row Parser::rows[] = {
    {"group", &Parser::on_group},
    {"ice-lite", &Parser::on_ice_lite},
    {"ice-ufrag", &Parser::on_ufrag},
    {"ice-pwd", &Parser::on_pwd},
    {"fingerprint", &Parser::on_fingerprint},
    {"setup", &Parser::on_setup},
    {"mid", &Parser::on_mid},
    {"rtpmap", &Parser::on_rtpmap},
    {"fmtp", &Parser::on_fmtp},
    {"rtcp-fb", &Parser::on_rtcp_fb},
    {"extmap", &Parser::on_extmap},
    {"rid", &Parser::on_rid},
    {"simulcast", &Parser::on_simulcast},
    {"ssrc", &Parser::on_ssrc},
    {"ssrc-group", &Parser::on_ssrc_group},
    {"msid", &Parser::on_msid},
    {"candidate", &Parser::on_candidate},
};

Result<Session> Parser::run(std::string_view text) {
  if (text.size() > limits::sdp_bytes) {
    return fail(Errc::too_large, "sdp: description over the limit");
  }
  bool first = true;
  while (!text.empty()) {
    std::string_view one = cut(text, '\n', text);
    if (!one.empty() && one.back() == '\r') {
      one.remove_suffix(1);
    }
    if (one.empty()) {
      continue;
    }
    if (one.size() < 2 || one[1] != '=' || one.size() > line_bytes_max || (first && one != "v=0")) {
      return std::unexpected(malformed);
    }
    first = false;
    TRY(line(one[0], one.substr(2)));
  }
  if (first) {
    return fail(Errc::malformed, "sdp: empty description");
  }
  TRY(close_media());
  return std::move(session_);
}

Result<void> Parser::line(char type, std::string_view value) {
  switch (type) {
    case 'o':
      return origin(value);
    case 'm':
      TRY(close_media());
      return open_media(value);
    case 'a':
      return attribute(value);
    default:
      return {};  // s, t, c, b …: nothing in them that a call needs
  }
}

Result<void> Parser::origin(std::string_view value) {
  word(value);
  // Numbers beyond 64 bits occur in the wild and mean nothing to us: left at zero.
  number(word(value), session_.id);
  number(word(value), session_.version);
  return {};
}

Result<void> Parser::open_media(std::string_view value) {
  if (session_.media.size() == limits::sdp_media) {
    return fail(Errc::too_large, "sdp: too many m-lines");
  }
  media_ = &session_.media.emplace_back();
  const std::string_view kind = word(value);
  media_->kind_name = kind;
  media_->kind = kind == "audio"         ? Kind::audio
                 : kind == "video"       ? Kind::video
                 : kind == "application" ? Kind::application
                                         : Kind::other;
  media_->direction = direction_;
  std::string_view count;
  const std::string_view port = cut(word(value), '/', count);
  const std::string_view protocol = word(value);
  media_->protocol = protocol;
  if (kind.empty() || kind.size() > token_bytes_max || !number(port, media_->port) ||
      protocol.empty() || protocol.size() > token_bytes_max) {
    return std::unexpected(malformed);
  }
  if (!take_words(value, media_->formats, formats_max)) {
    return std::unexpected(too_many);
  }
  return {};
}

// Joins the codec lines of the m-line that ends here.
Result<void> Parser::close_media() {
  if (media_ == nullptr) {
    return {};
  }
  for (const std::string& format : media_->formats) {
    std::uint8_t payload_type = 0;
    if (!number(std::string_view(format), payload_type)) {
      continue;
    }
    const auto map = std::find_if(rtpmaps_.begin(), rtpmaps_.end(), [&](const CodecLine& l) {
      return l.payload_type == payload_type;
    });
    const bool again = std::any_of(media_->codecs.begin(), media_->codecs.end(),
                                   [&](const Codec& c) { return c.payload_type == payload_type; });
    if (map == rtpmaps_.end() || again) {
      continue;
    }
    Codec codec;
    codec.payload_type = payload_type;
    std::string_view rest;
    codec.name = cut(map->text, '/', rest);
    std::string_view channels;
    if (codec.name.empty() || !number(cut(rest, '/', channels), codec.clock_rate) ||
        (!channels.empty() && !number(channels, codec.channels))) {
      continue;  // older than WebRTC, or not for RTP: no codec of ours
    }
    for (const CodecLine& l : formats_) {
      if (l.payload_type == payload_type) {
        codec.format = l.text;
      }
    }
    for (const CodecLine& l : feedback_) {
      if ((l.any || l.payload_type == payload_type) && codec.feedback.size() < feedback_max) {
        codec.feedback.emplace_back(l.text);
      }
    }
    media_->codecs.push_back(std::move(codec));
  }
  rtpmaps_.clear();
  formats_.clear();
  feedback_.clear();
  media_ = nullptr;
  return {};
}

Result<void> Parser::attribute(std::string_view text) {
  std::string_view value;
  const std::string_view key = cut(text, ':', value);
  if (flag(key)) {
    return {};
  }
  for (const Row& row : rows) {
    if (row.name == key) {
      return (this->*row.take)(value);
    }
  }
  return {};
}

// Attributes without a value.
bool Parser::flag(std::string_view key) {
  struct Flag {
    std::string_view name;
    bool Media::* field;
  };
  constexpr Flag flags[] = {{"rtcp-mux", &Media::rtcp_mux},
                            {"rtcp-rsize", &Media::rtcp_reduced},
                            {"bundle-only", &Media::bundle_only},
                            {"end-of-candidates", &Media::end_of_candidates}};
  for (const Flag& f : flags) {
    if (f.name == key && media_ != nullptr) {
      media_->*f.field = true;
      return true;
    }
  }
  using enum Direction;
  for (const Direction d : {sendrecv, sendonly, recvonly, inactive}) {
    if (key == sdp::name(d)) {
      (media_ == nullptr ? direction_ : media_->direction) = d;
      return true;
    }
  }
  return false;
}

Result<void> Parser::on_group(std::string_view value) {
  if (media_ != nullptr || word(value) != "BUNDLE" || !session_.bundle.empty()) {
    return {};
  }
  if (!take_words(value, session_.bundle, limits::sdp_media)) {
    return std::unexpected(too_many);
  }
  return {};
}

Result<void> Parser::on_ice_lite(std::string_view) {
  session_.ice_lite = true;
  return {};
}

Result<void> Parser::on_ufrag(std::string_view value) {
  transport().ufrag = value.substr(0, credential_bytes_max);
  return {};
}

Result<void> Parser::on_pwd(std::string_view value) {
  transport().pwd = value.substr(0, credential_bytes_max);
  return {};
}

Result<void> Parser::on_fingerprint(std::string_view value) {
  std::vector<Fingerprint>& list = transport().fingerprints;
  if (list.size() == fingerprints_max) {
    return std::unexpected(too_many);
  }
  Fingerprint out;
  out.algorithm = word(value);
  std::transform(out.algorithm.begin(), out.algorithm.end(), out.algorithm.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const std::string_view hex = word(value);
  if (hex.size() > token_bytes_max || hex.size() % 3 != 2) {
    return std::unexpected(malformed);
  }
  for (std::size_t i = 0; i < hex.size(); i += 3) {
    if (i + 2 < hex.size() && hex[i + 2] != ':') {
      return std::unexpected(malformed);
    }
    const Buffer byte = TRY(from_hex(hex.substr(i, 2)));
    out.digest.push_back(byte[0]);
  }
  list.push_back(std::move(out));
  return {};
}

Result<void> Parser::on_setup(std::string_view value) {
  if (value.size() > token_bytes_max) {
    return std::unexpected(malformed);
  }
  transport().setup = value;
  return {};
}

Result<void> Parser::on_mid(std::string_view value) {
  if (value.empty() || value.size() > token_bytes_max) {
    return std::unexpected(malformed);
  }
  if (media_ != nullptr) {
    media_->mid = value;
  }
  return {};
}

Result<void> Parser::codec_line(std::string_view value, std::vector<CodecLine>& out,
                                std::size_t most) {
  if (media_ == nullptr) {
    return {};
  }
  if (out.size() == most) {
    return std::unexpected(too_many);
  }
  CodecLine line;
  const std::string_view type = word(value);
  line.any = type == "*";
  if (!line.any && !number(type, line.payload_type)) {
    return {};  // not an RTP payload type (H.248 and the like): not ours
  }
  value.remove_prefix(std::min<std::size_t>(1, value.size()));
  line.text = value;
  out.push_back(line);
  return {};
}

Result<void> Parser::on_rtpmap(std::string_view value) {
  return codec_line(value, rtpmaps_, formats_max);
}
Result<void> Parser::on_fmtp(std::string_view value) {
  return codec_line(value, formats_, formats_max);
}
Result<void> Parser::on_rtcp_fb(std::string_view value) {
  return codec_line(value, feedback_, formats_max * feedback_max);
}

Result<void> Parser::on_extmap(std::string_view value) {
  if (media_ == nullptr) {
    return {};
  }
  if (media_->extensions.size() == extensions_max) {
    return std::unexpected(too_many);
  }
  Extmap out;
  std::string_view direction_text;
  if (!number(cut(word(value), '/', direction_text), out.id)) {
    return std::unexpected(malformed);
  }
  const std::string_view uri = word(value);
  if (uri.empty() || uri.size() > token_bytes_max) {
    return std::unexpected(malformed);
  }
  out.uri = uri;
  media_->extensions.push_back(std::move(out));
  return {};
}

Result<void> Parser::on_rid(std::string_view value) {
  if (media_ == nullptr) {
    return {};
  }
  if (media_->rids.size() == rids_max) {
    return std::unexpected(too_many);
  }
  Rid out;
  const std::string_view id = word(value);
  const std::string_view way = word(value);
  if (id.empty() || id.size() > 16 || (way != "send" && way != "recv")) {
    return std::unexpected(malformed);
  }
  out.id = id;
  out.send = way == "send";
  out.restrictions = word(value);
  media_->rids.push_back(std::move(out));
  return {};
}

Result<void> Parser::on_simulcast(std::string_view value) {
  if (media_ == nullptr) {
    return {};
  }
  for (std::string_view way = word(value); !way.empty(); way = word(value)) {
    const std::string_view list = word(value);
    if (list.size() > token_bytes_max) {
      return std::unexpected(malformed);
    }
    if (way == "send") {
      media_->simulcast_send = list;
    } else if (way == "recv") {
      media_->simulcast_receive = list;
    }  // older drafts write "rid=": skipped, such an offer has no simulcast for us
  }
  return {};
}

Result<void> Parser::on_ssrc(std::string_view value) {
  std::uint32_t ssrc = 0;
  if (media_ == nullptr || !number(word(value), ssrc)) {
    return {};
  }
  const auto known = std::find_if(media_->ssrcs.begin(), media_->ssrcs.end(),
                                  [&](const Ssrc& s) { return s.ssrc == ssrc; });
  if (known == media_->ssrcs.end() && media_->ssrcs.size() == ssrcs_max) {
    return std::unexpected(too_many);
  }
  Ssrc& entry = known == media_->ssrcs.end() ? media_->ssrcs.emplace_back() : *known;
  entry.ssrc = ssrc;
  const std::string_view rest = word(value);
  if (rest.starts_with("cname:") && rest.size() <= 256) {
    entry.cname = rest.substr(6);
  }
  return {};
}

Result<void> Parser::on_ssrc_group(std::string_view value) {
  SsrcPair pair;
  if (media_ == nullptr || word(value) != "FID" || !number(word(value), pair.media) ||
      !number(word(value), pair.repair)) {
    return {};
  }
  if (media_->repairs.size() == ssrcs_max) {
    return std::unexpected(too_many);
  }
  media_->repairs.push_back(pair);
  return {};
}

Result<void> Parser::on_msid(std::string_view value) {
  if (media_ != nullptr) {
    media_->stream_id = word(value).substr(0, token_bytes_max);
    media_->track_id = word(value).substr(0, token_bytes_max);
  }
  return {};
}

Result<void> Parser::on_candidate(std::string_view value) {
  if (media_ == nullptr) {
    return {};
  }
  if (media_->candidates.size() == candidates_max) {
    return std::unexpected(too_many);
  }
  media_->candidates.emplace_back(value.substr(0, token_bytes_max));
  return {};
}

}  // namespace

Result<Session> parse(std::string_view text) { return Parser().run(text); }

}  // namespace v100::sdp
