#include "apis/kit/conditional.h"

#include <utility>

#include "http/content.h"

namespace coffer::apis {

namespace {

// A field with a list of tags, none of which has more than `length` characters between its quotes.
std::string with_short_tags(std::string_view field, std::size_t length) {
  std::string text;
  bool is_quoted = false;
  std::size_t taken = 0;
  for (const char character : field) {
    if (character == '"') {
      is_quoted = !is_quoted;
      taken = 0;
    } else if (is_quoted && taken++ >= length) {
      continue;
    }
    text += character;
  }
  return text;
}

}  // namespace

std::string entity_tag(std::string_view tag) {
  std::string quoted = "\"";
  quoted += tag;
  return quoted += '"';
}

vault::Precondition if_match(const http::Request& request, std::size_t length) {
  const auto field = request.headers.joined("If-Match");
  if (!field) return {};
  return [field = with_short_tags(*field, length), length](std::string_view tag) {
    return http::if_match(field, entity_tag(tag.substr(0, length)));
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
