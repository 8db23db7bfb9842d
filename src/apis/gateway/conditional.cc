#include "apis/gateway/conditional.h"

#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "http/content.h"

namespace coffer::apis {
namespace {

constexpr std::string_view kEtag = "ETag";
constexpr std::string_view kCacheControl = "Cache-Control";

bool is_about_content(std::string_view name) {
  return equal_ignoring_case(name, "Content-Type") ||
         equal_ignoring_case(name, "Content-Encoding") ||
         equal_ignoring_case(name, "Content-Length");
}

}  // namespace

std::optional<Problem> refuse_if_match(const Route& route, const http::Request& request) {
  if (route.if_match != IfMatch::kRefused) return std::nullopt;
  const auto tags = request.headers.joined("If-Match");
  if (!tags || trim(*tags) == "*") return std::nullopt;
  return Problem(ProblemKind::kPreconditionFailed,
                 "What this changes has no ETag that If-Match could be compared with; nothing was "
                 "changed. Send the request without If-Match");
}

Reply conditional(const http::Request& request, Reply reply) {
  const bool reads = request.method == http::Method::kGet || request.method == http::Method::kHead;
  if (!reads || !reply || reply->status != 200) return reply;
  const auto etag = reply->headers.get(kEtag);
  if (!etag) return reply;
  if (!reply->headers.get(kCacheControl)) reply->headers.set(kCacheControl, "private, no-cache");
  const auto status = http::failed_precondition(request, *etag);
  if (!status) return reply;
  if (*status == 412) {
    return std::unexpected(
        Problem(ProblemKind::kPreconditionFailed, "It is not what If-Match names"));
  }
  http::Response unchanged;
  unchanged.status = *status;
  for (const auto& field : reply->headers) {
    if (!is_about_content(field.name)) unchanged.headers.add(field.name, field.value);
  }
  return unchanged;
}

}  // namespace coffer::apis
