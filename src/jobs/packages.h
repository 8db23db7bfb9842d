// Which packages of this machine have a newer version, as its package manager says.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace coffer::jobs {

// Asks apt now and then, on a thread of its own and of low priority. On a machine without apt there
// are none. Threads: made and destroyed by one; upgradable() from any.
class Packages {
 public:
  struct Options {
    // The program and its arguments; no shell reads them. What it prints on a line
    // `Inst <package> [<version>] …` has a newer version.
    std::vector<std::string> command = {"/usr/bin/apt-get",   "-s",          "-qq", "-o",
                                        "Debug::NoLocking=1", "dist-upgrade"};
    std::chrono::milliseconds first = std::chrono::seconds(10);  // after the start, or when asked
    std::chrono::milliseconds every = std::chrono::hours(6);
    std::chrono::milliseconds limit = std::chrono::minutes(1);  // then it is ended
  };

  explicit Packages(Options options);
  Packages() : Packages(Options()) {}
  // Ends the program that is being asked, if any.
  ~Packages();
  Packages(const Packages&) = delete;
  Packages& operator=(const Packages&) = delete;

  // As far as is known: none until the first answer, which the first call sets off.
  std::vector<std::string> upgradable();

 private:
  void work();
  // What the command prints; empty when it fails or takes too long.
  std::string ask();

  const Options options_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  bool asked_ = false;
  std::vector<std::string> upgradable_;
  std::thread thread_;  // last: it uses the others
};

}  // namespace coffer::jobs
