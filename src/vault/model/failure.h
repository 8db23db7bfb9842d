// What a user can cause to go wrong, told by what the caller should do about it. Each dialect
// turns these into its own shape, in one file. What the machine causes is an exception.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/stream.h"

namespace coffer::vault {

enum class FailureCode {
  kInvalid,             // correct the input; `fields` says where
  kNotFound,            // it is not there, or not the caller's to see
  kNotReady,            // it is not there yet: ask again after `retry_after`
  kForbidden,           // seen, but not allowed
  kConflict,            // the name is taken; `fields` says which
  kQuotaExceeded,       // delete something, or ask for more
  kBadStream,           // the body did not come as announced; `stream` says how
  kBusy,                // try again in a moment
  kPreconditionFailed,  // it is not what the caller believes it to be: read it again
  kChecksumMismatch,    // the bytes are not those of the checksum: send them again
  kRequestInProgress,   // another request with the same idempotency key: try again in a moment
  kRateLimited,         // wait as `limit` says
  kNoSuchAccount,       // log-in: nobody of that name
  kWrongPassword,       // log-in: not the password
  kAccountDisabled,     // the account is locked by the admin
  kTokenInvalid,        // not a token of ours, or of another kind
  kTokenExpired,        // log in again, or refresh
  kSessionGone,         // logged out or revoked
};

struct FieldFault {
  std::string field;    // as the core calls it: `username`, `email`, `password` …
  std::string message;  // a sentence for people: `must be 8 to 1024 bytes long`
};

// How often something may be done, and when it may be done again.
struct RateLimit {
  std::uint32_t per_minute = 0;
  Time reset;
  std::chrono::seconds retry_after{1};  // until then, at least 1
};

struct Failure {
  FailureCode code;
  std::string message;  // a sentence for people
  std::vector<FieldFault> fields = {};
  std::optional<StreamFault> stream = {};
  std::optional<RateLimit> limit = {};  // of kRateLimited
  // Of kNotReady, and of kBusy where it is known; at least 1.
  std::optional<std::chrono::seconds> retry_after = {};
  std::vector<std::uint32_t> missing = {};  // the parts without which an upload is not complete
};

template <class T>
using Result = std::expected<T, Failure>;

// `co_return fail(FailureCode::kNotFound, "no such file")`.
std::unexpected<Failure> fail(FailureCode code, std::string message);
std::unexpected<Failure> invalid(std::string field, std::string message);
std::unexpected<Failure> taken(std::string field, std::string message);
std::unexpected<Failure> bad_stream(StreamFault fault);
// StreamFault::kTooLarge of a file that is longer than that.
std::unexpected<Failure> file_too_large(std::uint64_t max_bytes);

}  // namespace coffer::vault
