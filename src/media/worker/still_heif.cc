// HEIC and AVIF, by libheif, which turns, mirrors and crops as the file says.
#include <libheif/heif.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "media/worker/colour.h"
#include "media/worker/heif_turn.h"
#include "media/worker/still.h"

namespace coffer::media {
namespace {

struct Free {
  void operator()(heif_context* context) const noexcept { heif_context_free(context); }
  void operator()(heif_image_handle* handle) const noexcept { heif_image_handle_release(handle); }
  void operator()(heif_image* image) const noexcept { heif_image_release(image); }
  void operator()(heif_color_profile_nclx* nclx) const noexcept {
    heif_nclx_color_profile_free(nclx);
  }
  void operator()(heif_decoding_options* options) const noexcept {
    heif_decoding_options_free(options);
  }
};
using Context = std::unique_ptr<heif_context, Free>;
using Handle = std::unique_ptr<heif_image_handle, Free>;
using Image = std::unique_ptr<heif_image, Free>;
using Nclx = std::unique_ptr<heif_color_profile_nclx, Free>;
using Options = std::unique_ptr<heif_decoding_options, Free>;

Failure failure_of(const heif_error& error) noexcept {
  switch (error.code) {
    case heif_error_Memory_allocation_error:
      return error.subcode == heif_suberror_Security_limit_exceeded ? Failure::kTooLarge
                                                                    : Failure::kMemory;
    case heif_error_Unsupported_feature: return Failure::kNoDecoder;
    default: return Failure::kDamaged;
  }
}

struct HeifPosition {
  Source* source = nullptr;
  std::int64_t at = 0;
};

const heif_reader kReader = {
    1, [](void* data) { return static_cast<HeifPosition*>(data)->at; },
    [](void* into, std::size_t size, void* data) {
      auto& position = *static_cast<HeifPosition*>(data);
      const std::size_t count = position.source->read_at(static_cast<std::uint64_t>(position.at),
                                                         {static_cast<std::byte*>(into), size});
      position.at += static_cast<std::int64_t>(count);
      return count == size ? 0 : -1;
    },
    [](std::int64_t at, void* data) {
      auto& position = *static_cast<HeifPosition*>(data);
      if (at < 0 || static_cast<std::uint64_t>(at) > position.source->size()) return -1;
      position.at = at;
      return 0;
    },
    [](std::int64_t size, void* data) {
      const auto& position = *static_cast<HeifPosition*>(data);
      return size >= 0 && static_cast<std::uint64_t>(size) <= position.source->size()
                 ? heif_reader_grow_status_size_reached
                 : heif_reader_grow_status_size_beyond_eof;
    }};

Exif exif_of(const heif_image_handle* handle) {
  constexpr std::size_t kMaxExif = 1u << 20;
  heif_item_id id = 0;
  if (heif_image_handle_get_list_of_metadata_block_IDs(handle, "Exif", &id, 1) != 1) return {};
  const std::size_t size = heif_image_handle_get_metadata_size(handle, id);
  if (size < 8 || size > kMaxExif) return {};
  Bytes bytes(size);
  if (heif_image_handle_get_metadata(handle, id, bytes.data()).code != heif_error_Ok) return {};
  // How far behind these four bytes the TIFF header is.
  std::uint64_t skip = 4;
  for (std::size_t i = 0; i < 4; ++i) {
    skip += std::to_integer<std::uint64_t>(bytes[i]) << (24 - 8 * i);
  }
  MemorySource whole(std::move(bytes));
  RangeSource tiff(whole, skip, whole.size());
  return read_exif(tiff).value_or(Exif{});
}

Bytes profile_of(const heif_image_handle* handle) {
  const auto type = heif_image_handle_get_color_profile_type(handle);
  if (type != heif_color_profile_type_prof && type != heif_color_profile_type_rICC) return {};
  constexpr std::size_t kMaxProfile = 8u << 20;
  const std::size_t size = heif_image_handle_get_raw_color_profile_size(handle);
  if (size == 0 || size > kMaxProfile) return {};
  Bytes bytes(size);
  if (heif_image_handle_get_raw_color_profile(handle, bytes.data()).code != heif_error_Ok) {
    return {};
  }
  return bytes;
}

std::optional<Cicp> cicp_of(const heif_image_handle* handle) {
  heif_color_profile_nclx* nclx = nullptr;
  if (heif_image_handle_get_nclx_color_profile(handle, &nclx).code != heif_error_Ok) {
    return std::nullopt;
  }
  const Nclx owned(nclx);
  return Cicp{static_cast<int>(nclx->color_primaries),
              static_cast<int>(nclx->transfer_characteristics)};
}

// Sums of so many squared samples of 16 bits fit into 32 bits.
constexpr std::uint32_t kMaxShrink = 64;

class HeifStill final : public Still {
 public:
  explicit HeifStill(Source& source) : context_(heif_context_alloc()), position_{&source} {}

