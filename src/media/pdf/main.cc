// coffer-media-pdf: draws first pages of PDF files that nobody trusts. The server starts it.
#include "media/drawing/fonts.h"
#include "media/pdf/page.h"
#include "media/worker/document.h"
#include "media/worker/encode.h"
#include "media/worker/start.h"
#include "media/worker/still.h"

namespace coffer::media {
namespace {

void load_pdf_libraries() {
  start_vips();
  load_encoders();
  load_fonts();
  load_poppler();
}

// The facts are those that coffer-media finds, and are told first: they stay where Poppler fails.
void run_pdf_job(const Request& request, Source& file, FrameSink& sink) {
  Answer answer(request, sink);
  const auto facts = read_document(file);
  if (!facts) return answer.fail(Failure::kUnsupported);
  answer.tell(*facts);
  if (request.job == Job::kOptimize) return answer.fail(Failure::kUnsupported);
  answer.end(draw_first_page(file, request));
}

}  // namespace
}  // namespace coffer::media

int main() {
  using namespace coffer::media;
  return run_worker({.name = "coffer-media-pdf", .load = load_pdf_libraries, .run = run_pdf_job});
}
