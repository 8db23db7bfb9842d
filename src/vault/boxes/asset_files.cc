#include "vault/boxes/asset_files.h"

#include <algorithm>
#include <array>

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

// What follows the first `end`; nothing where there is none.
std::optional<std::string_view> behind(std::string_view text, std::string_view end) {
  const std::size_t at = text.find(end);
  if (at == std::string_view::npos) return std::nullopt;
  return text.substr(at + end.size());
}

// What follows the doctype that `text` begins with. Its end is outside of quotes, comments and the
// declarations in it.
std::optional<std::string_view> behind_doctype(std::string_view text) {
  std::size_t depth = 0;
  while (!text.empty()) {
    const char c = text.front();
    std::optional<std::string_view> rest = text.substr(1);
    if (text.starts_with("<!--")) {
      rest = behind(text.substr(4), "-->");
    } else if (c == '"' || c == '\'') {
      rest = behind(*rest, text.substr(0, 1));
    } else if (c == '<') {
      ++depth;
    } else if (c == '>' && --depth == 0) {
      return rest;
    }
    if (!rest) return std::nullopt;
    text = *rest;
  }
  return std::nullopt;
}

// Whether XML whose first kHeadBytes or all are `head` is an SVG document: whether its first
// element is `svg`. One that begins behind the head is taken for it.
bool is_svg(std::string_view head) {
  if (head.find('\0') != std::string_view::npos) return false;
  const bool goes_on = head.size() >= kHeadBytes;
  if (head.starts_with("\xef\xbb\xbf")) head.remove_prefix(3);
  std::string_view text = trim(head);
  for (;;) {
    std::optional<std::string_view> rest;
    if (text.starts_with("<?")) {
      rest = behind(text, "?>");
    } else if (text.starts_with("<!--")) {
      rest = behind(text.substr(4), "-->");
    } else if (text.starts_with("<!DOCTYPE")) {
      rest = behind_doctype(text);
    } else {
      break;
    }
    if (!rest) return goes_on;
    text = trim(*rest);
  }
  if (text.empty()) return goes_on;
  if (!text.starts_with('<')) return false;
  const std::size_t end = text.find_first_of(" \t\r\n/>");
  if (end == std::string_view::npos) return goes_on;
  std::string_view name = text.substr(1, end - 1);
  name.remove_prefix(name.find(':') + 1);  // of its namespace; none: npos + 1 is 0
  return name == "svg";
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
  if (type->extension == ".svg") return is_svg(as_text(head));
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
