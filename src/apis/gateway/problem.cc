#include "apis/gateway/problem.h"

#include <chrono>
#include <new>
#include <string>
#include <utility>

#include "base/exhausted.h"
#include "base/unavailable.h"

namespace coffer::apis {
namespace {

// Seconds.
constexpr std::string_view kBusyRetry = "1";
constexpr std::string_view kStorageRetry = "60";
constexpr std::string_view kStoreRetry = "10";

ProblemKind kind_of(const vault::Failure& failure) {
  using vault::FailureCode;
  switch (failure.code) {
    case FailureCode::kInvalid: return ProblemKind::kInvalid;
    case FailureCode::kNotFound: return ProblemKind::kNotFound;
    case FailureCode::kNotReady: return ProblemKind::kNotReady;
    case FailureCode::kForbidden: return ProblemKind::kForbidden;
    case FailureCode::kConflict: return ProblemKind::kConflict;
    case FailureCode::kQuotaExceeded: return ProblemKind::kQuotaExceeded;
    case FailureCode::kBusy: return ProblemKind::kBusy;
    case FailureCode::kPreconditionFailed: return ProblemKind::kPreconditionFailed;
    case FailureCode::kChecksumMismatch: return ProblemKind::kChecksumMismatch;
    case FailureCode::kRequestInProgress: return ProblemKind::kRequestInProgress;
    case FailureCode::kRateLimited: return ProblemKind::kRateLimited;
    case FailureCode::kNoSuchAccount: return ProblemKind::kNoSuchAccount;
    case FailureCode::kWrongPassword: return ProblemKind::kWrongPassword;
    case FailureCode::kAccountDisabled: return ProblemKind::kAccountDisabled;
    case FailureCode::kTokenInvalid: return ProblemKind::kTokenInvalid;
    case FailureCode::kTokenExpired: return ProblemKind::kTokenExpired;
    case FailureCode::kSessionGone: return ProblemKind::kSessionGone;
    case FailureCode::kBadStream: break;
  }
  if (failure.stream == StreamFault::kTooLarge) return ProblemKind::kPayloadTooLarge;
  if (failure.stream == StreamFault::kTooSlow) return ProblemKind::kTimeout;
  if (failure.stream == StreamFault::kCorrupt) return ProblemKind::kChecksumMismatch;
  return ProblemKind::kBadStream;
}

void describe(const vault::RateLimit& limit, http::Headers& headers) {
  const auto reset = std::chrono::ceil<std::chrono::seconds>(limit.reset).time_since_epoch();
  headers.set("Retry-After", std::to_string(limit.retry_after.count()));
  headers.set("X-RateLimit-Limit", std::to_string(limit.per_minute));
  headers.set("X-RateLimit-Remaining", "0");
  headers.set("X-RateLimit-Reset", std::to_string(reset.count()));
}

}  // namespace

Problem::Problem(ProblemKind problem_kind, std::string text)
    : kind(problem_kind), message(std::move(text)) {
  const bool is_soon = kind == ProblemKind::kBusy || kind == ProblemKind::kRequestInProgress;
  if (is_soon) headers.add("Retry-After", kBusyRetry);
}

Problem::Problem(const vault::Failure& failure) : Problem(kind_of(failure), failure.message) {
  fields = failure.fields;
  if (failure.limit) describe(*failure.limit, headers);
  if (failure.retry_after) {
    headers.set("Retry-After", std::to_string(failure.retry_after->count()));
  }
}

Problem Problem::field(std::string name, std::string text) {
  Problem problem(ProblemKind::kInvalid, "Invalid input data");
  problem.fields.push_back({std::move(name), std::move(text)});
  return problem;
}

Problem Problem::of(http::BadMessage why) {
  switch (why) {
    case http::BadMessage::kHeadTooLarge:
      return {ProblemKind::kHeadTooLarge, "The request's line and headers are too long"};
    case http::BadMessage::kTargetTooLong:
      return {ProblemKind::kTargetTooLong, "The request's address is too long"};
    case http::BadMessage::kPlainOnTls:
      return {ProblemKind::kMalformedMessage,
              "This port speaks HTTPS: let the address begin with https://"};
    case http::BadMessage::kHeadTimeout:
      return {ProblemKind::kTimeout, "The request came too slowly"};
    case http::BadMessage::kUnsupportedVersion:
      return {ProblemKind::kUnsupportedVersion, "HTTP/1.1 and HTTP/1.0 are spoken here"};
    case http::BadMessage::kUnsupportedCoding:
      return {ProblemKind::kUnsupportedCoding, "A body may be chunked, but not coded otherwise"};
    case http::BadMessage::kNoMemory:
      return {ProblemKind::kBusy, "Too many requests are under way; try again in a moment"};
    case http::BadMessage::kBadHost:
      return {ProblemKind::kMalformedMessage,
              "The request needs one Host header, with the name of this server"};
    case http::BadMessage::kBadFraming:
      return {ProblemKind::kMalformedMessage,
              "Where the body ends is not clear: send Content-Length as a number, or"
              " Transfer-Encoding: chunked in HTTP/1.1, and not both"};
    case http::BadMessage::kBareLineFeed:
      return {ProblemKind::kMalformedMessage, "The request's lines have to end with CR LF"};
    case http::BadMessage::kMalformed: break;
  }
  return {ProblemKind::kMalformedMessage, "The request is not well-formed HTTP"};
}

Problem Problem::of(StreamFault fault) { return vault::bad_stream(fault).error(); }

Problem Problem::of(const std::exception& error) {
  const auto* exhausted = dynamic_cast<const Exhausted*>(&error);
  if (exhausted && exhausted->resource() == ExhaustedResource::kStorage) {
    Problem problem(ProblemKind::kOutOfStorage,
                    "The disk of this server is full; delete something, or tell its operator");
    problem.headers.add("Retry-After", kStorageRetry);
    return problem;
  }
  if (dynamic_cast<const Unavailable*>(&error)) {
    Problem problem(ProblemKind::kBusy,
                    "The service that keeps the files does not answer; try again in a moment");
    problem.headers.set("Retry-After", kStoreRetry);
    return problem;
  }
  if (exhausted || dynamic_cast<const std::bad_alloc*>(&error)) {
    return {ProblemKind::kBusy, "The server is busy; try again in a moment"};
  }
  return {ProblemKind::kInternal, "Something went wrong here; the request id helps to find it"};
}

unsigned status_of(ProblemKind kind) noexcept {
  switch (kind) {
    case ProblemKind::kInvalid:
    case ProblemKind::kBadStream:
    case ProblemKind::kTooManyParts:
    case ProblemKind::kMalformedMessage: return 400;
    case ProblemKind::kNoCredentials:
    case ProblemKind::kMalformedCredentials:
    case ProblemKind::kNoSuchAccount:
    case ProblemKind::kWrongPassword:
    case ProblemKind::kAccountDisabled:
    case ProblemKind::kTokenInvalid:
    case ProblemKind::kTokenExpired:
    case ProblemKind::kSessionGone: return 401;
    case ProblemKind::kForbidden:
    case ProblemKind::kHttpsRequired: return 403;
    case ProblemKind::kNotFound:
    case ProblemKind::kNotReady: return 404;
    case ProblemKind::kMethodNotAllowed: return 405;
    case ProblemKind::kTimeout: return 408;
    case ProblemKind::kRequestInProgress:
    case ProblemKind::kReplyLost:
    case ProblemKind::kConflict: return 409;
    case ProblemKind::kPreconditionFailed: return 412;
    case ProblemKind::kQuotaExceeded:
    case ProblemKind::kPayloadTooLarge: return 413;
    case ProblemKind::kTargetTooLong: return 414;
    case ProblemKind::kUnsupportedMediaType:
    case ProblemKind::kUnsupportedContentCoding: return 415;
    case ProblemKind::kRangeNotSatisfiable: return 416;
    case ProblemKind::kIdempotencyMismatch:
    case ProblemKind::kChecksumMismatch: return 422;
    case ProblemKind::kRateLimited: return 429;
    case ProblemKind::kHeadTooLarge: return 431;
    case ProblemKind::kBusy: return 503;
    case ProblemKind::kUnsupportedCoding: return 501;
    case ProblemKind::kUnsupportedVersion: return 505;
    case ProblemKind::kOutOfStorage: return 507;
    case ProblemKind::kInternal: break;
  }
  return 500;
}

}  // namespace coffer::apis
