// The link's fragment (docs/spec/e2ee.md §2).
#include "e2ee/link.h"

#include "base/text.h"

namespace v100::e2ee {

namespace {
constexpr std::uint8_t version = 1;
constexpr std::uint8_t flag_lobby = 1;
}  // namespace

Result<Link> Link::parse(std::string_view fragment) {
  if (fragment.size() != size * 4 / 3) {
    return fail(Errc::malformed, "link: wrong length");
  }
  Buffer raw = TRY(from_base64url(fragment));
  const Bytes bytes = raw;
  if (bytes.size() != size || bytes[0] != version || (bytes[1] & ~flag_lobby) != 0) {
    const bool newer = bytes.size() == size && bytes[0] > version;
    wipe(raw);
    return newer ? fail(Errc::unsupported, "link: made by a newer version")
                 : fail(Errc::malformed, "link: unknown version or flags");
  }
  Link link;
  link.lobby = (bytes[1] & flag_lobby) != 0;
  copy(link.secret.fill(), bytes.subspan(2, 32));
  link.host = Fingerprint(TRY(hash_from(bytes.subspan(34, 32))));
  wipe(raw);
  return link;
}

std::string Link::fragment() const {
  ByteArray<size> raw;
  raw[0] = version;
  raw[1] = lobby ? flag_lobby : 0;
  copy(MutBytes(raw).subspan(2, 32), secret.expose());
  copy(MutBytes(raw).subspan(34, 32), host.value());
  std::string text = to_base64url(raw);
  wipe(raw);
  return text;
}

}  // namespace v100::e2ee
