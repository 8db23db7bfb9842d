// coffer-media: looks into files that nobody trusts. The server starts it; see README.md.
#include <libheif/heif.h>
#include <malloc.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>

extern "C" {
#include <libavutil/log.h>
}

#include "media/worker/colour.h"
#include "media/worker/confine.h"
#include "media/worker/serve.h"
#include "media/worker/still.h"

#ifdef __SANITIZE_ADDRESS__
// Leaks are looked for by a process that traces this one, which is refused here. What libraries
// keep is theirs, and the processes of jobs end without tidying up.
extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }
#endif

namespace coffer::media {
namespace {

// Whatever libraries load from files, and whatever they start once.
void load_libraries() {
  tzset();
  av_log_set_level(AV_LOG_QUIET);
  start_vips();
  load_profiles();
  heif_init(nullptr);
}

bool is_socket(int descriptor) {
  int type = 0;
  socklen_t length = sizeof(type);
  return getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_SEQPACKET;
}

int run() {
  if (!is_socket(kControlDescriptor)) {
    std::fputs(
        "coffer-media is started by coffer, which sends it files over a socket; there is nothing\n"
        "to be done with it by hand. See docs/formats/media-protocol.md.\n",
        stderr);
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  // Each arena of the allocator takes 64 MiB of the address space that is limited.
  mallopt(M_ARENA_MAX, 2);
  close_range(3, ~0u, 0);
  const std::uint32_t namespaces = enter_namespaces();
  load_libraries();
  Hello hello;
  hello.layers = confine_service(namespaces);
  hello.succeeded_attempts = attempt_escape();
  serve_jobs(hello);
  return 0;
}

}  // namespace
}  // namespace coffer::media

int main() {
  try {
    return coffer::media::run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "coffer-media: %s\n", error.what());
    return 1;
  }
}
