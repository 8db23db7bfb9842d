// What the document's requests and replies are made of.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "apis/gateway/dialect.h"
#include "vault/sharing/short_links.h"
#include "vault/tree/groups.h"

namespace coffer::apis::fileuploader {

// The body as a JSON object, whatever type it says to be of; nothing when it is none. The problems
// are those of a body that does not come as announced.
Task<std::expected<std::optional<boost::json::object>, Problem>> read_body(http::Request& request);

// A member that is a text, which may be empty.
std::optional<std::string> text_in(const std::optional<boost::json::object>& body,
                                   std::string_view name);

// What follows `Bearer `, which may stand in front of a token in a body; else `token` as it is.
std::string without_scheme(std::string token);

// `true`, `false`, `1`, `0` of the query; `false` where it is missing, nothing for anything else.
std::optional<bool> flag_in(const http::Target& uri, std::string_view name);

// A group as a path names it.
inline constexpr std::string_view kPrivate = "private";
bool is_numeric(std::string_view text) noexcept;
// 0, which no group has, for what cannot be the number of one.
std::uint32_t group_number(std::string_view text);

// `https://host/file/<address>`; `base_url` is the client's.
std::string file_url(const std::string& base_url, const vault::Addressed& file);

// What the replies to an upload and in a list have in common. `key` is told to who may delete.
boost::json::object file_object(const std::string& base_url, const vault::Addressed& file,
                                bool with_key, bool synced);
// `1.12.2026`
std::string date_text(Time time);

// `{"status": "success", "message": …}`
boost::json::object success(std::string_view message);
// The same with `name` and `group_id`.
boost::json::object group_success(std::string_view message, const vault::Group& group);

}  // namespace coffer::apis::fileuploader
