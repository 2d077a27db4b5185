#include "main/vectors/kernels.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <spawn.h>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cpu.h"

extern char** environ;

namespace v100::vectors {
namespace {

std::vector<std::string> environment_with(const std::string& kernel) {
  std::vector<std::string> variables;
  for (char** at = environ; *at != nullptr; ++at) {
    if (!std::string_view(*at).starts_with("V100_KERNEL=")) {
      variables.emplace_back(*at);
    }
  }
  variables.push_back("V100_KERNEL=" + kernel);
  return variables;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (std::string& text : strings) {
    out.push_back(text.data());
  }
  out.push_back(nullptr);
  return out;
}

std::string read_to_end(int fd) {
  std::string text;
  char buffer[65536];
  for (;;) {
    const ssize_t got = read(fd, buffer, sizeof buffer);
    if (got > 0) {
      text.append(buffer, static_cast<std::size_t>(got));
    } else if (got == 0 || errno != EINTR) {
      return text;
    }
  }
}

}  // namespace

std::vector<std::string> kernels() {
  const char* forced = std::getenv("V100_KERNEL");
  if (forced != nullptr && *forced != 0) {
    return {name(cpu_isa())};
  }
  std::vector<std::string> all;
  for (const Isa isa : every_isa) {
    if (cpu_has(isa)) {
      all.emplace_back(name(isa));
    }
  }
  return all;
}

Result<std::string> run_under(const std::string& kernel,
                              const std::vector<std::string>& arguments) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return fail(Errc::unavailable, "no pipe");
  }
  std::vector<std::string> strings = {"v100"};
  strings.insert(strings.end(), arguments.begin(), arguments.end());
  std::vector<std::string> variables = environment_with(kernel);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  pid_t child = 0;
  const int error = posix_spawn(&child, "/proc/self/exe", &actions, nullptr,
                                pointers(strings).data(), pointers(variables).data());
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  std::string output;
  if (error == 0) {
    output = read_to_end(ends[0]);
  }
  close(ends[0]);
  if (error != 0) {
    return fail(Errc::unavailable, "this program could not start itself");
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return fail(Errc::unavailable, "the process of another kernel died");
  }
  return output;
}

}  // namespace v100::vectors
