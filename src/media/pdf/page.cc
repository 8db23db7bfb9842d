#include "media/pdf/page.h"

#include <poppler.h>

#include <stdexcept>
#include <string_view>

#include "media/drawing/canvas.h"
#include "media/drawing/glib.h"

namespace coffer::media {
namespace {

// It is in memory as a whole.
constexpr std::size_t kMaxPdfBytes = 256u << 20;

// A page with a little text, in a font that every reader has.
constexpr std::string_view kSample =
    "%PDF-1.4\n"
    "1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R/Resources<</Font<<"
    "/F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>endobj\n"
    "4 0 obj<</Length 34>>stream\nBT /F 20 Tf 9 9 Td (sample) Tj ET \nendstream endobj\n"
    "trailer<</Root 1 0 R>>\n%%EOF\n";

using Document = GlibPtr<PopplerDocument>;

std::expected<Document, Failure> open_document(ByteView bytes) {
  const GlibPtr<GBytes> data(g_bytes_new_static(bytes.data(), bytes.size()));
  GError* told = nullptr;
  Document document(poppler_document_new_from_bytes(data.get(), nullptr, &told));
  const GlibPtr<GError> error(told);
  if (document) return document;
  if (g_error_matches(error.get(), POPPLER_ERROR, POPPLER_ERROR_ENCRYPTED)) {
    return std::unexpected(Failure::kProtected);
  }
  return std::unexpected(Failure::kDamaged);
}

std::expected<Raster, Failure> draw(PopplerDocument* document, const Request& request) {
  if (poppler_document_get_n_pages(document) < 1) return std::unexpected(Failure::kDamaged);
  const GlibPtr<PopplerPage> page(poppler_document_get_page(document, 0));
  if (!page) return std::unexpected(Failure::kDamaged);
  double width = 0;
  double height = 0;
  poppler_page_get_size(page.get(), &width, &height);
  const auto placement = place_drawing(request, width, height);
  if (!placement) return std::unexpected(placement.error());
  Canvas canvas(*placement, Canvas::Paper::kWhite);
  poppler_page_render(page.get(), canvas.context());
  return canvas.take();
}

}  // namespace

void load_poppler() {
  // Never closed: with its last document, Poppler forgets what it loaded.
  [[maybe_unused]] static PopplerDocument* kept = nullptr;
  auto document = open_document(as_bytes(kSample));
  if (!document || !draw(document->get(), Request())) {
    throw std::runtime_error("Poppler does not draw");
  }
  kept = document->release();
}

std::expected<Raster, Failure> draw_first_page(Source& file, const Request& request) {
  const auto bytes = file.read_all(kMaxPdfBytes);
  if (!bytes) return std::unexpected(Failure::kTooLarge);
  const auto document = open_document(*bytes);
  if (!document) return std::unexpected(document.error());
  return draw(document->get(), request);
}

}  // namespace coffer::media
