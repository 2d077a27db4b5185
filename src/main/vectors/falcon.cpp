// Falcon's cases (round 3; a draft): known answers in NIST's form, whose keys and signatures are
// made anew from the seed and must be the same to the last bit; the sampler; signing at all sizes;
// and the hashes of whole known-answer files, which are written here again.
#include "main/vectors/falcon.h"

#include <fmt/format.h>
#include <memory>
#include <openssl/evp.h>

#include "base/text.h"
#include "crypto/falcon/falcon.h"
#include "crypto/falcon/known_answers.h"
#include "main/vectors/json.h"
#include "main/vectors/slhdsa.h"

namespace v100::vectors {
namespace {

using falcon::Encoding;

// NIST's generator of known answers: AES-256 in counter mode (SP 800-90A, no derivation function).
class NistRandom {
 public:
  explicit NistRandom(FixedBytes<48> seed) : cipher_(EVP_CIPHER_CTX_new()) { update(seed); }
  NistRandom(const NistRandom&) = delete;
  NistRandom& operator=(const NistRandom&) = delete;
  ~NistRandom() { EVP_CIPHER_CTX_free(cipher_); }

  void fill(MutBytes out) {
    for (std::size_t at = 0; at < out.size(); at += 16) {
      const ByteArray<16> block = next_block();
      const std::size_t now = std::min<std::size_t>(16, out.size() - at);
      copy(out.subspan(at, now), Bytes(block).first(now));
    }
    update(ByteArray<48>{});
  }

 private:
  ByteArray<16> next_block() {
    for (std::size_t i = 16; i > 0 && ++counter_[i - 1] == 0; --i) {
    }
    ByteArray<16> block;
    int size = 0;
    const bool good =
        EVP_EncryptInit_ex(cipher_, EVP_aes_256_ecb(), nullptr, key_.data(), nullptr) == 1 &&
        EVP_EncryptUpdate(cipher_, block.data(), &size, counter_.data(), 16) == 1;
    CHECK(good);
    return block;
  }
  void update(FixedBytes<48> data) {
    ByteArray<48> fresh;
    for (std::size_t i = 0; i < 48; i += 16) {
      copy(MutBytes(fresh).subspan(i, 16), next_block());
    }
    for (std::size_t i = 0; i < 48; ++i) {
      fresh[i] = static_cast<std::uint8_t>(fresh[i] ^ data[i]);
    }
    copy(key_, Bytes(fresh).first(32));
    copy(counter_, Bytes(fresh).last(16));
  }

