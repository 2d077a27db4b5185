#include "wire/cbor.h"

#include "wire/utf8.h"

namespace v100::wire {
namespace {

std::unexpected<Error> malformed(const char* what) noexcept { return fail(Errc::malformed, what); }

}  // namespace

// RFC 8949 §3 (initial byte and argument), §4.2.1 (shortest argument, definite lengths).
Result<CborHead> CborReader::head() noexcept {
  if (rest_.empty()) {
    return malformed("cbor: ends too early");
  }
  const CborMajor major = static_cast<CborMajor>(rest_[0] >> 5);
  const unsigned low = rest_[0] & 31;
  rest_ = rest_.subspan(1);
  if (low < 24) {
    return CborHead{major, low};
  }
  const std::size_t count = std::size_t{1} << (low - 24);
  if (low > 27 || rest_.size() < count) {
    return malformed("cbor: ends too early or has no length");
  }
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    value = (value << 8) | rest_[i];
  }
  rest_ = rest_.subspan(count);
  if (major == CborMajor::simple) {
    // One byte: simple values 32 to 255. More: floating-point numbers, whose bits have no order.
    if (count == 1 && value < 32) {
      return malformed("cbor: a simple value that is not the shortest");
    }
    return CborHead{major, value};
  }
  if (count == 1 ? value < 24 : (value >> (4 * count)) == 0) {
    return malformed("cbor: a number that is not the shortest");
  }
  return CborHead{major, value};
}

Result<std::uint64_t> CborReader::expect(CborMajor major) noexcept {
  const CborHead h = TRY(head());
  if (h.major != major) {
    return malformed("cbor: a value of another kind");
  }
  return h.value;
}

Result<Bytes> CborReader::take(std::uint64_t count) noexcept {
  if (count > rest_.size()) {
    return malformed("cbor: ends too early");
  }
  const Bytes taken = rest_.first(static_cast<std::size_t>(count));
  rest_ = rest_.subspan(static_cast<std::size_t>(count));
  return taken;
}

Result<std::int64_t> CborReader::integer() noexcept {
  const CborHead h = TRY(head());
  if (h.major > CborMajor::negative || h.value > INT64_MAX) {
    return malformed("cbor: not an integer of 64 bits");
  }
  const std::int64_t value = static_cast<std::int64_t>(h.value);
  return h.major == CborMajor::positive ? value : -1 - value;
}

Result<std::uint64_t> CborReader::positive() noexcept { return expect(CborMajor::positive); }

Result<Bytes> CborReader::bytes() noexcept { return take(TRY(expect(CborMajor::bytes))); }

Result<std::string_view> CborReader::text() noexcept {
  const std::string_view text = as_text(TRY(take(TRY(expect(CborMajor::text)))));
  if (!is_utf8(text)) {
    return malformed("cbor: text that is not UTF-8");
  }
  return text;
}

Result<std::uint64_t> CborReader::array() noexcept { return expect(CborMajor::array); }
Result<std::uint64_t> CborReader::map() noexcept { return expect(CborMajor::map); }

// A value costs a byte at least, so the input bounds the work; the depth bounds the stack.
Result<void> CborReader::skip(unsigned depth) noexcept {
  if (depth > depth_max) {
    return malformed("cbor: too deep");
  }
  const Bytes before = rest_;
  const CborHead h = TRY(head());
  std::uint64_t children = 0;
  switch (h.major) {
    case CborMajor::bytes:
      TRY(take(h.value));
      break;
    case CborMajor::text:
      rest_ = before;
      TRY(text());
      break;
    case CborMajor::array:
      children = h.value;
      break;
    case CborMajor::map:
      children = h.value > rest_.size() ? h.value : 2 * h.value;
      break;
    case CborMajor::tag:
      children = 1;
      break;
    default:
      break;
  }
  if (children > rest_.size()) {
    return malformed("cbor: ends too early");
  }
  for (std::uint64_t i = 0; i < children; ++i) {
    TRY(skip(depth + 1));
  }
  return {};
}

std::size_t cbor_head_bytes(std::uint64_t value) noexcept {
  return value < 24 ? 1 : value < 0x100 ? 2 : value < 0x10000 ? 3 : value < 0x100000000 ? 5 : 9;
}

CborWriter& CborWriter::head(CborMajor major, std::uint64_t value) {
  const std::size_t count = cbor_head_bytes(value) - 1;
  const unsigned low = count == 0   ? static_cast<unsigned>(value)
                       : count == 1 ? 24
                       : count == 2 ? 25
                       : count == 4 ? 26
                                    : 27;
  out_.push_back(static_cast<std::uint8_t>((static_cast<unsigned>(major) << 5) | low));
  for (std::size_t i = count; i-- > 0;) {
    out_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
  return *this;
}

CborWriter& CborWriter::integer(std::int64_t value) {
  return value < 0 ? head(CborMajor::negative, static_cast<std::uint64_t>(-1 - value))
                   : head(CborMajor::positive, static_cast<std::uint64_t>(value));
}

CborWriter& CborWriter::bytes(Bytes value) {
  head(CborMajor::bytes, value.size());
  append(out_, value);
  return *this;
}

CborWriter& CborWriter::text(std::string_view value) {
  head(CborMajor::text, value.size());
  append(out_, as_bytes(value));
  return *this;
}

}  // namespace v100::wire
