#include "apis/fileuploader/errors.h"

#include <string>
#include <utility>

#include "apis/gateway/accept.h"
#include "apis/kit/json.h"
#include "apis/kit/page.h"

namespace coffer::apis::fileuploader {
namespace {

Sorry words_of(const Problem& problem) noexcept {
  if (problem.kind != ProblemKind::kNotFound) return sorry_for(problem.kind);
  return {problem.message,
          "The link may have been withdrawn, or not copied whole. Ask whoever gave it to you."};
}

bool is_for_people(const http::Request& request) {
  if (request.uri.segments.empty()) return false;
  const std::string& first = request.uri.segments.front();
  return first == "file" || first == "f" || first == "invite";
}

}  // namespace

http::Response failed(unsigned status, std::string_view message, std::optional<int> id) {
  boost::json::object body{{"status", "error"}, {"message", message}};
  if (id) body["errorId"] = *id;
  return json_response(status, body);
}

boost::json::object auth_error(ProblemKind kind) {
  switch (kind) {
    case ProblemKind::kNoCredentials:
      return {{"message", "No Authorization header provided"}, {"errorId", -1}};
    case ProblemKind::kMalformedCredentials:
      return {{"message", "Authorization header must have Bearer <token> format"}, {"errorId", -2}};
    case ProblemKind::kTokenExpired: return {{"message", "Access token expired"}, {"errorId", -3}};
    case ProblemKind::kTokenInvalid: return {{"message", "Invalid access token"}, {"errorId", -4}};
    default: return {{"message", "Token not found"}, {"errorId", -5}};
  }
}

http::Response render_problem(const Problem& problem, const http::Request& request,
                              std::string_view base_path) {
  const unsigned status = status_of(problem.kind);
  if (status == 401) {
    return json_response(
        401,
        {{"status", "error"}, {"message", "Auth error"}, {"auth_error", auth_error(problem.kind)}});
  }
  if (is_for_people(request)) {
    http::Response response;
    if (prefers_page(request)) {
      const auto [title, advice] = words_of(problem);
      const std::string content = sorry_view(title, advice);
      response =
          page_response(status, {.base_path = base_path, .title = title, .content = content});
    } else {
      response = failed(status, problem.message);
    }
    response.headers.set("Vary", "Accept");
    return response;
  }
  std::string message = problem.message;
  if (!problem.fields.empty()) {
    message = problem.fields.front().field + ": " + problem.fields.front().message;
  }
  return failed(status, message);
}

http::Response no_such_group() { return failed(404, "Group not found"); }
http::Response not_in_group() { return failed(403, "You are not in the group"); }
http::Response invalid_group_id() { return failed(400, "Invalid group id"); }
http::Response no_such_invite() { return failed(404, "Invite link not found"); }
Problem no_such_file() { return {ProblemKind::kNotFound, "File not found"}; }

std::unexpected<Problem> refuse_head(std::string_view allowed) {
  Problem problem(ProblemKind::kMethodNotAllowed, "This path does not take HEAD");
  problem.headers.add("Allow", std::string(allowed));
  return std::unexpected(std::move(problem));
}

}  // namespace coffer::apis::fileuploader
