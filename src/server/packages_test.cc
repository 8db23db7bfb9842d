#include "server/packages.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace coffer::server {
namespace {

using namespace std::chrono_literals;

Packages::Options printing(std::vector<std::string> command) {
  Packages::Options options;
  options.command = std::move(command);
  options.limit = 10s;
  return options;
}

// What is known once there was time to ask.
std::vector<std::string> eventually(Packages& packages) {
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (!packages.report().is_known && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(2ms);
  }
  return packages.report().upgradable;
}

// A file to which a command adds a line each time it runs.
class Runs {
 public:
  Runs() {
    std::string name = (std::filesystem::temp_directory_path() / "coffer-runs-XXXXXX").string();
    const int fd = ::mkstemp(name.data());
    ::close(fd);
    path_ = name;
  }
  ~Runs() { std::filesystem::remove(path_); }
  Runs(const Runs&) = delete;
  Runs& operator=(const Runs&) = delete;

  std::vector<std::string> command(const std::string& then) const {
    return {"/bin/sh", "-c", "echo run >> " + path_.string() + "; " + then};
  }
  std::string path() const { return path_.string(); }
  std::size_t count() const {
    std::ifstream file(path_);
    std::size_t lines = 0;
    for (std::string line; std::getline(file, line);) ++lines;
    return lines;
  }
  // The same, once there has been one.
  std::size_t begun() const {
    for (int i = 0; i < 1000 && count() == 0; ++i) std::this_thread::sleep_for(10ms);
    return count();
  }

 private:
  std::filesystem::path path_;
};

TEST(Packages, NothingRunsBeforeSomebodyAsks) {
  const Runs runs;
  Packages packages(printing(runs.command("true")));
  std::this_thread::sleep_for(100ms);
  EXPECT_EQ(runs.count(), 0U);
  EXPECT_FALSE(packages.report().is_known);
  EXPECT_EQ(runs.begun(), 1U);
}

TEST(Packages, WhoAsksMeanwhileIsAnsweredAtOnceAndOneRunIsForAll) {
  const Runs runs;
  const Runs gate;
  Packages packages(printing(runs.command("while [ ! -s " + gate.path() +
                                          " ]; do sleep 0.01; done;"
                                          " printf 'Inst bash [5.1] (5.2)\\n'")));
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i) callers.emplace_back([&] { packages.report(); });
  for (auto& caller : callers) caller.join();
  EXPECT_FALSE(packages.report().is_known) << "it runs still";
  std::ofstream(gate.path()) << "open";
  EXPECT_EQ(eventually(packages), std::vector<std::string>{"bash"});
  for (int i = 0; i < 8; ++i) packages.report();
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(runs.count(), 1U) << "the answer is kept";
}

TEST(Packages, AreAskedAnewAfterAWhileAndTheOldOnesStandUntilThen) {
  const Runs runs;
  auto options = printing(runs.command("printf 'Inst bash [5.1] (5.2)\\n'"));
  options.keep = 300ms;
  Packages packages(options);
  EXPECT_EQ(eventually(packages).size(), 1U);
  std::this_thread::sleep_for(400ms);
  EXPECT_EQ(packages.report().upgradable.size(), 1U);
  for (int i = 0; i < 1000 && runs.count() < 2; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_GE(runs.count(), 2U);
}

TEST(Packages, AreThoseThatAreInstalledInANewerVersion) {
  Packages packages(printing({"/usr/bin/printf",
                              "Reading...\\nInst libc6 [2.36-9] (2.36-10 Debian:12 [amd64])\\n"
                              "Inst new-one (1.0 Debian:12 [all])\\nConf libc6 (2.36-10)\\n"
                              "Inst\\nInst x\\nInst bash [5.1] (5.2 Debian:12 [amd64]) []"}));
  EXPECT_EQ(eventually(packages), (std::vector<std::string>{"libc6", "bash"}));
}

TEST(Packages, NoShellReadsTheCommand) {
  Packages packages(printing({"/usr/bin/printf", "Inst %s [1] (2)\\n", "$(id);`id`>x"}));
  EXPECT_EQ(eventually(packages), std::vector<std::string>{"$(id);`id`>x"});
}

TEST(Packages, NoneWhereThereIsNoApt) {
  Packages packages(printing({"/nowhere/apt-get"}));
  EXPECT_TRUE(eventually(packages).empty());
}

TEST(Packages, AreNotKnownWhereTheQuestionFails) {
  for (const auto& command :
       std::vector<std::vector<std::string>>{{"/usr/bin/false"}, {"/usr/bin/sleep", "1000"}}) {
    auto options = printing(command);
    options.limit = 50ms;
    Packages packages(options);
    packages.report();
    std::this_thread::sleep_for(300ms);
    EXPECT_TRUE(packages.report().upgradable.empty());
    EXPECT_FALSE(packages.report().is_known);
  }
}

TEST(Packages, StopsWhileItAsks) {
  const Runs runs;
  const auto options = printing(runs.command("sleep 1000"));
  std::optional<Packages> packages(options);
  packages->report();
  EXPECT_EQ(runs.begun(), 1U);
  const auto begin = std::chrono::steady_clock::now();
  packages->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
  packages.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s) << "what it asked would take 1000 s";
}

}  // namespace
}  // namespace coffer::server
