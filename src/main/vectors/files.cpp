#include "main/vectors/files.h"

#include <algorithm>
#include <filesystem>
#include <zlib.h>

namespace v100::vectors {
namespace {

namespace fs = std::filesystem;

// The largest public file is 6 MB; a bound keeps a compressed bomb out.
constexpr std::size_t content_bytes_max = std::size_t{256} * 1024 * 1024;

constexpr const char* suffixes[] = {"", ".gz"};

// The file `stem`.json or `stem`.json.gz in a folder, or nothing.
fs::path sibling(const fs::path& folder, const char* stem) {
  for (const char* suffix : suffixes) {
    const fs::path path = folder / (std::string(stem) + ".json" + suffix);
    std::error_code ignored;
    if (fs::is_regular_file(path, ignored)) {
      return path;
    }
  }
  return {};
}

std::string stem_of(const fs::path& path) {
  std::string name = path.filename().string();
  return name.substr(0, name.find('.'));
}

// RFC 9421's examples: NAME_signed.txt with its base in NAME_sigbase.txt.
fs::path base_beside(const fs::path& path, std::string_view from, std::string_view to) {
  const std::string name = path.filename().string();
  std::error_code ignored;
  if (!name.ends_with(from)) {
    return {};
  }
  const fs::path other =
      path.parent_path() / (name.substr(0, name.size() - from.size()) + std::string(to));
  return fs::is_regular_file(other, ignored) ? other : fs::path();
}

bool is_companion(const fs::path& path) {
  if (!base_beside(path, "_sigbase.txt", "_signed.txt").empty()) {
    return true;
  }
  const std::string stem = stem_of(path);
  const bool companion =
      stem == "expectedResults" || stem == "reasons" || stem == "internalProjection";
  return companion && !sibling(path.parent_path(), "prompt").empty();
}

// zlib reads plain files as they are, so one way serves both.
Result<std::string> read_all(const fs::path& path) {
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) {
    return fail(Errc::unavailable, "cannot be opened");
  }
  std::string content;
  char buffer[65536];
  int got = 0;
  while ((got = gzread(file, buffer, sizeof buffer)) > 0 && content.size() <= content_bytes_max) {
    content.append(buffer, static_cast<std::size_t>(got));
  }
  gzclose(file);
  if (got < 0) {
    return fail(Errc::unavailable, "cannot be read");
  }
  if (content.size() > content_bytes_max) {
    return fail(Errc::too_large, "larger than a vector file may be");
  }
  return content;
}

void walk(const fs::path& folder, Listing& listing) {
  std::vector<fs::path> children;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    children.push_back(it->path());
  }
  if (error) {
    listing.missing.push_back(folder.string());
    return;
  }
  std::sort(children.begin(), children.end());
  for (const fs::path& child : children) {
    std::error_code ignored;
    const fs::file_status status = fs::symlink_status(child, ignored);
    if (fs::is_directory(status)) {
      walk(child, listing);
    } else if (fs::is_regular_file(child, ignored) && !is_companion(child)) {
      listing.entries.push_back({child.string(), false});
    }
  }
}

}  // namespace

Listing list_files(const std::vector<std::string>& paths) {
  Listing listing;
  for (const std::string& path : paths) {
    std::error_code ignored;
    if (fs::is_directory(path, ignored)) {
      walk(path, listing);
    } else if (fs::is_regular_file(path, ignored)) {
      // Someone who names the answers means the questions.
      const fs::path message = base_beside(path, "_sigbase.txt", "_signed.txt");
      const fs::path prompt = !message.empty()     ? message
                              : is_companion(path) ? sibling(fs::path(path).parent_path(), "prompt")
                                                   : fs::path(path);
      listing.entries.push_back({prompt.string(), true});
    } else {
      listing.missing.push_back(path);
    }
  }
  return listing;
}

Result<File> load_file(const std::string& path) {
  File file{.path = path, .content = TRY(read_all(path)), .expected = {}};
  if (stem_of(path) == "prompt") {
    const fs::path answers = sibling(fs::path(path).parent_path(), "expectedResults");
    if (!answers.empty()) {
      file.expected = TRY(read_all(answers));
    }
  }
  const fs::path base = base_beside(path, "_signed.txt", "_sigbase.txt");
  if (!base.empty()) {
    file.expected = TRY(read_all(base));
  }
  return file;
}

}  // namespace v100::vectors
