#include "media/worker/encode.h"

#include <libheif/heif.h>
#include <webp/encode.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "media/worker/vips_handle.h"

namespace coffer::media {
namespace {

std::expected<Bytes, Failure> as_webp(const Raster& raster, int quality) {
  WebPConfig config;
  if (WebPConfigPreset(&config, WEBP_PRESET_PICTURE, static_cast<float>(quality)) == 0) {
    return std::unexpected(Failure::kCrashed);
  }
  config.method = 4;
  WebPPicture picture;
  if (WebPPictureInit(&picture) == 0) return std::unexpected(Failure::kCrashed);
  picture.width = static_cast<int>(raster.width);
  picture.height = static_cast<int>(raster.height);
  WebPMemoryWriter writer;
  WebPMemoryWriterInit(&writer);
  picture.writer = WebPMemoryWrite;
  picture.custom_ptr = &writer;
  const int stride = picture.width * 4;
  const bool encoded =
      (raster.opaque ? WebPPictureImportRGBX(&picture, raster.rgba.data(), stride)
                     : WebPPictureImportRGBA(&picture, raster.rgba.data(), stride)) != 0 &&
      WebPEncode(&config, &picture) != 0;
  const auto* const data = reinterpret_cast<const std::byte*>(writer.mem);
  Bytes bytes(data, data + (encoded ? writer.size : 0));
  WebPPictureFree(&picture);
  WebPMemoryWriterClear(&writer);
  if (!encoded) return std::unexpected(Failure::kMemory);
  return bytes;
}

// Three samples a pixel, on white.
Bytes flattened(const Raster& raster) {
  Bytes out(raster.rgba.size() / 4 * 3);
  for (std::size_t i = 0; i < out.size() / 3; ++i) {
    const unsigned alpha = raster.rgba[i * 4 + 3];
    for (std::size_t sample = 0; sample < 3; ++sample) {
      const unsigned value = raster.rgba[i * 4 + sample];
      out[i * 3 + sample] =
          static_cast<std::byte>((value * alpha + 255 * (255 - alpha) + 127) / 255);
    }
  }
  return out;
}

std::expected<Bytes, Failure> as_jpeg(const Raster& raster, int quality) {
  const Bytes rgb = flattened(raster);
  const VipsImagePtr image(
      vips_image_new_from_memory(rgb.data(), rgb.size(), static_cast<int>(raster.width),
                                 static_cast<int>(raster.height), 3, VIPS_FORMAT_UCHAR));
  if (!image) return std::unexpected(Failure::kMemory);
  void* data = nullptr;
  std::size_t size = 0;
  if (vips_jpegsave_buffer(image.get(), &data, &size, "Q", quality, "strip", TRUE,
                           "optimize_coding", TRUE, nullptr) != 0) {
    return std::unexpected(Failure::kMemory);
  }
  const auto* const bytes = static_cast<const std::byte*>(data);
  Bytes out(bytes, bytes + size);
  g_free(data);
  return out;
}

// The samples that differ: one where all pixels are grey, three where they are opaque.
Bytes packed(const Raster& raster, unsigned& samples) {
  bool is_grey = raster.opaque;
  for (std::size_t i = 0; is_grey && i < raster.rgba.size(); i += 4) {
    is_grey = raster.rgba[i] == raster.rgba[i + 1] && raster.rgba[i] == raster.rgba[i + 2];
  }
  samples = is_grey ? 1 : raster.opaque ? 3 : 4;
  Bytes out;
  out.reserve(raster.rgba.size() / 4 * samples);
  for (std::size_t i = 0; i < raster.rgba.size(); i += 4) {
    for (std::size_t sample = 0; sample < samples; ++sample) {
      out.push_back(static_cast<std::byte>(raster.rgba[i + sample]));
    }
  }
  return out;
}

std::expected<Bytes, Failure> as_png(const Raster& raster) {
  unsigned samples = 0;
  const Bytes pixels = packed(raster, samples);
  const VipsImagePtr image(vips_image_new_from_memory(
      pixels.data(), pixels.size(), static_cast<int>(raster.width), static_cast<int>(raster.height),
      static_cast<int>(samples), VIPS_FORMAT_UCHAR));
  if (!image) return std::unexpected(Failure::kMemory);
  image->Type = samples == 1 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
  void* data = nullptr;
  std::size_t size = 0;
  if (vips_pngsave_buffer(image.get(), &data, &size, "compression", 9, "filter",
                          VIPS_FOREIGN_PNG_FILTER_ALL, "strip", TRUE, nullptr) != 0) {
    return std::unexpected(Failure::kMemory);
  }
  const auto* const bytes = static_cast<const std::byte*>(data);
  Bytes out(bytes, bytes + size);
  g_free(data);
  return out;
}

struct FreeHeif {
  void operator()(heif_context* context) const noexcept { heif_context_free(context); }
  void operator()(heif_image* image) const noexcept { heif_image_release(image); }
  void operator()(heif_encoder* encoder) const noexcept { heif_encoder_release(encoder); }
  void operator()(heif_encoding_options* options) const noexcept {
    heif_encoding_options_free(options);
  }
  void operator()(heif_color_profile_nclx* nclx) const noexcept {
    heif_nclx_color_profile_free(nclx);
  }
};
template <class T>
using HeifPtr = std::unique_ptr<T, FreeHeif>;

heif_error append_to(heif_context*, const void* data, std::size_t size, void* out) {
  const auto* const bytes = static_cast<const std::byte*>(data);
  auto& all = *static_cast<Bytes*>(out);
  all.insert(all.end(), bytes, bytes + size);
  return {heif_error_Ok, heif_suberror_Unspecified, ""};
}

std::expected<Bytes, Failure> as_avif(const Raster& raster, int quality) {
  const HeifPtr<heif_context> context(heif_context_alloc());
  heif_encoder* made_encoder = nullptr;
  if (!context ||
      heif_context_get_encoder_for_format(context.get(), heif_compression_AV1, &made_encoder)
              .code != heif_error_Ok) {
    return std::unexpected(Failure::kNoDecoder);
  }
  const HeifPtr<heif_encoder> encoder(made_encoder);
  heif_encoder_set_lossy_quality(encoder.get(), quality);
  heif_encoder_set_parameter_integer(encoder.get(), "speed", 7);
  heif_encoder_set_parameter_integer(encoder.get(), "threads", 1);
  const auto width = static_cast<int>(raster.width);
  const auto height = static_cast<int>(raster.height);
  const unsigned samples = raster.opaque ? 3 : 4;
  heif_image* made_image = nullptr;
  if (heif_image_create(width, height, heif_colorspace_RGB,
                        raster.opaque ? heif_chroma_interleaved_RGB : heif_chroma_interleaved_RGBA,
                        &made_image)
          .code != heif_error_Ok) {
    return std::unexpected(Failure::kMemory);
  }
  const HeifPtr<heif_image> image(made_image);
  if (heif_image_add_plane(image.get(), heif_channel_interleaved, width, height, 8).code !=
      heif_error_Ok) {
    return std::unexpected(Failure::kMemory);
  }
  int stride = 0;
  std::uint8_t* const plane = heif_image_get_plane(image.get(), heif_channel_interleaved, &stride);
  for (std::uint32_t y = 0; y < raster.height; ++y) {
    std::uint8_t* to = plane + static_cast<std::size_t>(stride) * y;
    for (std::uint32_t x = 0; x < raster.width; ++x) {
      to = std::copy_n(raster.at(x, y), samples, to);
    }
  }
  const HeifPtr<heif_encoding_options> options(heif_encoding_options_alloc());
  options->macOS_compatibility_workaround_no_nclx_profile = 0;
  const HeifPtr<heif_color_profile_nclx> nclx(heif_nclx_color_profile_alloc());
  heif_nclx_color_profile_set_color_primaries(nclx.get(), 1);
  heif_nclx_color_profile_set_transfer_characteristics(nclx.get(), 13);
  heif_nclx_color_profile_set_matrix_coefficients(nclx.get(), 6);
  options->output_nclx_profile = nclx.get();
  if (heif_context_encode_image(context.get(), image.get(), encoder.get(), options.get(), nullptr)
          .code != heif_error_Ok) {
    return std::unexpected(Failure::kMemory);
  }
  Bytes bytes;
  heif_writer writer = {1, &append_to};
  if (heif_context_write(context.get(), &writer, &bytes).code != heif_error_Ok) {
    return std::unexpected(Failure::kMemory);
  }
  return bytes;
}

}  // namespace

void load_encoders() { heif_init(nullptr); }

std::expected<Picture, Failure> encode_picture(const Raster& raster, PictureFormat format,
                                               int quality) {
  auto bytes = format == PictureFormat::kWebp   ? as_webp(raster, quality)
               : format == PictureFormat::kJpeg ? as_jpeg(raster, quality)
               : format == PictureFormat::kPng  ? as_png(raster)
                                                : as_avif(raster, quality);
  if (!bytes) return std::unexpected(bytes.error());
  return Picture{format, raster.width, raster.height, std::move(*bytes)};
}

}  // namespace coffer::media
