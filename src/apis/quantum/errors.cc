#include "apis/quantum/errors.h"

#include <boost/json/object.hpp>

#include "apis/kit/json.h"
#include "http/uri.h"

namespace coffer::apis::quantum {
namespace {

struct Told {
  unsigned status;
  std::string_view code;
};

Told told(Code code) {
  switch (code) {
    case Code::kUnauthorized: return {401, "UNAUTHORIZED"};
    case Code::kMasterKeyRequired: return {403, "UNAUTHORIZED"};
    case Code::kInsufficientSpace: return {400, "INSUFFICIENT_SPACE"};
    case Code::kBucketExists: return {400, "BUCKET_EXISTS"};
    case Code::kBucketDne: return {404, "BUCKET_DNE"};
    case Code::kNotAFile: return {404, "NOT_A_FILE"};
    case Code::kFileAlreadyExists: return {400, "FILE_ALREADY_EXISTS"};
    case Code::kFileDne: return {404, "FILE_DNE"};
    case Code::kTokenDne: return {404, "TOKEN_DNE"};
    case Code::kInvalidPath: return {400, "INVALID_PATH"};
    case Code::kInvalidDir: return {400, "INVALID_DIR"};
    case Code::kInvalidToken: return {400, "INVALID_TOKEN"};
    case Code::kInvalidBucket: return {400, "INVALID_BUCKET"};
    case Code::kInvalidForm: break;
  }
  return {400, "INVALID_FORM"};
}

http::Response error(unsigned status, std::string_view code) {
  http::Response response = json_response(status, {{"status", "error"}, {"message", code}});
  if (status == 401) response.headers.set("WWW-Authenticate", "API-Key");
  return response;
}

std::string_view code_of(const Problem& problem, const http::Request& request) {
  switch (problem.kind) {
    case ProblemKind::kInvalid:
    case ProblemKind::kConflict:
    case ProblemKind::kChecksumMismatch:
    case ProblemKind::kBadStream: return "INVALID_FORM";
    case ProblemKind::kNoCredentials:
    case ProblemKind::kMalformedCredentials:
    case ProblemKind::kNoSuchAccount:
    case ProblemKind::kWrongPassword:
    case ProblemKind::kAccountDisabled:
    case ProblemKind::kTokenInvalid:
    case ProblemKind::kTokenExpired:
    case ProblemKind::kSessionGone:
    case ProblemKind::kForbidden: return "UNAUTHORIZED";
    case ProblemKind::kHttpsRequired: return "HTTPS_REQUIRED";
    case ProblemKind::kNotFound:
    case ProblemKind::kNotReady: return "NOT_FOUND";
    case ProblemKind::kMethodNotAllowed: return "REQ_METHOD_INVALID";
    case ProblemKind::kTimeout: return "REQ_TIMEOUT";
    case ProblemKind::kQuotaExceeded: return "INSUFFICIENT_SPACE";
    case ProblemKind::kPayloadTooLarge: return "FILE_TOO_LARGE";
    case ProblemKind::kUnsupportedMediaType: return "INVALID_FORM";
    case ProblemKind::kTooManyParts: return "TOO_MANY_PARTS";
    case ProblemKind::kRateLimited: return "TOO_MANY_REQUESTS";
    case ProblemKind::kMalformedMessage:
      // A target that is none is a path that was meant to break something.
      return http::parse_target(request.target) ? "REQ_INVALID" : "INVALID_PATH";
    case ProblemKind::kTargetTooLong:
    case ProblemKind::kHeadTooLarge: return "REQ_TOO_LARGE";
    case ProblemKind::kUnsupportedCoding:
    case ProblemKind::kUnsupportedContentCoding:
    case ProblemKind::kUnsupportedVersion: return "REQ_NOT_SUPPORTED";
    case ProblemKind::kPreconditionFailed:
    case ProblemKind::kRangeNotSatisfiable:
    case ProblemKind::kIdempotencyMismatch:
    case ProblemKind::kRequestInProgress:
    case ProblemKind::kReplyLost: return "REQ_INVALID";
    case ProblemKind::kBusy: return "BUSY";
    case ProblemKind::kOutOfStorage: return "OUT_OF_STORAGE";
    case ProblemKind::kInternal: break;
  }
  return "INTERNAL_ERROR";
}

unsigned status_here(ProblemKind kind) {
  // The document has 400 for these.
  const bool is_bad_request = kind == ProblemKind::kQuotaExceeded ||
                              kind == ProblemKind::kConflict ||
                              kind == ProblemKind::kUnsupportedMediaType;
  return is_bad_request ? 400 : status_of(kind);
}

bool blames(const vault::Failure& failure, std::string_view field) {
  for (const vault::FieldFault& fault : failure.fields) {
    if (fault.field == field) return true;
  }
  return false;
}

}  // namespace

http::Response error_response(Code code) {
  const Told answer = told(code);
  return error(answer.status, answer.code);
}

Reply refuse_files(const vault::Failure& failure) {
  using vault::FailureCode;
  switch (failure.code) {
    case FailureCode::kInvalid: return error_response(Code::kInvalidPath);
    case FailureCode::kNotFound: return error_response(Code::kBucketDne);
    case FailureCode::kQuotaExceeded: return error_response(Code::kInsufficientSpace);
    case FailureCode::kConflict:
      if (blames(failure, "folder")) return error_response(Code::kNotAFile);
      if (blames(failure, "path")) return error_response(Code::kInvalidDir);
      return error_response(Code::kFileAlreadyExists);
    default: return std::unexpected(Problem(failure));
  }
}

Reply refuse(const vault::Failure& failure, Code missing) {
  if (failure.code == vault::FailureCode::kNotFound) return error_response(missing);
  return std::unexpected(Problem(failure));
}

http::Response render_problem(const Problem& problem, const http::Request& request) {
  return error(status_here(problem.kind), code_of(problem, request));
}

}  // namespace coffer::apis::quantum
