#include "main/log.h"

#include <chrono>
#include <fmt/format.h>
#include <iterator>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "wire/ws.h"

namespace v100 {
namespace {

constexpr const char* level_names[] = {"debug", "info", "warning", "error"};

std::string time_text() {
  using namespace std::chrono;
  const auto now = time_point_cast<milliseconds>(system_clock::now());
  const std::time_t seconds = system_clock::to_time_t(now);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                     now.time_since_epoch().count() % 1000);
}

}  // namespace

void append_json_text(std::string& out, std::string_view text) {
  wire::Utf8Check check;
  const bool good = check.add(as_bytes(text)) && check.complete();
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20 || byte == 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
    } else if (byte >= 0x80 && !good) {
      out.push_back('?');
    } else {
      out.push_back(c);
    }
  }
}

std::unique_ptr<JsonLog> JsonLog::open(const std::string& file, Level least) {
  try {
    std::shared_ptr<spdlog::sinks::sink> sink;
    if (file.empty()) {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(file);
    }
    auto logger = std::make_shared<spdlog::logger>("v100", std::move(sink));
    logger->set_pattern("%v");
    logger->set_level(spdlog::level::trace);
    logger->flush_on(spdlog::level::info);
    return std::unique_ptr<JsonLog>(new JsonLog(std::move(logger), least));
  } catch (const spdlog::spdlog_ex&) {
    return nullptr;
  }
}

JsonLog::JsonLog(std::shared_ptr<spdlog::logger> logger, Level least)
    : logger_(std::move(logger)), least_(least) {}
JsonLog::~JsonLog() { logger_->flush(); }

void JsonLog::write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (level < least_) {
    return;
  }
  std::string line = fmt::format(R"({{"time":"{}","level":"{}","event":")", time_text(),
                                 level_names[static_cast<std::size_t>(level)]);
  append_json_text(line, event);
  line.push_back('"');
  for (const Field& field : fields) {
    line.append(",\"");
    append_json_text(line, field.key);
    line.append("\":");
    if (field.is_number) {
      line.append(std::to_string(field.number));
    } else {
      line.push_back('"');
      append_json_text(line, field.text);
      line.push_back('"');
    }
  }
  line.push_back('}');
  logger_->log(level >= Level::warning ? spdlog::level::err : spdlog::level::info, line);
}

}  // namespace v100
