#include "realtime/feed.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "vault/test/fixture.h"

namespace coffer::realtime {
namespace {

using namespace std::chrono_literals;
using vault::EventId;
using vault::test::run;

std::string text_of(const vault::Event& event) {
  if (event.type == vault::EventType::kEntryUpdated) return {};
  return std::to_string(event.id.value);
}

// What it is told, for the test's thread to wait for.
class Listener final : public Subscriber {
 public:
  void notify(const Notice& notice) override {
    const std::lock_guard lock(mutex_);
    told_.push_back(notice.event.id.value);
    texts_.push_back(notice.text);
    changed_.notify_all();
  }
  void lose() override {
    const std::lock_guard lock(mutex_);
    ++lost_;
    changed_.notify_all();
  }

  std::vector<std::int64_t> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, 60s, [&] { return told_.size() >= count; }));
    return told_;
  }
  int wait_for_loss() {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, 60s, [&] { return lost_ > 0; }));
    return lost_;
  }
  http::SharedText last_text() {
    const std::lock_guard lock(mutex_);
    return texts_.back();
  }
  std::size_t count() {
    const std::lock_guard lock(mutex_);
    return told_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::int64_t> told_;
  std::vector<http::SharedText> texts_;
  int lost_ = 0;
};

class FeedTest : public vault::test::VaultTest {
 protected:
  void start() {
    auto* commits = dynamic_cast<db::CommitNotifier*>(stores_.database.get());
    ASSERT_TRUE(commits);
    feed_ =
        std::make_unique<Feed>(*vault_, commits, hub_, Feed::Options{.poll_every = 10min}, text_of);
  }
  void TearDown() override {
    feed_.reset();
    VaultTest::TearDown();
  }

  // On an executor's thread, and waits for it.
  static void on(Executor& executor, const std::function<void()>& work) {
    std::promise<void> done;
    executor.post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }
  EventId last() { return run(vault_->owner_events().last()); }
  void add(Executor& executor, const vault::Account& account, Listener& listener) {
    const EventId from = last();
    on(executor, [&] { hub_.add(executor, account.id, listener, from); });
  }
  void remove(Executor& executor, const vault::Account& account, Listener& listener) {
    on(executor, [&] { hub_.remove(executor, account.id, listener); });
  }
  std::vector<std::int64_t> events_after(EventId from) {
    std::vector<std::int64_t> ids;
    for (const auto& event : run(vault_->events().read(from, 1000)).events) {
      ids.push_back(event.id.value);
    }
    return ids;
  }

  const vault::Account anna_ = make_account("anna");
  const vault::Account bob_ = make_account("bob");
  Hub hub_{Hub::Limits{.connections = 3, .connections_of_account = 2}};
  ThreadPool first_{"first", 1};
  ThreadPool second_{"second", 1};
  std::unique_ptr<Feed> feed_;
};

TEST_F(FeedTest, TellsEachAccountItsOwnInOrderAfterTheCommit) {
  start();
  Listener hers, hers_too, his;
  add(first_, anna_, hers);
  add(second_, anna_, hers_too);
  add(first_, bob_, his);
  const EventId from = last();
  for (int i = 0; i < 20; ++i) upload(anna_, std::to_string(i) + ".jpg", "a" + std::to_string(i));
  const auto expected = events_after(from);
  ASSERT_EQ(expected.size(), 20U);
  EXPECT_EQ(hers.wait_for(20), expected);
  EXPECT_EQ(hers_too.wait_for(20), expected);
  // One text for all of them.
  EXPECT_EQ(hers.last_text(), hers_too.last_text());
  EXPECT_EQ(*hers.last_text(), std::to_string(expected.back()));
  upload(bob_, "b.jpg", "b");
  EXPECT_EQ(his.wait_for(1), std::vector{last().value});
  remove(first_, anna_, hers);
  remove(second_, anna_, hers_too);
  remove(first_, bob_, his);
  // Both threads have counted what they delivered before they came to that.
  EXPECT_EQ(hub_.stats().notices, 21U);
  EXPECT_EQ(hub_.stats().deliveries, 41U);
  EXPECT_FALSE(hub_.has_subscribers());
}

TEST_F(FeedTest, NothingIsLostWhenTheLastOneLeavesAndAnotherComes) {
  start();
  for (int i = 0; i < 50; ++i) {
    Listener one;
    add(i % 2 == 0 ? first_ : second_, anna_, one);
    upload(anna_, std::to_string(i) + ".jpg", std::to_string(i));
    EXPECT_EQ(one.wait_for(1).back(), last().value);
    remove(i % 2 == 0 ? first_ : second_, anna_, one);
    // For nobody.
    upload(anna_, "x" + std::to_string(i) + ".jpg", "x" + std::to_string(i));
  }
}

TEST_F(FeedTest, WhatWasPrunedUnreadIsSaidToBeMissed) {
  Listener one;
  add(first_, anna_, one);
  upload(anna_, "a.jpg", "a");
  clock_.advance(24h);
  while (run(vault_->events().prune(clock_.now() - 1h, 100)) > 0) {
  }
  start();
  upload(anna_, "b.jpg", "b");
  EXPECT_EQ(one.wait_for(1), std::vector{last().value});
  EXPECT_EQ(one.wait_for_loss(), 1);
  upload(anna_, "c.jpg", "c");
  EXPECT_EQ(one.wait_for(2).back(), last().value);
  EXPECT_EQ(one.wait_for_loss(), 1);
  remove(first_, anna_, one);
}

TEST_F(FeedTest, PlacesAreBoundedInAllAndForEachAccount) {
  std::optional<Hub::Place> first = hub_.take_place("192.0.2.1");
  std::optional<Hub::Place> second = hub_.take_place("192.0.2.1");
  std::optional<Hub::Place> third = hub_.take_place("192.0.2.1");
  ASSERT_TRUE(first && second && third);
  EXPECT_FALSE(hub_.take_place("192.0.2.1"));
  EXPECT_TRUE(first->join(anna_.id));
  EXPECT_TRUE(second->join(anna_.id));
  EXPECT_FALSE(third->join(anna_.id));
  EXPECT_TRUE(third->join(bob_.id));
  EXPECT_EQ(hub_.stats().connections, 3U);
  EXPECT_EQ(hub_.stats().refused, 2U);
  second.reset();
  auto again = hub_.take_place("192.0.2.1");
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->join(anna_.id));
}

TEST_F(FeedTest, CommitsAreCountedForWhoeverHasToLookAgain) {
  start();
  const auto before = hub_.commits();
  upload(anna_, "a.jpg", "a");
  EXPECT_GT(hub_.commits(), before);
}

}  // namespace
}  // namespace coffer::realtime
