#include "main/cli.h"

#include <CLI/CLI.hpp>

namespace v100 {

using Option = CommandLine::Option;

Option& Option::required() {
  option_->required();
  return *this;
}
Option& Option::shape(const char* text) {
  option_->option_text(text);
  return *this;
}
Option& Option::range(std::int64_t low, std::int64_t high) {
  option_->check(CLI::Range(low, high));
  return *this;
}
Option& Option::between(double low, double high) {
  option_->check(CLI::Range(low, high));
  return *this;
}
Option& Option::one_of(const std::vector<std::string>& words) {
  option_->check(CLI::IsMember(words));
  return *this;
}
Option& Option::show_default() {
  option_->capture_default_str();
  return *this;
}
bool Option::given() const { return option_->count() > 0; }

CommandLine::CommandLine(const char* about, const char* name)
    : own_(std::make_unique<CLI::App>(about, name)), app_(own_.get()) {}
CommandLine::CommandLine(CLI::App* sub) noexcept : app_(sub) {}
CommandLine::~CommandLine() = default;

template <class T>
Option CommandLine::add(const std::string& name, T& to, const char* help) {
  return Option(app_->add_option(name, to, help));
}

Option CommandLine::option(const std::string& name, std::string& to, const char* help) {
  return add(name, to, help);
}
Option CommandLine::option(const std::string& name, std::vector<std::string>& to,
                           const char* help) {
  return add(name, to, help);
}
Option CommandLine::option(const std::string& name, int& to, const char* help) {
  return add(name, to, help);
}
Option CommandLine::option(const std::string& name, std::uint16_t& to, const char* help) {
  return add(name, to, help);
}
Option CommandLine::option(const std::string& name, std::uint32_t& to, const char* help) {
  return add(name, to, help);
}
Option CommandLine::option(const std::string& name, std::int64_t& to, const char* help) {
  return add(name, to, help);
}
Option CommandLine::option(const std::string& name, std::uint64_t& to, const char* help) {
  return add(name, to, help);
}
Option CommandLine::option(const std::string& name, double& to, const char* help) {
  return add(name, to, help);
}
Option CommandLine::flag(const std::string& name, bool& to, const char* help) {
  return Option(app_->add_flag(name, to, help));
}

CommandLine& CommandLine::subcommand(const char* name, const char* about) {
  app_->require_subcommand(1);
  subcommands_.emplace_back(new CommandLine(app_->add_subcommand(name, about)));
  return *subcommands_.back();
}
bool CommandLine::chosen() const { return app_->parsed(); }
std::string CommandLine::name() const { return app_->get_name(); }

void CommandLine::footer(const char* text) { app_->footer(text); }

std::optional<int> CommandLine::parse(int argc, char** argv) {
  try {
    app_->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app_->exit(error) == 0 ? 0 : 2;
  }
  return std::nullopt;
}

std::expected<std::string, std::string> CommandLine::read(int argc, char** argv) {
  try {
    app_->parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return app_->help();
  } catch (const CLI::ParseError& error) {
    return std::unexpected(std::string(error.what()));
  }
  return std::string();
}

}  // namespace v100
