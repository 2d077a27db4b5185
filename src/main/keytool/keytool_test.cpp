// If this fails, the verbs key, sign, verify or kem make files that they cannot use themselves, say
// yes to a changed message, or leave a private key open to others.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

#include "main/keytool/signature_file.h"
#include "main/verbs.h"

namespace v100::keytool {
namespace {

namespace fs = std::filesystem;

class Keytool : public testing::Test {
 protected:
  Keytool() {
    std::string pattern = (fs::temp_directory_path() / "keytool-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~Keytool() override { fs::remove_all(folder_); }
  std::string path(const std::string& name) const { return (fs::path(folder_) / name).string(); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
  }
  std::string read(const std::string& name) const {
    std::ifstream in(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // Words that start with @ are names in the folder.
  int run(int (*verb)(int, char**), std::vector<std::string> words) const {
    words.insert(words.begin(), "verb");
    std::vector<char*> argv;
    for (std::string& word : words) {
      if (word.starts_with('@')) {
        word = path(word.substr(1));
      }
      argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    return verb(static_cast<int>(words.size()), argv.data());
  }
  std::string folder_;
};

TEST_F(Keytool, SignsAndVerifiesWithEveryKindOfKey) {
  for (const std::string algorithm : {"ML-DSA-44", "ml-dsa-65", "SLH-DSA-SHAKE-128f"}) {
    SCOPED_TRACE(algorithm);
    ASSERT_EQ(run(run_key, {"generate", algorithm, "--out", "@key", "--public", "@pub", "--force"}),
              0);
    write("message", std::string(600'000, 'm'));
    ASSERT_EQ(run(run_sign, {"--key", "@key", "@message", "--force"}), 0);
    EXPECT_EQ(run(run_verify, {"--key", "@pub", "@message"}), 0);
    EXPECT_EQ(run(run_verify, {"--key", "@pub", "@message", "--context", "other"}), 1);
    EXPECT_EQ(run(run_sign, {"--key", "@key", "@message"}), 2);  // would replace the signature
    write("message", std::string(600'000, 'n'));
    EXPECT_EQ(run(run_verify, {"--key", "@pub", "@message"}), 1);
    EXPECT_EQ(run(run_verify, {"--key", "@pub", "@message", "--json"}), 1);
    EXPECT_EQ(run(run_sign, {"--key", "@pub", "@message", "--force"}), 2);
    EXPECT_EQ(run(run_verify, {"--key", "@pub", "@nothing"}), 2);
  }
}

TEST_F(Keytool, PrehashAndRaw) {
  ASSERT_EQ(run(run_key, {"generate", "ML-DSA-65", "--out", "@key", "--public", "@pub"}), 0);
  write("message", "text");
  for (const std::string hash :
       {"SHA2-256", "SHA2-512/256", "SHA3-512", "SHAKE-128", "SHAKE-256"}) {
    ASSERT_EQ(
        run(run_sign, {"--key", "@key", "@message", "--prehash", hash, "--out", "@s", "--force"}),
        0);
    EXPECT_EQ(run(run_verify, {"--key", "@pub", "@message", "--signature", "@s"}), 0) << hash;
  }
  EXPECT_EQ(run(run_sign, {"--key", "@key", "@message", "--prehash", "MD5"}), 2);
  ASSERT_EQ(run(run_sign, {"--key", "@key", "@message", "--raw", "--out", "@raw", "--context", ""}),
            0);
  EXPECT_EQ(read("raw").size(), 3309u);
  EXPECT_EQ(run(run_verify,
                {"--key", "@pub", "@message", "--raw", "--signature", "@raw", "--context", ""}),
            0);
}

TEST_F(Keytool, FormatsConvertIntoEachOther) {
  ASSERT_EQ(run(run_key, {"generate", "ML-DSA-87", "--out", "@a", "--format", "jwk"}), 0);
  ASSERT_EQ(run(run_key, {"convert", "@a", "--out", "@b", "--format", "cose"}), 0);
  ASSERT_EQ(run(run_key, {"convert", "@b", "--out", "@c", "--form", "both"}), 0);
  ASSERT_EQ(run(run_key, {"convert", "@c", "--out", "@d", "--format", "der", "--form", "expanded"}),
            0);
  EXPECT_EQ(run(run_key, {"convert", "@d", "--out", "@x", "--format", "jwk"}), 2);  // no seed left
  EXPECT_EQ(run(run_key, {"convert", "@d", "--out", "@x", "--form", "seed"}), 2);
  EXPECT_EQ(run(run_key, {"convert", "@d", "--out", "@x"}), 0);
  EXPECT_EQ(run(run_key, {"convert", "@c", "--out", "@e", "--format", "jwk"}), 0);
  EXPECT_EQ(read("a"), read("e"));
  ASSERT_EQ(run(run_key, {"convert", "@a", "--out", "@p", "--public"}), 0);
  EXPECT_TRUE(read("p").starts_with("-----BEGIN PUBLIC KEY-----\n"));
  EXPECT_EQ(run(run_key, {"show", "@p", "--json"}), 0);
  EXPECT_EQ(run(run_key, {"show", "@nothing"}), 2);
  EXPECT_EQ(run(run_key, {"generate", "RSA"}), 2);
  EXPECT_EQ(run(run_key, {}), 2);
  EXPECT_EQ(run(run_key, {"--help"}), 0);
}

TEST_F(Keytool, PrivateFilesAreTheOwnersAlone) {
  ASSERT_EQ(run(run_key, {"generate", "ML-KEM-768", "--out", "@key", "--public", "@pub"}), 0);
  ASSERT_EQ(run(run_kem, {"encapsulate", "--key", "@pub", "--ciphertext", "@c", "--secret", "@s"}),
            0);
  ASSERT_EQ(run(run_kem, {"decapsulate", "--key", "@key", "--ciphertext", "@c", "--secret", "@t"}),
            0);
  EXPECT_EQ(read("s"), read("t"));
  EXPECT_EQ(read("s").size(), 32u);
  for (const char* name : {"key", "s", "t"}) {
    EXPECT_EQ(fs::status(path(name)).permissions(), fs::perms(0600)) << name;
  }
  EXPECT_EQ(run(run_kem, {"decapsulate", "--key", "@key", "--ciphertext", "@c", "--secret", "@t"}),
            2);  // there already
  EXPECT_EQ(run(run_kem, {"decapsulate", "--key", "@pub", "--ciphertext", "@c", "--secret", "@u"}),
            2);
  EXPECT_EQ(run(run_sign, {"--key", "@key", "@c"}), 2);
}

TEST(SignatureFileForm, HasOneFormOnly) {
  const SignatureFile file{keys::Algorithm::mldsa44, "print", "a context", "none", Buffer(2420, 7)};
  const std::string text = write_signature_file(file);
  const auto back = read_signature_file(as_bytes(text));
  ASSERT_TRUE(back) << back.error().what;
  EXPECT_EQ(back->context, "a context");
  EXPECT_EQ(back->signature, file.signature);
  EXPECT_EQ(read_signature_file(as_bytes(text + "\n")).error().code, Errc::malformed);
  EXPECT_EQ(read_signature_file(as_bytes("v100 signature 2\n")).error().code, Errc::unsupported);
  for (std::size_t cut = 0; cut < text.size(); cut += 97) {
    EXPECT_FALSE(read_signature_file(as_bytes(text).first(cut)));
  }
  std::string crlf = text;
  crlf.insert(crlf.find('\n'), "\r");
  EXPECT_FALSE(read_signature_file(as_bytes(crlf)));
  EXPECT_FALSE(is_context("two\nlines"));
  EXPECT_FALSE(is_context(std::string(256, 'x')));
  EXPECT_FALSE(is_context("\xff"));
}

}  // namespace
}  // namespace v100::keytool
