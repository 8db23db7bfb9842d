// The document's replies.
#pragma once

#include <boost/json/object.hpp>
#include <string_view>

#include "apis/gateway/dialect.h"

namespace coffer::apis::quantum {

// `{"status": "success", "message": <message>}`
http::Response success(std::string_view message);
// The same with `"data": <data>`.
http::Response success(std::string_view message, boost::json::object data);

}  // namespace coffer::apis::quantum
