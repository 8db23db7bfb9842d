#include "apis/gateway/problem.h"

#include <gtest/gtest.h>

#include <new>
#include <stdexcept>
#include <string>

#include "blobs/blob_store.h"

namespace coffer::apis {
namespace {

TEST(Problem, EveryKindHasAStatusOfAnError) {
  for (int i = 0; i <= static_cast<int>(ProblemKind::kInternal); ++i) {
    const auto kind = static_cast<ProblemKind>(i);
    const unsigned status = status_of(kind);
    EXPECT_GE(status, 400u) << i;
    EXPECT_EQ(status == 500, kind == ProblemKind::kInternal) << i;
  }
}

TEST(Problem, OfAMessageThatIsNone) {
  using http::BadMessage;
  EXPECT_EQ(status_of(Problem::of(BadMessage::kMalformed).kind), 400u);
  EXPECT_EQ(status_of(Problem::of(BadMessage::kBadHost).kind), 400u);
  EXPECT_EQ(status_of(Problem::of(BadMessage::kBadFraming).kind), 400u);
  EXPECT_EQ(status_of(Problem::of(BadMessage::kBareLineFeed).kind), 400u);
  EXPECT_EQ(status_of(Problem::of(BadMessage::kPlainOnTls).kind), 400u);
  EXPECT_EQ(status_of(Problem::of(BadMessage::kHeadTimeout).kind), 408u);
  EXPECT_EQ(status_of(Problem::of(BadMessage::kTargetTooLong).kind), 414u);
  EXPECT_EQ(status_of(Problem::of(BadMessage::kHeadTooLarge).kind), 431u);
  EXPECT_EQ(status_of(Problem::of(BadMessage::kUnsupportedCoding).kind), 501u);
  EXPECT_EQ(status_of(Problem::of(BadMessage::kNoMemory).kind), 503u);
  EXPECT_EQ(status_of(Problem::of(BadMessage::kUnsupportedVersion).kind), 505u);
  EXPECT_EQ(Problem::of(BadMessage::kNoMemory).headers.get("Retry-After"), "1");
}

TEST(Problem, OfAStreamThatBroke) {
  EXPECT_EQ(status_of(Problem::of(StreamFault::kTruncated).kind), 400u);
  EXPECT_EQ(status_of(Problem::of(StreamFault::kMalformed).kind), 400u);
  EXPECT_EQ(status_of(Problem::of(StreamFault::kTooSlow).kind), 408u);
  EXPECT_EQ(status_of(Problem::of(StreamFault::kTooLarge).kind), 413u);
}

// What the machine lacks for a while is to be tried again, and is no fault of the server.
TEST(Problem, OfAnExceptionSaysWhetherToTryAgain) {
  const Problem full = Problem::of(blobs::NoSpaceError("secret detail"));
  EXPECT_EQ(status_of(full.kind), 507u);
  EXPECT_EQ(full.headers.get("Retry-After"), "60");
  const Problem descriptors = Problem::of(blobs::NoDescriptorsError("secret detail"));
  EXPECT_EQ(status_of(descriptors.kind), 503u);
  EXPECT_EQ(descriptors.headers.get("Retry-After"), "1");
  EXPECT_EQ(status_of(Problem::of(std::bad_alloc()).kind), 503u);
  const Problem fault = Problem::of(std::runtime_error("secret detail"));
  EXPECT_EQ(status_of(fault.kind), 500u);
  EXPECT_FALSE(fault.headers.get("Retry-After"));
  for (const Problem& problem : {full, descriptors, fault}) {
    EXPECT_EQ(problem.message.find("secret"), std::string::npos) << "details are for the log";
  }
}

TEST(Problem, OfAFailureKeepsItsFields) {
  vault::Failure failure{.code = vault::FailureCode::kConflict, .message = "Taken"};
  failure.fields = {{"username", "Is taken"}};
  const Problem problem(failure);
  EXPECT_EQ(problem.kind, ProblemKind::kConflict);
  EXPECT_EQ(problem.message, "Taken");
  ASSERT_EQ(problem.fields.size(), 1u);
  EXPECT_EQ(problem.fields[0].field, "username");
}

}  // namespace
}  // namespace coffer::apis
