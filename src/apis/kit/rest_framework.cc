#include "apis/kit/rest_framework.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <charconv>
#include <cmath>
#include <utility>

#include "apis/kit/json.h"
#include "apis/kit/json_text.h"
#include "base/text.h"
#include "vault/model/ids.h"

namespace coffer::apis {
namespace {

constexpr char kRequired[] = "This field is required.";
constexpr char kNull[] = "This field may not be null.";
constexpr char kBlank[] = "This field may not be blank.";
constexpr char kNoText[] = "Not a valid string.";
constexpr char kNoInteger[] = "A valid integer is required.";
constexpr char kNoBoolean[] = "Must be a valid boolean.";
constexpr char kNoJson[] = "Value must be valid JSON.";
constexpr char kNoUuid[] = "Must be a valid UUID.";
constexpr char kNoReference[] = "Must be a valid id, UUID or token.";
constexpr char kNoTime[] =
    "Datetime has wrong format. Use one of these formats instead: "
    "YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].";

bool is_blank(std::string_view text) { return trim(text).empty(); }

// A whole number; of one that 64 bits do not hold, on which side of them it is, and the last one
// that they do.
struct Whole {
  enum class Size { kFits, kTooSmall, kTooLarge };
  std::int64_t value = 0;
  Size size = Size::kFits;

  bool is_below(std::int64_t min) const {
    return size == Size::kTooSmall || (size == Size::kFits && value < min);
  }
  bool is_above(std::int64_t max) const {
    return size == Size::kTooLarge || (size == Size::kFits && value > max);
  }
};

constexpr Whole kTooSmall{.value = INT64_MIN, .size = Whole::Size::kTooSmall};
constexpr Whole kTooLarge{.value = INT64_MAX, .size = Whole::Size::kTooLarge};

std::optional<Whole> whole_from(std::string_view text) {
  Whole number;
  const char* const text_end = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), text_end, number.value);
  if (error == std::errc::invalid_argument || end != text_end) return std::nullopt;
  if (error != std::errc::result_out_of_range) return number;
  return text.starts_with('-') ? kTooSmall : kTooLarge;
}

// The number that a value stands for; nothing when it is no whole one.
std::optional<Whole> whole_from(const boost::json::value& value) {
  if (value.is_int64()) return Whole{.value = value.get_int64()};
  if (value.is_uint64()) return kTooLarge;
  if (value.is_double()) {
    const double number = value.get_double();
    if (std::trunc(number) != number || std::abs(number) > 9e15) return std::nullopt;
    return Whole{.value = static_cast<std::int64_t>(number)};
  }
  if (!value.is_string()) return std::nullopt;
  return whole_from(trim(value.get_string()));
}

// What the framework calls the type of a value.
std::string_view python_type(const boost::json::value& value) {
  switch (value.kind()) {
    case boost::json::kind::null: return "NoneType";
    case boost::json::kind::bool_: return "bool";
    case boost::json::kind::int64:
    case boost::json::kind::uint64: return "int";
    case boost::json::kind::double_: return "float";
    case boost::json::kind::string: return "str";
    case boost::json::kind::array: return "list";
    case boost::json::kind::object: break;
  }
  return "dict";
}

// Whether JSON can say all of it: a number such as 1e400 is read as infinity, which it cannot.
bool is_finite(const boost::json::value& value) {
  if (value.is_double()) return std::isfinite(value.get_double());
  if (value.is_array()) return std::ranges::all_of(value.get_array(), is_finite);
  if (!value.is_object()) return true;
  return std::ranges::all_of(value.get_object(),
                             [](const auto& member) { return is_finite(member.value()); });
}

bool is_empty(const boost::json::value& value) {
  return value.is_null() || (value.is_string() && is_blank(value.get_string()));
}

// The number of a row; nothing for what is none, whatever it is.
std::optional<Whole> key_from(const boost::json::value& value) {
  if (value.is_double() || value.is_bool()) return std::nullopt;
  return whole_from(value);
}

// Of a key that no row can have, as it came.
std::string no_such_key(const boost::json::value& value) {
  return no_such_object(value.is_string() ? std::string(trim(value.get_string()))
                                          : json_text(value));
}

std::string wrong_key_type(const boost::json::value& value) {
  return fmt::format("Incorrect type. Expected pk value, received {}.", python_type(value));
}

std::optional<EntryRef> reference_from(const boost::json::value& value) {
  if (value.is_string()) return parse_entry_ref(trim(value.get_string()));
  const auto* number = value.if_int64();
  if (!number || *number <= 0 || *number > vault::kMaxId) return std::nullopt;
  return vault::EntryId{*number};
}

