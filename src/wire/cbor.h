// CBOR (RFC 8949) in its deterministic encoding (section 4.2.1): a cursor over bytes that copies
// nothing, and a writer. Numbers that are not the shortest, indefinite lengths and text that is not
// UTF-8 are malformed, so one value has one spelling. The order of a map's keys is the caller's
// care. Floating-point numbers are read by skip() only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace v100::wire {

enum class CborMajor : std::uint8_t { positive, negative, bytes, text, array, map, tag, simple };

struct CborHead {
  CborMajor major;
  std::uint64_t value;  // of a number, a count, a length, a tag, or a simple value's number
};

// All errors are `malformed`. After an error the reader's place is not to be used.
class CborReader {
 public:
  static constexpr unsigned depth_max = 8;

  explicit CborReader(Bytes in) noexcept : rest_(in) {}
  bool empty() const noexcept { return rest_.empty(); }
  Bytes rest() const noexcept { return rest_; }

  Result<CborHead> head() noexcept;                // of the next value; its content follows
  Result<std::int64_t> integer() noexcept;         // of either sign
  Result<std::uint64_t> positive() noexcept;       // zero too
  Result<Bytes> bytes() noexcept;                  // a byte string, in place
  Result<std::string_view> text() noexcept;        // a text string, in place
  Result<std::uint64_t> array() noexcept;          // how many elements follow
  Result<std::uint64_t> map() noexcept;            // how many pairs follow
  Result<void> skip(unsigned depth = 0) noexcept;  // passes one whole value over

 private:
  Result<std::uint64_t> expect(CborMajor major) noexcept;
  Result<Bytes> take(std::uint64_t count) noexcept;
  Bytes rest_;
};

// Appends to a buffer of the caller's.
class CborWriter {
 public:
  explicit CborWriter(Buffer& out) noexcept : out_(out) {}
  CborWriter& head(CborMajor major, std::uint64_t value);
  CborWriter& integer(std::int64_t value);
  CborWriter& positive(std::uint64_t value) { return head(CborMajor::positive, value); }
  CborWriter& bytes(Bytes value);
  CborWriter& text(std::string_view value);
  CborWriter& array(std::uint64_t elements) { return head(CborMajor::array, elements); }
  CborWriter& map(std::uint64_t pairs) { return head(CborMajor::map, pairs); }

 private:
  Buffer& out_;
};

// Bytes that head() writes for a value.
std::size_t cbor_head_bytes(std::uint64_t value) noexcept;

}  // namespace v100::wire
