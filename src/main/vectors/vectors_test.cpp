// If this fails, `v100 vectors` calls wrong answers right, right ones wrong, or hides a case.
#include "main/vectors/vectors.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

#include "base/cpu.h"
#include "main/vectors/files.h"
#include "main/vectors/report.h"
#include "main/verbs.h"

namespace v100::vectors {
namespace {

const std::string samples = std::string(V100_SOURCE_DIR) + "/src/main/vectors/samples/";

File sample(const std::string& name) {
  Result<File> file = load_file(samples + name);
  EXPECT_TRUE(file.has_value()) << name;
  return *file;
}

Tally run(const File& file, const Options& options = {}) {
  Tally tally;
  EXPECT_TRUE(run_file(file, options, tally).has_value()) << file.path;
  return tally;
}

// Replaces the first occurrence of `from` at or after `anchor`.
std::string altered(std::string text, std::string_view anchor, std::string_view from,
                    std::string_view to) {
  const std::size_t start = text.find(anchor);
  EXPECT_NE(start, text.npos) << anchor;
  const std::size_t at = text.find(from, start);
  EXPECT_NE(at, text.npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Vectors, WycheproofOfEveryKind) {
  const Tally tally = run(sample("wycheproof_mlkem.json"));
  EXPECT_EQ(tally.passed, 8u);
  EXPECT_TRUE(tally.failed.empty());
  EXPECT_EQ(tally.skips(), 1u);
}

// Each verdict turned round must fail, or the reader does not look at it.
TEST(Vectors, WycheproofVerdictsAreLookedAt) {
  const File file = sample("wycheproof_mlkem.json");
  for (const char* id : {"1,", "2,", "3,", "4,", "5,", "6,", "7,", "8,"}) {
    File bad = file;
    const std::string anchor = std::string("\"tcId\": ") + id;
    const std::size_t at = bad.content.find(anchor);
    ASSERT_NE(at, bad.content.npos);
    const bool valid = bad.content.find("\"result\": \"valid\"", at) <
                       bad.content.find("\"result\": \"invalid\"", at);
    bad.content = valid ? altered(bad.content, anchor, "\"valid\"", "\"invalid\"")
                        : altered(bad.content, anchor, "\"invalid\"", "\"valid\"");
    const Tally tally = run(bad);
    EXPECT_EQ(tally.failed.size(), 1u) << id;
    EXPECT_EQ(tally.passed, 7u) << id;
  }
}

TEST(Vectors, CctvFiles) {
  EXPECT_EQ(run(sample("cctv_values.txt")).passed, 3u);
  EXPECT_EQ(run(sample("cctv_modulus.txt")).passed, 2u);
  File wrong = sample("cctv_values.txt");
  wrong.content = altered(wrong.content, "K = ", "K = ", "K = 00");
  EXPECT_EQ(run(wrong).failed.size(), 2u);  // encapsulation and decapsulation
  // A key that the standard takes must not stand in the list of those it refuses.
  File good_key = sample("cctv_modulus.txt");
  const std::string values = sample("cctv_values.txt").content;
  const std::size_t ek = values.find("ek = ") + 5;
  good_key.content = values.substr(ek, values.find('\n', ek) - ek) + "\n";
  EXPECT_EQ(run(good_key).failed.size(), 1u);
}

TEST(Vectors, AcvpJoinsPromptAndAnswers) {
  const File file = sample("acvp/prompt.json");
  const Tally tally = run(file);
  EXPECT_EQ(tally.passed, 2u);
  EXPECT_EQ(tally.skips(), 1u);
  EXPECT_EQ(run(file, {.large = true}).passed, 3u);
  File wrong = file;
  wrong.expected = altered(wrong.expected, "tcId\": 2", "A7FFC6", "A7FFC7");
  ASSERT_EQ(run(wrong).failed.size(), 1u);
  EXPECT_EQ(run(wrong).failed[0], "tgId 1 tcId 2");
  wrong.expected = altered(file.expected, "tcId\": 2", "A7FFC6", "A7FFC");
  EXPECT_EQ(run(wrong).failed.size(), 1u);
  File lonely = file;
  lonely.expected = altered(file.expected, "tcId\": 2", "2", "22");
  EXPECT_EQ(run(lonely).skips(), 2u);
}

TEST(Vectors, CavpText) {
  File file{.path = "x.rsp", .content = {}, .expected = {}};
  file.content =
      "#  CAVS 19.0\r\n#  \"SHA3-256 ShortMsg\" information\r\n\r\n[L = 256]\r\n\r\n"
      "Len = 0\r\nMsg = 00\r\n"
      "MD = a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a\r\n\r\n"
      "Len = 24\r\nMsg = 616263\r\n"
      "MD = 3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532\r\n\r\n"
      "Len = 24\r\nMsg = 6162\r\nMD = 00\r\n";
  const Tally tally = run(file);
  EXPECT_EQ(tally.passed, 2u);
  EXPECT_EQ(tally.failed.size(), 1u);
  file.content =
      "#  \"SHAKE128 VariableOut\"\n[Input Length = 128]\nCOUNT = 0\nOutputlen = 128\n"
      "Msg = 84e950051876050dc851fbd99e6247b8\nOutput = 8599bd89f63a848c49ca593ec37a12c6\n";
  EXPECT_EQ(run(file).passed, 1u);
}

TEST(Vectors, BrokenAndUnknownFilesAreSaidSo) {
  Tally tally;
  const auto code = [&](std::string content) {
    const Result<void> result =
        run_file({.path = "x", .content = std::move(content), .expected = {}}, {}, tally);
    return result ? "read" : name(result.error().code);
  };
  EXPECT_STREQ(code(""), "not_found");
  EXPECT_STREQ(code("{"), "malformed");
  EXPECT_STREQ(code("{}"), "not_found");
  EXPECT_STREQ(code("{\"testGroups\": 5}"), "malformed");
  EXPECT_STREQ(code("{\"testGroups\": [{}]}"), "malformed");
  EXPECT_STREQ(code("some words"), "not_found");
  EXPECT_STREQ(code("#  \"SHAKE128 Monte\"\nMsg = 00\n"), "malformed");
}

TEST(Vectors, ReportsOfKernelsMergeCaseByCase) {
  FileReport report{"dir/a file", "", {}};
  report.by_kernel["avx512"] = {.passed = 3, .failed = {"tc 1"}, .skipped = {{"why", 2}}};
  FileReport other{"dir/a file", "", {}};
  other.by_kernel["avx2"] = {.passed = 2, .failed = {"tc 1", "tc 2"}, .skipped = {{"why", 2}}};
  std::vector<FileReport> reports = {report};
  ASSERT_TRUE(merge(reports, "avx2", encode({other})).has_value());
  EXPECT_EQ(reports[0].failed(), 2u);
  EXPECT_EQ(reports[0].passed(), 2u);
  EXPECT_EQ(reports[0].skips(), 2u);
  const std::string text = encode({other});
  EXPECT_FALSE(merge(reports, "avx2", text.substr(0, text.size() - 4)).has_value());
  EXPECT_FALSE(merge(reports, "avx2", "file\tdir/b file\nend\n").has_value());
  EXPECT_FALSE(merge(reports, "avx2", "passed\t1\nend\n").has_value());
}

int verb(std::vector<std::string> words) {
  setenv("V100_KERNEL", name(cpu_isa()), 1);  // one kernel: no child of this test program
  words.insert(words.begin(), "vectors");
  std::vector<char*> argv;
  for (std::string& word : words) {
    argv.push_back(word.data());
  }
  return run_vectors(static_cast<int>(argv.size()), argv.data());
}

TEST(Vectors, ExitCodes) {
  EXPECT_EQ(verb({"--help"}), 0);
  EXPECT_EQ(verb({}), 2);
  EXPECT_EQ(verb({"--nonsense", samples}), 2);
  EXPECT_EQ(verb({samples}), 0);
  EXPECT_EQ(verb({"--json", samples}), 0);
  EXPECT_EQ(verb({samples + "acvp/expectedResults.json"}), 0);
  EXPECT_EQ(verb({samples + "nowhere"}), 2);
  const std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) / ("vectors_" + std::string(name(cpu_isa())));
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "wrong.txt")
      << altered(sample("cctv_values.txt").content, "K = ", "K = ", "K = 00");
  EXPECT_EQ(verb({folder.string()}), 1);
  std::ofstream(folder / "wrong.txt") << "nothing that a reader knows";
  EXPECT_EQ(verb({folder.string()}), 2);
  EXPECT_EQ(verb({(folder / "wrong.txt").string()}), 2);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace v100::vectors
