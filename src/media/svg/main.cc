// coffer-media-svg: draws SVG files that nobody trusts. The server starts it.
#include "media/drawing/fonts.h"
#include "media/svg/drawing.h"
#include "media/worker/encode.h"
#include "media/worker/start.h"
#include "media/worker/still.h"

namespace coffer::media {
namespace {

void load_svg_libraries() {
  start_vips();
  load_encoders();
  load_fonts();
  load_rsvg();
}

void run_svg_job(const Request& request, Source& file, FrameSink& sink) {
  Answer answer(request, sink);
  if (request.job == Job::kOptimize) return answer.fail(Failure::kUnsupported);
  const auto drawing = SvgDrawing::open(file);
  if (!drawing) return answer.fail(drawing.error());
  answer.tell((*drawing)->facts());
  answer.end((*drawing)->draw(request));
}

}  // namespace
}  // namespace coffer::media

int main() {
  using namespace coffer::media;
  return run_worker({.name = "coffer-media-svg", .load = load_svg_libraries, .run = run_svg_job});
}
