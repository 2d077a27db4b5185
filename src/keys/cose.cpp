// COSE_Key of kty AKP (RFC 9964), in deterministic CBOR (RFC 8949, section 4.2.1).
#include "keys/codec.h"
#include "keys/single_form.h"

namespace v100::keys {

namespace {

constexpr std::int64_t label_kty = 1, label_alg = 3, label_pub = -1, label_priv = -2;
constexpr std::int64_t kty_akp = 7;
constexpr unsigned members_max = 16;  // kid, key_ops and the like may stand beside

enum Major : std::uint8_t { positive, negative, byte_string, text_string, array, map };

struct Head {
  std::uint8_t major;
  std::uint64_t value;
};

class CborReader {
 public:
  explicit CborReader(Bytes in) noexcept : rest_(in) {}
  bool empty() const noexcept { return rest_.empty(); }

  Result<Head> head() noexcept {
    if (rest_.empty()) {
      return fail(Errc::malformed, "key: CBOR that ends too early");
    }
    const std::uint8_t first = rest_[0];
    rest_ = rest_.subspan(1);
    const unsigned low = first & 31;
    if (low < 24) {
      return Head{static_cast<std::uint8_t>(first >> 5), low};
    }
    const std::size_t count = std::size_t{1} << (low - 24);
    if (low > 27 || rest_.size() < count) {
      return fail(Errc::malformed, "key: CBOR that ends too early or has no length");
    }
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      value = (value << 8) | rest_[i];
    }
    rest_ = rest_.subspan(count);
    const bool shortest = count == 1 ? value >= 24 : (value >> (4 * count)) != 0;
    if (!shortest) {
      return fail(Errc::malformed, "key: a CBOR number that is not the shortest");
    }
    return Head{static_cast<std::uint8_t>(first >> 5), value};
  }

  Result<std::int64_t> integer() noexcept {
    const Head h = TRY(head());
    if (h.major > negative || h.value > 0x7fffffff) {
      return fail(Errc::malformed, "key: a CBOR value that is no small integer");
    }
    const std::int64_t value = static_cast<std::int64_t>(h.value);
    return h.major == positive ? value : -1 - value;
  }

  Result<Bytes> bytes() noexcept {
    const Head h = TRY(head());
    if (h.major != byte_string) {
      return fail(Errc::malformed, "key: a CBOR value that is no byte string");
    }
    return take(h.value);
  }

  // Passes one value over: integers, strings, arrays of those.
  Result<void> skip(unsigned depth = 0) noexcept {
    const Head h = TRY(head());
    if (h.major == byte_string || h.major == text_string) {
      TRY(take(h.value));
    } else if (h.major == array && depth < 2 && h.value <= members_max) {
      for (std::uint64_t i = 0; i < h.value; ++i) {
        TRY(skip(depth + 1));
      }
    } else if (h.major > negative) {
      return fail(Errc::malformed, "key: a CBOR value that keys do not have");
    }
    return {};
  }

 private:
  Result<Bytes> take(std::uint64_t count) noexcept {
    if (count > rest_.size()) {
      return fail(Errc::malformed, "key: CBOR that ends too early");
    }
    const Bytes taken = rest_.first(static_cast<std::size_t>(count));
    rest_ = rest_.subspan(static_cast<std::size_t>(count));
    return taken;
  }
  Bytes rest_;
};

void put_head(Buffer& out, std::uint8_t major, std::uint64_t value) {
  const std::size_t count = value < 24 ? 0 : value < 0x100 ? 1 : value < 0x10000 ? 2 : 4;
  const std::uint8_t low = static_cast<std::uint8_t>(count == 0   ? value
                                                     : count == 1 ? 24
                                                     : count == 2 ? 25
                                                                  : 26);
  out.push_back(static_cast<std::uint8_t>((major << 5) | low));
  for (std::size_t i = count; i-- > 0;) {
    out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
}
void put_integer(Buffer& out, std::int64_t value) {
  if (value < 0) {
    put_head(out, negative, static_cast<std::uint64_t>(-1 - value));
  } else {
    put_head(out, positive, static_cast<std::uint64_t>(value));
  }
}
void put_bytes(Buffer& out, Bytes value) {
  put_head(out, byte_string, value.size());
  append(out, value);
}

Result<Buffer> write(const PublicKey& key, Bytes secret) {
  const std::int32_t number = info(key.algorithm).cose;
  if (number == 0) {
    return fail(Errc::unsupported, "key: no COSE algorithm number is registered for it");
  }
  Buffer out;
  out.reserve(key.bytes.size() + secret.size() + 32);
  put_head(out, map, secret.empty() ? 3 : 4);
  put_integer(out, label_kty);
  put_integer(out, kty_akp);
  put_integer(out, label_alg);
  put_integer(out, number);
  put_integer(out, label_pub);
  put_bytes(out, key.bytes);
  if (!secret.empty()) {
    put_integer(out, label_priv);
    put_bytes(out, secret);
  }
  return out;
}

struct Members {
  std::int64_t kty = 0, alg = 0;
  Bytes pub, priv;
  bool has_priv = false;
};

// Labels stand once each; the ones we do not know are passed over.
Result<Members> read_members(CborReader& reader) {
  const Head whole = TRY(reader.head());
  if (whole.major != map || whole.value > members_max) {
    return fail(Errc::malformed, "key: not a COSE_Key");
  }
  Members members;
  std::int64_t seen[members_max];
  for (std::uint64_t i = 0; i < whole.value; ++i) {
    const std::int64_t label = TRY(reader.integer());
    for (std::uint64_t j = 0; j < i; ++j) {
      if (seen[j] == label) {
        return fail(Errc::malformed, "key: a COSE label that stands twice");
      }
    }
    seen[i] = label;
    if (label == label_kty) {
      members.kty = TRY(reader.integer());
    } else if (label == label_alg) {
      members.alg = TRY(reader.integer());
    } else if (label == label_pub) {
      members.pub = TRY(reader.bytes());
    } else if (label == label_priv) {
      members.priv = TRY(reader.bytes());
      members.has_priv = true;
    } else {
      TRY(reader.skip());
    }
  }
  return members;
}

}  // namespace

Result<Key> read_cose(Bytes cbor) {
  if (cbor.size() > key_file_bytes_max) {
    return fail(Errc::too_large, "key: the file is too large for a key");
  }
  CborReader reader(cbor);
  const Members members = TRY(read_members(reader));
  if (!reader.empty()) {
    return fail(Errc::malformed, "key: bytes after the COSE_Key");
  }
  if (members.kty != kty_akp) {
    return fail(Errc::unsupported, "key: a COSE_Key that is not of kty AKP");
  }
  for (const Info& row : algorithms()) {
    if (row.cose == 0 || row.cose != members.alg) {
      continue;
    }
    PublicKey key = TRY(PublicKey::from(row.algorithm, members.pub));
    if (!members.has_priv) {
      return Key{std::move(key), std::nullopt};
    }
    PrivateKey secret = TRY(from_single_form(row.algorithm, members.priv));
    if (!same(secret.public_key().bytes, key.bytes)) {
      return fail(Errc::malformed, "key: the public key beside it is not its own");
    }
    return Key{std::move(key), std::move(secret)};
  }
  return fail(Errc::unsupported, "key: an algorithm that this build does not have");
}

Result<Buffer> write_cose(const PublicKey& key) { return write(key, {}); }

Result<SecretBytes> write_cose(const PrivateKey& key) {
  return SecretBytes(TRY(write(key.public_key(), TRY(single_form(key)))));
}

}  // namespace v100::keys
