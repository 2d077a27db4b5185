// Broken if this fails: checkpoints, signatures under them, tlog-proofs and receipts.
#include "merkle/note.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "base/text.h"
#include "crypto/mldsa/mldsa.h"
#include "crypto/slhdsa/slhdsa.h"
#include "merkle/receipt.h"

namespace v100::merkle {
namespace {

using M44 = mldsa::PrivateKey<mldsa::Mldsa44>;
using M65 = mldsa::PrivateKey<mldsa::Mldsa65>;

template <class Key>
Key key_of(std::uint8_t seed) {
  ByteArray<32> bytes;
  bytes.fill(seed);
  return Key::from_seed(mldsa::Seed(bytes));
}

template <class Key>
Buffer signed_by(const Key& key, Bytes message) {
  return to_buffer(key.sign(message, {}, mldsa::Hedge::deterministic())->bytes());
}

// A log of `count` leaves whose last batch is signed in every way.
struct Log {
  M44 k44 = key_of<M44>(1);
  M65 k65 = key_of<M65>(2);
  std::string origin = "log.example/v100/0";
  Vkey v44 =
      Vkey::make(origin, SignatureType::mldsa44_cosignature, k44.public_key().bytes()).value();
  Vkey v65 = Vkey::make(origin, SignatureType::mldsa65_batch, k65.public_key().bytes()).value();
  std::vector<LeafContent> contents;
  std::vector<Hash> entries, leaves;

  explicit Log(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      Leaf leaf;
      leaf.lane = Lane::header;
      leaf.time = WallTime(static_cast<std::int64_t>(1000 + i));
      leaf.request.fill(static_cast<std::uint8_t>(i));
      Salt salt;
      salt.fill(static_cast<std::uint8_t>(i * 7));
      encode_leaf(contents.emplace_back(), leaf, salt);
      entries.push_back(entry_of(contents.back()));
      leaves.push_back(Sha256::leaf(entries.back()));
    }
  }
  Checkpoint checkpoint() const { return {origin, leaves.size(), root<Sha256>(leaves)}; }
  std::uint64_t start() const { return (leaves.size() - 1) / 32 * 32; }
  std::span<const Hash> batch() const {
    return std::span<const Hash>(entries).subspan(static_cast<std::size_t>(start()));
  }
  std::string note() const {
    const Checkpoint c = checkpoint();
    const BatchClaim claim{1700000000123, start(), root<Sha3>(batch())};
    Note out{checkpoint_text(c), {}};
    out.signatures.push_back(
        batch_line(v65, claim, signed_by(k65, batch_message(v65.name(), claim, c))));
    out.signatures.push_back(cosignature_line(
        v44, 1700000000,
        signed_by(k44, cosigned_message({v44.name(), 1700000000, origin, {0, c.size}, c.root}))));
    return write_note(out);
  }
  std::string receipt(std::uint64_t index) const {
    TlogProof proof;
    proof.index = index;
    proof.hashes = prove_inclusion<Sha256>(leaves, index);
    proof.extra = encode_extra({contents[static_cast<std::size_t>(index)],
                                prove_inclusion<Sha3>(batch(), index - start())});
    proof.checkpoint = note();
    return write_tlog_proof(proof);
  }
};

TEST(Receipt, VerifiesAndEveryChangeIsSeen) {
  const Log log(45);
  const Vkey keys[] = {log.v44, log.v65};
  const std::string text = log.receipt(40);
  const VerifiedReceipt good = verify_receipt(text, keys).value();
  EXPECT_EQ(good.index, 40u);
  EXPECT_TRUE(good.batch);
  EXPECT_EQ(good.leaf.leaf.time, WallTime(1040));
  EXPECT_EQ(good.opened.lines.size(), 2u);
  EXPECT_EQ(good.opened.line_of(SignatureType::mldsa44_cosignature)->time_ms, 1700000000000u);
  // One trusted key is enough; a stranger's lines are ignored; none is not.
  EXPECT_TRUE(verify_receipt(text, std::span(keys).first(1)).has_value());
  EXPECT_EQ(verify_receipt(text, {}).error().code, Errc::unauthenticated);
  std::size_t accepted = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string bad = text;
    bad[i] = bad[i] == 'A' ? 'B' : 'A';
    accepted += verify_receipt(bad, keys).has_value() && bad != text ? 1 : 0;
  }
  // A changed key name or id makes a line a stranger's, and the other line is enough.
  const std::size_t ids = 2 * (log.origin.size() + 6);
  EXPECT_LE(accepted, ids);
  EXPECT_GE(accepted, ids - 6);
}

TEST(Receipt, ALeafOfAnotherBatchIsRefused) {
  const Log log(64);
  const Vkey keys[] = {log.v44, log.v65};
  TlogProof proof = parse_tlog_proof(log.receipt(40)).value();
  proof.index = 20;
  proof.hashes = prove_inclusion<Sha256>(log.leaves, 20);
  proof.extra = encode_extra({log.contents[20], {}});
  EXPECT_EQ(verify_receipt(write_tlog_proof(proof), keys).error().code, Errc::forbidden);
  EXPECT_TRUE(verify_receipt(write_tlog_proof(proof), std::span(keys).first(1)).has_value());
}

