#include "media/sniff/drawing.h"

#include <string_view>

#include "base/svg.h"
#include "media/sniff/type.h"

namespace coffer::media {
namespace {

// Readers permit something in front of a PDF.
constexpr std::size_t kPdfMarkWithin = 1024;

}  // namespace

DrawingFormat drawing_format(ByteView head) {
  const std::string_view text = as_text(head);
  if (is_svg(text, head.size() >= kDrawingHeadBytes)) return DrawingFormat::kSvg;
  if (text.substr(0, kPdfMarkWithin).find("%PDF-") == text.npos) return DrawingFormat::kNone;
  const Type type = type_of({}, head);
  const bool is_another =
      type.kind == Kind::kImage || type.kind == Kind::kVideo || type.kind == Kind::kAudio;
  return is_another ? DrawingFormat::kNone : DrawingFormat::kPdf;
}

}  // namespace coffer::media
