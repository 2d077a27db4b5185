// If this fails, the code and the worked example of docs/spec/attestation.md no longer agree: other
// implementations, the page's first, would read another format.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <simdjson.h>
#include <sstream>

#include "base/text.h"
#include "crypto/mldsa/mldsa.h"
#include "merkle/receipt.h"

namespace v100::merkle {
namespace {

const std::string path = V100_SOURCE_DIR "/docs/spec/attestation-example.json";
const std::string origin = "log.example/v100/0";
constexpr std::size_t leaves_count = 45, shown = 40, start = 32;

template <class P>
mldsa::PrivateKey<P> key_of(std::uint8_t byte) {
  ByteArray<32> seed;
  seed.fill(byte);
  return mldsa::PrivateKey<P>::from_seed(mldsa::Seed(seed));
}

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out + "\"";
}

// As docs/spec/attestation.md §8 says the example is made.
struct Example {
  mldsa::PrivateKey<mldsa::Mldsa65> k65 = key_of<mldsa::Mldsa65>(0x65);
  mldsa::PrivateKey<mldsa::Mldsa44> k44 = key_of<mldsa::Mldsa44>(0x44);
  Vkey v65 = Vkey::make(origin, SignatureType::mldsa65_batch, k65.public_key().bytes()).value();
  Vkey v44 =
      Vkey::make(origin, SignatureType::mldsa44_cosignature, k44.public_key().bytes()).value();
  std::vector<LeafContent> contents;
  std::vector<Hash> entries, leaves;
  Buffer batch, cosigned;
  std::string checkpoint, receipt;

  static Leaf leaf(std::size_t i) {
    Leaf out;
    out.lane = Lane::fast;
    out.service = service_number("gateway");
    out.time = WallTime(1764000000000 + static_cast<std::int64_t>(i));
    out.request.fill(static_cast<std::uint8_t>(i));
    out.answer.fill(static_cast<std::uint8_t>(0x80 + i));
    out.key.fill(0x11);
    return out;
  }

  Example() {
    for (std::size_t i = 0; i < leaves_count; ++i) {
      Salt salt;
      salt.fill(static_cast<std::uint8_t>(0x40 + i));
      encode_leaf(contents.emplace_back(), leaf(i), salt);
      entries.push_back(entry_of(contents.back()));
      leaves.push_back(Sha256::leaf(entries.back()));
    }
    const Checkpoint c{origin, leaves.size(), root<Sha256>(leaves)};
    const auto last = std::span<const Hash>(entries).subspan(start);
    const BatchClaim claim{1764000000100, start, root<Sha3>(last)};
    batch = batch_message(origin, claim, c);
    cosigned = cosigned_message({origin, 1764000000, origin, {0, c.size}, c.root});
    const auto once = mldsa::Hedge::deterministic();
    Note note{checkpoint_text(c), {}};
    note.signatures.push_back(batch_line(v65, claim, k65.sign(batch, {}, once)->bytes()));
    note.signatures.push_back(
        cosignature_line(v44, 1764000000, k44.sign(cosigned, {}, once)->bytes()));
    checkpoint = write_note(note);
    TlogProof proof;
    proof.index = shown;
    proof.hashes = prove_inclusion<Sha256>(leaves, shown);
    proof.extra = encode_extra({contents[shown], prove_inclusion<Sha3>(last, shown - start)});
    proof.checkpoint = checkpoint;
    receipt = write_tlog_proof(proof);
  }

  std::vector<std::pair<std::string, std::string>> bad() const {
    const TlogProof good = parse_tlog_proof(receipt).value();
    std::vector<std::pair<std::string, std::string>> out;
    const auto add = [&](const char* why, auto change) {
      TlogProof proof = good;
      change(proof);
      out.emplace_back(why, write_tlog_proof(proof));
    };
    add("another index", [](TlogProof& p) { p.index = 41; });
    add("an index outside the tree", [](TlogProof& p) { p.index = 45; });
    add("a hash changed", [](TlogProof& p) { p.hashes[2][5] ^= 1; });
    add("a hash too few", [](TlogProof& p) { p.hashes.pop_back(); });
    add("a hash too many", [](TlogProof& p) { p.hashes.push_back(p.hashes[0]); });
    add("another request", [](TlogProof& p) { (*p.extra)[1 + 40] ^= 1; });
    add("another salt", [](TlogProof& p) { (*p.extra)[1 + 12] ^= 1; });
    add("the batch's path changed", [](TlogProof& p) { p.extra->back() ^= 1; });
    add("no path in the batch", [](TlogProof& p) {
      p.extra->resize(134);
      (*p.extra)[133] = 0;
    });
    add("another size", [](TlogProof& p) { p.checkpoint.replace(origin.size() + 1, 2, "46"); });
    add("another root", [](TlogProof& p) {
      char& c = p.checkpoint[origin.size() + 4];
      c = c == 'A' ? 'B' : 'A';
    });
    add("another origin", [](TlogProof& p) { p.checkpoint[0] = 'L'; });
    return out;
  }