TEST(Checkpoint, SubtreeCosignaturesAndDailyRoots) {
  const Log log(64);
  const Subtree subtree{32, 64};
  const Hash hash = root<Sha256>(std::span<const Hash>(log.leaves).subspan(32));
  const Buffer signature =
      signed_by(log.k44, cosigned_message({log.v44.name(), 0, log.origin, subtree, hash}));
  EXPECT_TRUE(verify_subtree_cosignature(log.v44, log.origin, subtree, hash, signature));
  EXPECT_FALSE(verify_subtree_cosignature(log.v44, log.origin, {0, 64}, hash, signature));
  EXPECT_FALSE(verify_subtree_cosignature(log.v44, log.origin, {31, 64}, hash, signature));

  using S = slhdsa::PrivateKey<slhdsa::Shake128f>;
  const S key = S::from_seeds(S::Seeds(ByteArray<48>{}));
  const Vkey slh =
      Vkey::make(log.origin, SignatureType::slhdsa_daily, key.public_key().bytes()).value();
  const Checkpoint c = log.checkpoint();
  Note note = parse_note(log.note()).value();
  const auto signed_daily =
      key.sign(daily_message(slh.name(), 5, c), {}, slhdsa::Hedge::deterministic());
  note.signatures.push_back(daily_line(slh, 5, signed_daily->bytes()));
  const Vkey keys[] = {slh};
  const OpenedCheckpoint opened = open_checkpoint(write_note(note), keys).value();
  EXPECT_EQ(opened.checkpoint, c);
  EXPECT_EQ(opened.lines.at(0).time_ms, 5u);
  note.signatures.back().signature[100] ^= 1;
  EXPECT_FALSE(open_checkpoint(write_note(note), keys).has_value());
}

TEST(Checkpoint, TextHasOneSpelling) {
  const std::string good = checkpoint_text({"o", 7, {}});
  EXPECT_EQ(parse_checkpoint(good).value(), (Checkpoint{"o", 7, {}}));
  EXPECT_TRUE(parse_checkpoint(good + "extension\n").has_value());
  const std::string root = to_base64(Hash{});
  for (const std::string& bad : std::vector<std::string>{
           "o\n07\n" + root + "\n", "o\n-1\n" + root + "\n", "\n7\n" + root + "\n", "o\n7\n\n",
           good + "\n", "o\n7\n" + root, "o\n18446744073709551616\n" + root + "\n",
           "o\n7\n" + to_base64(ByteArray<31>{}) + "\n",
           std::string(256, 'o') + "\n7\n" + root + "\n"}) {
    EXPECT_FALSE(parse_checkpoint(bad).has_value()) << bad;
  }
}

TEST(Vkey, RoundTripAndRefusals) {
  const Log log(1);
  for (const Vkey* key : {&log.v44, &log.v65}) {
    const Vkey read = Vkey::parse(key->text()).value();
    EXPECT_EQ(read.text(), key->text());
    EXPECT_EQ(read.type(), key->type());
    EXPECT_EQ(read.id(), key->id());
    std::string bad = key->text();
    bad[0] = 'L';
    EXPECT_FALSE(Vkey::parse(bad).has_value()) << "the id binds the name";
    bad = key->text();
    bad[100] = bad[100] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(Vkey::parse(bad).has_value());
  }
  for (const char* bad_name : {"", "a b", "a+b", "a\nb",
                               "a\xc2\xa0"
                               "b",
                               "\xff", "a\x7f"}) {
    EXPECT_FALSE(
        Vkey::make(bad_name, SignatureType::mldsa44_cosignature, log.v44.public_key()).has_value())
        << bad_name;
  }
  EXPECT_TRUE(
      Vkey::make("log.example/\xc3\xa4", SignatureType::mldsa44_cosignature, log.v44.public_key())
          .has_value());
}

TEST(Note, BoundsHold) {
  const std::string line = "\xe2\x80\x94 n AAAAAAA=\n";
  std::string many = "t\n\n";
  for (std::size_t i = 0; i < note_signatures_max; ++i) {
    many += line;
  }
  EXPECT_TRUE(parse_note(many).has_value());
  EXPECT_EQ(write_note(*parse_note(many)), many);
  EXPECT_EQ(parse_note(many + line).error().code, Errc::too_large);
  EXPECT_EQ(parse_note(std::string(note_bytes_max + 1, 'x')).error().code, Errc::too_large);
  EXPECT_TRUE(parse_note("a\n\nb\n\n" + line).has_value()) << "the last empty line parts them";
  for (const std::string& bad : std::vector<std::string>{
           "\n\n" + line, "t\n" + line, "t\n\n", "t\n\n" + line + "x", "t\n\n- n AAAAAAA=\n",
           "t\n\n\xe2\x80\x94 n AAAA\n", "t\n\n\xe2\x80\x94 n AAAAAAA\n", "t\r\n\n" + line,
           "\xc0\xaf\n\n" + line, "t\n\n" + line + "\n"}) {
    EXPECT_FALSE(parse_note(bad).has_value()) << bad;
  }
}

// The public vectors run in `v100 vectors`; here the C2SP proofs, which need nothing else.
TEST(TlogProofVectors, PublicCases) {
  const char* folder = std::getenv("V100_VECTORS");
  if (folder == nullptr) {
    GTEST_SKIP() << "V100_VECTORS is not set: skipped 10 cases";
  }
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  ASSERT_EQ(parser.load(std::string(folder) + "/tlog/tlog-proof.json").get(root),
            simdjson::SUCCESS);
  for (const simdjson::dom::element one : root["marshal"].get_array()) {
    const std::string want(one["want"].get_string().value());
    const TlogProof proof = parse_tlog_proof(want).value();
    EXPECT_EQ(proof.index, one["index"].get_uint64().value());
    EXPECT_EQ(proof.checkpoint, one["checkpoint"].get_string().value());
    EXPECT_EQ(write_tlog_proof(proof), want);
  }
  for (const simdjson::dom::element one : root["unmarshal_errors"].get_array()) {
    EXPECT_FALSE(parse_tlog_proof(one["proof"].get_string().value()).has_value())
        << one["name"].get_string().value();
  }
}

}  // namespace
}  // namespace v100::merkle
