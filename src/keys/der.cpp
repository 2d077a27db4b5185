#include "keys/der.h"

namespace v100::keys {

Result<Bytes> DerReader::take(std::uint8_t tag) noexcept {
  if (rest_.size() < 2 || rest_[0] != tag) {
    return fail(Errc::malformed, "key: not the DER value that stands here");
  }
  std::size_t length = rest_[1];
  std::size_t head = 2;
  if (length >= 0x80) {
    const std::size_t count = length & 0x7f;
    if (count < 1 || count > 3 || rest_.size() < 2 + count) {
      return fail(Errc::malformed, "key: a DER length of no use");
    }
    length = 0;
    for (std::size_t i = 0; i < count; ++i) {
      length = (length << 8) | rest_[2 + i];
    }
    head += count;
    if (length < 0x80 || (length >> (8 * (count - 1))) == 0) {
      return fail(Errc::malformed, "key: a DER length that is not the shortest");
    }
  }
  if (rest_.size() - head < length) {
    return fail(Errc::malformed, "key: DER that ends too early");
  }
  const Bytes contents = rest_.subspan(head, length);
  rest_ = rest_.subspan(head + length);
  return contents;
}

Result<void> DerReader::end() const noexcept {
  if (!rest_.empty()) {
    return fail(Errc::malformed, "key: bytes after the DER value");
  }
  return {};
}

void put_der(Buffer& out, std::uint8_t tag, Bytes contents) {
  const std::size_t length = contents.size();
  out.push_back(tag);
  if (length >= 0x80) {
    const std::size_t count = length < 0x100 ? 1 : length < 0x10000 ? 2 : 3;
    out.push_back(static_cast<std::uint8_t>(0x80 | count));
    for (std::size_t i = count; i-- > 1;) {
      out.push_back(static_cast<std::uint8_t>(length >> (8 * i)));
    }
  }
  out.push_back(static_cast<std::uint8_t>(length));
  append(out, contents);
}

}  // namespace v100::keys
