#include "server/descriptors.h"

#include <gtest/gtest.h>

namespace coffer::server {
namespace {

TEST(Descriptors, ConnectionsLeaveSomeForFiles) {
  const DescriptorPlan plan = share_descriptors(256, 20'000, 2);
  EXPECT_TRUE(plan.is_short);
  EXPECT_GE(plan.max_connections, 100U);
  EXPECT_LE(plan.max_connections, 256U - 64U);
  EXPECT_LE(plan.max_open_blobs, 32U);
  EXPECT_GE(plan.max_uploads, 8U);
  EXPECT_LE(plan.max_open_blobs + plan.max_uploads, 64U - 8U);
}

TEST(Descriptors, ALimitAsHighAsTheConnectionsIsNotEnough) {
  const DescriptorPlan plan = share_descriptors(20'000, 20'000, 8);
  EXPECT_TRUE(plan.is_short);
  EXPECT_LT(plan.max_connections, 15'001U);
}

TEST(Descriptors, APlentifulLimitChangesNothing) {
  const DescriptorPlan plan = share_descriptors(1'048'576, 20'000, 8);
  EXPECT_FALSE(plan.is_short);
  EXPECT_EQ(plan.max_connections, 20'000U);
  EXPECT_EQ(plan.max_open_blobs, 768U);
  EXPECT_GE(plan.max_uploads, 20'000U);
}

TEST(Descriptors, TooFewToServeAreNoPlan) {
  EXPECT_EQ(share_descriptors(64, 20'000, 2).max_connections, 0U);
  EXPECT_EQ(share_descriptors(0, 20'000, 2).max_connections, 0U);
}

}  // namespace
}  // namespace coffer::server
