// JPEG, PNG, WebP, GIF, TIFF and JPEG XL, and all scaling, by libvips.
#include <gmodule.h>
#include <vips/vips.h>

// Only after what it needs.
#include <vips/vector.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "media/worker/colour.h"
#include "media/worker/jxl_exif.h"
#include "media/worker/png_exif.h"
#include "media/worker/still.h"
#include "media/worker/vips_handle.h"

namespace coffer::media {
namespace {

Failure vips_failure() {
  const std::string_view text = vips_error_buffer();
  // libtiff also says so of a directory without elements.
  const bool memory = (text.find("memory") != text.npos || text.find("allocat") != text.npos) &&
                      text.find("(0 elements") == text.npos;
  // Others take it for something else: FFmpeg gives black pixels for planes in tiles.
  const bool unknown = text.find("not supported") != text.npos;
  vips_error_clear();
  return memory ? Failure::kMemory : unknown ? Failure::kNoDecoder : Failure::kDamaged;
}

// Where a source is read next; libvips keeps a pointer to it.
struct VipsPosition {
  Source* source;
  std::int64_t at = 0;
};

gint64 on_read(VipsSourceCustom*, void* into, gint64 length, VipsPosition* position) {
  if (length <= 0) return 0;
  const std::size_t count =
      position->source->read_at(static_cast<std::uint64_t>(position->at),
                                {static_cast<std::byte*>(into), static_cast<std::size_t>(length)});
  position->at += static_cast<gint64>(count);
  return static_cast<gint64>(count);
}

gint64 on_seek(VipsSourceCustom*, gint64 offset, int whence, VipsPosition* position) {
  const auto size = static_cast<gint64>(position->source->size());
  const gint64 base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? position->at : size;
  if (offset < -base || offset > size - base) return -1;
  position->at = base + offset;
  return position->at;
}

VipsSourcePtr make_source(VipsPosition& position) {
  position.at = 0;
  VipsSourceCustom* const source = vips_source_custom_new();
  g_signal_connect(source, "read", G_CALLBACK(on_read), &position);
  g_signal_connect(source, "seek", G_CALLBACK(on_seek), &position);
  return VipsSourcePtr(VIPS_SOURCE(source));
}

Bytes blob_of(VipsImage* image, const char* name) {
  const void* data = nullptr;
  std::size_t size = 0;
  if (vips_image_get_typeof(image, name) == 0 ||
      vips_image_get_blob(image, name, &data, &size) != 0) {
    vips_error_clear();
    return {};
  }
  const auto* const bytes = static_cast<const std::byte*>(data);
  return {bytes, bytes + size};
}

// Pictures of an animation; 1 of what is none.
int pages_of(VipsImage* image) {
  int pages = 1;
  if (vips_image_get_typeof(image, VIPS_META_N_PAGES) == 0) return 1;
  return vips_image_get_int(image, VIPS_META_N_PAGES, &pages) == 0 ? pages : 1;
}

Exif parse_exif(Bytes bytes) {
  constexpr std::string_view kPrefix("Exif\0\0", 6);
  if (as_text(bytes).starts_with(kPrefix)) bytes.erase(bytes.begin(), bytes.begin() + 6);
  MemorySource source(std::move(bytes));
  return read_exif(source).value_or(Exif{});
}

Pixels::Model model_of(VipsInterpretation interpretation) noexcept {
  switch (interpretation) {
    case VIPS_INTERPRETATION_B_W:
    case VIPS_INTERPRETATION_GREY16: return Pixels::Model::kGrey;
    case VIPS_INTERPRETATION_CMYK: return Pixels::Model::kCmyk;
    default: return Pixels::Model::kRgb;
  }
}

// Whether the samples are what model_of() says, as they are.
bool is_plain(VipsInterpretation interpretation) noexcept {
  switch (interpretation) {
    case VIPS_INTERPRETATION_B_W:
    case VIPS_INTERPRETATION_GREY16:
    case VIPS_INTERPRETATION_CMYK:
    case VIPS_INTERPRETATION_RGB:
    case VIPS_INTERPRETATION_sRGB:
    case VIPS_INTERPRETATION_RGB16: return true;
    default: return false;
  }
}

// The least that the decoder has to make smaller, so that what follows still filters.
int jpeg_shrink(double factor) noexcept {
  return factor >= 16 ? 8 : factor >= 8 ? 4 : factor >= 4 ? 2 : 1;
}

// libjpeg only warns of what is damaged or missing. Others warn of profiles, and fail of damage.
VipsFailOn fail_on(StillFormat format, Damage damage) noexcept {
  if (damage == Damage::kShown) return VIPS_FAIL_ON_NONE;
  return format == StillFormat::kJpeg ? VIPS_FAIL_ON_WARNING : VIPS_FAIL_ON_ERROR;
}

VipsImagePtr load(StillFormat format, VipsSource* source, double factor, VipsFailOn fail) {
  return made_by([&](VipsImage** out) {
    switch (format) {
      case StillFormat::kJpeg:
        return vips_jpegload_source(source, out, "shrink", jpeg_shrink(factor), "access",
                                    VIPS_ACCESS_SEQUENTIAL, "fail_on", fail, nullptr);
      case StillFormat::kPng:
        return vips_pngload_source(source, out, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", fail,
                                   nullptr);
      case StillFormat::kWebp:
        return vips_webpload_source(source, out, "scale", factor > 2 ? 2 / factor : 1.0, "access",
                                    VIPS_ACCESS_SEQUENTIAL, "fail_on", fail, nullptr);
      case StillFormat::kGif:
        return vips_gifload_source(source, out, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", fail,
                                   nullptr);
      case StillFormat::kTiff:
        return vips_tiffload_source(source, out, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", fail,
                                    nullptr);
      default:
        return vips_jxlload_source(source, out, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", fail,
                                   nullptr);
    }
  });
}

const char* codec_name(StillFormat format) noexcept {
  switch (format) {
    case StillFormat::kJpeg: return "jpeg";
    case StillFormat::kPng: return "png";
    case StillFormat::kWebp: return "webp";
    case StillFormat::kGif: return "gif";
    case StillFormat::kTiff: return "tiff";
    default: return "jxl";
  }
}

VipsImagePtr as_srgb(VipsImage* image) {
  return made_by([&](VipsImage** out) {
    return vips_colourspace(image, out, VIPS_INTERPRETATION_sRGB, nullptr);
  });
}

// Samples of 8 or 16 bits without a sign.
VipsImagePtr as_integers(VipsImage* image) {
  const VipsBandFormat format = vips_image_get_format(image);
  if (format == VIPS_FORMAT_UCHAR || format == VIPS_FORMAT_USHORT) {
    g_object_ref(image);
    return VipsImagePtr(image);
  }
  const bool wide = format == VIPS_FORMAT_UINT || format == VIPS_FORMAT_INT;
  return made_by([&](VipsImage** out) {
    return vips_cast(image, out, wide ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR, "shift", wide,
                     nullptr);
  });
}

VipsImagePtr resized(VipsImage* image, std::uint32_t width, std::uint32_t height) {
  const double across = width / static_cast<double>(vips_image_get_width(image));
  const double down = height / static_cast<double>(vips_image_get_height(image));
  return made_by([&](VipsImage** out) {
    return vips_resize(image, out, across, "vscale", down, "gap", 2.0, nullptr);
  });
}

// Transparent pixels have colours that nobody sees: they must not bleed into their neighbours.
VipsImagePtr resized_with_alpha(VipsImage* image, std::uint32_t width, std::uint32_t height,
                                double opaque) {
  const VipsBandFormat format = vips_image_get_format(image);
  const auto premultiplied = made_by(
      [&](VipsImage** out) { return vips_premultiply(image, out, "max_alpha", opaque, nullptr); });
  if (!premultiplied) return nullptr;
  const auto small = resized(premultiplied.get(), width, height);
  if (!small) return nullptr;
  const auto plain = made_by([&](VipsImage** out) {
    return vips_unpremultiply(small.get(), out, "max_alpha", opaque, nullptr);
  });
  if (!plain) return nullptr;
  return made_by([&](VipsImage** out) { return vips_cast(plain.get(), out, format, nullptr); });
}

// Scales and reads the pixels; model, profile and the like are the caller's.
bool take_pixels(VipsImage* image, std::uint32_t width, std::uint32_t height, Pixels& pixels) {
  const auto bands = static_cast<unsigned>(vips_image_get_bands(image));
  pixels.bits = vips_image_get_format(image) == VIPS_FORMAT_USHORT ? 16 : 8;
  pixels.alpha = bands > pixels.colour_samples();
  VipsImagePtr fit;
  const VipsImagePtr* from = nullptr;
  if (static_cast<std::uint32_t>(vips_image_get_width(image)) == width &&
      static_cast<std::uint32_t>(vips_image_get_height(image)) == height) {
    g_object_ref(image);
    fit = VipsImagePtr(image);
  } else {
    fit = pixels.alpha ? resized_with_alpha(image, width, height, pixels.bits == 16 ? 65535 : 255)
                       : resized(image, width, height);
  }
  from = &fit;
  if (!*from) return false;
  std::size_t size = 0;
  void* const memory = vips_image_write_to_memory(from->get(), &size);
  if (memory == nullptr) return false;
  const auto* const bytes = static_cast<const std::byte*>(memory);
  pixels.data.assign(bytes, bytes + size);
  g_free(memory);
  pixels.width = static_cast<std::uint32_t>(vips_image_get_width(from->get()));
  pixels.height = static_cast<std::uint32_t>(vips_image_get_height(from->get()));
  return pixels.data.size() ==
         std::size_t{pixels.width} * pixels.height * pixels.samples() * pixels.bits / 8;
}

class VipsStill final : public Still {
 public:
  VipsStill(Source& source, StillFormat format, Damage damage)
      : source_(source), format_(format), damage_(damage) {}

