#include "net/connection_limit.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <deque>

namespace coffer::net {
namespace {

using Admission = ConnectionLimit::Admission;

AddressKey v4(const char* text) {
  sockaddr_storage address{};
  auto& v4 = reinterpret_cast<sockaddr_in&>(address);
  v4.sin_family = AF_INET;
  ::inet_pton(AF_INET, text, &v4.sin_addr);
  return address_key(address);
}

// As many of `address` as it may have, at most `max`.
std::size_t fill(ConnectionLimit& limit, std::deque<ConnectionLimit::Slot>& slots,
                 const AddressKey& address, std::size_t max) {
  std::size_t count = 0;
  for (; count < max && limit.check(address) == Admission::kFits; ++count) {
    slots.emplace_back(limit, address);
  }
  return count;
}

TEST(ConnectionLimit, OneAddressLeavesAsManyAsItTakes) {
  ConnectionLimit limit(100);
  std::deque<ConnectionLimit::Slot> slots;
  EXPECT_EQ(fill(limit, slots, v4("10.0.0.1"), 1000), 50U);
  EXPECT_EQ(limit.check(v4("10.0.0.1")), Admission::kUnfair);
  EXPECT_EQ(limit.check(v4("10.0.0.2")), Admission::kFits);
}

TEST(ConnectionLimit, ManyAddressesLeaveSomeForTheNext) {
  ConnectionLimit limit(1000);
  std::deque<ConnectionLimit::Slot> slots;
  for (int i = 0; i < 6; ++i) {
    fill(limit, slots, v4(("10.0.1." + std::to_string(i)).c_str()), 1000);
  }
  EXPECT_LT(limit.count(), 1000U);
  EXPECT_EQ(limit.check(v4("10.0.0.2")), Admission::kFits);
}

TEST(ConnectionLimit, CrowdsOfSingleClientsFillIt) {
  ConnectionLimit limit(100);
  std::deque<ConnectionLimit::Slot> slots;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(fill(limit, slots, v4(("10.0.1." + std::to_string(i)).c_str()), 1), 1U);
  }
  EXPECT_EQ(limit.check(v4("10.0.0.2")), Admission::kFull);
}

TEST(ConnectionLimit, WhatEndedCountsNoMore) {
  ConnectionLimit limit(4);
  std::deque<ConnectionLimit::Slot> slots;
  EXPECT_EQ(fill(limit, slots, v4("10.0.0.1"), 1000), 4U);  // fewer than a share goes by
  EXPECT_NE(limit.check(v4("10.0.0.1")), Admission::kFits);
  slots.clear();
  EXPECT_EQ(limit.count(), 0U);
  EXPECT_EQ(limit.check(v4("10.0.0.1")), Admission::kFits);
}

}  // namespace
}  // namespace coffer::net
