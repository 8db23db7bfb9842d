#include "base/thread.h"

#include <gtest/gtest.h>

#include <future>
#include <stdexcept>

#include "base/executor.h"
#include "base/log.h"

namespace coffer {
namespace {

TEST(ContainExceptions, LetsNoneThroughAndCountsThem) {
  const auto before = escaped_exceptions();
  EXPECT_TRUE(contain_exceptions("a test", [] {}));
  EXPECT_FALSE(contain_exceptions("a test", [] { throw std::runtime_error("of a test"); }));
  EXPECT_FALSE(contain_exceptions("a test", [] { throw 42; }));
  EXPECT_EQ(escaped_exceptions(), before + 2);
}

TEST(StartThread, OutlivesWhatItsWorkThrows) {
  const auto before = escaped_exceptions();
  start_thread("a test", [] { throw std::runtime_error("of a test"); }).join();
  EXPECT_EQ(escaped_exceptions(), before + 1);
}

TEST(ThreadPool, GoesOnAfterWorkThatThrows) {
  ThreadPool pool("a test", 1);
  pool.post([] { throw std::runtime_error("of a test"); });
  std::promise<int> answer;
  pool.post([&] { answer.set_value(42); });
  EXPECT_EQ(answer.get_future().get(), 42);
}

TEST(Throttle, LetsOneLineThroughASecond) {
  log::Throttle throttle;
  EXPECT_EQ(throttle.admit(), 0U);
  EXPECT_FALSE(throttle.admit());
  EXPECT_FALSE(throttle.admit());
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  EXPECT_EQ(throttle.admit(), 2U);
}

}  // namespace
}  // namespace coffer