  std::optional<Failure> open() {
    // Its loader is a module, which need not be installed.
    if (format_ == StillFormat::kJxl && vips_type_find("VipsOperation", "jxlload_source") == 0) {
      return Failure::kNoDecoder;
    }
    position_ = {&source_};
    const auto source = make_source(position_);
    const auto image = load(format_, source.get(), 1, fail_on(format_, damage_));
    if (!image) return vips_failure();
    head_.width = static_cast<std::uint32_t>(vips_image_get_width(image.get()));
    head_.height = static_cast<std::uint32_t>(vips_image_get_height(image.get()));
    head_.codec = codec_name(format_);
    // Progressive files are kept whole, however small they are to become.
    head_.shrinks = format_ == StillFormat::kJpeg &&
                    vips_image_get_typeof(image.get(), "jpeg-multiscan") == 0 &&
                    vips_image_get_typeof(image.get(), "interlaced") == 0;
    profile_ = blob_of(image.get(), VIPS_META_ICC_NAME);
    const auto model = model_of(vips_image_guess_interpretation(image.get()));
    head_.colour_space = colour_space_name(profile_, std::nullopt, model);
    if (vips_image_guess_interpretation(image.get()) == VIPS_INTERPRETATION_LAB ||
        vips_image_guess_interpretation(image.get()) == VIPS_INTERPRETATION_LABS) {
      head_.colour_space = "Lab";
    }
    const bool is_srgb = head_.colour_space == "sRGB" || head_.colour_space == "grey";
    head_.is_plain = vips_image_get_format(image.get()) == VIPS_FORMAT_UCHAR &&
                     is_plain(vips_image_guess_interpretation(image.get())) &&
                     model != Pixels::Model::kCmyk && (profile_.empty() || is_srgb) &&
                     pages_of(image.get()) == 1;
    read_metadata(image.get());
    return std::nullopt;
  }

