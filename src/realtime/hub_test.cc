#include "realtime/hub.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <utility>

namespace coffer::realtime {
namespace {

class HubPlaces : public ::testing::Test {
 protected:
  // As many as the address is given; without an account: they stay unauthenticated.
  std::size_t fill(const std::string& address, std::optional<vault::AccountId> account) {
    std::size_t count = 0;
    while (auto place = hub_.take_place(address)) {
      if (account) {
        EXPECT_TRUE(place->join(*account));
      }
      places_.push_back(std::move(*place));
      ++count;
    }
    return count;
  }

  Hub hub_{Hub::Limits{.connections = 100, .connections_of_account = 100}};
  std::list<Hub::Place> places_;
};

TEST_F(HubPlaces, AnAddressLeavesAsManyAsItTakes) {
  EXPECT_EQ(fill("192.0.2.1", vault::AccountId{1}), 50U);
  EXPECT_EQ(fill("192.0.2.2", vault::AccountId{2}), 25U);
  // Whatever the account.
  EXPECT_EQ(fill("192.0.2.1", vault::AccountId{3}), 0U);
  EXPECT_EQ(fill("192.0.2.3", vault::AccountId{1}), 13U);
  EXPECT_EQ(fill("192.0.2.4", vault::AccountId{1}), 8U);
  places_.clear();
  EXPECT_EQ(hub_.stats().connections, 0U);
  EXPECT_EQ(fill("192.0.2.4", vault::AccountId{1}), 50U);
}

TEST_F(HubPlaces, UnauthenticatedOnesHaveAQuarterAndShareThat) {
  EXPECT_EQ(fill("192.0.2.1", {}), 13U);
  EXPECT_EQ(fill("192.0.2.2", {}), 8U);
  EXPECT_EQ(fill("192.0.2.3", {}), 4U);
  EXPECT_FALSE(hub_.take_place("192.0.2.4"));
  // Who has an account counts there no longer.
  EXPECT_TRUE(places_.front().join(vault::AccountId{1}));
  EXPECT_TRUE(hub_.take_place("192.0.2.4"));
  EXPECT_EQ(hub_.stats().connections, 25U);
  places_.clear();
  EXPECT_EQ(hub_.stats().connections, 0U);
  EXPECT_EQ(fill("192.0.2.4", {}), 13U);
}

}  // namespace
}  // namespace coffer::realtime
