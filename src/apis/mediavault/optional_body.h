// Bodies that a call may come without.
#pragma once

#include <boost/json/object.hpp>
#include <expected>

#include "apis/gateway/problem.h"
#include "base/task.h"
#include "http/message.h"

namespace coffer::apis::mediavault {

// As read_json(). No body is an empty object, whatever the type, which the document wants of every
// request.
Task<std::expected<boost::json::object, Problem>> read_optional_json(http::Request& request);

}  // namespace coffer::apis::mediavault
