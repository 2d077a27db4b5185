// Replays corpus files through a libFuzzer harness without libFuzzer: each fuzz target is also a
// test. Arguments are folders or files; a relative one is looked up under $V100_VECTORS (skipped
// without it).
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void replay(const std::filesystem::path& path, int& files) {
  std::ifstream in(path, std::ios::binary);
  const std::vector<char> bytes((std::istreambuf_iterator<char>(in)), {});
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  ++files;
}

}  // namespace

int main(int argc, char** argv) {
  int files = 0;
  const char* vectors = std::getenv("V100_VECTORS");
  for (int i = 1; i < argc; ++i) {
    std::filesystem::path path(argv[i]);
    if (path.is_relative()) {
      if (vectors == nullptr) {
        std::printf("skipped %s: V100_VECTORS is not set\n", argv[i]);
        continue;
      }
      path = std::filesystem::path(vectors) / path;
    }
    if (std::filesystem::is_directory(path)) {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
        if (entry.is_regular_file()) {
          replay(entry.path(), files);
        }
      }
    } else if (std::filesystem::is_regular_file(path)) {
      replay(path, files);
    }
  }
  LLVMFuzzerTestOneInput(nullptr, 0);
  std::printf("replayed %d files\n", files);
  return 0;
}
