#include "apis/kit/json.h"

#include <algorithm>
#include <utility>

#include "apis/gateway/body.h"
#include "apis/kit/json_text.h"
#include "base/text.h"

namespace coffer::apis {
namespace {

bool is_json(std::string_view content_type) {
  const std::string type = to_lower_ascii(trim(content_type.substr(0, content_type.find(';'))));
  return type == "application/json" || type.ends_with("+json");
}

}  // namespace

Task<std::expected<JsonObject, Problem>> read_json_object(http::Request& request) {
  const auto text = co_await read_whole_body(request);
  if (!text) co_return std::unexpected(text.error());
  if (!hold_parsed(request, text->size())) co_return std::unexpected(no_memory());
  co_return parse_json_object(*text);
}

Task<std::expected<boost::json::object, Problem>> read_json(http::Request& request) {
  const auto type = request.header("Content-Type");
  if (type && !is_json(*type)) {
    co_return std::unexpected(Problem(ProblemKind::kUnsupportedMediaType,
                                      "Send JSON, with Content-Type: application/json"));
  }
  auto object = co_await read_json_object(request);
  if (!object) co_return std::unexpected(std::move(object.error()));
  if (*object) co_return std::move(**object);
  const JsonFault& fault = object->error();
  switch (fault.kind) {
    case JsonFault::Kind::kEmpty:
      if (!type) co_return boost::json::object();
      co_return std::unexpected(Problem(ProblemKind::kInvalid, "The body is empty; send JSON"));
    case JsonFault::Kind::kSyntax: break;
    case JsonFault::Kind::kDuplicateKey:
      co_return std::unexpected(Problem::field(fault.detail, "Is in one object more than once"));
    case JsonFault::Kind::kNotAnObject:
      co_return std::unexpected(Problem(ProblemKind::kInvalid, "The body must be a JSON object"));
  }
  co_return std::unexpected(
      Problem(ProblemKind::kInvalid, "The body is not valid JSON: " + fault.detail));
}

http::Response json_response(unsigned status, const boost::json::value& value) {
  return http::Response::text(status, "application/json", json_text(value));
}

http::Response secret_response(const boost::json::value& value) {
  http::Response response = json_response(200, value);
  response.headers.set("Cache-Control", "no-store");
  return response;
}

boost::json::value json_or_null(const std::optional<std::string>& text,
                                boost::json::storage_ptr memory) {
  if (!text) return boost::json::value(nullptr, std::move(memory));
  return boost::json::value(*text, std::move(memory));
}

boost::json::value json_or_null(const std::optional<Time>& time) {
  if (!time) return nullptr;
  return boost::json::value(to_iso8601(*time));
}

std::string Fields::text(std::string_view name) {
  if (!has(name)) {
    fault(name, "This field is required");
    return {};
  }
  return optional_text(name).value_or("");
}

std::optional<std::string> Fields::optional_text(std::string_view name) {
  const auto* value = object_.if_contains(name);
  if (!value) return std::nullopt;
  if (!value->is_string()) {
    fault(name, "Must be a string");
    return std::nullopt;
  }
  return std::string(value->get_string());
}

std::optional<std::optional<std::string>> Fields::nullable_text(std::string_view name) {
  const auto* value = object_.if_contains(name);
  if (!value) return std::nullopt;
  if (value->is_null()) return std::optional<std::string>();
  if (!value->is_string()) {
    fault(name, "Must be a string or null");
    return std::nullopt;
  }
  return std::optional(std::string(value->get_string()));
}

std::optional<std::optional<Time>> Fields::nullable_time(std::string_view name) {
  const auto* value = object_.if_contains(name);
  if (!value) return std::nullopt;
  if (value->is_null()) return std::optional<Time>();
  const auto time = value->is_string() ? from_iso8601(value->get_string()) : std::nullopt;
  if (!time) {
    fault(name, "Must be a time as in 2023-05-30T10:00:00Z, or null");
    return std::nullopt;
  }
  return time;
}

std::optional<bool> Fields::optional_boolean(std::string_view name) {
  const auto* value = object_.if_contains(name);
  if (!value) return std::nullopt;
  if (!value->is_bool()) {
    fault(name, "Must be true or false");
    return std::nullopt;
  }
  return value->get_bool();
}

std::optional<std::optional<std::uint64_t>> Fields::nullable_integer(std::string_view name,
                                                                     std::int64_t min,
                                                                     std::int64_t max) {
  const auto* value = object_.if_contains(name);
  if (!value) return std::nullopt;
  if (value->is_null()) return std::optional<std::uint64_t>();
  if (!value->is_int64() || value->get_int64() < min || value->get_int64() > max) {
    fault(name, "Must be a whole number from " + std::to_string(min) + " to " +
                    std::to_string(max) + ", or null");
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(value->get_int64());
}

std::optional<std::vector<std::string>> Fields::texts(std::string_view name) {
  const auto* value = object_.if_contains(name);
  if (!value) return std::nullopt;
  std::vector<std::string> out;
  bool ok = value->is_array();
  if (ok) {
    for (const auto& item : value->get_array()) {
      if (!item.is_string()) {
        ok = false;
        break;
      }
      out.emplace_back(item.get_string());
    }
  }
  if (!ok) {
    fault(name, "Must be a list of strings");
    return std::nullopt;
  }
  return out;
}

void Fields::fault(std::string_view name, std::string message) {
  faults_.push_back({std::string(name), std::move(message)});
}

void Fields::add(std::vector<vault::FieldFault> faults) {
  for (vault::FieldFault& fault : faults) {
    const auto is_same = [&](const vault::FieldFault& other) { return other.field == fault.field; };
    if (std::ranges::none_of(faults_, is_same)) faults_.push_back(std::move(fault));
  }
}

std::optional<Problem> Fields::problem() const {
  if (faults_.empty()) return std::nullopt;
  Problem problem(ProblemKind::kInvalid, "Invalid input data");
  problem.fields = faults_;
  return problem;
}

}  // namespace coffer::apis
