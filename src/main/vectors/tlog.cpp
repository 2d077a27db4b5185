// Transparency-log vectors: RFC 6962's reference trees, transparency-dev's inclusion, consistency
// and subtree proofs, Go's signed notes and C2SP's tlog-proofs.
#include <algorithm>
#include <fmt/format.h>
#include <openssl/evp.h>

#include "base/text.h"
#include "main/vectors/json.h"
#include "merkle/checkpoint.h"
#include "merkle/tlog_proof.h"

namespace v100::vectors {
namespace {

using merkle::Hash;
using merkle::Sha256;

Result<Hash> hash_of(Bytes bytes) {
  Hash out{};
  if (bytes.size() != out.size()) {
    return fail(Errc::malformed, "tlog: not a hash of 32 bytes");
  }
  copy(out, bytes);
  return out;
}

Result<Hash> base64_hash(const Json& object, std::string_view key) {
  return hash_of(TRY(from_base64(text(object, key))));
}

Result<merkle::Proof> proof_of(const Json& test) {
  merkle::Proof out;
  simdjson::dom::array hashes;
  if (test["proof"].get(hashes) != simdjson::SUCCESS) {
    return out;  // null: empty
  }
  for (const Json hash : hashes) {
    std::string_view encoded;
    if (hash.get(encoded) != simdjson::SUCCESS) {
      return fail(Errc::malformed, "tlog: a proof of something else than text");
    }
    out.push_back(TRY(hash_of(TRY(from_base64(encoded)))));
  }
  return out;
}

Result<void> check_inclusion(const Json& test) {
  const merkle::Proof proof = TRY(proof_of(test));
  const Hash leaf = TRY(base64_hash(test, "leafHash"));
  const Hash root = TRY(base64_hash(test, "root"));
  const std::uint64_t index = number(test, "leafIdx");
  if (!has(test, "start")) {
    return merkle::verify_inclusion<Sha256>(index, number(test, "treeSize"), leaf, proof, root);
  }
  const merkle::Subtree subtree{number(test, "start"), number(test, "end")};
  if (!subtree.valid() || index < subtree.start) {
    return fail(Errc::malformed, "tlog: not a subtree with this leaf");
  }
  return merkle::verify_inclusion<Sha256>(index - subtree.start, subtree.end - subtree.start, leaf,
                                          proof, root);
}

Result<void> check_consistency(const Json& test) {
  const merkle::Proof proof = TRY(proof_of(test));
  const Hash before = TRY(base64_hash(test, "root1"));
  const Hash after = TRY(base64_hash(test, "root2"));
  if (has(test, "size1")) {
    return merkle::verify_consistency<Sha256>(number(test, "size1"), number(test, "size2"), before,
                                              after, proof);
  }
  return merkle::verify_subtree<Sha256>({number(test, "start"), number(test, "end")},
                                        number(test, "size"), before, after, proof);
}

// A value that cannot even be read as a hash is a refusal too.
Result<void> run_proofs(const Json& root, Tally& tally) {
  simdjson::dom::array tests;
  if (root.get(tests) != simdjson::SUCCESS) {
    return fail(Errc::not_found, "tlog: not an array");
  }
  for (const Json test : tests) {
    if (has(test, "root2") && !base64_hash(test, "root2") && !flag(test, "wantErr")) {
      tally.add(text(test, "file"), skip("its root is no hash, which our type cannot hold"));
      continue;
    }
    const bool good =
        (has(test, "leafIdx") ? check_inclusion(test) : check_consistency(test)).has_value();
    tally.add(text(test, "file"), pass_if(good != flag(test, "wantErr")));
  }
  return {};
}

Result<std::vector<Buffer>> hex_list(const Json& object, std::string_view key) {
  std::vector<Buffer> out;
  simdjson::dom::array values;
  if (object[key].get(values) != simdjson::SUCCESS) {
    return fail(Errc::malformed, "tlog: a list is missing");
  }
  for (const Json value : values) {
    std::string_view encoded;
    if (value.get(encoded) != simdjson::SUCCESS) {
      return fail(Errc::malformed, "tlog: a list of something else than text");
    }
    out.push_back(TRY(from_hex(encoded)));
  }
  return out;
}

Result<void> run_reference(const Json& root, Tally& tally) {
  std::vector<Hash> leaves;
  for (const Buffer& input : TRY(hex_list(root, "leaf_inputs"))) {
    leaves.push_back(Sha256::leaf(input));
  }
  const std::vector<Buffer> roots = TRY(hex_list(root, "root_hashes_by_size"));
  for (std::size_t size = 0; size < roots.size() && size <= leaves.size(); ++size) {
    tally.add(fmt::format("root of {}", size),
              pass_if(same(merkle::root<Sha256>(std::span(leaves).first(size)), roots[size])));
  }
  simdjson::dom::array levels;
  if (root["node_hashes_by_level"].get(levels) != simdjson::SUCCESS) {
    return fail(Errc::malformed, "tlog: a list is missing");
  }
  std::size_t width = 1, level = 0;
  for (const Json nodes : levels) {
    simdjson::dom::array hashes;
    std::size_t index = 0;
    if (nodes.get(hashes) != simdjson::SUCCESS) {
      return fail(Errc::malformed, "tlog: a level that is no list");
    }
    for (const Json hash : hashes) {
      std::string_view encoded;
      const bool read = hash.get(encoded) == simdjson::SUCCESS;
      const std::size_t end = std::min(leaves.size(), (index + 1) * width);
      const Hash node =
          merkle::root<Sha256>(std::span(leaves).subspan(index * width, end - index * width));
      tally.add(fmt::format("node {} of level {}", index, level),
                pass_if(read && to_hex(node) == encoded));
      ++index;
    }
    width *= 2;
    ++level;
  }
  return {};
}

// Ed25519 over a text with a note's private key ("PRIVATE+KEY+name+id+base64(type || seed)").
Result<Buffer> sign_with(std::string_view skey, std::string_view message) {
  for (int field = 0; field < 4; ++field) {
    skey.remove_prefix(std::min(skey.find('+'), skey.size() - 1) + 1);
  }
  const Buffer blob = TRY(from_base64(skey));
  if (blob.size() != 33) {
    return fail(Errc::malformed, "tlog: not a private key of 32 bytes");
  }
  EVP_PKEY* key =
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, blob.data() + 1, blob.size() - 1);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  Buffer out(64);
  std::size_t size = out.size();
  const bool good =
      EVP_DigestSignInit(context, nullptr, nullptr, nullptr, key) == 1 &&
      EVP_DigestSign(context, out.data(), &size, as_bytes(message).data(), message.size()) == 1;
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  return good ? Result<Buffer>(out) : fail(Errc::unavailable, "tlog: Ed25519 failed");
}

Result<Verdict> verify_note(std::string_view text, const std::vector<merkle::Vkey>& keys) {
  const merkle::Note note = TRY(merkle::parse_note(text));
  std::size_t verified = 0;
  for (const merkle::NoteSignature& line : note.signatures) {
    for (const merkle::Vkey& key : keys) {
      if (line.is_of(key)) {
        TRY(merkle::verify_line(key, {}, note.text, line));
        ++verified;
      }
    }
  }
  return pass_if(verified == note.signatures.size() && merkle::write_note(note) == text);
}

Result<void> run_notes(const Json& root, Tally& tally) {
  const auto texts = [&](std::string_view key) {
    std::vector<std::string> out;
    simdjson::dom::array values;
    if (root[key].get(values) == simdjson::SUCCESS) {
      for (const Json value : values) {
        std::string_view one;
        out.emplace_back(value.get(one) == simdjson::SUCCESS ? one : std::string_view());
      }
    }
    return out;
  };
  const std::vector<std::string> bad = texts("bad_vkeys");
  std::vector<merkle::Vkey> keys;
  for (const std::string& vkey : texts("vkeys")) {
    const bool is_bad = std::ranges::find(bad, vkey) != bad.end();
    const auto key = merkle::Vkey::parse(vkey);
    tally.add("vkey " + vkey.substr(0, 24),
              pass_if(key.has_value() != is_bad && (is_bad || key->text() == vkey)));
    if (key) {
      keys.push_back(*key);
    }
  }
  std::string note = std::string(text(root, "text")) + "\n";
  for (const std::string& line : texts("signatures")) {
    note.append(line).append("\n");
  }
  tally.add("note with two signatures", verify_note(note, keys));
  const auto made = sign_with(text(root, "skey"), text(root, "text"));
  const auto parsed = merkle::parse_note(note);
  tally.add("signed by skey", pass_if(made && parsed && !parsed->signatures.empty() &&
                                      same(*made, parsed->signatures.back().signature)));
  const auto example = member(root, "c2sp_example");
  const auto example_key =
      merkle::Vkey::parse(example ? text(*example, "vkey") : std::string_view());
  tally.add("C2SP's example", example_key ? verify_note(text(*example, "note"), {*example_key})
                                          : fail(Errc::malformed, "tlog: no vkey"));
  for (const std::string& one : texts("c2sp_unverifiable_format_examples")) {
    if (one.starts_with("c2sp.org/tlog-proof")) {
      tally.add("C2SP's proof example", skip("its base64 is shortened for the reader"));
    } else {
      const auto read = merkle::parse_note(one);
      tally.add("C2SP's format example", pass_if(read && merkle::write_note(*read) == one));
    }
  }
  return {};
}

Result<void> run_tlog_proofs(const Json& root, Tally& tally) {
  for (const Json test : root["marshal"].get_array().value_unsafe()) {
    const std::string_view want = text(test, "want");
    const auto proof = merkle::parse_tlog_proof(want);
    const bool good = proof && proof->index == number(test, "index") &&
                      proof->checkpoint == text(test, "checkpoint") &&
                      (proof->extra ? to_base64(*proof->extra) : "") == text(test, "extra") &&
                      merkle::write_tlog_proof(*proof) == want;
    tally.add(text(test, "name"), pass_if(good));
  }
  for (const Json test : root["unmarshal_errors"].get_array().value_unsafe()) {
    tally.add(text(test, "name"), pass_if(!merkle::parse_tlog_proof(text(test, "proof"))));
  }
  return {};
}

}  // namespace

Result<void> run_tlog(const Json& root, Tally& tally) {
  Json first;
  if (root.at(0).get(first) == simdjson::SUCCESS && has(first, "wantErr") && has(first, "proof")) {
    return run_proofs(root, tally);
  }
  if (has(root, "leaf_inputs") && has(root, "root_hashes_by_size")) {
    return run_reference(root, tally);
  }
  if (has(root, "vkeys") && has(root, "skey")) {
    return run_notes(root, tally);
  }
  simdjson::dom::array cases;
  if (root["marshal"].get(cases) == simdjson::SUCCESS &&
      root["unmarshal_errors"].get(cases) == simdjson::SUCCESS) {
    return run_tlog_proofs(root, tally);
  }
  return fail(Errc::not_found, "tlog: none of its formats");
}

}  // namespace v100::vectors
