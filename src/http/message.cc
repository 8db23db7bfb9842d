#include "http/message.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "http/syntax.h"

namespace coffer::http {
namespace {

struct MethodName {
  Method method;
  std::string_view name;
};
constexpr std::array<MethodName, 7> kMethods{{{Method::kGet, "GET"},
                                              {Method::kHead, "HEAD"},
                                              {Method::kPost, "POST"},
                                              {Method::kPut, "PUT"},
                                              {Method::kPatch, "PATCH"},
                                              {Method::kDelete, "DELETE"},
                                              {Method::kOptions, "OPTIONS"}}};

// What most heads have room in.
constexpr std::size_t kUsualText = 512;
constexpr std::size_t kUsualFields = 12;

struct Reason {
  unsigned status;
  std::string_view phrase;
};
constexpr Reason kReasons[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};
static_assert(std::ranges::is_sorted(kReasons, {}, &Reason::status));

// For statuses without a phrase of their own: that of their class.
std::string_view class_phrase(unsigned status) noexcept {
  switch (status / 100) {
    case 1: return "Continue";
    case 2: return "OK";
    case 3: return "Redirect";
    case 4: return "Bad Request";
    case 5: return "Internal Server Error";
    default: return "Unknown";
  }
}

std::uint64_t length_of(const Segment& segment) noexcept {
  if (const auto* text = std::get_if<std::string>(&segment)) return text->size();
  return std::get_if<ContentSection>(&segment)->length;
}

}  // namespace

Method method_from(std::string_view name) noexcept {
  for (const MethodName& known : kMethods) {
    if (known.name == name) return known.method;
  }
  return Method::kOther;
}

std::string_view name_of(Method method) noexcept {
  for (const MethodName& known : kMethods) {
    if (known.method == method) return known.name;
  }
  return {};
}

void Headers::add(std::string_view name, std::string_view value) {
  if (field_ranges_.empty()) {
    text_.reserve(kUsualText);
    field_ranges_.reserve(kUsualFields);
  }
  field_ranges_.push_back(append(name, value));
}

Headers::FieldRange Headers::append(std::string_view name, std::string_view value) {
  const FieldRange range{.start = static_cast<std::uint32_t>(text_.size()),
                         .name_length = static_cast<std::uint32_t>(name.size()),
                         .value_length = static_cast<std::uint32_t>(value.size())};
  text_.append(name).append(value);
  return range;
}

bool Headers::is_named(const FieldRange& range, std::string_view name) const noexcept {
  return range.name_length == name.size() && equal_ignoring_case(field_at(range).name, name);
}

void Headers::set(std::string_view name, std::string_view value) {
  const auto named = [&](const FieldRange& range) { return is_named(range, name); };
  const auto first = std::ranges::find_if(field_ranges_, named);
  if (first == field_ranges_.end()) return add(name, value);
  field_ranges_.erase(std::remove_if(first + 1, field_ranges_.end(), named), field_ranges_.end());
  *first = append(name, value);
}

void Headers::remove(std::string_view name) {
  std::erase_if(field_ranges_, [&](const FieldRange& range) { return is_named(range, name); });
}

void Headers::clear() noexcept {
  text_.clear();
  field_ranges_.clear();
}

std::optional<std::string_view> Headers::get(std::string_view name) const noexcept {
  for (const FieldRange& range : field_ranges_) {
    if (is_named(range, name)) return field_at(range).value;
  }
  return std::nullopt;
}

std::optional<std::string> Headers::joined(std::string_view name) const {
  std::optional<std::string> all;
  for (const FieldRange& range : field_ranges_) {
    if (!is_named(range, name)) continue;
    const std::string_view value = field_at(range).value;
    if (all) {
      all->append(", ").append(value);
    } else {
      all = value;
    }
  }
  return all;
}

bool Headers::are_field_text() const noexcept { return is_field_text(text_); }

std::uint64_t Response::length() const noexcept {
  std::uint64_t sum = 0;
  for (const Segment& segment : body) sum += length_of(segment);
  return sum;
}

Response Response::text(unsigned status, std::string content_type, std::string body) {
  Response response;
  response.status = status;
  response.headers.add("Content-Type", std::move(content_type));
  response.body.emplace_back(std::move(body));
  return response;
}

std::string_view reason_phrase(unsigned status) noexcept {
  const auto* found = std::ranges::lower_bound(kReasons, status, {}, &Reason::status);
  return found != std::end(kReasons) && found->status == status ? found->phrase
                                                                : class_phrase(status);
}

}  // namespace coffer::http
