// Text formats of `name = value` lines: CAVP .rsp, the KAT .rsp of ML-KEM, CCTV's .txt, and CCTV's
// lists of encapsulation keys that must be refused (hex only, one a line).
#include <fmt/format.h>
#include <map>

#include "base/text.h"
#include "crypto/keccak/keccak.h"
#include "main/vectors/falcon.h"
#include "main/vectors/mlkem_cases.h"
#include "main/vectors/sha3.h"
#include "main/vectors/slhdsa.h"
#include "main/vectors/vectors.h"

namespace v100::vectors {
namespace {

// The values between two blank lines. Lines in brackets hold for all blocks after them.
using Block = std::map<std::string, std::string, std::less<>>;

struct Lines {
  std::string head;           // the comments at the top
  std::vector<Block> blocks;  // without empty ones
  std::vector<std::string> bare;
};

std::string_view trimmed(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) {
    line.remove_suffix(1);
  }
  while (!line.empty() && line.front() == ' ') {
    line.remove_prefix(1);
  }
  return line;
}

void take_value(Block& block, std::string_view line) {
  const std::size_t equals = line.find('=');
  block.insert_or_assign(std::string(trimmed(line.substr(0, equals))),
                         std::string(trimmed(line.substr(equals + 1))));
}

Lines split(std::string_view content) {
  Lines lines;
  Block lasting;
  Block block;
  const auto finish = [&] {
    if (!block.empty()) {
      Block whole = lasting;
      block.merge(whole);
      lines.blocks.push_back(std::move(block));
      block = Block();
    }
  };
  while (!content.empty()) {
    const std::size_t end = std::min(content.find('\n'), content.size());
    const std::string_view line = trimmed(content.substr(0, end));
    content.remove_prefix(std::min(end + 1, content.size()));
    if (line.empty()) {
      finish();
    } else if (line.front() == '#') {
      lines.head += line;
    } else if (line.front() == '[' && line.back() == ']') {
      if (line.find('=') != line.npos) {
        take_value(lasting, line.substr(1, line.size() - 2));
      }
    } else if (line.find('=') != line.npos) {
      take_value(block, line);
    } else {
      lines.bare.emplace_back(line);
    }
  }
  finish();
  return lines;
}

bool has(const Block& block, std::string_view key) { return block.find(key) != block.end(); }

Result<Buffer> hex(const Block& block, std::string_view key) {
  const auto found = block.find(key);
  if (found == block.end()) {
    return fail(Errc::malformed, "vectors: a hex field is missing");
  }
  return from_hex(found->second);
}

Result<std::uint64_t> number(const Block& block, std::string_view key) {
  const auto found = block.find(key);
  std::uint64_t value = 0;
  if (found == block.end() || found->second.empty() || found->second.size() > 9) {
    return fail(Errc::malformed, "vectors: a number is missing");
  }
  for (const char c : found->second) {
    if (c < '0' || c > '9') {
      return fail(Errc::malformed, "vectors: not a number");
    }
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

// ---- CAVP

Result<Verdict> cavp_message(Sha3Function function, const Block& block) {
  const Buffer message = TRY(hex(block, "Msg"));
  // VariableOut files name the input's length once, at the top; Len = 0 still shows a byte.
  const std::uint64_t bits =
      has(block, "Len") ? TRY(number(block, "Len")) : TRY(number(block, "Input Length"));
  if ((bits + 7) / 8 > message.size()) {
    return fail(Errc::malformed, "cavp: Len does not fit the message");
  }
  if (has(block, "MD")) {
    return pass_if(same(sha3_hash(function, message, bits, 0), TRY(hex(block, "MD"))));
  }
  const std::uint64_t out_bits = TRY(number(block, "Outputlen"));
  if (out_bits > out_bits_max) {
    return fail(Errc::malformed, "cavp: Outputlen out of range");
  }
  return pass_if(same(sha3_hash(function, message, bits, out_bits), TRY(hex(block, "Output"))));
}

Result<void> run_cavp_monte(Sha3Function function, const Lines& lines, Tally& tally) {
  if (lines.blocks.empty()) {
    return fail(Errc::malformed, "cavp: empty file");
  }
  const Block& first = lines.blocks.front();
  const Buffer seed = TRY(hex(first, has(first, "Seed") ? "Seed" : "Msg"));
  Sha3Monte::Range range = {.min_bytes = 0, .max_bytes = 0};
  if (is_xof(function)) {
    range.min_bytes = (TRY(number(first, "Minimum Output Length (bits)")) + 7) / 8;
    range.max_bytes = TRY(number(first, "Maximum Output Length (bits)")) / 8;
    if (!range.valid()) {
      return fail(Errc::malformed, "cavp: output lengths out of range");
    }
  }
  Sha3Monte chain(function, seed, range);
  for (const Block& block : lines.blocks) {
    if (!has(block, "COUNT")) {
      continue;
    }
    const auto expected = hex(block, has(block, "MD") ? "MD" : "Output");
    tally.add(fmt::format("COUNT {}", block.at("COUNT")),
              expected ? Result<Verdict>(pass_if(same(chain.next(), *expected)))
                       : Result<Verdict>(fail(Errc::malformed, "cavp: no output")));
  }
  return {};
}

// The function that the comments at the top name.
std::optional<Sha3Function> cavp_function(std::string_view head) {
  for (const std::string_view name : {"SHA3-256", "SHA3-512", "SHAKE128", "SHAKE256"}) {
    if (head.find('"' + std::string(name) + ' ') != head.npos) {
      return sha3_function(name);
    }
  }
  return std::nullopt;
}

Result<void> run_cavp(Sha3Function function, const Lines& lines, Tally& tally) {
  if (lines.head.find(" Monte\"") != lines.head.npos) {
    return run_cavp_monte(function, lines, tally);
  }
  std::size_t index = 0;
  for (const Block& block : lines.blocks) {
    tally.add(fmt::format("case {}", index++), cavp_message(function, block));
  }
  return {};
}

// ---- ML-KEM

// post-quantum-cryptography/KAT: random = d || z || m.
Result<Verdict> mlkem_kat(const Block& block) {
  const Buffer random = TRY(hex(block, "random"));
  const Buffer pk = TRY(hex(block, "pk"));
  const Buffer sk = TRY(hex(block, "sk"));
  const auto set = MlkemSet::by_ek_bytes(pk.size());
  if (!set || random.size() != 96) {
    return fail(Errc::malformed, "kat: sizes are not ML-KEM's");
  }
  const MlkemKeys keys = TRY(set->keygen(Bytes(random).first(64)));
  const MlkemSent sent = TRY(set->encapsulate(pk, Bytes(random).last(32)));
  const Buffer ct = TRY(hex(block, "ct"));
  const Buffer ss = TRY(hex(block, "ss"));
  return pass_if(same(keys.ek, pk) && same(keys.dk, sk) && same(sent.c, ct) && same(sent.k, ss) &&
                 same(TRY(set->decapsulate(sk, ct)), ss));
}

// CCTV intermediate, unluckysample and strcmp files: whatever of key generation, encapsulation and
// decapsulation the values allow.
Result<Verdict> cctv_keygen(const Block& block) {
  const Buffer ek = TRY(hex(block, "ek"));
  const auto set = MlkemSet::by_ek_bytes(ek.size());
  if (!set) {
    return fail(Errc::malformed, "cctv: ek has no ML-KEM size");
  }
  Buffer seed = TRY(hex(block, "d"));
  ByteArray<64> draft;
  keccak::sha3_512(draft, {seed});
  append(seed, TRY(hex(block, "z")));
  const MlkemKeys keys = TRY(set->keygen(seed));
  // The draft of FIPS 203 had G(d); the final text has G(d || k).
  if (!same(keys.ek, ek) && same(Bytes(draft).first(32), Bytes(ek).last(32))) {
    return skip("cctv: key made by the draft of FIPS 203");
  }
  return pass_if(same(keys.ek, ek) && (!has(block, "dk") || same(keys.dk, TRY(hex(block, "dk")))));
}

Result<Verdict> cctv_encapsulate(const Block& block) {
  const Buffer ek = TRY(hex(block, "ek"));
  const auto set = MlkemSet::by_ek_bytes(ek.size());
  if (!set) {
    return fail(Errc::malformed, "cctv: ek has no ML-KEM size");
  }
  const MlkemSent sent = TRY(set->encapsulate(ek, TRY(hex(block, "m"))));
  return pass_if(same(sent.c, TRY(hex(block, "c"))) && same(sent.k, TRY(hex(block, "K"))));
}

Result<Verdict> cctv_decapsulate(const Block& block) {
  const Buffer dk = TRY(hex(block, "dk"));
  const auto set = MlkemSet::by_dk_bytes(dk.size());
  if (!set) {
    return fail(Errc::malformed, "cctv: dk has no ML-KEM size");
  }
  return pass_if(same(TRY(set->decapsulate(dk, TRY(hex(block, "c")))), TRY(hex(block, "K"))));
}

void run_cctv(const Block& all, Tally& tally) {
  if (has(all, "d") && has(all, "z") && has(all, "ek")) {
    tally.add("keygen", cctv_keygen(all));
  }
  if (has(all, "ek") && has(all, "m") && has(all, "c") && has(all, "K")) {
    tally.add("encapsulation", cctv_encapsulate(all));
  }
  if (has(all, "dk") && has(all, "c") && has(all, "K")) {
    tally.add("decapsulation", cctv_decapsulate(all));
  }
}

Result<Verdict> cctv_modulus(std::string_view line) {
  const Buffer ek = TRY(from_hex(line));
  const auto set = MlkemSet::by_ek_bytes(ek.size());
  if (!set) {
    return fail(Errc::malformed, "cctv: not the size of an encapsulation key");
  }
  return pass_if(!set->check_ek(ek).has_value());
}

// A list of encapsulation keys and nothing else.
bool is_modulus_list(const Lines& lines) {
  return lines.blocks.empty() && !lines.bare.empty() &&
         MlkemSet::by_ek_bytes(lines.bare.front().size() / 2).has_value();
}

}  // namespace

Result<void> run_lines(const File& file, Tally& tally) {
  if (is_slhdsa_text(file.content)) {
    run_slhdsa_text(file.content, tally);
    return {};
  }
  if (is_falcon_text(file.content)) {
    run_falcon_text(file.content, tally);
    return {};
  }
  const Lines lines = split(file.content);
  if (is_modulus_list(lines)) {
    std::size_t index = 0;
    for (const std::string& line : lines.bare) {
      tally.add(fmt::format("line {}", ++index), cctv_modulus(line));
    }
    return {};
  }
  if (lines.blocks.empty()) {
    return fail(Errc::not_found, "no reader for this text format");
  }
  if (const auto function = cavp_function(lines.head)) {
    return run_cavp(*function, lines, tally);
  }
  if (lines.head.starts_with("# MLKem")) {
    for (const Block& block : lines.blocks) {
      const auto count = block.find("count");
      tally.add(fmt::format("count {}", count == block.end() ? "?" : count->second),
                mlkem_kat(block));
    }
    return {};
  }
  Block all;
  for (const Block& block : lines.blocks) {
    all.insert(block.begin(), block.end());
  }
  const bool cctv = has(all, "c") && has(all, "K") && (has(all, "dk") || has(all, "ek"));
  if (!cctv) {
    return fail(Errc::not_found, "no reader for this text format");
  }
  run_cctv(all, tally);
  return {};
}

}  // namespace v100::vectors
