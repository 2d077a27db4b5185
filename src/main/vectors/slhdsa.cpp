// SLH-DSA cases: ACVP (keyGen, and sigVer of its older, internal interface), OpenSSL's evp_test
// text, and the pre-hashed cases of Bouncy Castle (.rsp) and BoringSSL (`name: value` lines).
#include "crypto/slhdsa/slhdsa.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include "base/text.h"
#include "main/vectors/json.h"
#include "main/vectors/slhdsa.h"

namespace v100::vectors {
namespace {

using slhdsa::Digest;
using slhdsa::Hedge;

// Calls `work` with the first parameter set of the list that has the name.
template <class... Sets, class Work>
Result<Verdict> first_of(std::string_view name, const Work& work) {
  Result<Verdict> result = fail(Errc::malformed, "vectors: unknown SLH-DSA parameter set");
  (void)((name == Sets::params.name ? (result = work(Sets()), true) : false) || ...);
  return result;
}
template <class Work>
Result<Verdict> with_params(std::string_view name, const Work& work) {
  using namespace slhdsa;
  return first_of<Shake128s, Shake128f, Shake192s, Shake192f, Shake256s, Shake256f, Sha2_128s,
                  Sha2_128f, Sha2_192s, Sha2_192f, Sha2_256s, Sha2_256f>(name, work);
}

template <class P>
Result<Verdict> keygen(const AcvpCase& c) {
  Buffer seeds = TRY(hex(c.test, "skSeed"));
  append(seeds, TRY(hex(c.test, "skPrf")));
  append(seeds, TRY(hex(c.test, "pkSeed")));
  using Key = slhdsa::PrivateKey<P>;
  if (seeds.size() != Key::seeds_bytes) {
    return fail(Errc::malformed, "acvp: seeds of a wrong length");
  }
  const Key key =
      Key::from_seeds(typename Key::Seeds(Bytes(seeds).template first<Key::seeds_bytes>()));
  return pass_if(same(key.public_key().bytes(), TRY(hex(c.expected, "pk"))) &&
                 same(key.expose(), TRY(hex(c.expected, "sk"))));
}

template <class P>
Result<void> verify_internal(const AcvpCase& c) {
  const auto key = TRY(slhdsa::PublicKey<P>::parse(TRY(hex(c.test, "pk"))));
  const auto signature = TRY(slhdsa::Signature<P>::parse(TRY(hex(c.test, "signature"))));
  return key.verify_internal(TRY(hex(c.test, "message")), signature);
}

// ---- OpenSSL's text

struct Evp {
  bool sign = false;
  bool external = true;  // pure; otherwise the input is M' itself
  bool must_pass = true;
  Buffer key, message, signature, context, entropy;
};

template <class P>
Result<Verdict> evp_sign(const Evp& c) {
  const auto key = TRY(slhdsa::PrivateKey<P>::parse(c.key));
  const Hedge hedge = c.entropy.empty() ? Hedge::deterministic() : Hedge::from(c.entropy);
  if (!c.external) {
    return pass_if(same(key.sign_internal(c.message, hedge).bytes(), c.signature));
  }
  return pass_if(same(TRY(key.sign(c.message, c.context, hedge)).bytes(), c.signature));
}

template <class P>
Result<Verdict> evp_verify(const Evp& c) {
  const auto key = TRY(slhdsa::PublicKey<P>::parse(c.key));
  const auto signature = slhdsa::Signature<P>::parse(c.signature);
  if (!signature) {
    return pass_if(!c.must_pass);
  }
  const auto result = c.external ? key.verify(c.message, c.context, *signature)
                                 : key.verify_internal(c.message, *signature);
  return pass_if(result.has_value() == c.must_pass);
}

std::string_view after(std::string_view text, std::string_view prefix) {
  return text.substr(prefix.size());
}

Result<void> evp_control(Evp& c, std::string_view value) {
  if (value.starts_with("hexcontext-string:")) {
    c.context = TRY(from_hex(after(value, "hexcontext-string:")));
  } else if (value.starts_with("hextest-entropy:")) {
    c.entropy = TRY(from_hex(after(value, "hextest-entropy:")));
  } else if (value == "message-encoding:0") {
    c.external = false;
  } else if (value != "message-encoding:1" && !value.starts_with("deterministic:")) {
    return fail(Errc::malformed, "evp: a control that is not known");
  }
  return {};
}

// Keys by their names; a case names its parameter set and its key.
using Keys = std::map<std::string, Buffer, std::less<>>;

Result<void> evp_key(Keys& keys, std::string_view value) {
  const std::size_t name_end = value.find(':');
  const std::size_t set_end = value.find(':', name_end + 1);
  if (name_end == value.npos || set_end == value.npos) {
    return fail(Errc::malformed, "evp: not a key");
  }
  keys.insert_or_assign(std::string(value.substr(0, name_end)),
                        TRY(from_hex(value.substr(set_end + 1))));
  return {};
}

Result<Verdict> evp_case(const Keys& keys, const std::vector<Line>& lines) {
  Evp c;
  std::string_view set;
  for (const Line& line : lines) {
    if (line.name == "Sign-Message" || line.name == "Verify-Message-Public") {
      const std::size_t colon = line.value.find(':');
      const auto key = keys.find(line.value.substr(colon + 1));
      if (colon == line.value.npos || key == keys.end()) {
        return fail(Errc::malformed, "evp: a key that is not in the file");
      }
      set = line.value.substr(0, colon);
      c.key = key->second;
      c.sign = line.name == "Sign-Message";
    } else if (line.name == "Input") {
      c.message = TRY(from_hex(line.value));
    } else if (line.name == "Output") {
      c.signature = TRY(from_hex(line.value));
    } else if (line.name == "Ctrl") {
      TRY(evp_control(c, line.value));
    } else if (line.name == "Result") {
      c.must_pass = false;
    }
  }
  if (c.sign && !c.must_pass) {
    return skip("evp: signing that must fail inside OpenSSL");
  }
  return with_params(set, [&](auto p) {
    using P = decltype(p);
    return c.sign ? evp_sign<P>(c) : evp_verify<P>(c);
  });
}

void run_evp(const std::vector<std::vector<Line>>& blocks, Tally& tally) {
  Keys keys;
  std::size_t number = 0;
  for (const std::vector<Line>& block : blocks) {
    std::string label;
    for (const Line& line : block) {
      if (line.name == "PrivateKeyRaw" || line.name == "PublicKeyRaw") {
        if (const auto done = evp_key(keys, line.value); !done) {
          tally.add(line.name, std::unexpected(done.error()));
        }
      } else if (line.name == "Sign-Message" || line.name == "Verify-Message-Public") {
        label = fmt::format("case {} {}", ++number, line.value);
      }
    }
    if (!label.empty()) {
      tally.add(label, evp_case(keys, block));
    }
  }
}

// ---- Pre-hashed cases, all of SHA2-128s

std::string_view value_of(const std::vector<Line>& block, std::string_view name) {
  for (const Line& line : block) {
    if (line.name == name) {
      return line.value;
    }
  }
  return {};
}

Result<Verdict> bouncy_castle(const std::vector<Line>& block) {
  const auto field = [&](std::string_view name) { return from_hex(value_of(block, name)); };
  using P = slhdsa::Sha2_128s;
  const auto key = TRY(slhdsa::PrivateKey<P>::parse(TRY(field("sk"))));
  const Buffer message = TRY(field("msg"));
  ByteArray<32> hash;
  std::size_t size = 0;
  if (EVP_Q_digest(nullptr, "SHA2-256", nullptr, message.data(), message.size(), hash.data(),
                   &size) != 1) {
    return fail(Errc::unsupported, "vectors: libcrypto lacks the hash");
  }
  const Digest digest = TRY(Digest::from(slhdsa::Hash::sha2_256, hash));
  const bool empty = value_of(block, "context") == "zero_length";
  const Buffer context = empty ? Buffer() : TRY(field("context"));
  const auto signature = TRY(key.sign(digest, context, Hedge::from(TRY(field("optrand")))));
  return pass_if(same(signature.bytes(), TRY(field("sm"))) &&
                 same(key.public_key().bytes(), TRY(field("pk"))) &&
                 key.public_key().verify(digest, context, signature).has_value());
}

Result<Verdict> boringssl(const std::vector<Line>& block) {
  const auto field = [&](std::string_view name) { return from_hex(value_of(block, name)); };
  const std::string_view hash = value_of(block, "hash");  // "SHA-384": our names have a 2 before it
  if (!hash.starts_with("SHA-")) {
    return fail(Errc::malformed, "vectors: unknown hash");
  }
  const Digest digest = TRY(Digest::from(
      TRY(mldsa::hash_by_name("SHA2-" + std::string(hash.substr(4)))), TRY(field("msg"))));
  using P = slhdsa::Sha2_128s;
  const auto key = TRY(slhdsa::PublicKey<P>::parse(TRY(field("pub"))));
  const auto signature = TRY(slhdsa::Signature<P>::parse(TRY(field("sig"))));
  return pass_if(key.verify(digest, TRY(field("context")), signature).has_value());
}

}  // namespace

Result<Verdict> acvp_slhdsa(std::string_view mode, const AcvpCase& c) {
  return with_params(text(c.group, "parameterSet"), [&](auto p) -> Result<Verdict> {
    using P = decltype(p);
    if (mode == "keyGen") {
      return keygen<P>(c);
    }
    if (mode == "sigVer" && !has(c.group, "signatureInterface")) {
      return pass_if(verify_internal<P>(c).has_value() == flag(c.expected, "testPassed"));
    }
    return skip("acvp: this mode of SLH-DSA has no reader");
  });
}

bool is_slhdsa_text(std::string_view content) {
  return content.find("KeyRaw = SLH_DSA") != content.npos ||
         content.starts_with("# SLHDSA sha2-128s-sha256") ||
         content.starts_with("# Generated from the BoringSSL implementation since NIST");
}

void run_slhdsa_text(std::string_view content, Tally& tally) {
  const bool colons = content.starts_with("# Generated");
  const auto blocks = split_lines(content, colons ? ':' : '=');
  if (!colons && !content.starts_with("# SLHDSA")) {
    return run_evp(blocks, tally);
  }
  std::size_t number = 0;
  for (const std::vector<Line>& block : blocks) {
    tally.add(fmt::format("case {}", number++), colons ? boringssl(block) : bouncy_castle(block));
  }
}

std::vector<std::vector<Line>> split_lines(std::string_view content, char separator) {
  const auto trim = [](std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\r')) {
      text.remove_prefix(1);
    }
    while (!text.empty() && (text.back() == ' ' || text.back() == '\r')) {
      text.remove_suffix(1);
    }
    return text;
  };
  std::vector<std::vector<Line>> blocks(1);
  while (!content.empty()) {
    const std::size_t end = std::min(content.find('\n'), content.size());
    const std::string_view line = trim(content.substr(0, end));
    content.remove_prefix(std::min(end + 1, content.size()));
    const std::size_t at = line.find(separator);
    if (line.empty() && !blocks.back().empty()) {
      blocks.emplace_back();
    } else if (!line.empty() && line.front() != '#' && at != line.npos) {
      blocks.back().push_back({trim(line.substr(0, at)), trim(line.substr(at + 1))});
    }
  }
  if (blocks.back().empty()) {
    blocks.pop_back();
  }
  return blocks;
}

}  // namespace v100::vectors
