#include "apis/kit/qr_image.h"

#include <fmt/format.h>
#include <png.h>
#include <qrencode.h>

#include <cstring>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <vector>

namespace coffer::apis {
namespace {

constexpr std::size_t kQuietZone = 4;  // modules, as the standard wants it
constexpr std::size_t kModulePixels = 8;
constexpr unsigned char kWhite = 0xff;

// Which modules are dark.
class Matrix {
 public:
  explicit Matrix(std::string_view text)
      : code_(
            QRcode_encodeData(static_cast<int>(text.size()),
                              reinterpret_cast<const unsigned char*>(text.data()), 0, QR_ECLEVEL_M),
            QRcode_free) {
    if (!code_) throw std::invalid_argument("the text does not fit into a QR code");
  }

  std::size_t width() const { return static_cast<std::size_t>(code_->width); }
  bool is_dark(std::size_t x, std::size_t y) const {
    return (code_->data[y * width() + x] & 1U) != 0;
  }

 private:
  std::unique_ptr<QRcode, decltype(&QRcode_free)> code_;
};

}  // namespace

std::string qr_png(std::string_view text) {
  const Matrix matrix(text);
  const std::size_t side = (matrix.width() + 2 * kQuietZone) * kModulePixels;
  std::vector<unsigned char> pixels(side * side, kWhite);
  for (std::size_t y = 0; y < matrix.width() * kModulePixels; ++y) {
    unsigned char* row = pixels.data() + (y + kQuietZone * kModulePixels) * side;
    for (std::size_t x = 0; x < matrix.width() * kModulePixels; ++x) {
      if (matrix.is_dark(x / kModulePixels, y / kModulePixels)) {
        row[x + kQuietZone * kModulePixels] = 0;
      }
    }
  }
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = image.height = static_cast<png_uint_32>(side);
  image.format = PNG_FORMAT_GRAY;
  // No smaller than any PNG of these pixels, so that one call is enough.
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::string out(size, '\0');
  if (png_image_write_to_memory(&image, out.data(), &size, 0, pixels.data(), 0, nullptr) == 0) {
    throw std::runtime_error(std::string("a PNG cannot be written: ") + image.message);
  }
  out.resize(size);
  return out;
}

std::string qr_svg(std::string_view text) {
  const Matrix matrix(text);
  const std::size_t side = matrix.width() + 2 * kQuietZone;
  std::string out = fmt::format(
      R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {0}" shape-rendering="crispEdges">)"
      R"(<path fill="#fff" d="M0 0h{0}v{0}H0z"/><path d=")",
      side);
  for (std::size_t y = 0; y < matrix.width(); ++y) {
    for (std::size_t x = 0; x < matrix.width(); ++x) {
      if (!matrix.is_dark(x, y)) continue;
      const std::size_t first = x;
      while (x + 1 < matrix.width() && matrix.is_dark(x + 1, y)) ++x;
      const std::size_t length = x + 1 - first;
      fmt::format_to(std::back_inserter(out), "M{} {}h{}v1h-{}z", first + kQuietZone,
                     y + kQuietZone, length, length);
    }
  }
  return out + "\"/></svg>\n";
}

}  // namespace coffer::apis
