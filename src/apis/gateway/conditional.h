// What the gateway makes of If-Match and If-None-Match (RFC 9110 section 13), for every dialect.
#pragma once

#include <optional>

#include "apis/gateway/dialect.h"
#include "apis/gateway/problem.h"
#include "http/message.h"

namespace coffer::apis {

// Of a route that has no tag to compare an If-Match with: kPreconditionFailed, see
// IfMatch::kRefused.
std::optional<Problem> refuse_if_match(const Route& route, const http::Request& request);

// What a GET or HEAD gets whose handler gave `reply`: where that is 200 and has a strong ETag, 304
// for what the caller has already, and kPreconditionFailed for what it did not ask for. What
// http::content_response() has refused becomes kPreconditionFailed or kRangeNotSatisfiable, with
// its header fields, for the dialect to render. A reply with an ETag may be kept by its caller
// alone, and is asked about again before each use, unless it says otherwise.
Reply conditional(const http::Request& request, Reply reply);

}  // namespace coffer::apis
