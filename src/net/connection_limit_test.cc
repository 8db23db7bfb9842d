#include "net/connection_limit.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <deque>

namespace coffer::net {
namespace {

using Admission = ConnectionLimit::Admission;

Peer v4(const char* text) {
  sockaddr_storage address{};
  auto& v4 = reinterpret_cast<sockaddr_in&>(address);
  v4.sin_family = AF_INET;
  ::inet_pton(AF_INET, text, &v4.sin_addr);
  return {.address = address_key(address)};
}

// As many of `peer` as it may have, at most `max`.
std::size_t fill(ConnectionLimit& limit, std::deque<ConnectionLimit::Slot>& slots, const Peer& peer,
                 std::size_t max) {
  std::size_t count = 0;
  for (; count < max && limit.check(peer) == Admission::kFits; ++count) {
    slots.emplace_back(limit, peer);
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

TEST(ConnectionLimit, AProxyHasNoShare) {
  ConnectionLimit limit(100);
  std::deque<ConnectionLimit::Slot> slots;
  Peer proxy = v4("10.0.0.1");
  proxy.is_proxy = true;
  EXPECT_EQ(fill(limit, slots, proxy, 90), 90U);
  // Another address still may have what is left, but no more than that.
  EXPECT_EQ(fill(limit, slots, v4("10.0.0.2"), 1000), 8U);
  EXPECT_EQ(limit.check(v4("10.0.0.2")), Admission::kUnfair);
  EXPECT_EQ(fill(limit, slots, proxy, 1000), 2U);
  EXPECT_EQ(limit.check(proxy), Admission::kFull);
  slots.clear();
  EXPECT_EQ(limit.count(), 0U);
  EXPECT_EQ(fill(limit, slots, v4("10.0.0.1"), 1000), 50U) << "the proxy's were not counted for it";
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
