#include "cli/prompt.h"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <iostream>

#include "base/text.h"
#include "cli/commands.h"

namespace coffer::cli {
namespace {

// As the terminal was; for a signal that ends the program in between.
termios terminal_before;

extern "C" void show_and_end(int signal) {
  ::tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

// While it lives, the terminal does not show what is typed. One at a time.
class NoEcho {
 public:
  NoEcho() {
    if (::tcgetattr(STDIN_FILENO, &terminal_before) != 0) return;
    for (const int signal : kEnding) std::signal(signal, show_and_end);
    termios silent = terminal_before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    silent.c_lflag |= ECHONL;
    changed_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0;
  }
  ~NoEcho() {
    if (changed_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &terminal_before);
    for (const int signal : kEnding) std::signal(signal, SIG_DFL);
  }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;

  bool is_silent() const noexcept { return changed_; }

 private:
  static constexpr int kEnding[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
  bool changed_ = false;
};

// Questions go to standard error: standard output is for what a script reads.
std::string ask(std::string_view prompt) {
  fmt::print(stderr, "{}", prompt);
  std::fflush(stderr);
  std::string line;
  if (!std::getline(std::cin, line)) throw UserError("nothing was typed");
  return line;
}

}  // namespace

bool can_ask() { return ::isatty(STDIN_FILENO) == 1; }

std::string ask_line(std::string_view prompt) { return ask(fmt::format("{}: ", prompt)); }

std::string ask_password(std::string_view prompt) {
  const NoEcho no_echo;
  if (!no_echo.is_silent()) {
    throw UserError("the terminal would show the password; use --password-stdin");
  }
  return ask_line(prompt);
}

std::string ask_new_password(std::string_view prompt) {
  const NoEcho no_echo;
  if (!no_echo.is_silent()) {
    throw UserError("the terminal would show the password; use --password-stdin");
  }
  const std::string password = ask(fmt::format("{}: ", prompt));
  if (ask("The same once more: ") != password) {
    throw UserError("the two passwords differ; nothing was changed");
  }
  return password;
}

bool ask_yes(std::string_view question) {
  fmt::print(stderr, "{} [y/N] ", question);
  std::fflush(stderr);
  std::string line;
  if (!std::getline(std::cin, line)) return false;
  const std::string answer = to_lower_ascii(trim(line));
  return answer == "y" || answer == "yes";
}

}  // namespace coffer::cli
