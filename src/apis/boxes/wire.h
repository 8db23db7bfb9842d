// The shapes of the document, and what its own web client reads beside them.
#pragma once

#include <array>
#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "apis/gateway/dialect.h"
#include "vault/boxes/assets.h"
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

// Where a client finds files: where the store serves them to everybody, else with the server. The
// vault outlives it, the request need not.
class FileUrls {
 public:
  explicit FileUrls(RequestContext& context)
      : base_url_(context.client.base_url), assets_(&context.vault.assets()) {}

  std::string file(const vault::Asset& asset) const;
  std::string file(const vault::Headliner& headliner) const;
  // "" until there is one.
  std::string thumbnail(const Uuid& share, const vault::Media* media) const;

 private:
  std::string base_url_;
  vault::Assets* assets_;
};

boost::json::object project_object(const vault::Project& project);
boost::json::object box_object(const FileUrls& urls, const vault::Box& box);
boost::json::object asset_object(const FileUrls& urls, const vault::Asset& asset);
boost::json::object model_object(const vault::AiModel& model);

// `/uploads/<32 hexadecimal digits><extension>`: where everybody may read the file.
std::string public_path(const Uuid& share, std::string_view name);
// `/uploads/thumbnails/<the same digits>.webp?v=…`: likewise its thumbnail; "" without one. `media`
// may be null.
std::string thumbnail_path(const Uuid& share, const vault::Media* media);
// The share token of the last segment of such a path; nothing for what is none.
std::optional<Uuid> share_in(std::string_view segment);

}  // namespace coffer::apis::boxes
