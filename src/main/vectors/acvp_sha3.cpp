// ACVP SHA3, SHAKE and cSHAKE: single messages, variable output, Monte Carlo, large data.
#include <algorithm>

#include "crypto/keccak/keccak.h"
#include "main/vectors/json.h"
#include "main/vectors/sha3.h"

namespace v100::vectors {
namespace {

constexpr std::uint64_t bits_max = std::uint64_t{1} << 24;  // 2 MiB: a file asks for no more

// The message; a partial last byte, which files keep in its high bits, moved to the low ones.
Result<Buffer> message_of(const Json& test, std::uint64_t bits) {
  Buffer message = TRY(hex_or_empty(test, "msg"));
  if (bits > bits_max || message.size() < (bits + 7) / 8) {
    return fail(Errc::malformed, "acvp: len does not fit the message");
  }
  if (bits % 8 != 0) {
    std::uint8_t& last = message[bits / 8];
    last = static_cast<std::uint8_t>(last >> (8 - bits % 8));
  }
  return message;
}

Result<Verdict> monte(Sha3Function function, const AcvpCase& c) {
  simdjson::dom::array results;
  if (c.expected["resultsArray"].get(results) != simdjson::SUCCESS) {
    return fail(Errc::malformed, "acvp: no resultsArray");
  }
  const Buffer seed = TRY(hex(c.test, "msg"));
  const std::size_t min = number(c.group, "minOutLen") / 8;
  const std::size_t max = number(c.group, "maxOutLen") / 8;
  const Sha3Monte::Range range = {.min_bytes = min, .max_bytes = max};
  if (is_xof(function) && !range.valid()) {
    return fail(Errc::malformed, "acvp: output lengths out of range");
  }
  Sha3Monte chain(function, seed, range);
  for (const Json result : results) {
    if (!same(chain.next(), TRY(hex(result, "md")))) {
      return pass_if(false);
    }
  }
  return pass_if(true);
}

// A message of gigabytes that repeats its content.
Result<Verdict> large(Sha3Function function, const AcvpCase& c, const Options& options) {
  if (!options.large) {
    return skip("acvp: hashes gigabytes; --large runs it");
  }
  const auto description = member(c.test, "largeMsg");
  if (!description || text(*description, "expansionTechnique") != "repeating") {
    return fail(Errc::malformed, "acvp: largeMsg without a known expansion");
  }
  const Buffer content = TRY(hex(*description, "content"));
  const std::uint64_t full = number(*description, "fullLength") / 8;
  if (content.empty() || content.size() * 8 != number(*description, "contentLength")) {
    return fail(Errc::malformed, "acvp: contentLength is not content's");
  }
  Buffer block;
  while (block.size() < 65536) {
    append(block, content);
  }
  keccak::Sponge sponge(function == Sha3Function::sha3_256 ? keccak::rate_256 : keccak::rate_512,
                        keccak::Sponge::Domain::sha3);
  for (std::uint64_t done = 0; done < full;) {
    const std::size_t now = std::min<std::uint64_t>(full - done, block.size());
    sponge.absorb(Bytes(block).first(now));
    done += now;
  }
  Buffer digest(function == Sha3Function::sha3_256 ? 32 : 64);
  sponge.squeeze(digest);
  return pass_if(same(digest, TRY(hex(c.expected, "md"))));
}

struct CshakeInput {
  Bytes message;
  std::uint64_t bits;  // of the message
  Bytes function_name;
  Bytes customization;
};

// Unlike SHAKE's files, cSHAKE's show a partial last byte of output in its high bits.
Buffer cshake_hash(std::string_view algorithm, const CshakeInput& in, std::uint64_t out_bits) {
  keccak::Sponge sponge = keccak::CShake256(in.function_name, in.customization);
  if (algorithm == "cSHAKE-128") {
    sponge = keccak::CShake128(in.function_name, in.customization);
  }
  sponge.absorb(in.message.first(in.bits / 8));
  if (in.bits % 8 != 0) {
    sponge.absorb_last_bits(in.message[in.bits / 8], static_cast<unsigned>(in.bits % 8));
  }
  Buffer out((out_bits + 7) / 8);
  sponge.squeeze(out);
  if (out_bits % 8 != 0) {
    out.back() = static_cast<std::uint8_t>(out.back() << (8 - out_bits % 8));
  }
  return out;
}

Result<Verdict> cshake_single(std::string_view algorithm, const AcvpCase& c) {
  const std::uint64_t bits = number(c.test, "len");
  const std::uint64_t out_bits = number(c.test, "outLen");
  const Buffer message = TRY(message_of(c.test, bits));
  if (out_bits > out_bits_max) {
    return fail(Errc::malformed, "acvp: outLen out of range");
  }
  Buffer customization = to_buffer(as_bytes(text(c.test, "customization")));
  if (flag(c.group, "hexCustomization")) {
    customization = TRY(hex_or_empty(c.test, "customizationHex"));
  }
  const CshakeInput input = {.message = message,
                             .bits = bits,
                             .function_name = as_bytes(text(c.test, "functionName")),
                             .customization = customization};
  return pass_if(same(cshake_hash(algorithm, input, out_bits), TRY(hex(c.expected, "md"))));
}

// The last 16 bits of an output whose partial last byte stands in high bits.
std::uint64_t last_16_bits(Bytes out, std::uint64_t out_bits) {
  std::uint64_t tail = 0;
  for (const std::uint8_t byte : out.last(3)) {
    tail = tail << 8 | byte;
  }
  return tail >> (out_bits % 8 == 0 ? 0 : 8 - out_bits % 8) & 0xffff;
}

// ACVP cSHAKE, Monte Carlo: output length and customization follow from the last output.
Result<Verdict> cshake_monte(std::string_view algorithm, const AcvpCase& c) {
  simdjson::dom::array results;
  const std::uint64_t min = number(c.group, "minOutLen");
  const std::uint64_t max = number(c.group, "maxOutLen");
  const std::uint64_t step = number(c.group, "outLenIncrement");
  if (c.expected["resultsArray"].get(results) != simdjson::SUCCESS || min < 32 || max < min ||
      max > out_bits_max || step == 0) {
    return fail(Errc::malformed, "acvp: Monte Carlo without results or with bad lengths");
  }
  Buffer out = TRY(hex(c.test, "msg"));
  Buffer customization;
  std::uint64_t out_bits = max;
  for (const Json result : results) {
    for (int i = 0; i < 1000; ++i) {
      Buffer inner = out;
      inner.resize(16);
      out = cshake_hash(
          algorithm,
          {.message = inner, .bits = 128, .function_name = {}, .customization = customization},
          out_bits);
      const std::uint64_t tail = last_16_bits(out, out_bits);
      out_bits = min + tail % (max - min + 1) / step * step;
      customization = inner;
      customization.push_back(static_cast<std::uint8_t>(tail >> 8));
      customization.push_back(static_cast<std::uint8_t>(tail));
      for (std::uint8_t& byte : customization) {
        byte = static_cast<std::uint8_t>('A' + byte % 26);
      }
    }
    if (!same(out, TRY(hex(result, "md")))) {
      return pass_if(false);
    }
  }
  return pass_if(true);
}

}  // namespace

Result<Verdict> acvp_sha3(std::string_view algorithm, const AcvpCase& c, const Options& options) {
  const std::string_view type = text(c.group, "testType");
  if (algorithm.starts_with("cSHAKE-")) {
    if (algorithm != "cSHAKE-128" && algorithm != "cSHAKE-256") {
      return skip("acvp: this build does not have the algorithm");
    }
    return type == "MCT" ? cshake_monte(algorithm, c) : cshake_single(algorithm, c);
  }
  const auto function = sha3_function(algorithm);
  if (!function) {
    return skip("acvp: this build does not have the algorithm");
  }
  if (type == "MCT") {
    return monte(*function, c);
  }
  if (type == "LDT") {
    return large(*function, c, options);
  }
  const std::uint64_t bits = number(c.test, "len");
  const Buffer message = TRY(message_of(c.test, bits));
  const Buffer expected = TRY(hex(c.expected, "md"));
  const std::uint64_t out_bits = number(c.test, "outLen");
  if (out_bits > out_bits_max) {
    return fail(Errc::malformed, "acvp: outLen out of range");
  }
  return pass_if(same(sha3_hash(*function, message, bits, out_bits), expected));
}

}  // namespace v100::vectors