boost::json::object by_field(const std::vector<vault::FieldFault>& faults) {
  boost::json::object out;
  for (const vault::FieldFault& fault : faults) {
    boost::json::value& messages = out[fault.field];
    if (!messages.is_array()) messages.emplace_array();
    messages.get_array().emplace_back(fault.message);
  }
  return out;
}

// The framework's own sentence for it; else the problem's message.
std::string detail_of(const Problem& problem, const http::Request& request) {
  switch (problem.kind) {
    case ProblemKind::kNoCredentials: return "Authentication credentials were not provided.";
    case ProblemKind::kNoSuchAccount:
    case ProblemKind::kWrongPassword: return "No active account found with the given credentials";
    case ProblemKind::kAccountDisabled: return "User is inactive";
    case ProblemKind::kMalformedCredentials:
      return "Authorization header must have the form Bearer <token>.";
    case ProblemKind::kTokenInvalid:
    case ProblemKind::kTokenExpired:
    case ProblemKind::kSessionGone: return "Given token not valid for any token type";
    case ProblemKind::kMethodNotAllowed:
      return fmt::format("Method \"{}\" not allowed.", request.method_name);
    case ProblemKind::kRateLimited: {
      const auto seconds = problem.headers.get("Retry-After").value_or("1");
      return fmt::format("Request was throttled. Expected available in {} second{}.", seconds,
                         seconds == "1" ? "" : "s");
    }
    case ProblemKind::kOutOfStorage: return "The disk of this server is full.";
    case ProblemKind::kInternal: return "A server error occurred.";
    default: break;
  }
  return problem.kind == ProblemKind::kInvalid ? problem.message : rest_sentence(problem.message);
}

}  // namespace

std::optional<std::string> RestFields::checked(std::string_view name,
                                               const boost::json::value& value, std::size_t max,
                                               Blank blank) {
  if (value.is_null()) {
    fault(name, kNull);
  } else if (!value.is_string()) {
    fault(name, kNoText);
  } else if (blank == Blank::kRefused && is_blank(value.get_string())) {
    fault(name, kBlank);
  } else if (count_code_points(value.get_string()) > max) {
    fault(name, fmt::format("Ensure this field has no more than {} characters.", max));
  } else {
    return std::string(value.get_string());
  }
  return std::nullopt;
}

std::string RestFields::text(std::string_view name, std::size_t max, Blank blank) {
  require(name);
  return optional_text(name, max, blank).value_or("");
}

std::optional<std::string> RestFields::optional_text(std::string_view name, std::size_t max,
                                                     Blank blank) {
  const auto* value = fields_.if_contains(name);
  if (!value) return std::nullopt;
  return checked(name, *value, max, blank);
}

std::optional<std::optional<std::string>> RestFields::nullable_text(std::string_view name,
                                                                    std::size_t max) {
  const auto* value = fields_.if_contains(name);
  if (!value) return std::nullopt;
  if (value->is_null()) return std::optional<std::string>();
  auto text = checked(name, *value, max, Blank::kAllowed);
  if (text && is_blank(*text)) text.reset();
  return text;
}

std::optional<bool> RestFields::optional_boolean(std::string_view name) {
  const auto* value = fields_.if_contains(name);
  if (!value) return std::nullopt;
  if (value->is_bool()) return value->get_bool();
  if (value->is_null()) {
    fault(name, kNull);
    return std::nullopt;
  }
  if (value->is_string()) {
    const std::string_view text = trim(value->get_string());
    if (text.empty()) return std::nullopt;
    if (const auto truth = rest_boolean(text)) return truth;
  } else if (value->is_number()) {
    const double number = value->to_number<double>();
    if (number == 0 || number == 1) return number == 1;
  }
  fault(name, kNoBoolean);
  return std::nullopt;
}

std::optional<std::size_t> RestFields::optional_choice(std::string_view name,
                                                       std::span<const std::string_view> choices) {
  const auto* value = fields_.if_contains(name);
  if (!value) return std::nullopt;
  if (value->is_null()) {
    fault(name, kNull);
    return std::nullopt;
  }
  if (value->is_string()) {
    const std::string_view text = value->get_string();
    const auto found = std::ranges::find(choices, text);
    if (found != choices.end()) return static_cast<std::size_t>(found - choices.begin());
    fault(name, fmt::format("\"{}\" is not a valid choice.", text));
    return std::nullopt;
  }
  fault(name, fmt::format("\"{}\" is not a valid choice.", json_text(*value)));
  return std::nullopt;
}

