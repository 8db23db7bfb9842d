#include "apis/quantum/errors.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace coffer::apis::quantum {
namespace {

using boost::json::value;

struct Row {
  ProblemKind kind;
  unsigned status;
  std::string_view code;
};

// Every kind, once.
constexpr Row kRows[] = {
    {ProblemKind::kInvalid, 400, "INVALID_FORM"},
    {ProblemKind::kNotFound, 404, "NOT_FOUND"},
    {ProblemKind::kNotReady, 404, "NOT_FOUND"},
    {ProblemKind::kForbidden, 403, "UNAUTHORIZED"},
    {ProblemKind::kConflict, 400, "INVALID_FORM"},
    {ProblemKind::kQuotaExceeded, 400, "INSUFFICIENT_SPACE"},
    {ProblemKind::kBadStream, 400, "INVALID_FORM"},
    {ProblemKind::kBusy, 503, "BUSY"},
    {ProblemKind::kPreconditionFailed, 412, "REQ_INVALID"},
    {ProblemKind::kRangeNotSatisfiable, 416, "REQ_INVALID"},
    {ProblemKind::kChecksumMismatch, 422, "INVALID_FORM"},
    {ProblemKind::kRequestInProgress, 409, "REQ_INVALID"},
    {ProblemKind::kIdempotencyMismatch, 422, "REQ_INVALID"},
    {ProblemKind::kReplyLost, 409, "REQ_INVALID"},
    {ProblemKind::kNoSuchAccount, 401, "UNAUTHORIZED"},
    {ProblemKind::kWrongPassword, 401, "UNAUTHORIZED"},
    {ProblemKind::kAccountDisabled, 401, "UNAUTHORIZED"},
    {ProblemKind::kTokenInvalid, 401, "UNAUTHORIZED"},
    {ProblemKind::kTokenExpired, 401, "UNAUTHORIZED"},
    {ProblemKind::kSessionGone, 401, "UNAUTHORIZED"},
    {ProblemKind::kNoCredentials, 401, "UNAUTHORIZED"},
    {ProblemKind::kMalformedCredentials, 401, "UNAUTHORIZED"},
    {ProblemKind::kMethodNotAllowed, 405, "REQ_METHOD_INVALID"},
    {ProblemKind::kRateLimited, 429, "TOO_MANY_REQUESTS"},
    {ProblemKind::kUnsupportedMediaType, 400, "INVALID_FORM"},
    {ProblemKind::kUnsupportedContentCoding, 415, "REQ_NOT_SUPPORTED"},
    {ProblemKind::kTooManyParts, 400, "TOO_MANY_PARTS"},
    {ProblemKind::kPayloadTooLarge, 413, "FILE_TOO_LARGE"},
    {ProblemKind::kHttpsRequired, 403, "HTTPS_REQUIRED"},
    {ProblemKind::kMalformedMessage, 400, "REQ_INVALID"},
    {ProblemKind::kHeadTooLarge, 431, "REQ_TOO_LARGE"},
    {ProblemKind::kTargetTooLong, 414, "REQ_TOO_LARGE"},
    {ProblemKind::kTimeout, 408, "REQ_TIMEOUT"},
    {ProblemKind::kUnsupportedVersion, 505, "REQ_NOT_SUPPORTED"},
    {ProblemKind::kUnsupportedCoding, 501, "REQ_NOT_SUPPORTED"},
    {ProblemKind::kOutOfStorage, 507, "OUT_OF_STORAGE"},
    {ProblemKind::kInternal, 500, "INTERNAL_ERROR"},
};

void expect_error(const http::Response& response, unsigned status, std::string_view code) {
  SCOPED_TRACE(code);
  EXPECT_EQ(response.status, status);
  EXPECT_EQ(boost::json::parse(std::get<std::string>(response.body.at(0))),
            (value{{"status", "error"}, {"message", code}}));
  const auto challenge = response.headers.get("WWW-Authenticate");
  EXPECT_EQ(challenge, status == 401 ? std::optional<std::string_view>("API-Key") : std::nullopt);
}

TEST(QuantumErrors, EveryKindHasItsStatusAndCode) {
  http::Request request;
  request.target = "/file/quota";
  std::set<ProblemKind> seen;
  for (const Row& row : kRows) {
    EXPECT_TRUE(seen.insert(row.kind).second);
    expect_error(render_problem(Problem(row.kind, "Why"), request), row.status, row.code);
  }
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(ProblemKind::kInternal) + 1);
}

