// What the part of a room's link behind `#` carries, which no server ever sees: the host device's
// fingerprint and the room secret (docs/spec/e2ee.md §2).
#pragma once

#include <string>
#include <string_view>

#include "e2ee/ids.h"

namespace v100::e2ee {

//  0      1      2              34             66
//  +------+------+--------------+--------------+
//  | 0x01 | flags| room_secret  | host_fp      |
//  +------+------+--------------+--------------+
struct Link {
  static constexpr std::size_t size = 66;

  bool lobby = false;  // the room starts with its lobby on
  RoomSecret secret;
  Fingerprint host;

  // malformed: not canonical base64url of exactly this form. unsupported: another version.
  static Result<Link> parse(std::string_view fragment);
  std::string fragment() const;
};

}  // namespace v100::e2ee
