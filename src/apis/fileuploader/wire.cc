#include "apis/fileuploader/wire.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "apis/kit/human.h"
#include "apis/kit/json.h"
#include "base/text.h"

namespace coffer::apis::fileuploader {
namespace {

constexpr std::size_t kNumberDigits = 8;

double seconds_of(Time time) { return static_cast<double>(to_micros(time)) / 1e6; }

}  // namespace

Task<std::expected<std::optional<boost::json::object>, Problem>> read_body(http::Request& request) {
  auto object = co_await read_json_object(request);
  if (!object) co_return std::unexpected(std::move(object.error()));
  if (!*object) co_return std::optional<boost::json::object>();
  co_return std::optional(std::move(**object));
}

std::optional<std::string> text_in(const std::optional<boost::json::object>& body,
                                   std::string_view name) {
  if (!body) return std::nullopt;
  const auto* value = body->if_contains(name);
  if (!value || !value->is_string()) return std::nullopt;
  return std::string(value->get_string());
}

std::string without_scheme(std::string token) {
  constexpr std::string_view kScheme = "Bearer ";
  if (equal_ignoring_case(std::string_view(token).substr(0, kScheme.size()), kScheme)) {
    token.erase(0, kScheme.size());
  }
  return token;
}

std::optional<bool> flag_in(const http::Target& uri, std::string_view name) {
  const auto text = uri.parameter(name);
  if (!text || *text == "0" || equal_ignoring_case(*text, "false")) return false;
  if (*text == "1" || equal_ignoring_case(*text, "true")) return true;
  return std::nullopt;
}

bool is_numeric(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::uint32_t group_number(std::string_view text) {
  if (text.size() != kNumberDigits || !is_numeric(text)) return 0;
  return static_cast<std::uint32_t>(*parse_unsigned(text));
}

std::string file_url(const std::string& base_url, const vault::Addressed& file) {
  return base_url + "/file/" + file.address;
}

boost::json::object file_object(const std::string& base_url, const vault::Addressed& file,
                                bool with_key, bool synced) {
  const vault::Entry& entry = file.entry;
  return {{"file_url", file.address},
          {"file_url_full", file_url(base_url, file)},
          {"key", with_key ? file.delete_key.str() : std::string()},
          {"ext", vault::extension_of_name(entry.name)},
          {"user_filename", entry.name},
          {"creation_date", date_text(entry.created_at)},
          {"synced", synced},
          // What the public client asks for besides, spelt as it spells it.
          {"size", human_size(entry.size)},
          {"craeted_at", seconds_of(entry.created_at)}};
}

std::string date_text(Time time) {
  const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(time));
  return fmt::format("{}.{}.{}", static_cast<unsigned>(date.day()),
                     static_cast<unsigned>(date.month()), static_cast<int>(date.year()));
}

boost::json::object success(std::string_view message) {
  return {{"status", "success"}, {"message", message}};
}

boost::json::object group_success(std::string_view message, const vault::Group& group) {
  boost::json::object body = success(message);
  body["name"] = group.name;
  body["group_id"] = group.number;
  return body;
}

}  // namespace coffer::apis::fileuploader
