#include "blobs/upload_budget.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "blobs/test_support.h"

namespace coffer::blobs::test {
namespace {

constexpr std::size_t kBytes = 1'000;  // of a request; the largest charge takes four
constexpr auto kMaxWait = std::chrono::milliseconds(700);

// A client whose patience, and whose presence, the test ends.
class Client final : public InputStream {
 public:
  Task<std::expected<std::size_t, StreamFault>> read(ByteSpan) override { co_return 0; }
  Task<bool> wait(OneShotEvent& event, std::chrono::milliseconds max_wait) override {
    EXPECT_EQ(max_wait, kMaxWait);
    event_ = event.shared_from_this();
    co_await event.wait();
    co_return is_there_;
  }
  void time_is_up() { event_->set(); }
  void hang_up() {
    is_there_ = false;
    event_->set();
  }

 private:
  std::shared_ptr<OneShotEvent> event_;
  bool is_there_ = true;
};

using Charge = UploadBudget::Charge;

// One upload that asks once, and what it came to.
struct Upload {
  Upload(UploadBudget& all, const std::string& owner) : budget(all), share(all.open(owner)) {
    task.emplace(ask());
  }
  Held ask() {
    auto taken = co_await budget.take(*share, kBytes, client);
    if (taken) charge = std::move(*taken);
    if (!taken) refusal = taken.error();
    executor = Executor::current_or_null();
  }
  bool has_memory() const { return charge.bytes() > 0; }

  UploadBudget& budget;
  Client client;
  std::optional<UploadBudget::Share> share;
  Charge charge;
  std::optional<Refusal> refusal;
  Executor* executor = nullptr;
  std::optional<Held> task;
};

class Budget : public testing::Test {
 protected:
  std::unique_ptr<Upload> upload(const std::string& owner) {
    auto made = std::make_unique<Upload>(budget_, owner);
    settle();
    return made;
  }
  // Lets what was posted run.
  void settle() {
    executor_.run(yield());
    executor_.run(yield());
  }
  // Two other owners hold all but `left` bytes.
  std::vector<Charge> spend_all_but(std::size_t left) {
    std::vector<Charge> charges;
    const auto one = budget_.open("one").value();
    const auto other = budget_.open("other").value();
    for (std::size_t held = 0; held + left < 10 * kBytes; held += kBytes) {
      charges.push_back(budget_.try_take(held < 5 * kBytes ? one : other, kBytes));
      EXPECT_EQ(charges.back().bytes(), kBytes);
    }
    return charges;
  }

