// Which packages of this machine have a newer version, as its package manager says.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace coffer::server {

// Asks apt when somebody wants to know, and not before: it takes a core for seconds. On a machine
// without apt there are none. Threads: made and destroyed by one; the rest from any.
class Packages {
 public:
  struct Options {
    // The program and its arguments; no shell reads them. What it prints on a line
    // `Inst <package> [<version>] …` has a newer version.
    std::vector<std::string> command = {"/usr/bin/apt-get",   "-s",          "-qq", "-o",
                                        "Debug::NoLocking=1", "dist-upgrade"};
    std::chrono::milliseconds keep = std::chrono::hours(6);     // then it is asked anew
    std::chrono::milliseconds limit = std::chrono::minutes(1);  // then it is ended
  };
  struct Report {
    std::vector<std::string> upgradable;
    bool is_known = false;  // false: nobody has been answered yet
  };

  explicit Packages(Options options);
  Packages() : Packages(Options()) {}
  ~Packages();
  Packages(const Packages&) = delete;
  Packages& operator=(const Packages&) = delete;

  // What is known; never waits. Where nothing is, or it is older than `keep`, the first call sets
  // off one question in the background, whose answer later calls get. An answer that did not come
  // leaves what was known, and the next question is asked after `keep` as well.
  Report report();

  // Ends what is under way, without waiting for it; nothing is asked any more.
  void stop() noexcept;

 private:
  void work();
  // What the command prints; nothing when it fails, takes too long, or stop() was called.
  std::optional<std::string> ask();
  bool is_stopped();

  const Options options_;
  std::mutex mutex_;
  // Guarded by mutex_:
  bool stopped_ = false;
  bool asking_ = false;
  std::optional<std::chrono::steady_clock::time_point> asked_at_;
  Report report_;
  std::thread thread_;  // of the last question
};

}  // namespace coffer::server
