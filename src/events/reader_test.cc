#include "events/reader.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "vault/test/fixture.h"

namespace coffer::events {
namespace {

using vault::EventType;
using vault::test::run;
using namespace std::chrono_literals;

class ReaderTest : public vault::test::VaultTest {
 protected:
  Reader reader(const std::string& name) { return {vault_->events(), name}; }

  const vault::Account anna_ = make_account("anna");
};

TEST_F(ReaderTest, ReadsAgainWhatItHasNotConfirmedAndNothingTwiceAfterThat) {
  upload(anna_, "a.jpg", "a");
  upload(anna_, "b.jpg", "b");
  const auto all = events();
  auto first = reader("hooks");
  for (int again = 0; again < 2; ++again) {
    const auto page = run(first.read(2));
    ASSERT_EQ(page.events.size(), 2U);
    EXPECT_EQ(page.events[0].id, all[0].id);
  }
  run(first.confirm(all[1].id));
  // Whoever comes after it, as after a restart.
  auto second = reader("hooks");
  const auto rest = run(second.read(100));
  ASSERT_EQ(rest.events.size(), all.size() - 2);
  EXPECT_EQ(rest.events.front().id, all[2].id);
  EXPECT_FALSE(rest.has_gap);
  run(second.confirm(all.back().id));
  EXPECT_TRUE(run(second.read(100)).events.empty());
  // Others have positions of their own.
  auto other = reader("mail");
  EXPECT_EQ(run(other.read(100)).events.size(), all.size());
}

TEST_F(ReaderTest, IsNeverMovedBack) {
  upload(anna_, "a.jpg", "a");
  const auto all = events();
  auto slow = reader("hooks");
  auto fast = reader("hooks");
  run(fast.confirm(all.back().id));
  run(slow.confirm(all.front().id));
  EXPECT_TRUE(run(slow.read(100)).events.empty());
}

TEST_F(ReaderTest, LearnsOfEventsThatWerePrunedBeforeItReadThem) {
  upload(anna_, "a.jpg", "a");
  clock_.advance(24h);
  upload(anna_, "b.jpg", "b");
  const auto all = events();
  auto behind = reader("behind");
  run(behind.confirm(all.front().id));
  auto level = reader("level");
  run(level.confirm(all[all.size() - 2].id));
  while (run(vault_->events().prune(clock_.now() - 1h, 2)) > 0) {
  }
  for (auto* each : {&behind, &level}) {
    const auto page = run(each->read(100));
    ASSERT_EQ(page.events.size(), 1U);
    EXPECT_EQ(page.events.front().type, EventType::kEntryCreated);
    EXPECT_EQ(page.has_gap, each == &behind);
  }
  // A new one has missed what came before it, too.
  auto fresh = reader("fresh");
  EXPECT_TRUE(run(fresh.read(100)).has_gap);
  // With all of them pruned, it still shows.
  while (run(vault_->events().prune(clock_.now() + 1h, 100)) > 0) {
  }
  EXPECT_TRUE(run(behind.read(100)).has_gap);
}

TEST_F(ReaderTest, NamesAreShortAndPlain) {
  EXPECT_TRUE(Reader::is_name("web-hooks_2"));
  EXPECT_TRUE(Reader::is_name(std::string(Reader::kNameMax, 'a')));
  EXPECT_FALSE(Reader::is_name(std::string(Reader::kNameMax + 1, 'a')));
  for (const char* name : {"", "A", "a b", "a/b", "\xc3\xa4"})
    EXPECT_FALSE(Reader::is_name(name)) << name;
}

}  // namespace
}  // namespace coffer::events
