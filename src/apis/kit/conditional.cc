#include "apis/kit/conditional.h"

#include <utility>

#include "http/content.h"

namespace coffer::apis {

std::string entity_tag(std::string_view tag) {
  std::string quoted = "\"";
  quoted += tag;
  return quoted += '"';
}

vault::Precondition if_match(const http::Request& request) {
  auto field = request.headers.joined("If-Match");
  if (!field) return {};
  return [field = std::move(*field)](std::string_view tag) {
    return http::if_match(field, entity_tag(tag));
  };
}

Reply conditional_reply(const http::Request& request, std::string_view tag,
                        http::Response response) {
  const std::string etag = entity_tag(tag);
  const auto status = http::failed_precondition(request, etag);
  if (status == 412U) {
    return std::unexpected(
        Problem(ProblemKind::kPreconditionFailed, "It is not what If-Match names"));
  }
  if (status) {
    response = {};
    response.status = *status;
  }
  response.headers.set("ETag", etag);
  response.headers.set("Cache-Control", "private, no-cache");
  return response;
}

}  // namespace coffer::apis