std::optional<std::string> RestFields::optional_object(std::string_view name) {
  const auto* value = fields_.if_contains(name);
  if (!value || is_empty(*value)) return std::nullopt;
  std::string_view type = python_type(*value);
  boost::json::value parsed;
  if (value->is_string()) {
    auto object = parse_json_object(value->get_string());
    if (object) {
      parsed = std::move(*object);
      value = &parsed;
    } else if (object.error().kind == JsonFault::Kind::kNotAnObject) {
      type = python_name(object.error().detail);
    } else {
      fault(name, kNoJson);
      return std::nullopt;
    }
  }
  if (!value->is_object()) {
    fault(name, fmt::format("Expected a dictionary of items but got type \"{}\".", type));
  } else if (!is_finite(*value)) {
    fault(name, kNoJson);
  } else {
    return json_text(*value);
  }
  return std::nullopt;
}

std::optional<std::optional<std::int64_t>> RestFields::nullable_integer(std::string_view name,
                                                                        std::int64_t min,
                                                                        std::int64_t max) {
  const auto* value = fields_.if_contains(name);
  if (!value) return std::nullopt;
  if (is_empty(*value)) return std::optional<std::int64_t>();
  const auto number = value->is_bool() ? std::nullopt : whole_from(*value);
  if (!number) {
    fault(name, kNoInteger);
  } else if (number->is_below(min)) {
    fault(name, fmt::format("Ensure this value is greater than or equal to {}.", min));
  } else if (number->is_above(max)) {
    fault(name, fmt::format("Ensure this value is less than or equal to {}.", max));
  } else {
    return number->value;
  }
  return std::nullopt;
}

std::optional<std::optional<std::int64_t>> RestFields::nullable_key(std::string_view name) {
  const auto* value = fields_.if_contains(name);
  if (!value) return std::nullopt;
  if (is_empty(*value)) return std::optional<std::int64_t>();
  const auto number = key_from(*value);
  if (number && number->size == Whole::Size::kFits) return number->value;
  fault(name, number ? no_such_key(*value) : wrong_key_type(*value));
  return std::nullopt;
}

std::int64_t RestFields::key(std::string_view name) {
  require(name);
  const auto* value = fields_.if_contains(name);
  if (value && is_empty(*value)) {
    fault(name, kNull);
    return 0;
  }
  return nullable_key(name).value_or(std::nullopt).value_or(0);
}

std::vector<std::int64_t> RestFields::keys(std::string_view name, std::size_t max) {
  require(name);
  std::vector<std::int64_t> keys;
  const auto* value = fields_.if_contains(name);
  if (!value) return keys;
  if (value->is_null()) {
    fault(name, kNull);
  } else if (!value->is_array()) {
    fault(name, fmt::format("Expected a list of items but got type \"{}\".", python_type(*value)));
  } else if (value->get_array().empty()) {
    fault(name, "This list may not be empty.");
  } else if (value->get_array().size() > max) {
    fault(name, fmt::format("Ensure this field has no more than {} elements.", max));
  } else {
    for (const auto& item : value->get_array()) {
      const auto number = key_from(item);
      if (!number) {
        fault(name, item.is_null() ? std::string(kNull) : std::string(kNoInteger));
        return {};
      }
      keys.push_back(number->value);
    }
  }
  return keys;
}

std::int64_t RestFields::integer(std::string_view name, std::int64_t min, std::int64_t max) {
  require(name);
  const auto* value = fields_.if_contains(name);
  if (!value) return min;
  const auto number = whole_from(*value);
  if (value->is_null()) {
    fault(name, kNull);
  } else if (!number) {
    fault(name, kNoInteger);
  } else if (number->is_below(min)) {
    fault(name, fmt::format("Ensure this value is greater than or equal to {}.", min));
  } else if (number->is_above(max)) {
    fault(name, fmt::format("Ensure this value is less than or equal to {}.", max));
  } else {
    return number->value;
  }
  return min;
}

Uuid RestFields::uuid(std::string_view name) {
  require(name);
  const auto* value = fields_.if_contains(name);
  if (!value) return {};
  if (value->is_null()) {
    fault(name, kNull);
    return {};
  }
  const auto uuid = value->is_string() ? Uuid::parse(trim(value->get_string())) : std::nullopt;
  if (!uuid) fault(name, kNoUuid);
  return uuid.value_or(Uuid{});
}