  InlineExecutor executor_;
  Executor::Scope scope_{executor_};
  UploadBudget budget_{
      {.bytes = 10 * kBytes, .max_request = 4 * kBytes, .max_wait = kMaxWait, .max_uploads = 8}};
};

TEST_F(Budget, OneOwnerHoldsAtMostHalf) {
  std::vector<std::unique_ptr<Upload>> greedy;
  for (int i = 0; i < 7; ++i) greedy.push_back(upload("a"));
  EXPECT_TRUE(greedy[4]->has_memory());
  EXPECT_FALSE(greedy[5]->has_memory());
  EXPECT_EQ(budget_.load().bytes, 5 * kBytes);
  EXPECT_EQ(budget_.load().waiting, 2u);
  const auto other = upload("b");
  EXPECT_TRUE(other->has_memory()) << "the line is of those who have their share";
  greedy[0]->charge.release();
  settle();
  EXPECT_TRUE(greedy[5]->has_memory());
  EXPECT_FALSE(greedy[6]->has_memory());
}

TEST_F(Budget, OwnersTakeTurnsAndOfOneTheFirstGoesFirst) {
  auto charges = spend_all_but(0);
  std::vector<std::unique_ptr<Upload>> uploads;
  for (const char* owner : {"a", "a", "a", "b", "c", "b"}) uploads.push_back(upload(owner));
  std::vector<std::size_t> order;
  for (std::size_t turn = 0; turn < uploads.size(); ++turn) {
    charges.pop_back();
    settle();
    for (std::size_t i = 0; i < uploads.size(); ++i) {
      const bool is_new = std::ranges::find(order, i) == order.end();
      if (uploads[i]->has_memory() && is_new) order.push_back(i);
    }
  }
  EXPECT_EQ(order, (std::vector<std::size_t>{0, 3, 4, 1, 5, 2}));
  EXPECT_EQ(uploads.front()->executor, &executor_);
}

TEST_F(Budget, WhatIsFreeIsNotTakenFromThoseWhoWait) {
  auto charges = spend_all_but(0);
  const auto waits = upload("a");
  charges.pop_back();
  const auto share = budget_.open("b").value();
  EXPECT_EQ(budget_.try_take(share, kBytes).bytes(), 0u);
  settle();
  EXPECT_TRUE(waits->has_memory());
}

TEST_F(Budget, ChargeGrowsWhileThereIsEnough) {
  auto charges = spend_all_but(4 * kBytes);
  const auto share = budget_.open("a").value();
  Charge charge = budget_.try_take(share, kBytes);
  EXPECT_TRUE(charge.grow(4 * kBytes));
  EXPECT_EQ(charge.bytes(), 4 * kBytes);
  EXPECT_EQ(budget_.load().bytes, 10 * kBytes);
  charge.release();
  Charge small = budget_.try_take(share, kBytes);
  const Charge another = budget_.try_take(share, kBytes);
  EXPECT_FALSE(small.grow(4 * kBytes));
  EXPECT_EQ(small.bytes(), kBytes);
}

TEST_F(Budget, WhoWaitsTooLongIsRefused) {
  const auto charges = spend_all_but(0);
  const auto late = upload("a");
  late->client.time_is_up();
  settle();
  EXPECT_EQ(late->refusal, Refusal::kBusy);
  EXPECT_EQ(budget_.load().waiting, 0u);
  EXPECT_EQ(budget_.load().refused, 1u);
}

TEST_F(Budget, WhoHangsUpLeavesTheLine) {
  auto charges = spend_all_but(0);
  const auto gone = upload("a");
  const auto stays = upload("a");
  gone->client.hang_up();
  settle();
  EXPECT_EQ(gone->refusal, Refusal::kHungUp);
  EXPECT_EQ(budget_.load().waiting, 1u);
  EXPECT_EQ(budget_.load().refused, 0u);
  charges.pop_back();
  settle();
  EXPECT_TRUE(stays->has_memory());
}

// Granted as the time was up: what was granted counts.
TEST_F(Budget, GrantedInTheLastMoment) {
  auto charges = spend_all_but(0);
  const auto lucky = upload("a");
  lucky->client.time_is_up();
  charges.pop_back();
  settle();
  EXPECT_TRUE(lucky->has_memory());
}

TEST_F(Budget, WaiterThatIsDestroyedHoldsNobodyUp) {
  auto charges = spend_all_but(0);
  auto gone = upload("a");
  const auto stays = upload("a");
  gone.reset();
  charges.pop_back();
  settle();
  EXPECT_TRUE(stays->has_memory());
}

// Granted, but destroyed before it could go on: the next one gets it.
TEST_F(Budget, MemoryGrantedToAWaiterThatWasDestroyedIsPassedOn) {
  auto charges = spend_all_but(0);
  auto gone = upload("a");
  const auto stays = upload("b");
  charges.pop_back();
  gone.reset();
  settle();
  EXPECT_TRUE(stays->has_memory());
  charges.clear();
  stays->charge.release();
  EXPECT_EQ(budget_.load().bytes, 0u);
}

TEST_F(Budget, UploadsOfOneOwnerAreBounded) {
  std::vector<UploadBudget::Share> shares;
  for (int i = 0; i < 8; ++i) shares.push_back(budget_.open("a").value());
  EXPECT_FALSE(budget_.open("a"));
  EXPECT_TRUE(budget_.open("b"));
  EXPECT_EQ(budget_.load().refused, 1u);
  shares.pop_back();
  EXPECT_TRUE(budget_.open("a"));
}

TEST(UploadsOfAll, OneOwnerHasAsManyAsAreLeftForAllOthers) {
  UploadBudget budget({.bytes = kBytes, .max_request = kBytes, .max_all_uploads = 10});
  std::vector<UploadBudget::Share> shares;
  const auto open_all = [&](const std::string& owner) {
    std::size_t count = 0;
    while (auto share = budget.open(owner)) {
      shares.push_back(std::move(*share));
      ++count;
    }
    return count;
  };
  EXPECT_EQ(open_all("a"), 5u);
  EXPECT_EQ(open_all("b"), 3u);
  EXPECT_EQ(open_all("c"), 1u);
  EXPECT_EQ(open_all("d"), 1u);
  EXPECT_EQ(open_all("e"), 0u);
  EXPECT_EQ(budget.load().uploads, 10u);
  shares.clear();
  EXPECT_EQ(open_all("e"), 5u);
}

TEST_F(Budget, PatienceIsShortWhileMuchIsLent) {
  const auto long_patience = budget_.patience();
  auto charges = spend_all_but(7 * kBytes);
  EXPECT_LT(budget_.patience(), long_patience);
  charges.clear();
  EXPECT_EQ(budget_.patience(), long_patience);
}

TEST_F(Budget, GivenBackOnAnotherThread) {
  for (int round = 0; round < 200; ++round) {
    auto charges = spend_all_but(0);
    std::thread other([held = std::move(charges)]() mutable { held.clear(); });
    const auto task = [](UploadBudget& budget, Executor& home) -> Task<void> {
      NoClient client;
      auto share = budget.open("a").value();
      const auto charge = co_await budget.take(share, kBytes, client);
      EXPECT_TRUE(charge);
      EXPECT_EQ(Executor::current_or_null(), &home);
    };
    executor_.run(task(budget_, executor_));
    other.join();
  }
}

}  // namespace
}  // namespace coffer::blobs::test
