// The shapes of the document, and what its own web client reads beside them.
#pragma once

#include <array>
#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "vault/boxes/types.h"

namespace coffer::apis::boxes {

// How values are spelled, in the order of their enums.
inline constexpr std::array<std::string_view, 3> kProjectStatuses{"ACTIVE", "PAUSED", "COMPLETED"};
inline constexpr std::array<std::string_view, 2> kAspectRatios{"16:9", "9:16"};
inline constexpr std::array<std::string_view, 4> kBoxStatuses{"DRAFT", "IN_PROGRESS", "REVIEW",
                                                              "APPROVED"};
inline constexpr std::array<std::string_view, 4> kAssetStatuses{"PENDING", "PROCESSING",
                                                                "COMPLETED", "FAILED"};
inline constexpr std::array<std::string_view, 3> kAssetSources{"GENERATED", "UPLOADED", "IMG2VID"};
// Of FileKind kImage and kVideo.
inline constexpr std::array<std::string_view, 2> kAssetTypes{"IMAGE", "VIDEO"};

// `base_url` is the client's.
boost::json::object project_object(const vault::Project& project);
boost::json::object box_object(const std::string& base_url, const vault::Box& box);
boost::json::object asset_object(const std::string& base_url, const vault::Asset& asset);
boost::json::object model_object(const vault::AiModel& model);

// `/uploads/<32 hexadecimal digits><extension>`: where everybody may read the file.
std::string public_path(const Uuid& share, std::string_view name);
// `/uploads/thumbnails/<the same digits>.webp?v=…`: likewise its thumbnail; "" without one. `media`
// may be null.
std::string thumbnail_path(const Uuid& share, const vault::Media* media);
// The share token of the last segment of such a path; nothing for what is none.
std::optional<Uuid> share_in(std::string_view segment);

}  // namespace coffer::apis::boxes