EntryRef RestFields::reference(std::string_view name) {
  require(name);
  const auto* value = fields_.if_contains(name);
  if (!value) return {};
  const auto found = reference_from(*value);
  if (value->is_null()) {
    fault(name, kNull);
  } else if (!found) {
    fault(name, kNoReference);
  }
  return found.value_or(EntryRef{});
}

std::optional<std::optional<EntryRef>> RestFields::optional_reference(std::string_view name) {
  const auto* value = fields_.if_contains(name);
  if (!value) return std::nullopt;
  const bool none = value->is_null() || (value->is_string() && is_blank(value->get_string()));
  if (none) return std::optional<EntryRef>();
  const auto found = reference_from(*value);
  if (!found) fault(name, kNoReference);
  return found;
}

std::optional<Time> RestFields::nullable_time(std::string_view name) {
  require(name);
  const auto* value = fields_.if_contains(name);
  if (!value || value->is_null()) return std::nullopt;
  const auto time = value->is_string() ? from_iso8601(trim(value->get_string())) : std::nullopt;
  if (!time) fault(name, kNoTime);
  return time;
}

void RestFields::fault(std::string_view name, std::string message) {
  faults_.push_back({std::string(name), std::move(message)});
}

void RestFields::require(std::string_view name) {
  if (!has(name)) fault(name, kRequired);
}

std::optional<Problem> RestFields::problem() const {
  if (faults_.empty()) return std::nullopt;
  Problem problem(ProblemKind::kInvalid, "Invalid input.");
  problem.fields = faults_;
  return problem;
}

std::string no_such_object(std::int64_t key) { return no_such_object(std::to_string(key)); }

std::string no_such_object(std::string_view key) {
  return fmt::format("Invalid pk \"{}\" - object does not exist.", key);
}

std::string_view python_name(std::string_view json_name) {
  if (json_name == "array") return "list";
  if (json_name == "string") return "str";
  if (json_name == "integer") return "int";
  if (json_name == "number") return "float";
  if (json_name == "null") return "null";
  return "bool";
}

std::optional<bool> rest_boolean(std::string_view text) {
  constexpr std::array<std::string_view, 6> kTrue{"t", "y", "yes", "true", "on", "1"};
  constexpr std::array<std::string_view, 6> kFalse{"f", "n", "no", "false", "off", "0"};
  const std::string lower = to_lower_ascii(text);
  if (std::ranges::find(kTrue, lower) != kTrue.end()) return true;
  if (std::ranges::find(kFalse, lower) != kFalse.end()) return false;
  return std::nullopt;
}

http::Response render_rest_problem(const Problem& problem, const http::Request& request) {
  const unsigned status = status_of(problem.kind);
  if (!problem.fields.empty() && problem.kind == ProblemKind::kInvalid) {
    return json_response(status, by_field(problem.fields));
  }
  if (problem.kind == ProblemKind::kNotFound && request.route != http::Request::kNoRoute) {
    return json_response(status, {{"error", problem.message}});
  }
  if (problem.kind == ProblemKind::kNotFound) {
    return json_response(status, {{"detail", "Not found."}, {"error", "Path not found"}});
  }
  if (problem.kind == ProblemKind::kConflict) {
    return json_response(status, {{"error", problem.message}});
  }
  boost::json::object body{{"detail", detail_of(problem, request)}};
  switch (problem.kind) {
    case ProblemKind::kTokenInvalid:
    case ProblemKind::kTokenExpired:
    case ProblemKind::kSessionGone: {
      const boost::json::object message{{"token_class", "AccessToken"},
                                        {"token_type", "access"},
                                        {"message", "Token is invalid or expired"}};
      body["code"] = "token_not_valid";
      body["messages"] = boost::json::array{message};
      break;
    }
    case ProblemKind::kMalformedCredentials: body["code"] = "bad_authorization_header"; break;
    case ProblemKind::kAccountDisabled: body["code"] = "user_inactive"; break;
    default: break;
  }
  http::Response response = json_response(status, body);
  if (status == 401) response.headers.set("WWW-Authenticate", "Bearer realm=\"api\"");
  return response;
}

http::Response bad_token_response(std::string_view detail) {
  return json_response(401, {{"detail", detail}, {"code", "token_not_valid"}});
}

std::string rest_sentence(std::string_view message) {
  std::string sentence(message);
  if (!sentence.empty() && sentence.front() >= 'a' && sentence.front() <= 'z') {
    sentence.front() = static_cast<char>(sentence.front() - 'a' + 'A');
  }
  if (!sentence.ends_with('.')) sentence += '.';
  return sentence;
}

}  // namespace coffer::apis
