#include "apis/mediavault/errors.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <utility>

#include "apis/kit/json.h"

namespace coffer::apis::mediavault {
namespace {

std::string_view code_of(ProblemKind kind) {
  switch (kind) {
    case ProblemKind::kInvalid:
    case ProblemKind::kBadStream:
    case ProblemKind::kTooManyParts:
    case ProblemKind::kMalformedMessage: return "validation_error";
    case ProblemKind::kNoCredentials:
    case ProblemKind::kMalformedCredentials:
    case ProblemKind::kNoSuchAccount:
    case ProblemKind::kWrongPassword:
    case ProblemKind::kAccountDisabled:
    case ProblemKind::kTokenInvalid:
    case ProblemKind::kTokenExpired:
    case ProblemKind::kSessionGone: return "unauthorized";
    case ProblemKind::kForbidden:
    case ProblemKind::kHttpsRequired: return "forbidden";
    case ProblemKind::kNotFound: return "not_found";
    case ProblemKind::kNotReady: return "thumbnail_not_ready";
    case ProblemKind::kMethodNotAllowed: return "method_not_allowed";
    case ProblemKind::kRangeNotSatisfiable: return "range_not_satisfiable";
    case ProblemKind::kTimeout: return "request_timeout";
    case ProblemKind::kConflict: return "conflict";
    case ProblemKind::kPreconditionFailed: return "precondition_failed";
    case ProblemKind::kChecksumMismatch: return "checksum_mismatch";
    case ProblemKind::kIdempotencyMismatch: return "idempotency_mismatch";
    case ProblemKind::kRequestInProgress: return "idempotency_in_progress";
    case ProblemKind::kReplyLost: return "idempotency_reply_lost";
    case ProblemKind::kQuotaExceeded: return "quota_exceeded";
    case ProblemKind::kPayloadTooLarge: return "payload_too_large";
    case ProblemKind::kUnsupportedMediaType:
    case ProblemKind::kUnsupportedContentCoding: return "unsupported_media_type";
    case ProblemKind::kTargetTooLong: return "uri_too_long";
    case ProblemKind::kRateLimited: return "rate_limited";
    case ProblemKind::kHeadTooLarge: return "headers_too_large";
    case ProblemKind::kBusy: return "busy";
    case ProblemKind::kUnsupportedCoding: return "not_implemented";
    case ProblemKind::kUnsupportedVersion: return "version_not_supported";
    case ProblemKind::kOutOfStorage: return "insufficient_storage";
    case ProblemKind::kInternal: break;
  }
  return "internal_error";
}

// Who has an account is nobody's business: both log-in failures read the same.
std::string_view message_of(const Problem& problem) {
  if (problem.kind == ProblemKind::kNoSuchAccount || problem.kind == ProblemKind::kWrongPassword) {
    return "Wrong username or password";
  }
  if (problem.kind == ProblemKind::kInvalid && !problem.fields.empty()) return "Invalid input data";
  return problem.message;
}

http::Response failure_response(unsigned status, boost::json::object error,
                                const http::Request& request, const Clock& clock) {
  return json_response(
      status, {{"success", false},
               {"error", std::move(error)},
               {"meta", {{"timestamp", to_iso8601(clock.now())}, {"request_id", request.id}}}});
}

}  // namespace

http::Response render_problem(const Problem& problem, const http::Request& request,
                              const Clock& clock) {
  boost::json::array details;
  for (const auto& fault : problem.fields) {
    details.push_back({{"field", fault.field}, {"message", fault.message}});
  }
  return failure_response(status_of(problem.kind),
                          {{"code", code_of(problem.kind)},
                           {"message", message_of(problem)},
                           {"details", std::move(details)}},
                          request, clock);
}

http::Response render_upgrade_required(std::string_view message, const http::Request& request,
                                       const Clock& clock) {
  constexpr unsigned kUpgradeRequired = 426;
  return failure_response(
      kUpgradeRequired,
      {{"code", "upgrade_required"}, {"message", message}, {"details", boost::json::array()}},
      request, clock);
}

std::vector<vault::FieldFault> about_media(std::vector<vault::FieldFault> faults) {
  for (vault::FieldFault& fault : faults) {
    if (fault.field == "name") fault.field = "filename";
  }
  return faults;
}

Problem about_media(const vault::Failure& failure) {
  Problem problem(failure);
  problem.fields = about_media(std::move(problem.fields));
  return problem;
}

}  // namespace coffer::apis::mediavault