  const StillHead& head() const noexcept override { return head_; }

  std::expected<Pixels, Failure> decode(std::uint32_t width, std::uint32_t height) override {
    auto pixels = decode_whole(width, height);
    if (pixels || pixels.error() != Failure::kDamaged || damage_ == Damage::kRefused) return pixels;
    auto damaged = decode_damaged(source_, format_, width, height);
    if (damaged) damaged->profile = profile_;
    return damaged;
  }

 private:
  std::expected<Pixels, Failure> decode_whole(std::uint32_t width, std::uint32_t height) {
    const double factor = std::min(head_.width / static_cast<double>(width),
                                   head_.height / static_cast<double>(height));
    const auto source = make_source(position_);
    const auto image = load(format_, source.get(), factor, fail_on(format_, damage_));
    if (!image) return std::unexpected(vips_failure());
    VipsInterpretation interpretation = vips_image_guess_interpretation(image.get());
    Pixels pixels;
    VipsImagePtr plain;
    if (is_plain(interpretation)) {
      plain = as_integers(image.get());
      pixels.profile = profile_;
    } else {
      plain = as_srgb(image.get());
      interpretation = VIPS_INTERPRETATION_sRGB;
    }
    if (!plain) return std::unexpected(vips_failure());
    pixels.model = model_of(interpretation);
    plain = without_extra_bands(std::move(plain), static_cast<int>(pixels.colour_samples()) + 1);
    if (!plain || !take_pixels(plain.get(), width, height, pixels)) {
      return std::unexpected(vips_failure());
    }
    return pixels;
  }

