#include "apis/mediavault/optional_body.h"

#include "apis/kit/json.h"

namespace coffer::apis::mediavault {

Task<std::expected<boost::json::object, Problem>> read_optional_json(http::Request& request) {
  if (request.body->length() == 0) co_return boost::json::object();
  auto object = co_await read_json(request);
  co_return object;
}

}  // namespace coffer::apis::mediavault
