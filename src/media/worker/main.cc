// coffer-media: looks into files that nobody trusts. The server starts it; see README.md.
extern "C" {
#include <libavutil/log.h>
}

#include "media/worker/colour.h"
#include "media/worker/encode.h"
#include "media/worker/probe.h"
#include "media/worker/start.h"
#include "media/worker/still.h"

namespace coffer::media {
namespace {

void load_libraries() {
  av_log_set_level(AV_LOG_QUIET);
  start_vips();
  load_profiles();
  load_encoders();
}

}  // namespace
}  // namespace coffer::media

int main() {
  using namespace coffer::media;
  return run_worker({.name = "coffer-media", .load = load_libraries, .run = run_job});
}