  void read_metadata(VipsImage* image) {
    if (format_ == StillFormat::kTiff) {
      Exif without;  // BigTIFF
      without.orientation = static_cast<std::uint16_t>(vips_image_get_orientation(image));
      head_.exif = read_exif(source_).value_or(without);
    } else {
      Bytes bytes = blob_of(image, VIPS_META_EXIF_NAME);
      if (format_ == StillFormat::kPng) bytes = read_png_exif(source_);
      if (format_ == StillFormat::kJxl) bytes = read_jxl_exif(source_);
      head_.exif = parse_exif(std::move(bytes));
    }
    // The codestream's orientation is applied while it is decoded, and EXIF's is its copy.
    head_.orientation = format_ == StillFormat::kJxl ? 1 : head_.exif.orientation;
  }

  static VipsImagePtr without_extra_bands(VipsImagePtr image, int bands) {
    if (vips_image_get_bands(image.get()) <= bands) return image;
    return made_by([&](VipsImage** out) {
      return vips_extract_band(image.get(), out, 0, "n", bands, nullptr);
    });
  }

  Source& source_;
  const StillFormat format_;
  const Damage damage_;
  VipsPosition position_ = {};
  StillHead head_;
  Bytes profile_;
};

}  // namespace

void start_vips() {
  // Elsewhere than where its modules are: they bring ImageMagick and others that must not be here.
  g_setenv("VIPSHOME", "/nonexistent", TRUE);
  if (vips_init("coffer-media") != 0) throw std::runtime_error("libvips does not start");
  // Kept loaded for as long as the process lives.
  if (g_module_open(COFFER_VIPS_JXL_MODULE, G_MODULE_BIND_LAZY) == nullptr) vips_error_clear();
  // It compiles code at run time, which nothing may here.
  vips_vector_set_enabled(FALSE);
  vips_concurrency_set(1);
  vips_cache_set_max(0);
  vips_operation_block_set("VipsForeignLoad", TRUE);
  for (const char* const name :
       {"VipsForeignLoadJpeg", "VipsForeignLoadPng", "VipsForeignLoadWebp", "VipsForeignLoadNsgif",
        "VipsForeignLoadTiff", "VipsForeignLoadJxl"}) {
    vips_operation_block_set(name, FALSE);
  }
}

OpenedStill open_by_vips(Source& source, StillFormat format, Damage damage) {
  auto still = std::make_unique<VipsStill>(source, format, damage);
  if (const auto failure = still->open()) return std::unexpected(*failure);
  return still;
}

std::expected<Pixels, Failure> scale(Pixels pixels, std::uint32_t width, std::uint32_t height) {
  if (pixels.width == width && pixels.height == height) return pixels;
  const VipsImagePtr image(vips_image_new_from_memory(
      pixels.data.data(), pixels.data.size(), static_cast<int>(pixels.width),
      static_cast<int>(pixels.height), static_cast<int>(pixels.samples()),
      pixels.bits == 16 ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR));
  Pixels out;
  out.model = pixels.model;
  if (!image || !take_pixels(image.get(), width, height, out)) {
    return std::unexpected(vips_failure());
  }
  out.profile = std::move(pixels.profile);
  out.cicp = pixels.cicp;
  return out;
}

}  // namespace coffer::media
