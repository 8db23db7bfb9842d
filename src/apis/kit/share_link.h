// Where shared things are shown to people: the addresses that a share token makes. Served by
// apis/pages; every dialect may tell them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace coffer::apis {

// The prefix of all of them, which belongs to no dialect.
inline constexpr std::string_view kSharePrefix = "/s";

// Paths as this server knows them: links to them begin with Client::base_url, or base_path.

// The page of what the token stands for, or of `entry` below it.
std::string share_path(const Uuid& token, std::optional<Uuid> entry = std::nullopt);

// The bytes of the file that the page shows.
std::string shared_content_path(const Uuid& token, std::optional<Uuid> entry = std::nullopt);

// Pictures made of that file: its thumbnail, and sizes on request (picture_reply.h).
std::string shared_thumbnail_path(const Uuid& token, std::optional<Uuid> entry = std::nullopt);
std::string shared_image_path(const Uuid& token, std::optional<Uuid> entry = std::nullopt);

// Added to a content path: the bytes as a file to keep.
inline constexpr std::string_view kDownloadQuery = "?download=1";

}  // namespace coffer::apis