TEST(QuantumErrors, ATargetThatIsNoneIsAnInvalidPath) {
  http::Request request;
  request.target = "/file/get/%zz";
  expect_error(render_problem({ProblemKind::kMalformedMessage, "Why"}, request), 400,
               "INVALID_PATH");
}

TEST(QuantumErrors, TheDocumentsTable) {
  expect_error(error_response(Code::kUnauthorized), 401, "UNAUTHORIZED");
  expect_error(error_response(Code::kMasterKeyRequired), 403, "UNAUTHORIZED");
  expect_error(error_response(Code::kInsufficientSpace), 400, "INSUFFICIENT_SPACE");
  expect_error(error_response(Code::kBucketExists), 400, "BUCKET_EXISTS");
  expect_error(error_response(Code::kBucketDne), 404, "BUCKET_DNE");
  expect_error(error_response(Code::kNotAFile), 404, "NOT_A_FILE");
  expect_error(error_response(Code::kFileAlreadyExists), 400, "FILE_ALREADY_EXISTS");
  expect_error(error_response(Code::kFileDne), 404, "FILE_DNE");
  expect_error(error_response(Code::kTokenDne), 404, "TOKEN_DNE");
  expect_error(error_response(Code::kInvalidPath), 400, "INVALID_PATH");
  expect_error(error_response(Code::kInvalidDir), 400, "INVALID_DIR");
  expect_error(error_response(Code::kInvalidToken), 400, "INVALID_TOKEN");
  expect_error(error_response(Code::kInvalidBucket), 400, "INVALID_BUCKET");
  expect_error(error_response(Code::kInvalidForm), 400, "INVALID_FORM");
}

vault::Failure failed(vault::FailureCode code, const char* field = nullptr) {
  vault::Failure failure{.code = code, .message = "Why"};
  if (field) failure.fields.push_back({field, "Why"});
  return failure;
}

TEST(QuantumErrors, WhatKeepsFilesFromTheirPlaces) {
  using vault::FailureCode;
  const auto expect_refused = [](const vault::Failure& failure, unsigned status,
                                 std::string_view code) {
    const Reply reply = refuse_files(failure);
    ASSERT_TRUE(reply.has_value()) << code;
    expect_error(*reply, status, code);
  };
  expect_refused(failed(FailureCode::kInvalid), 400, "INVALID_PATH");
  expect_refused(failed(FailureCode::kNotFound), 404, "BUCKET_DNE");
  expect_refused(failed(FailureCode::kQuotaExceeded), 400, "INSUFFICIENT_SPACE");
  expect_refused(failed(FailureCode::kConflict), 400, "FILE_ALREADY_EXISTS");
  expect_refused(failed(FailureCode::kConflict, "folder"), 404, "NOT_A_FILE");
  expect_refused(failed(FailureCode::kConflict, "path"), 400, "INVALID_DIR");
  const Reply busy = refuse_files(failed(FailureCode::kBusy));
  ASSERT_FALSE(busy.has_value());
  EXPECT_EQ(busy.error().kind, ProblemKind::kBusy);
}

TEST(QuantumErrors, WhatIsMissingIsNamed) {
  const Reply missing = refuse(failed(vault::FailureCode::kNotFound), Code::kTokenDne);
  ASSERT_TRUE(missing.has_value());
  expect_error(*missing, 404, "TOKEN_DNE");
  const Reply other = refuse(failed(vault::FailureCode::kForbidden), Code::kTokenDne);
  ASSERT_FALSE(other.has_value());
  EXPECT_EQ(other.error().kind, ProblemKind::kForbidden);
}

}  // namespace
}  // namespace coffer::apis::quantum
