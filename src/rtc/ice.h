// ICE (RFC 8445): the lite agent of the server, and the one-candidate controlling agent of the load
// generator. Consent freshness by RFC 7675: a path lives 30 s after the last authenticated check.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/address.h"
#include "base/bytes.h"
#include "base/units.h"
#include "base/world.h"
#include "rtc/outbox.h"

namespace v100::rtc {

// RFC 8839 §5.4: ice-char only; ufrag 4..256, pwd 22..256 characters.
struct IceCredentials {
  std::string ufrag;
  std::string pwd;

  // 8-character fragment, 24-character password (144 bits), as browsers take them.
  static IceCredentials make(Random& random);
};

}  // namespace v100::rtc
