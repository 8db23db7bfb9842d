#include "apis/boxes/wire.h"

#include <boost/json/parse.hpp>
#include <cstddef>

#include "apis/kit/picture_reply.h"
#include "base/clock.h"
#include "vault/boxes/asset_files.h"

namespace coffer::apis::boxes {
namespace {

constexpr std::string_view kUploads = "/uploads/";
constexpr std::string_view kThumbnails = "/uploads/thumbnails/";
constexpr std::size_t kShareDigits = 32;

// How people are shown the values, in the order of their enums.
constexpr std::array<std::string_view, 3> kShownProjectStatuses{"Активен", "На паузе", "Завершён"};
constexpr std::array<std::string_view, 4> kShownBoxStatuses{"Черновик", "В работе", "На проверке",
                                                            "Утверждён"};
constexpr std::array<std::string_view, 4> kShownAssetStatuses{"Ожидает", "Обрабатывается", "Готов",
                                                              "Ошибка"};
constexpr std::array<std::string_view, 3> kShownAssetSources{"Сгенерирован", "Загружен",
                                                             "Видео из изображения"};

template <std::size_t N, class Enum>
std::string_view spelled(const std::array<std::string_view, N>& words, Enum value) {
  return words.at(static_cast<std::size_t>(value));
}

boost::json::value id_or_null(const std::optional<vault::EntryId>& id) {
  if (!id) return nullptr;
  return id->value;
}

boost::json::value config_of(const vault::Asset& asset) {
  if (asset.generation_config.empty()) return boost::json::object();
  boost::system::error_code wrong;
  auto config = boost::json::parse(asset.generation_config, wrong);
  if (wrong) return boost::json::object();
  return config;
}

}  // namespace

std::string FileUrls::file(const vault::Asset& asset) const {
  std::string url = assets_->public_url(asset.public_object);
  return url.empty() ? base_url_ + public_path(asset.file.share, asset.file.name) : url;
}

std::string FileUrls::file(const vault::Headliner& headliner) const {
  std::string url = assets_->public_url(headliner.public_object);
  return url.empty() ? base_url_ + public_path(headliner.share, headliner.name) : url;
}

std::string FileUrls::thumbnail(const Uuid& share, const vault::Media* media) const {
  std::string path = thumbnail_path(share, media);
  return path.empty() ? path : base_url_ + path;
}

std::string public_path(const Uuid& share, std::string_view name) {
  std::string path(kUploads);
  path += to_hex(share.bytes);
  path += vault::asset_extension(name);
  return path;
}

std::string thumbnail_path(const Uuid& share, const vault::Media* media) {
  if (media == nullptr || !media->thumbnail) return {};
  std::string path(kThumbnails);
  path += to_hex(share.bytes);
  path += ".webp?";
  path += picture_version(*media->thumbnail);
  return path;
}

std::optional<Uuid> share_in(std::string_view segment) {
  const std::string_view digits = segment.substr(0, kShareDigits);
  const bool ends = segment.size() == kShareDigits ||
                    (segment.size() > kShareDigits && segment[kShareDigits] == '.');
  if (digits.find('-') != std::string_view::npos || !ends) return std::nullopt;
  std::string canonical;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i == 8 || i == 12 || i == 16 || i == 20) canonical += '-';
    canonical += digits[i];
  }
  return Uuid::parse(canonical);
}

boost::json::object project_object(const vault::Project& project) {
  return {{"id", project.id.value},
          {"name", project.name},
          {"status", spelled(kProjectStatuses, project.status)},
          {"status_display", spelled(kShownProjectStatuses, project.status)},
          {"aspect_ratio", spelled(kAspectRatios, project.aspect_ratio)},
          {"boxes_count", project.boxes},
          {"boxes_approved_count", project.approved},
          {"created_at", to_iso8601(project.created_at)},
          {"updated_at", to_iso8601(project.updated_at)}};
}

boost::json::object box_object(const FileUrls& urls, const vault::Box& box) {
  boost::json::object object{{"id", box.id.value},
                             {"project", box.project.value},
                             {"project_name", box.project_name},
                             {"name", box.name},
                             {"order_index", box.order_index},
                             {"status", spelled(kBoxStatuses, box.status)},
                             {"status_display", spelled(kShownBoxStatuses, box.status)},
                             {"headliner", nullptr},
                             {"headliner_url", nullptr},
                             {"headliner_thumbnail_url", nullptr},
                             {"headliner_type", nullptr},
                             {"assets_count", box.assets},
                             {"created_at", to_iso8601(box.created_at)},
                             {"updated_at", to_iso8601(box.updated_at)}};
  if (box.headliner) {
    const vault::Headliner& headliner = *box.headliner;
    object["headliner"] = headliner.id.value;
    object["headliner_url"] = urls.file(headliner);
    object["headliner_thumbnail_url"] = urls.thumbnail(headliner.share, headliner.media.get());
    object["headliner_type"] = spelled(kAssetTypes, headliner.kind);
  }
  return object;
}

boost::json::object asset_object(const FileUrls& urls, const vault::Asset& asset) {
  boost::json::object object{
      {"id", asset.file.id.value},
      {"box", asset.box.value},
      {"box_name", asset.box_name},
      {"asset_type", spelled(kAssetTypes, asset.file.type.kind)},
      {"file_url", urls.file(asset)},
      {"thumbnail_url", urls.thumbnail(asset.file.share, asset.file.media.get())},
      {"is_favorite", asset.is_favorite},
      {"prompt_text", asset.file.description.value_or("")},
      {"ai_model", nullptr},
      {"ai_model_name", nullptr},
      {"generation_config", config_of(asset)},
      {"seed", nullptr},
      {"created_at", to_iso8601(asset.file.created_at)},
      {"updated_at", to_iso8601(asset.updated_at)},
      {"order_index", asset.order_index},
      {"status", spelled(kAssetStatuses, asset.status)},
      {"status_display", spelled(kShownAssetStatuses, asset.status)},
      {"error_message", asset.error_message},
      {"source_type", spelled(kAssetSources, asset.source)},
      {"source_type_display", spelled(kShownAssetSources, asset.source)},
      {"parent_asset", id_or_null(asset.parent)},
      {"external_task_id", asset.external_task_id}};
  if (asset.seed) object["seed"] = *asset.seed;
  if (asset.ai_model) {
    object["ai_model"] = asset.ai_model->id.value;
    object["ai_model_name"] = asset.ai_model->name;
  }
  return object;
}

boost::json::object model_object(const vault::AiModel& model) {
  return {{"id", model.id.value}, {"name", model.name}};
}

}  // namespace coffer::apis::boxes
