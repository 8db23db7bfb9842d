#include "apis/kit/picture_reply.h"

#include <utility>

#include "base/text.h"
#include "http/content.h"

namespace coffer::apis {
namespace {

constexpr std::size_t kVersionDigits = 16;

std::string version_of(const vault::Thumbnail& thumbnail) {
  return thumbnail.digest.hex().substr(0, kVersionDigits);
}

bool has_version(const http::Request& request, const vault::Entry& file) {
  if (!file.media || !file.media->thumbnail) return false;
  const auto version = request.uri.parameter("v");
  return version && *version == version_of(*file.media->thumbnail);
}

// Reads the query and collects every fault.
class SpecParser {
 public:
  explicit SpecParser(const http::Target& uri) : uri_(uri) {}

  std::expected<vault::PictureSpec, Problem> parse() {
    vault::PictureSpec spec;
    spec.width = number("w", vault::PictureSpec::kMaxEdge, 0);
    spec.height = number("h", vault::PictureSpec::kMaxEdge, 0);
    spec.quality = static_cast<std::uint8_t>(number("q", kQualityMax, spec.quality));
    if (const auto name = uri_.parameter("fit")) {
      const auto fit = vault::picture_fit_from(*name);
      if (!fit) fault("fit", "Must be cover, contain or inside");
      spec.fit = fit.value_or(spec.fit);
    }
    if (const auto name = uri_.parameter("format")) {
      const auto format = vault::picture_format_from(*name);
      if (!format) fault("format", "Must be webp, avif or jpeg");
      spec.format = format.value_or(spec.format);
    }
    const bool has_width = uri_.parameter("w").has_value();
    const bool has_height = uri_.parameter("h").has_value();
    if (spec.fit == vault::PictureFit::kCover) {
      if (!has_width) fault("w", "Must be given with fit=cover");
      if (!has_height) fault("h", "Must be given with fit=cover");
    } else if (!has_width && !has_height) {
      fault("w", "This, or h, must be given");
    }
    if (!problem_.fields.empty()) return std::unexpected(std::move(problem_));
    return spec;
  }

 private:
  static constexpr std::uint32_t kQualityMax = 100;

  std::uint32_t number(std::string_view name, std::uint32_t max, std::uint32_t otherwise) {
    const auto text = uri_.parameter(name);
    if (!text) return otherwise;
    const auto parsed = parse_unsigned(*text);
    if (!parsed || *parsed < 1 || *parsed > max) {
      fault(name, "Must be a number from 1 to " + std::to_string(max));
      return otherwise;
    }
    return static_cast<std::uint32_t>(*parsed);
  }

  void fault(std::string_view name, std::string message) {
    problem_.fields.push_back({std::string(name), std::move(message)});
  }

  const http::Target& uri_;
  Problem problem_{ProblemKind::kInvalid, "Invalid input data"};
};

// `Sea.jpg` as WebP is `Sea.jpg.webp`.
std::string name_of_picture(const vault::Entry& file, std::string_view media_type) {
  std::string name = file.name;
  name += '.';
  name += media_type.substr(media_type.find('/') + 1);
  return name;
}

}  // namespace

std::string picture_version(const vault::Entry& file) {
  return picture_version(*file.media->thumbnail);
}

std::string picture_version(const vault::Thumbnail& thumbnail) {
  return "v=" + version_of(thumbnail);
}

std::expected<vault::PictureSpec, Problem> parse_picture(const http::Target& uri) {
  return SpecParser(uri).parse();
}

http::Response picture_response(const http::Request& request, const vault::Entry& file,
                                vault::DerivedPicture picture) {
  http::Representation representation;
  representation.content = std::move(picture.content);
  representation.content_type = picture.media_type;
  representation.etag = '"' + picture.digest.hex() + '"';
  representation.last_modified = file.written_at;
  representation.disposition =
      http::content_disposition("inline", name_of_picture(file, picture.media_type));
  http::Response response = http::content_response(request, std::move(representation));
  response.headers.add("X-Content-Type-Options", "nosniff");
  response.headers.add("Cache-Control", has_version(request, file)
                                            ? "private, max-age=31536000, immutable"
                                            : "private, no-cache");
  return response;
}

}  // namespace coffer::apis
