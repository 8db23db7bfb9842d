#include "server/packages.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "base/thread.h"

namespace coffer::server {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int kNice = 15;
constexpr std::size_t kOutputMax = 1U << 20U;   // bytes
constexpr std::chrono::seconds kLeave{2};       // to end, for who has closed its output
constexpr std::chrono::milliseconds kReap{10};  // between two looks whether it has ended
constexpr std::chrono::milliseconds kLook{50};  // how often it is seen that all is to end

// `Inst libc6 [2.36-9] (2.36-10 Debian:12 [amd64])`; what is new has no version in brackets.
std::vector<std::string> parse(std::string_view output) {
  constexpr std::string_view kMark = "Inst ";
  std::vector<std::string> names;
  while (!output.empty()) {
    std::string_view line = output.substr(0, output.find('\n'));
    output.remove_prefix(std::min(line.size() + 1, output.size()));
    if (!line.starts_with(kMark)) continue;
    line.remove_prefix(kMark.size());
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos || !line.substr(space + 1).starts_with('[')) continue;
    names.emplace_back(line.substr(0, space));
  }
  return names;
}

class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0) ends_ = {-1, -1};
  }
  ~Pipe() {
    close_writing();
    if (ends_[0] >= 0) ::close(ends_[0]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  bool is_open() const { return ends_[0] >= 0; }
  int reading() const { return ends_[0]; }
  int writing() const { return ends_[1]; }
  void close_writing() {
    if (ends_[1] >= 0) ::close(std::exchange(ends_[1], -1));
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

// Its output goes to `output`, its errors nowhere. It gets a group of its own, so that what it
// starts ends with it. Nothing when it cannot be started.
std::optional<pid_t> start(const std::vector<std::string>& command, int output) {
  std::vector<char*> arguments;
  for (const std::string& part : command) arguments.push_back(const_cast<char*>(part.c_str()));
  arguments.push_back(nullptr);
  char language[] = "LC_ALL=C";
  char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
  std::array<char*, 3> environment{language, path, nullptr};

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  if (posix_spawn_file_actions_init(&actions) != 0) return std::nullopt;
  if (posix_spawnattr_init(&attributes) != 0) {
    posix_spawn_file_actions_destroy(&actions);
    return std::nullopt;
  }
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  // The server's threads block signals that a program expects to get.
  sigset_t none;
  sigemptyset(&none);
  sigset_t usual;
  sigfillset(&usual);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  pid_t child = 0;
  const int failed = ::posix_spawn(&child, arguments[0], &actions, &attributes, arguments.data(),
                                   environment.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return std::nullopt;
  return child;
}

// Whether it has ended by itself, and well.
std::optional<bool> has_ended(pid_t child) {
  int status = 0;
  if (::waitpid(child, &status, WNOHANG) == 0) return std::nullopt;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

Packages::Packages(Options options) : options_(std::move(options)) {}

Packages::~Packages() {
  stop();
  if (thread_.joinable()) thread_.join();
}

void Packages::stop() noexcept {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
}

bool Packages::is_stopped() {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

Packages::Report Packages::report() {
  const std::lock_guard lock(mutex_);
  const auto now = SteadyClock::now();
  const bool is_due = !asked_at_ || now - *asked_at_ >= options_.keep;
  if (!is_due || asking_ || stopped_) return report_;
  asked_at_ = now;
  if (thread_.joinable()) thread_.join();  // it has nothing left to do
  try {
    thread_ = start_thread("packages", [this] { work(); });
    asking_ = true;
  } catch (const std::system_error& error) {
    log::warning("packages are not looked at", {{"reason", error.what()}});
  }
  return report_;
}

void Packages::work() {
  if (::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice) != 0) {
    log::warning("packages are looked at with the priority of all else");
  }
  const auto output = ask();
  std::vector<std::string> names = parse(output.value_or(""));
  const std::lock_guard lock(mutex_);
  if (output) report_ = {std::move(names), true};
  asking_ = false;
}

std::optional<std::string> Packages::ask() {
  if (::access(options_.command.front().c_str(), X_OK) != 0) return "";
  Pipe pipe;
  if (!pipe.is_open()) return std::nullopt;
  const auto child = start(options_.command, pipe.writing());
  if (!child) return std::nullopt;
  pipe.close_writing();

  const auto end = SteadyClock::now() + options_.limit;
  std::string output;
  bool is_whole = false;
  while (!is_whole && output.size() < kOutputMax && SteadyClock::now() < end && !is_stopped()) {
    pollfd wanted{.fd = pipe.reading(), .events = POLLIN, .revents = 0};
    if (::poll(&wanted, 1, static_cast<int>(kLook.count())) <= 0) continue;
    std::array<char, 4096> buffer;
    const ssize_t count = ::read(pipe.reading(), buffer.data(), buffer.size());
    is_whole = count <= 0;
    if (count > 0) output.append(buffer.data(), static_cast<std::size_t>(count));
  }
  const auto leave = SteadyClock::now() + kLeave;
  std::optional<bool> ended = has_ended(*child);
  while (!ended && is_whole && SteadyClock::now() < leave && !is_stopped()) {
    std::this_thread::sleep_for(kReap);
    ended = has_ended(*child);
  }
  if (!ended) {
    ::kill(-*child, SIGKILL);
    // It ends as soon as the kernel lets it; who is stopping need not see that.
    const auto killed = SteadyClock::now() + kLeave;
    while (!has_ended(*child) && SteadyClock::now() < killed && !is_stopped()) {
      std::this_thread::sleep_for(kReap);
    }
    return std::nullopt;
  }
  if (!is_whole || !*ended) return std::nullopt;
  return output;
}

}  // namespace coffer::server
