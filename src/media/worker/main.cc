// coffer-media: looks into files that nobody trusts. The server starts it; see README.md.
extern "C" {
#include <libavutil/log.h>
}

#include "media/worker/colour.h"
#include "media/worker/encode.h"
#include "media/worker/probe.h"
#include "media/worker/start.h"
#include "media/worker/still.h"

#ifdef __SANITIZE_ADDRESS__
// Leaks are looked for by a process that traces this one, which is refused here. What libraries
// keep is theirs, and the processes of jobs end without tidying up.
extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }
#endif

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
