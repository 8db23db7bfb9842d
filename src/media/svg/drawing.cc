#include "media/svg/drawing.h"

#include <librsvg/rsvg.h>

#include <cmath>
#include <stdexcept>
#include <string_view>

#include "media/drawing/canvas.h"
#include "media/drawing/glib.h"
#include "media/sniff/drawing.h"

namespace coffer::media {
namespace {

// Its tree takes about ten times as much.
constexpr std::size_t kMaxSvgBytes = 32u << 20;
// Of what has neither a size nor a `viewBox`, by CSS.
constexpr RsvgRectangle kDefaultArea = {0, 0, 300, 150};

// Text, and a picture of one pixel.
constexpr std::string_view kSample =
    R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 99 99"><text y="50">sample</text>)"
    R"(<image width="9" height="9" href="data:image/png;base64,)"
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg"
    "=="
    R"("/></svg>)";

std::optional<std::uint32_t> pixels_of(double edge) {
  if (!(edge > 0 && edge <= kMaxEdge)) return std::nullopt;
  return static_cast<std::uint32_t>(std::ceil(edge));
}

class RsvgDrawing final : public SvgDrawing {
 public:
  std::optional<Failure> read(ByteView bytes) {
    GError* told = nullptr;
    // Without an address of its own, no address that it has leads anywhere but to `data:`.
    handle_.reset(rsvg_handle_new_from_data(reinterpret_cast<const guint8*>(bytes.data()),
                                            bytes.size(), &told));
    const GlibPtr<GError> error(told);
    if (!handle_) return Failure::kDamaged;
    // As CSS has it: an inch is 96 pixels.
    rsvg_handle_set_dpi(handle_.get(), 96);
    measure();
    return std::nullopt;
  }

  Facts facts() const override {
    Facts facts;
    facts.kind = Kind::kImage;
    facts.codec = "svg";
    facts.width = pixels_of(area_.width);
    facts.height = pixels_of(area_.height);
    if (!facts.width || !facts.height) facts.width = facts.height = std::nullopt;
    return facts;
  }

  std::expected<Raster, Failure> draw(const Request& request) override {
    const auto placement = place_drawing(request, area_.width, area_.height);
    if (!placement) return std::unexpected(placement.error());
    Canvas canvas(*placement, Canvas::Paper::kTransparent);
    cairo_translate(canvas.context(), -area_.x, -area_.y);
    const RsvgRectangle viewport = {0, 0, view_width_, view_height_};
    GError* told = nullptr;
    const bool drawn =
        rsvg_handle_render_document(handle_.get(), canvas.context(), &viewport, &told) != FALSE;
    const GlibPtr<GError> error(told);
    if (!drawn) return std::unexpected(Failure::kDamaged);
    return canvas.take();
  }

 private:
  // What is drawn: the size that the file says, in pixels, or the shape of its `viewBox`, or all
  // that there is.
  void measure() {
    if (rsvg_handle_get_intrinsic_size_in_pixels(handle_.get(), &area_.width, &area_.height)) {
      view_width_ = area_.width;
      view_height_ = area_.height;
      return;
    }
    gboolean has_box = FALSE;
    RsvgRectangle box = {};
    rsvg_handle_get_intrinsic_dimensions(handle_.get(), nullptr, nullptr, nullptr, nullptr,
                                         &has_box, &box);
    if (has_box != FALSE) {
      view_width_ = area_.width = box.width;
      view_height_ = area_.height = box.height;
      return;
    }
    view_width_ = kDefaultArea.width;
    view_height_ = kDefaultArea.height;
    GError* told = nullptr;
    RsvgRectangle ink = {};
    const bool measured = rsvg_handle_get_geometry_for_layer(handle_.get(), nullptr, &kDefaultArea,
                                                             &ink, nullptr, &told) != FALSE;
    const GlibPtr<GError> error(told);
    const bool is_something = measured && ink.width > 0 && ink.height > 0;
    area_ = is_something ? ink : kDefaultArea;
  }

  GlibPtr<RsvgHandle> handle_;
  RsvgRectangle area_ = {};
  double view_width_ = 0;
  double view_height_ = 0;
};

std::expected<std::unique_ptr<SvgDrawing>, Failure> open_drawing(ByteView bytes) {
  auto drawing = std::make_unique<RsvgDrawing>();
  if (const auto failure = drawing->read(bytes)) return std::unexpected(*failure);
  return drawing;
}

}  // namespace

void load_rsvg() {
  const auto drawing = open_drawing(as_bytes(kSample));
  if (!drawing || !(*drawing)->draw(Request())) {
    throw std::runtime_error("librsvg does not draw");
  }
}

std::expected<std::unique_ptr<SvgDrawing>, Failure> SvgDrawing::open(Source& file) {
  // Compressed ones, which librsvg would unpack, are files of another type.
  if (drawing_format(file.read_range(0, kDrawingHeadBytes)) != DrawingFormat::kSvg) {
    return std::unexpected(Failure::kUnsupported);
  }
  const auto bytes = file.read_all(kMaxSvgBytes);
  if (!bytes) return std::unexpected(Failure::kTooLarge);
  return open_drawing(*bytes);
}

}  // namespace coffer::media
