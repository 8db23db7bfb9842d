#include "base/memory_budget.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>

namespace coffer {
namespace {

using Lease = MemoryBudget::Lease;

TEST(MemoryBudget, OneClientLeavesAsMuchAsItTakes) {
  MemoryBudget budget(1000);
  Lease first(budget, "10.0.0.1");
  EXPECT_TRUE(first.grow(500));
  EXPECT_FALSE(first.grow(1));
  Lease more(budget, "10.0.0.1");
  EXPECT_FALSE(more.grow(1));
  Lease other(budget, "10.0.0.2");
  EXPECT_TRUE(other.grow(250));
  EXPECT_EQ(budget.used(), 750U);
  EXPECT_EQ(budget.refusals(), 2U);
}

TEST(MemoryBudget, CountsTheAddressOfManyAccounts) {
  MemoryBudget budget(1000);
  std::deque<Lease> leases;
  std::size_t got = 0;
  for (int i = 0; i < 100; ++i) {
    leases.emplace_back(budget, "10.0.0.1", "account " + std::to_string(i));
    if (leases.back().grow(10)) got += 10;
  }
  EXPECT_EQ(got, 750U);
  Lease nobody(budget, "10.0.0.1");
  EXPECT_FALSE(nobody.grow(1));
  Lease other(budget, "10.0.0.2");
  EXPECT_TRUE(other.grow(125));
}

TEST(MemoryBudget, AnAccountLeavesRoomToOthersAtItsAddress) {
  MemoryBudget budget(1000);
  Lease greedy(budget, "10.0.0.1", "account 1");
  EXPECT_TRUE(greedy.grow(500));
  EXPECT_FALSE(greedy.grow(1));
  Lease modest(budget, "10.0.0.1", "account 2");
  EXPECT_TRUE(modest.grow(250));
  EXPECT_FALSE(modest.grow(1));
}

TEST(MemoryBudget, AnAccountLeavesRoomToThoseAtItsAddressWithoutOne) {
  MemoryBudget budget(1000);
  Lease greedy(budget, "10.0.0.1", "account 1");
  EXPECT_TRUE(greedy.grow(500));
  Lease nobody(budget, "10.0.0.1");
  EXPECT_TRUE(nobody.grow(250));
  EXPECT_FALSE(nobody.grow(1));
  Lease other(budget, "10.0.0.2");
  EXPECT_TRUE(other.grow(125));
}

TEST(MemoryBudget, CountsTheAccountAtManyAddresses) {
  MemoryBudget budget(1000);
  std::deque<Lease> leases;
  std::size_t got = 0;
  for (int i = 0; i < 100; ++i) {
    leases.emplace_back(budget, "10.0.0." + std::to_string(i), "account 1");
    if (leases.back().grow(10)) got += 10;
  }
  EXPECT_EQ(got, 500U);
}

TEST(MemoryBudget, GetsAllOfItBack) {
  MemoryBudget budget(1000);
  {
    Lease lease(budget, "10.0.0.1", "account 1");
    EXPECT_TRUE(lease.grow(300));
    lease.shrink(100);
    EXPECT_EQ(lease.bytes(), 200U);
    EXPECT_EQ(budget.used(), 200U);
    const Lease moved = std::move(lease);
    EXPECT_EQ(budget.used(), 200U);
  }
  EXPECT_EQ(budget.used(), 0U);
  Lease again(budget, "10.0.0.1", "account 1");
  EXPECT_TRUE(again.grow(500));
  again = Lease();
  EXPECT_EQ(budget.used(), 0U);
}

TEST(MemoryBudget, ALeaseOfNoneHoldsNothing) {
  Lease lease;
  EXPECT_TRUE(lease.grow(0));
  EXPECT_FALSE(lease.grow(1));
}

}  // namespace
}  // namespace coffer
