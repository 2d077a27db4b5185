// The command line of a verb: options, flags, subcommands, --help. CLI11 stands behind it, in
// cli.cpp alone: its headers cost a verb ten seconds of compiling each.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace v100 {

class CommandLine {
 public:
  // What else there is to say of an option. Lives as long as its command line.
  class Option {
   public:
    Option& required();
    Option& shape(const char* text);  // of the value, for --help: FILE, NAME,...
    Option& range(std::int64_t low, std::int64_t high);
    Option& between(double low, double high);
    Option& one_of(const std::vector<std::string>& words);
    Option& show_default();
    bool given() const;

   private:
    friend class CommandLine;
    explicit Option(CLI::Option* option) noexcept : option_(option) {}
    CLI::Option* option_;
  };

  // `name` is what a person types, as in "v100 key".
  CommandLine(const char* about, const char* name);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  // "--key" names an option, "file" a positional argument. `to` keeps its value where the option
  // is not given, and outlives the parse.
  Option option(const std::string& name, std::string& to, const char* help);
  Option option(const std::string& name, std::vector<std::string>& to, const char* help);
  Option option(const std::string& name, int& to, const char* help);
  Option option(const std::string& name, std::uint16_t& to, const char* help);
  Option option(const std::string& name, std::uint32_t& to, const char* help);
  Option option(const std::string& name, std::int64_t& to, const char* help);
  Option option(const std::string& name, std::uint64_t& to, const char* help);
  Option option(const std::string& name, double& to, const char* help);
  Option flag(const std::string& name, bool& to, const char* help);

  // Exactly one of the subcommands must be named, once there is one.
  CommandLine& subcommand(const char* name, const char* about);
  bool chosen() const;  // for a subcommand: it is the one named
  std::string name() const;

  void footer(const char* text);

  // An exit code where the verb ends here: 0 after --help, 2 after a mistake, both printed.
  std::optional<int> parse(int argc, char** argv);
  // The same without printing: the text of --help, or nothing; the error is one sentence.
  std::expected<std::string, std::string> read(int argc, char** argv);

 private:
  explicit CommandLine(CLI::App* sub) noexcept;
  template <class T>
  Option add(const std::string& name, T& to, const char* help);

  std::unique_ptr<CLI::App> own_;  // empty in a subcommand
  CLI::App* app_;
  std::vector<std::unique_ptr<CommandLine>> subcommands_;
};

}  // namespace v100
