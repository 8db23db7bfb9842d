#include "jobs/packages.h"

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
#include <utility>

#include "base/log.h"
#include "base/thread.h"

namespace coffer::jobs {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kNice = 15;
constexpr std::size_t kOutputMax = 1U << 20U;  // bytes
constexpr std::chrono::seconds kLeave{2};
constexpr std::chrono::milliseconds kReap{10};   // between two looks whether it has ended
constexpr std::chrono::milliseconds kLook{100};  // how often it is seen that all is to end

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

// Waits until then, then ends it. Whether it ended by itself, and well.
bool reap(pid_t child, Clock::time_point end) {
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    if (Clock::now() >= end) {
      ::kill(-child, SIGKILL);
      ::waitpid(child, &status, 0);
      return false;
    }
    std::this_thread::sleep_for(kReap);
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

Packages::Packages(Options options)
    : options_(std::move(options)), thread_(start_thread("packages", [this] { work(); })) {}

Packages::~Packages() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

std::vector<std::string> Packages::upgradable() {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(asked_, true)) wake_.notify_all();
  return upgradable_;
}

void Packages::work() {
  if (::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice) != 0) {
    log::warning("packages are looked at with the priority of all else");
  }
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, options_.first, [this] { return stop_ || asked_; });
  while (!stop_) {
    lock.unlock();
    std::vector<std::string> names = parse(ask());
    lock.lock();
    upgradable_ = std::move(names);
    wake_.wait_for(lock, options_.every, [this] { return stop_; });
  }
}

std::string Packages::ask() {
  if (::access(options_.command.front().c_str(), X_OK) != 0) return {};
  Pipe pipe;
  if (!pipe.is_open()) return {};
  const auto child = start(options_.command, pipe.writing());
  if (!child) return {};
  pipe.close_writing();

  const auto end = Clock::now() + options_.limit;
  std::string output;
  bool ended = false;
  while (!ended && output.size() < kOutputMax && Clock::now() < end) {
    {
      const std::lock_guard lock(mutex_);
      if (stop_) break;
    }
    pollfd wanted{.fd = pipe.reading(), .events = POLLIN, .revents = 0};
    if (::poll(&wanted, 1, static_cast<int>(kLook.count())) <= 0) continue;
    std::array<char, 4096> room;
    const ssize_t count = ::read(pipe.reading(), room.data(), room.size());
    ended = count <= 0;
    if (count > 0) output.append(room.data(), static_cast<std::size_t>(count));
  }
  // Who has closed its output is about to end.
  const bool well = reap(*child, ended ? Clock::now() + kLeave : Clock::now());
  return ended && well ? output : std::string();
}

}  // namespace coffer::jobs