  std::optional<Failure> open() {
    if (!context_) return Failure::kMemory;
    heif_context_set_max_decoding_threads(context_.get(), 0);
    auto error = heif_context_read_from_reader(context_.get(), &kReader, &position_, nullptr);
    if (error.code != heif_error_Ok) return failure_of(error);
    heif_image_handle* handle = nullptr;
    error = heif_context_get_primary_image_handle(context_.get(), &handle);
    if (error.code != heif_error_Ok) return failure_of(error);
    handle_.reset(handle);
    heif_item_id id = 0;
    error = heif_context_get_primary_image_ID(context_.get(), &id);
    if (error.code != heif_error_Ok) return failure_of(error);
    const auto size = size_of(handle, id);
    if (!size) return Failure::kDamaged;
    head_.width = size->width;
    head_.height = size->height;
    head_.exif = exif_of(handle);
    head_.codec = is_av1() ? "av1" : "hevc";
    head_.colour_space =
        colour_space_name(profile_of(handle), cicp_of(handle), Pixels::Model::kRgb);
    return std::nullopt;
  }

  const StillHead& head() const noexcept override { return head_; }

  std::expected<Pixels, Failure> decode(std::uint32_t width, std::uint32_t height) override {
    if (const Handle small = embedded_thumbnail(width, height)) {
      auto pixels = decode_handle(small.get(), 1);
      if (pixels) return scale(std::move(*pixels), width, height);
    }
    // Cheap at first, so far that the filter that follows still has twice of what it makes.
    const std::uint32_t factor = std::min(head_.width / width, head_.height / height);
    auto pixels = decode_handle(handle_.get(), std::clamp(factor / 2, 1u, kMaxShrink));
    if (!pixels) return pixels;
    return scale(std::move(*pixels), width, height);
  }

 private:
  bool is_av1() {
    const Bytes head = position_.source->read_range(0, 64);
    const std::string_view text = as_text(head);
    return text.find("avif") != text.npos || text.find("avis") != text.npos;
  }

  // Upright; nothing where there is none.
  std::optional<ItemSize> size_of(const heif_image_handle* handle, heif_item_id id) {
    const int width = heif_image_handle_get_width(handle);
    const int height = heif_image_handle_get_height(handle);
    if (width <= 0 || height <= 0) return std::nullopt;
    ItemSize size{static_cast<std::uint32_t>(width), static_cast<std::uint32_t>(height)};
    // Later versions tell the size behind the turn.
    if (size_behind_turn(*position_.source, id) == size) std::swap(size.width, size.height);
    return size;
  }

  // A small copy in the file that is large enough and of the same shape.
  Handle embedded_thumbnail(std::uint32_t width, std::uint32_t height) {
    heif_item_id id = 0;
    if (heif_image_handle_get_list_of_thumbnail_IDs(handle_.get(), &id, 1) < 1) return nullptr;
    heif_image_handle* found = nullptr;
    if (heif_image_handle_get_thumbnail(handle_.get(), id, &found).code != heif_error_Ok) {
      return nullptr;
    }
    Handle handle(found);
    const auto size = size_of(found, id);
    if (!size || size->width < width || size->height < height) return nullptr;
    const double shape = size->width / static_cast<double>(size->height);
    const double wanted = head_.width / static_cast<double>(head_.height);
    if (std::abs(shape / wanted - 1) > 0.01) return nullptr;
    return handle;
  }

  std::expected<Pixels, Failure> decode_handle(const heif_image_handle* handle,
                                               std::uint32_t shrink) {
    const bool alpha = heif_image_handle_has_alpha_channel(handle) != 0;
    const bool deep = heif_image_handle_get_luma_bits_per_pixel(handle) > 8;
    const auto chroma =
        deep    ? alpha ? heif_chroma_interleaved_RRGGBBAA_LE : heif_chroma_interleaved_RRGGBB_LE
        : alpha ? heif_chroma_interleaved_RGBA
                : heif_chroma_interleaved_RGB;
    heif_image* decoded = nullptr;
    const auto error = heif_decode_image(handle, &decoded, heif_colorspace_RGB, chroma, nullptr);
    if (error.code != heif_error_Ok) return std::unexpected(failure_of(error));
    const Image image(decoded);
    Pixels pixels;
    pixels.alpha = alpha;
    pixels.bits = deep ? 16 : 8;
    pixels.profile = profile_of(handle_.get());
    if (pixels.profile.empty()) pixels.cicp = cicp_of(handle_.get());
    // Colours of transparent pixels must not bleed into their neighbours.
    if (!copy(image.get(), alpha ? 1 : shrink, pixels)) return std::unexpected(Failure::kDamaged);
    return pixels;
  }

