#include "vault/boxes/asset_files.h"

#include <algorithm>
#include <array>

#include "base/svg.h"
#include "base/text.h"

namespace coffer::vault {
namespace {

constexpr std::size_t kExtensionMax = 10;  // characters

// An extension, what it stands for, and the types that its bytes may be told to have. Containers of
// one family hold each other's content.
struct AssetType {
  std::string_view extension;
  FileKind kind;
  std::array<std::string_view, 4> media_types;
};

constexpr std::array<std::string_view, 4> kMp4{"video/mp4", "video/quicktime", "video/3gpp",
                                               "video/3gpp2"};

constexpr std::array<AssetType, 14> kTypes{{
    {".jpg", FileKind::kImage, {"image/jpeg"}},
    {".jpeg", FileKind::kImage, {"image/jpeg"}},
    {".png", FileKind::kImage, {"image/png"}},
    {".gif", FileKind::kImage, {"image/gif"}},
    {".webp", FileKind::kImage, {"image/webp"}},
    {".bmp", FileKind::kImage, {"image/bmp"}},
    {".svg", FileKind::kImage, {"image/svg+xml"}},
    {".mp4", FileKind::kVideo, kMp4},
    {".mov", FileKind::kVideo, kMp4},
    {".avi", FileKind::kVideo, {"video/x-msvideo"}},
    {".mkv", FileKind::kVideo, {"video/x-matroska", "video/webm"}},
    {".webm", FileKind::kVideo, {"video/webm"}},
    {".flv", FileKind::kVideo, {"video/x-flv"}},
    {".wmv", FileKind::kVideo, {"video/x-ms-asf", "video/x-ms-wmv"}},
}};

const AssetType* type_of(std::string_view filename) {
  const std::string extension = asset_extension(filename);
  const auto found = std::ranges::find(kTypes, std::string_view(extension), &AssetType::extension);
  return found == kTypes.end() ? nullptr : &*found;
}

}  // namespace

std::optional<FileKind> asset_kind(std::string_view filename) {
  const AssetType* type = type_of(filename);
  if (!type) return std::nullopt;
  return type->kind;
}

bool is_asset(std::string_view filename, ByteView head, const Classify& classify) {
  const AssetType* type = type_of(filename);
  if (!type) return false;
  if (type->extension == ".svg") return is_svg(as_text(head), head.size() >= kHeadBytes);
  // Without a name, the bytes alone decide.
  const FileType told = classify({}, head);
  return std::ranges::any_of(type->media_types, [&](std::string_view media_type) {
    return !media_type.empty() && media_type == told.media_type;
  });
}

std::string asset_extension(std::string_view filename) {
  const std::size_t dot = filename.rfind('.');
  if (dot == std::string_view::npos || filename.size() - dot - 1 > kExtensionMax) return {};
  std::string extension = to_lower_ascii(filename.substr(dot));
  const bool is_plain = std::all_of(extension.begin() + 1, extension.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  });
  return is_plain && extension.size() > 1 ? extension : std::string();
}

}  // namespace coffer::vault
