#include "apis/quantum/wire.h"

#include <utility>

#include "apis/kit/json.h"

namespace coffer::apis::quantum {

http::Response success(std::string_view message) {
  return json_response(200, {{"status", "success"}, {"message", message}});
}

http::Response success(std::string_view message, boost::json::object data) {
  return json_response(200,
                       {{"status", "success"}, {"message", message}, {"data", std::move(data)}});
}

}  // namespace coffer::apis::quantum