  std::string json() const {
    const Leaf l = leaf(shown);
    std::ostringstream out;
    out << "{\n  \"about\": \"The worked example of attestation.md, section 8\",\n  \"vkeys\": [\n "
           "   "
        << json_text(v65.text()) << ",\n    " << json_text(v44.text()) << "\n  ],\n  \"leaf\": {"
        << "\"kind\": \"request\", \"lane\": \"fast\", \"service\": \"gateway\", \"time_ms\": "
        << l.time.value() << ", \"request\": \"" << to_hex(l.request) << "\", \"answer\": \""
        << to_hex(l.answer) << "\", \"key\": \"" << to_hex(l.key) << "\"},\n  \"index\": " << shown
        << ",\n  \"content\": \"" << to_hex(contents[shown]) << "\",\n  \"entry\": \""
        << to_hex(entries[shown]) << "\",\n  \"leaf_hash\": \"" << to_hex(leaves[shown])
        << "\",\n  \"batch_message\": \"" << to_hex(batch) << "\",\n  \"cosigned_message\": \""
        << to_hex(cosigned) << "\",\n  \"checkpoint\": " << json_text(checkpoint)
        << ",\n  \"receipt\": " << json_text(receipt) << ",\n  \"bad\": [";
    const char* comma = "\n";
    for (const auto& [why, text] : bad()) {
      out << comma << "    {\"why\": " << json_text(why) << ", \"receipt\": " << json_text(text)
          << "}";
      comma = ",\n";
    }
    out << "\n  ]\n}\n";
    return out.str();
  }
};

TEST(AttestationExample, IsWhatTheCodeMakesAndReads) {
  const Example example;
  if (std::getenv("V100_WRITE_EXAMPLES") != nullptr) {
    std::ofstream(path) << example.json();
  }
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  ASSERT_EQ(parser.load(path).get(root), simdjson::SUCCESS) << path;
  const auto text = [&](const char* key) { return std::string(root[key].get_string().value()); };
  EXPECT_EQ(text("content"), to_hex(example.contents[shown]));
  EXPECT_EQ(text("entry"), to_hex(example.entries[shown]));
  EXPECT_EQ(text("leaf_hash"), to_hex(example.leaves[shown]));
  EXPECT_EQ(text("batch_message"), to_hex(example.batch));
  EXPECT_EQ(text("cosigned_message"), to_hex(example.cosigned));
  EXPECT_EQ(text("checkpoint"), example.checkpoint);
  EXPECT_EQ(text("receipt"), example.receipt);

  std::vector<Vkey> keys;
  for (const simdjson::dom::element key : root["vkeys"].get_array()) {
    keys.push_back(Vkey::parse(key.get_string().value()).value());
  }
  const VerifiedReceipt read = verify_receipt(text("receipt"), keys).value();
  EXPECT_EQ(read.index, shown);
  EXPECT_TRUE(read.batch);
  EXPECT_EQ(read.leaf.leaf.answer, Example::leaf(shown).answer);
  EXPECT_EQ(open_checkpoint(text("checkpoint"), keys)->lines.size(), 2u);
  std::size_t refused = 0;
  for (const simdjson::dom::element bad : root["bad"].get_array()) {
    EXPECT_FALSE(verify_receipt(bad["receipt"].get_string().value(), keys).has_value())
        << bad["why"].get_string().value();
    ++refused;
  }
  EXPECT_EQ(refused, example.bad().size());
}

}  // namespace
}  // namespace v100::merkle
