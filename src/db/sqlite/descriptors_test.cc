// The driver where no file descriptor is left.
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <thread>

#include "base/executor.h"
#include "db/contract/fixture.h"
#include "db/sqlite/sqlite_database.h"
#include "db/sqlite/sqlite_test_storage.h"

namespace coffer::db {
namespace {

TEST(Descriptors, AreSaidToBeSpentAndAreUsedAgain) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizers need a descriptor to look at an object's type";
#endif
  SqliteTestStorage storage;
  const auto database = storage.open();
  database->migrate(kItems);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  bool is_told = false;
  // A thread of its own has to open a connection of its own.
  std::thread([&] {
    InlineExecutor here;
    try {
      here.run(database->read([](Transaction&) -> Task<void> { co_return; }));
    } catch (const NoDescriptorsError&) {
      is_told = true;
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
  }).join();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(is_told);
  InlineExecutor here;
  here.run(add_item(*database, 1));
  EXPECT_THAT(item_numbers(*database), testing::ElementsAre(1));
}

}  // namespace
}  // namespace coffer::db