  EVP_CIPHER_CTX* cipher_;
  ByteArray<32> key_{};
  ByteArray<16> counter_{};
};

struct Known {
  Buffer pk, sk, sm;
};

// What NIST's program writes for a seed and a message. Compressed signatures go as length, salt,
// message, header 0x20 + logn, s2; padded ones as they are, before the message.
template <class P>
Result<Known> made_from(FixedBytes<48> seed, Bytes message, Encoding encoding) {
  NistRandom random(seed);
  falcon::Seed key_seed;
  random.fill(key_seed.fill());
  const auto key = falcon::PrivateKey<P>::from_seed(key_seed);
  const auto signer = std::make_unique<falcon::PreparedSigner<P>>(key);
  ByteArray<falcon::salt_bytes> salt;
  ByteArray<48> sampler_seed;
  random.fill(salt);
  random.fill(sampler_seed);
  const auto signature =
      TRY(falcon::sign_as_reference(*signer, salt, sampler_seed, message, encoding));
  TRY(key.public_key().verify(message, signature));
  const Bytes bytes = signature.bytes();
  Known known{.pk = to_buffer(key.public_key().bytes()), .sk = to_buffer(key.expose()), .sm = {}};
  if (encoding == Encoding::padded) {
    known.sm = to_buffer(bytes);
    append(known.sm, message);
    return known;
  }
  const Bytes coded = bytes.subspan(1 + falcon::salt_bytes);
  known.sm.resize(2);
  store_be(known.sm.data(), static_cast<std::uint16_t>(1 + coded.size()));
  append(known.sm, salt);
  append(known.sm, message);
  known.sm.push_back(static_cast<std::uint8_t>(0x20 + P::logn));
  append(known.sm, coded);
  return known;
}

Result<Known> made_from(int logn, FixedBytes<48> seed, Bytes message, Encoding encoding) {
  return logn == 9 ? made_from<falcon::Falcon512>(seed, message, encoding)
                   : made_from<falcon::Falcon1024>(seed, message, encoding);
}

using Lines = std::vector<Line>;
std::string_view value_of(const Lines& lines, std::string_view name) {
  for (const Line& line : lines) {
    if (line.name == name) {
      return line.value;
    }
  }
  return {};
}

Result<Verdict> known_answer(const Lines& lines) {
  const Buffer seed = TRY(from_hex(value_of(lines, "seed")));
  const Buffer message = TRY(from_hex(value_of(lines, "msg")));
  const Buffer pk = TRY(from_hex(value_of(lines, "pk")));
  const Buffer sk = TRY(from_hex(value_of(lines, "sk")));
  const Buffer sm = TRY(from_hex(value_of(lines, "sm")));
  if (seed.size() != 48 || pk.empty() || (pk[0] != 9 && pk[0] != 10) || sm.empty()) {
    return fail(Errc::malformed, "falcon: not a case of NIST's form");
  }
  const int logn = pk[0];
  const Encoding encoding = sm[0] == 0x30 + logn ? Encoding::padded : Encoding::compressed;
  const Known made = TRY(made_from(logn, FixedBytes<48>(seed), message, encoding));
  return pass_if(same(made.pk, pk) && same(made.sk, sk) && same(made.sm, sm));
}

// ---- Hashes of whole files

std::string upper_hex(Bytes bytes) {
  std::string text = to_hex(bytes);
  for (char& c : text) {
    c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return text;
}

// The file's text up to `count` cases: SHA-256 of that, in hex.
Result<std::string> file_hash(int logn, Encoding encoding, int count) {
  ByteArray<48> start;
  for (std::size_t i = 0; i < 48; ++i) {
    start[i] = static_cast<std::uint8_t>(i);
  }
  NistRandom random(start);
  std::string text;
  for (int i = 0; i < count; ++i) {
    ByteArray<48> seed;
    random.fill(seed);
    Buffer message(static_cast<std::size_t>(33 * (i + 1)));
    random.fill(message);
    const Known made = TRY(made_from(logn, seed, message, encoding));
    text += fmt::format(
        "count = {}\nseed = {}\nmlen = {}\nmsg = {}\npk = {}\nsk = {}\nsmlen = {}\nsm = {}\n", i,
        upper_hex(seed), message.size(), upper_hex(message), upper_hex(made.pk), upper_hex(made.sk),
        made.sm.size(), upper_hex(made.sm));
    text += i + 1 < count ? "\n" : "";
  }
  ByteArray<32> digest;
  unsigned size = 0;
  CHECK(EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1);
  return to_hex(digest);
}

// "Falcon-512", "Falcon-padded-1024" and the like.
struct Named {
  int logn;
  Encoding encoding;
};
std::optional<Named> named(std::string_view name) {
  const std::string_view family = name.substr(0, std::min<std::size_t>(name.size(), 7));
  if (family != "Falcon-" && family != "falcon-") {
    return std::nullopt;
  }
  name.remove_prefix(7);
  Named result{.logn = 9, .encoding = Encoding::compressed};
  if (name.starts_with("padded-")) {
    name.remove_prefix(7);
    result.encoding = Encoding::padded;
  }
  result.logn = name == "1024" ? 10 : 9;
  return result;
}

Result<Verdict> hash_matches(Named set, int count, std::string_view expected) {
  return pass_if(TRY(file_hash(set.logn, set.encoding, count)) == expected);
}

Result<void> run_hashes(const Json& root, Tally& tally) {
  simdjson::dom::object whole, single;
  if (root["liboqs_tests_KATs"].get(whole) != simdjson::SUCCESS ||
      root["pqclean_META"].get(single) != simdjson::SUCCESS) {
    return fail(Errc::malformed, "falcon: not lists of hashes");
  }
  constexpr const char* others = "the hash of a file of known answers that is read itself";
  for (const auto& [name, hashes] : whole) {
    const auto set = named(name);
    tally.add(fmt::format("{} all", name),
              set ? hash_matches(*set, 100, text(hashes, "all")) : skip(others));
    tally.add(fmt::format("{} single", name),
              set ? hash_matches(*set, 1, text(hashes, "single")) : skip(others));
  }
  for (const auto& [name, hashes] : single) {
    const auto set = named(name);
    tally.add(name, set ? hash_matches(*set, 1, text(hashes, "nistkat-sha256")) : skip(others));
  }
  return {};
}

// ---- The sampler and single signing steps

Result<double> real(const Json& test, const char* key) {
  double value = 0;
  if (test[key].get(value) != simdjson::SUCCESS) {
    return fail(Errc::malformed, "falcon: a number is missing");
  }
  return value;
}

Result<Verdict> sampler_case(const Json& test) {
  const falcon::SamplerParameters parameters{.mu = TRY(real(test, "mu")),
                                             .sigma = TRY(real(test, "sigma")),
                                             .sigma_min = TRY(real(test, "sigmin"))};
  const int z = TRY(falcon::sampler_z(parameters, TRY(hex(test, "octets"))));
  return pass_if(z == TRY(real(test, "z")));
}

template <class T>
Result<std::vector<T>> numbers(const Json& test, const char* key) {
  std::vector<T> values;
  simdjson::dom::array array;
  if (test[key].get(array) != simdjson::SUCCESS) {
    return fail(Errc::malformed, "falcon: a polynomial is missing");
  }
  for (const Json element : array) {
    std::int64_t value = 0;
    if (element.get(value) != simdjson::SUCCESS || value != static_cast<T>(value)) {
      return fail(Errc::malformed, "falcon: a coefficient is out of range");
    }
    values.push_back(static_cast<T>(value));
  }
  return values;
}

Result<Verdict> signing_case(const Json& test) {
  const auto f = TRY(numbers<std::int8_t>(test, "f"));
  const auto g = TRY(numbers<std::int8_t>(test, "g"));
  const auto big_f = TRY(numbers<std::int8_t>(test, "F"));
  const auto big_g = TRY(numbers<std::int8_t>(test, "G"));
  const auto s2 = TRY(falcon::sign_small({f, g, big_f, big_g}, TRY(hex(test, "nonce")),
                                         TRY(hex(test, "prng_seed")), as_bytes("data1")));
  return pass_if(s2 == TRY(numbers<std::int16_t>(test, "s2")));
}

Result<void> run_signing(const Json& root, Tally& tally) {
  simdjson::dom::object sizes;
  if (root.get(sizes) != simdjson::SUCCESS) {
    return fail(Errc::malformed, "falcon: not cases by size");
  }
  for (const auto& [size, tests] : sizes) {
    simdjson::dom::array cases;
    if (tests.get(cases) != simdjson::SUCCESS) {
      return fail(Errc::malformed, "falcon: not cases by size");
    }
    std::size_t index = 0;
    for (const Json test : cases) {
      tally.add(fmt::format("n {} case {}", size, index++), signing_case(test));
    }
  }
  return {};
}

}  // namespace

Result<void> run_falcon(const Json& root, Tally& tally) {
  if (has(root, "liboqs_tests_KATs")) {
    return run_hashes(root, tally);
  }
  if (const auto smallest = member(root, "2"); smallest && has(root, "1024")) {
    return run_signing(root, tally);
  }
  Json first;
  if (root.at(0).get(first) != simdjson::SUCCESS || !has(first, "octets")) {
    return fail(Errc::not_found, "");
  }
  simdjson::dom::array tests;
  if (root.get(tests) != simdjson::SUCCESS) {
    return fail(Errc::malformed, "falcon: not an array of cases");
  }
  std::size_t index = 0;
  for (const Json test : tests) {
    tally.add(fmt::format("case {}", index++), sampler_case(test));
  }
  return {};
}

bool is_falcon_text(std::string_view content) {
  const bool keys =
      content.find("\nsk = 59") != content.npos || content.find("\nsk = 5A") != content.npos;
  return keys && content.find("\nsm = ") != content.npos;
}

void run_falcon_text(std::string_view content, Tally& tally) {
  for (const Lines& lines : split_lines(content, '=')) {
    tally.add(fmt::format("count {}", value_of(lines, "count")), known_answer(lines));
  }
}

}  // namespace v100::vectors
