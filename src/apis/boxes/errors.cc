#include "apis/boxes/errors.h"

#include <boost/json/object.hpp>
#include <string>
#include <utility>

#include "apis/kit/json.h"
#include "apis/kit/rest_framework.h"
#include "base/text.h"

namespace coffer::apis::boxes {
namespace {

constexpr std::string_view kFile = "file";
constexpr std::string_view kFailedUpload = "Failed to upload file: ";

std::string_view field_name(std::string_view field) {
  if (field == "parent") return "parent_asset";
  if (field == "description") return "prompt_text";
  return field;
}

// As the framework says it of an account that is to be.
std::string account_sentence(const vault::FieldFault& fault, bool taken) {
  if (taken && fault.field == "username") return "A user with that username already exists.";
  if (taken && fault.field == "email") return "A user with that email already exists.";
  if (fault.field == "email") return "Enter a valid email address.";
  return rest_sentence(fault.message);
}

// Whether the request shows a key of the document's scheme rather than a bearer's token.
bool shows_token(const http::Request& request) {
  constexpr std::string_view kToken = "token";
  const std::string_view field = request.header("Authorization").value_or("");
  return equal_ignoring_case(field.substr(0, field.find(' ')), kToken);
}

http::Response unauthorized(std::string_view detail) {
  http::Response response = json_response(401, {{"detail", detail}});
  response.headers.set("WWW-Authenticate", "Token");
  return response;
}

}  // namespace

Problem not_found() { return {ProblemKind::kNotFound, "Not found."}; }

Problem translate(const vault::Failure& failure) {
  if (failure.code == vault::FailureCode::kNotFound) return not_found();
  Problem problem(failure);
  // A name that is taken is a fault of its field.
  const bool is_taken = problem.kind == ProblemKind::kConflict && !problem.fields.empty();
  if (is_taken) problem.kind = ProblemKind::kInvalid;
  for (vault::FieldFault& fault : problem.fields) {
    if (fault.field == kFile) continue;  // refuse_upload() says the sentence
    fault.field = field_name(fault.field);
    fault.message =
        is_taken ? "ai model with this name already exists." : rest_sentence(fault.message);
  }
  return problem;
}

Problem translate_account(const vault::Failure& failure) {
  Problem problem(failure);
  const bool taken = problem.kind == ProblemKind::kConflict;
  if (taken) problem.kind = ProblemKind::kInvalid;
  for (vault::FieldFault& fault : problem.fields) fault.message = account_sentence(fault, taken);
  return problem;
}

http::Response no_content() {
  http::Response response;
  response.status = 204;
  return response;
}

http::Response error_response(unsigned status, std::string_view message) {
  return json_response(status, {{"error", message}});
}

http::Response foreign_items() {
  return error_response(400, "Некоторые элементы не найдены или не принадлежат вам.");
}

Reply refuse_upload(Problem problem) {
  switch (problem.kind) {
    case ProblemKind::kOutOfStorage:
    case ProblemKind::kInternal: {
      std::string message(kFailedUpload);
      message +=
          problem.kind == ProblemKind::kOutOfStorage ? "the storage is full" : "the storage failed";
      http::Response response = error_response(500, message);
      for (const auto& field : problem.headers) response.headers.set(field.name, field.value);
      return response;
    }
    case ProblemKind::kInvalid:
      if (problem.fields.size() != 1) break;
      if (problem.fields.front().field == kFile) {
        return error_response(400, "File " + problem.fields.front().message);
      }
      if (problem.fields.front().field == "name") {
        return error_response(400, "File name: " + problem.fields.front().message);
      }
      break;
    case ProblemKind::kPayloadTooLarge:
    case ProblemKind::kQuotaExceeded: return error_response(413, rest_sentence(problem.message));
    default: break;
  }
  return std::unexpected(std::move(problem));
}

http::Response render_problem(const Problem& problem, const http::Request& request) {
  switch (problem.kind) {
    case ProblemKind::kNotFound:
    case ProblemKind::kNotReady: {
      // A page that is not there says so.
      std::string_view detail = "Not found.";
      if (!problem.fields.empty()) detail = problem.fields.front().message;
      return json_response(404, {{"detail", detail}});
    }
    case ProblemKind::kNoCredentials:
      return unauthorized("Authentication credentials were not provided.");
    case ProblemKind::kMalformedCredentials:
      if (shows_token(request)) return unauthorized("Invalid token header.");
      break;
    case ProblemKind::kTokenInvalid:
    case ProblemKind::kTokenExpired:
    case ProblemKind::kSessionGone:
      if (shows_token(request)) return unauthorized("Invalid token.");
      break;
    case ProblemKind::kAccountDisabled:
      if (shows_token(request)) return unauthorized("User inactive or deleted.");
      break;
    case ProblemKind::kQuotaExceeded:
      return json_response(413, {{"detail", rest_sentence(problem.message)},
                                 {"error", rest_sentence(problem.message)}});
    default: break;
  }
  return render_rest_problem(problem, request);
}

}  // namespace coffer::apis::boxes
