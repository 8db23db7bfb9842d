#include "apis/mediavault/errors.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <set>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace coffer::apis::mediavault {
namespace {

using boost::json::value;

struct Row {
  ProblemKind kind;
  unsigned status;
  std::string_view code;
};

// Every kind, once.
constexpr Row kRows[] = {
    {ProblemKind::kInvalid, 400, "validation_error"},
    {ProblemKind::kNotFound, 404, "not_found"},
    {ProblemKind::kNotReady, 404, "thumbnail_not_ready"},
    {ProblemKind::kForbidden, 403, "forbidden"},
    {ProblemKind::kConflict, 409, "conflict"},
    {ProblemKind::kQuotaExceeded, 413, "quota_exceeded"},
    {ProblemKind::kBadStream, 400, "validation_error"},
    {ProblemKind::kBusy, 503, "busy"},
    {ProblemKind::kPreconditionFailed, 412, "precondition_failed"},
    {ProblemKind::kChecksumMismatch, 422, "checksum_mismatch"},
    {ProblemKind::kRequestInProgress, 409, "idempotency_in_progress"},
    {ProblemKind::kIdempotencyMismatch, 422, "idempotency_mismatch"},
    {ProblemKind::kReplyLost, 409, "idempotency_reply_lost"},
    {ProblemKind::kNoSuchAccount, 401, "unauthorized"},
    {ProblemKind::kWrongPassword, 401, "unauthorized"},
    {ProblemKind::kAccountDisabled, 401, "unauthorized"},
    {ProblemKind::kTokenInvalid, 401, "unauthorized"},
    {ProblemKind::kTokenExpired, 401, "unauthorized"},
    {ProblemKind::kSessionGone, 401, "unauthorized"},
    {ProblemKind::kNoCredentials, 401, "unauthorized"},
    {ProblemKind::kMalformedCredentials, 401, "unauthorized"},
    {ProblemKind::kMethodNotAllowed, 405, "method_not_allowed"},
    {ProblemKind::kRangeNotSatisfiable, 416, "range_not_satisfiable"},
    {ProblemKind::kRateLimited, 429, "rate_limited"},
    {ProblemKind::kUnsupportedMediaType, 415, "unsupported_media_type"},
    {ProblemKind::kUnsupportedContentCoding, 415, "unsupported_media_type"},
    {ProblemKind::kTooManyParts, 400, "validation_error"},
    {ProblemKind::kPayloadTooLarge, 413, "payload_too_large"},
    {ProblemKind::kHttpsRequired, 403, "forbidden"},
    {ProblemKind::kMalformedMessage, 400, "validation_error"},
    {ProblemKind::kHeadTooLarge, 431, "headers_too_large"},
    {ProblemKind::kTargetTooLong, 414, "uri_too_long"},
    {ProblemKind::kTimeout, 408, "request_timeout"},
    {ProblemKind::kUnsupportedVersion, 505, "version_not_supported"},
    {ProblemKind::kUnsupportedCoding, 501, "not_implemented"},
    {ProblemKind::kOutOfStorage, 507, "insufficient_storage"},
    {ProblemKind::kInternal, 500, "internal_error"},
};

value rendered(const Problem& problem, unsigned status) {
  const ManualClock clock(from_micros(1'700'000'000'000'000));
  http::Request request;
  request.id = "req_1";
  const http::Response response = render_problem(problem, request, clock);
  EXPECT_EQ(response.status, status);
  EXPECT_EQ(response.headers.get("Content-Type"), "application/json");
  return boost::json::parse(std::get<std::string>(response.body.at(0)));
}

TEST(MediaVaultErrors, EveryKindHasItsStatusAndCode) {
  std::set<ProblemKind> seen;
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.code);
    EXPECT_TRUE(seen.insert(row.kind).second);
    const value body = rendered(Problem(row.kind, "Why"), row.status);
    EXPECT_EQ(body.at("error").at("code"), value(row.code));
  }
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(ProblemKind::kInternal) + 1);
}

TEST(MediaVaultErrors, HaveTheDocumentedShape) {
  Problem problem = Problem::field("email", "Must be an address");
  EXPECT_EQ(rendered(problem, 400),
            (value{{"success", false},
                   {"error",
                    {{"code", "validation_error"},
                     {"message", "Invalid input data"},
                     {"details", {{{"field", "email"}, {"message", "Must be an address"}}}}}},
                   {"meta", {{"timestamp", "2023-11-14T22:13:20Z"}, {"request_id", "req_1"}}}}));
}

TEST(MediaVaultErrors, LogInFailuresDoNotTellWhoHasAnAccount) {
  const value unknown = rendered({ProblemKind::kNoSuchAccount, "No such account"}, 401);
  const value wrong = rendered({ProblemKind::kWrongPassword, "Wrong password"}, 401);
  EXPECT_EQ(unknown, wrong);
}

TEST(MediaVaultErrors, ANameIsAFilename) {
  vault::Failure failure{.code = vault::FailureCode::kInvalid, .message = "Invalid"};
  failure.fields = {{"name", "Too long"}, {"tags", "Too many"}};
  const Problem problem = about_media(failure);
  EXPECT_EQ(problem.fields.at(0).field, "filename");
  EXPECT_EQ(problem.fields.at(1).field, "tags");
}

}  // namespace
}  // namespace coffer::apis::mediavault
