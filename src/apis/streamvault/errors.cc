#include "apis/streamvault/errors.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <utility>

#include "apis/kit/json.h"
#include "apis/kit/rest_framework.h"

namespace coffer::apis::streamvault {
namespace {

constexpr std::size_t kMissingTold = 20;  // in the sentence; the list has them all

std::string_view field_name(std::string_view field, const FieldNames& names) {
  if (field == "name") return names.name;
  if (field == "parent") return names.parent;
  if (field == "parts") return "total_chunks";
  if (field == "number") return "chunk_number";
  return field;
}

bool blames(const vault::Failure& failure, std::string_view field) {
  for (const vault::FieldFault& fault : failure.fields) {
    if (fault.field == field) return true;
  }
  return false;
}

// As the framework says it of an account that is to be.
std::string account_sentence(const vault::FieldFault& fault, bool taken) {
  if (taken && fault.field == "username") return "A user with that username already exists.";
  if (taken && fault.field == "email") return "A user with that email already exists.";
  if (fault.field == "email") return "Enter a valid email address.";
  return rest_sentence(fault.message);
}

}  // namespace

Problem not_found(Resource resource) {
  switch (resource) {
    case Resource::kFile: return {ProblemKind::kNotFound, "File not found"};
    case Resource::kFolder: return {ProblemKind::kNotFound, "Folder not found"};
    case Resource::kUpload: break;
  }
  return {ProblemKind::kNotFound, "Upload session not found"};
}

std::string no_file(bool is_text) {
  return is_text ? "The submitted data was not a file. Check the encoding type on the form."
                 : "No file was submitted.";
}

Problem translate(const vault::Failure& failure, Resource resource, FieldNames names) {
  if (failure.code == vault::FailureCode::kNotFound) {
    return not_found(blames(failure, "parent") ? Resource::kFolder : resource);
  }
  Problem problem(failure);
  if (problem.kind == ProblemKind::kConflict && resource == Resource::kUpload) {
    problem.message = "Upload session is already completed";
  }
  for (vault::FieldFault& fault : problem.fields) {
    fault.field = field_name(fault.field, names);
    fault.message = rest_sentence(fault.message);
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

std::optional<http::Response> missing_chunks_response(const vault::Failure& failure) {
  if (failure.missing.empty()) return std::nullopt;
  std::string message = "Missing chunks: ";
  boost::json::array numbers;
  for (const std::uint32_t number : failure.missing) {
    if (numbers.size() < kMissingTold) {
      if (!numbers.empty()) message += ", ";
      message += std::to_string(number);
    }
    numbers.emplace_back(number);
  }
  if (numbers.size() > kMissingTold) {
    message += " and " + std::to_string(numbers.size() - kMissingTold) + " more";
  }
  return json_response(400, {{"error", message}, {"missing_chunks", std::move(numbers)}});
}

}  // namespace coffer::apis::streamvault
