// Everything that can keep a request from its answer, before a dialect gives it a shape.
#pragma once

#include <exception>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "http/message.h"
#include "http/server.h"
#include "vault/model/failure.h"

namespace coffer::apis {

enum class ProblemKind {
  // The core's (vault::FailureCode)
  kInvalid,
  kNotFound,
  kNotReady,
  kForbidden,
  kConflict,
  kQuotaExceeded,
  kBadStream,
  kBusy,
  kPreconditionFailed,
  kChecksumMismatch,
  kRequestInProgress,
  kNoSuchAccount,
  kWrongPassword,
  kAccountDisabled,
  kTokenInvalid,
  kTokenExpired,
  kSessionGone,
  // The request's
  kNoCredentials,
  kMalformedCredentials,
  kMethodNotAllowed,
  kRangeNotSatisfiable,
  kRateLimited,
  kUnsupportedMediaType,
  kUnsupportedContentCoding,
  kTooManyParts,  // of a form
  kPayloadTooLarge,
  kHttpsRequired,
  kIdempotencyMismatch,  // the key was used for another request
  kReplyLost,            // the request was carried out before, and its reply is not known
  kMalformedMessage,
  kHeadTooLarge,
  kTargetTooLong,
  kTimeout,
  kUnsupportedVersion,
  kUnsupportedCoding,
  // The machine's
  kOutOfStorage,
  kInternal,
};

struct Problem {
  ProblemKind kind;
  std::string message;  // a sentence for people
  std::vector<vault::FieldFault> fields = {};
  // Fields that the answer carries in every shape: Allow, Retry-After, X-RateLimit-*.
  http::Headers headers = {};

  Problem(ProblemKind problem_kind, std::string text);
  // A core failure as it is; a stream's fault as the kind that names it.
  Problem(const vault::Failure& failure);

  static Problem field(std::string name, std::string text);
  static Problem of(http::BadMessage why);
  static Problem of(StreamFault fault);
  // What a handler threw: kOutOfStorage or kBusy where the machine has run out of something (base/
  // exhausted.h, std::bad_alloc), else kInternal.
  static Problem of(const std::exception& error);
};

// What a handler gives: an answer, or what kept it from one.
using Reply = std::expected<http::Response, Problem>;

// The status that HTTP has for it (RFC 9110), for dialects whose document names none.
unsigned status_of(ProblemKind kind) noexcept;

}  // namespace coffer::apis
