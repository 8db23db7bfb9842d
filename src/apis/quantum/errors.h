// The document's error codes, and what gives which.
#pragma once

#include "apis/gateway/dialect.h"

namespace coffer::apis::quantum {

enum class Code {
  // The document's table.
  kUnauthorized,       // 401
  kMasterKeyRequired,  // 403
  kInsufficientSpace,
  kBucketExists,
  kBucketDne,
  kNotAFile,
  kFileAlreadyExists,
  kFileDne,
  kTokenDne,
  kInvalidPath,
  kInvalidDir,
  kInvalidToken,
  kInvalidBucket,
  // Not in the table: the form is none, or lacks what it needs.
  kInvalidForm,
};

// `{"status": "error", "message": <code>}` with the code's status.
http::Response error_response(Code code);

// What keeps files from their places.
Reply refuse_files(const vault::Failure& failure);

// `missing` where the vault has no such thing, and what else kept it from an answer as it is.
Reply refuse(const vault::Failure& failure, Code missing);

// The gateway's problems in the same shape; docs/api/quantum.md lists the codes beyond the table.
http::Response render_problem(const Problem& problem, const http::Request& request);

}  // namespace coffer::apis::quantum
