// The body of a request as one text, for what is small by its route's limit.
#pragma once

#include <expected>
#include <string>

#include "apis/common/problem.h"
#include "base/task.h"
#include "http/message.h"

namespace coffer::apis {

// To its end, up to the route's limit. kBadStream, kTimeout, kPayloadTooLarge as the stream ends.
Task<std::expected<std::string, Problem>> read_whole_body(http::Request& request);

}  // namespace coffer::apis
