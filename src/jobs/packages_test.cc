#include "jobs/packages.h"

#include <gtest/gtest.h>

namespace coffer::jobs {
namespace {

using namespace std::chrono_literals;

Packages::Options printing(std::vector<std::string> command) {
  return {.command = std::move(command), .first = 1h, .every = 1h, .limit = 10s};
}

// What is known once there was time to ask.
std::vector<std::string> eventually(Packages& packages) {
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (packages.upgradable().empty() && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(2ms);
  }
  return packages.upgradable();
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

TEST(Packages, NoneWhereTheyCannotBeAsked) {
  for (const auto& command : std::vector<std::vector<std::string>>{
           {"/nowhere/apt-get"}, {"/etc/passwd"}, {"/usr/bin/false"}, {"/usr/bin/true"}}) {
    Packages packages(printing(command));
    packages.upgradable();
    std::this_thread::sleep_for(50ms);
    EXPECT_TRUE(packages.upgradable().empty());
  }
}

TEST(Packages, WhatTakesTooLongIsEnded) {
  auto options = printing({"/usr/bin/sleep", "1000"});
  options.limit = 50ms;
  Packages packages(options);
  packages.upgradable();
  std::this_thread::sleep_for(300ms);
  EXPECT_TRUE(packages.upgradable().empty());
}

TEST(Packages, StopsWhileItAsks) {
  const auto begin = std::chrono::steady_clock::now();
  {
    Packages packages(printing({"/usr/bin/sleep", "1000"}));
    packages.upgradable();
    std::this_thread::sleep_for(50ms);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
}

}  // namespace
}  // namespace coffer::jobs
