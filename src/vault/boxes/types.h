// Projects, boxes and assets as the API Boxes has them, over spaces, folders and files.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "blobs/place.h"
#include "vault/model/types.h"

namespace coffer::vault {

using AiModelId = Id<struct AiModelTag>;

// Bounds of one account, project and box. Folders and files that other APIs put there count, and
// are not kept out.
inline constexpr std::uint64_t kProjectsMax = 1'000;
inline constexpr std::uint64_t kBoxesMax = 1'000;            // of one project
inline constexpr std::uint64_t kAssetsMax = 1'000;           // of one box
inline constexpr std::uint64_t kAiModelsMax = 1'000;         // of the server
inline constexpr std::size_t kProjectNameMax = 255;          // characters; of models too
inline constexpr std::size_t kErrorMessageMax = 2'000;       // characters
inline constexpr std::size_t kExternalTaskIdMax = 255;       // characters
inline constexpr std::size_t kGenerationConfigMax = 16'384;  // bytes
inline constexpr std::int64_t kOrderIndexMax = 2'147'483'647;

enum class ProjectStatus : std::uint8_t { kActive = 0, kPaused = 1, kCompleted = 2 };
enum class AspectRatio : std::uint8_t { kWide = 0, kTall = 1 };  // 16:9, 9:16
enum class BoxStatus : std::uint8_t { kDraft = 0, kInProgress = 1, kReview = 2, kApproved = 3 };
enum class AssetStatus : std::uint8_t {
  kPending = 0,
  kProcessing = 1,
  kCompleted = 2,
  kFailed = 3
};
enum class AssetSource : std::uint8_t { kGenerated = 0, kUploaded = 1, kFromImage = 2 };

struct Project {
  SpaceId id = {};
  AccountId owner = {};
  std::string name;
  ProjectStatus status = ProjectStatus::kActive;
  AspectRatio aspect_ratio = AspectRatio::kWide;
  std::uint64_t boxes = 0;
  std::uint64_t approved = 0;  // of these
  Time created_at = {};
  Time updated_at = {};
};

// The asset that a box is shown by.
struct Headliner {
  EntryId id = {};
  Uuid share = {};
  std::string name;
  FileKind kind = FileKind::kImage;
  std::shared_ptr<const Media> media = {};  // Entry::media
  blobs::Place public_object = {};          // as an asset's
};

struct Box {
  EntryId id = {};  // the folder's
  SpaceId project = {};
  std::string project_name;
  std::string name;
  std::int64_t order_index = 0;
  BoxStatus status = BoxStatus::kDraft;
  std::uint64_t assets = 0;
  std::optional<Headliner> headliner = {};
  Time created_at = {};
  Time updated_at = {};
};

struct AiModel {
  AiModelId id = {};
  std::string name;
};

struct Asset {
  Entry file;  // its description is the prompt
  EntryId box = {};
  std::string box_name;
  std::int64_t order_index = 0;
  bool is_favorite = false;
  AssetStatus status = AssetStatus::kCompleted;
  AssetSource source = AssetSource::kUploaded;
  std::string error_message;
  std::string external_task_id;
  std::string generation_config;  // JSON; empty: `{}`
  std::optional<std::int64_t> seed = {};
  std::optional<AiModel> ai_model = {};
  std::optional<EntryId> parent = {};  // the file that it was made from
  Time updated_at = {};                // of the file and of these
  blobs::Place public_object = {};     // where the file has one, see Assets::public_url()

  std::size_t text_bytes() const noexcept {
    return file.text_bytes() + box_name.size() + error_message.size() + external_task_id.size() +
           generation_config.size();
  }
};

}  // namespace coffer::vault
