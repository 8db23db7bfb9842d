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

// What http::content_response() refuses has no body; its validators and its size are told with the
// reason. What it says for the bytes that it does not send is left out: the failure has its own.
Problem refused_content(const http::Response& response) {
  Problem problem =
      response.status == 416
          ? Problem(ProblemKind::kRangeNotSatisfiable, "Range asks for nothing that is there")
          : Problem(ProblemKind::kPreconditionFailed,
                    "It is not what If-Match or If-Unmodified-Since names");
  for (const auto& field : response.headers) {
    const bool is_for_bytes = equal_ignoring_case(field.name, "Content-Security-Policy");
    if (!is_for_bytes) problem.headers.add(field.name, field.value);
  }
  return problem;
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
  if (!reads || !reply) return reply;
  const bool is_refused = reply->status == 412 || reply->status == 416;
  if (is_refused && reply->body.empty()) return std::unexpected(refused_content(*reply));
  if (reply->status != 200) return reply;
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