  // `shrink`: how many pixels, across and down, become one.
  static bool copy(const heif_image* image, std::uint32_t shrink, Pixels& pixels) {
    constexpr auto kChannel = heif_channel_interleaved;
    const int width = heif_image_get_width(image, kChannel);
    const int height = heif_image_get_height(image, kChannel);
    int stride = 0;
    const std::uint8_t* const plane = heif_image_get_plane_readonly(image, kChannel, &stride);
    if (plane == nullptr || width <= 0 || height <= 0 || stride <= 0) return false;
    const std::size_t row = static_cast<std::size_t>(width) * pixels.samples() * pixels.bits / 8;
    if (row > static_cast<std::size_t>(stride)) return false;
    const Plane from = {plane, static_cast<std::size_t>(stride), static_cast<std::uint32_t>(width),
                        static_cast<std::uint32_t>(height)};
    if (pixels.bits == 16) {
      copy_shrunk<std::uint16_t>(from, shrink, pixels);
      widen(pixels, heif_image_get_bits_per_pixel_range(image, kChannel));
    } else {
      copy_shrunk<std::uint8_t>(from, shrink, pixels);
    }
    return true;
  }

  struct Plane {
    const std::uint8_t* data;
    std::size_t stride;
    std::uint32_t width;
    std::uint32_t height;
  };

  // The mean of squares of pixels; those at the right and at the bottom are narrower.
  template <class Sample>
  static void copy_shrunk(const Plane& from, std::uint32_t shrink, Pixels& pixels) {
    const unsigned samples = pixels.samples();
    pixels.width = (from.width + shrink - 1) / shrink;
    pixels.height = (from.height + shrink - 1) / shrink;
    pixels.data.resize(std::size_t{pixels.width} * pixels.height * samples * sizeof(Sample));
    auto* out = reinterpret_cast<Sample*>(pixels.data.data());
    std::vector<std::uint32_t> sums(std::size_t{pixels.width} * samples);
    for (std::uint32_t top = 0; top < from.height; top += shrink) {
      const std::uint32_t rows = std::min(shrink, from.height - top);
      std::ranges::fill(sums, 0u);
      for (std::uint32_t y = top; y < top + rows; ++y) {
        const auto* in = reinterpret_cast<const Sample*>(from.data + y * from.stride);
        std::uint32_t* sum = sums.data();
        for (std::uint32_t left = 0; left < from.width; left += shrink, sum += samples) {
          const std::uint32_t columns = std::min(shrink, from.width - left);
          for (std::uint32_t x = 0; x < columns; ++x) {
            for (unsigned sample = 0; sample < samples; ++sample) sum[sample] += *in++;
          }
        }
      }
      for (std::uint32_t x = 0; x < pixels.width; ++x) {
        const std::uint32_t count = rows * std::min(shrink, from.width - x * shrink);
        for (unsigned sample = 0; sample < samples; ++sample) {
          *out++ = static_cast<Sample>((sums[x * samples + sample] + count / 2) / count);
        }
      }
    }
  }

  // Samples of 10 or 12 bits take the whole range of 16.
  static void widen(Pixels& pixels, int bits) {
    if (bits < 9 || bits >= 16) return;
    const std::uint32_t max = (1u << bits) - 1;
    for (std::size_t at = 0; at + 1 < pixels.data.size(); at += 2) {
      std::uint16_t value = 0;
      std::memcpy(&value, pixels.data.data() + at, 2);
      value = static_cast<std::uint16_t>(std::min<std::uint32_t>(value, max) * 65535u / max);
      std::memcpy(pixels.data.data() + at, &value, 2);
    }
  }

  Context context_;
  HeifPosition position_;
  Handle handle_;
  StillHead head_;
};

}  // namespace

OpenedStill open_by_heif(Source& source) {
  auto still = std::make_unique<HeifStill>(source);
  if (const auto failure = still->open()) return std::unexpected(*failure);
  return still;
}

}  // namespace coffer::media
