// Log as JSON lines through spdlog, on stderr or in a file.
#pragma once

#include <memory>
#include <string>

#include "base/world.h"

namespace spdlog {
class logger;
}

namespace v100 {

// {"time":"2026-11-24T21:00:00.123Z","level":"info","event":"tls.open","peer":"..."}
// One loop thread; spdlog is an implementation detail.
class JsonLog final : public Log {
 public:
  // `file` empty: stderr. Null: the file cannot be opened.
  static std::unique_ptr<JsonLog> open(const std::string& file, Level least);
  ~JsonLog() override;
  void write(Level level, std::string_view event, std::initializer_list<Field> fields) override;

 private:
  JsonLog(std::shared_ptr<spdlog::logger> logger, Level least);
  std::shared_ptr<spdlog::logger> logger_;
  Level least_;
};

// A JSON string's inside: quotes, backslashes and control characters escaped, bytes that are no
// UTF-8 replaced.
void append_json_text(std::string& out, std::string_view text);

}  // namespace v100
