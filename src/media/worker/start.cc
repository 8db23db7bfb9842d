#include "media/worker/start.h"

#include <malloc.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <ctime>
#include <exception>

#include "media/worker/confine.h"

// A worker gets no environment, so none of the sanitizers' options either.
#ifdef __SANITIZE_THREAD__
// The libraries that decode are not compiled with it, and it sees half of their locking: so of what
// libvips has its threads call, too. Memory that is refused is for the library to deal with.
extern "C" const char* __tsan_default_options() {
  return "halt_on_error=1:ignore_noninstrumented_modules=1:allocator_may_return_null=1";
}
extern "C" const char* __tsan_default_suppressions() { return "race:libvips.so\n"; }
#endif
#ifdef __SANITIZE_ADDRESS__
// Leaks are looked for by a process that traces this one, which is refused here. What libraries
// keep is theirs, and the processes of jobs end without tidying up. Memory that is refused is, as
// without the sanitizer, for the library to deal with.
extern "C" const char* __asan_default_options() {
  return "detect_leaks=0:allocator_may_return_null=1:strict_string_checks=1:detect_stack_use_after_"
         "return=1";
}
#endif

namespace coffer::media {
namespace {

bool is_socket(int descriptor) {
  int type = 0;
  socklen_t length = sizeof(type);
  return getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_SEQPACKET;
}

int serve_confined(const WorkerProgram& program) {
  if (!is_socket(kControlDescriptor)) {
    std::fprintf(stderr,
                 "%s is started by coffer, which sends it files over a socket; there is nothing\n"
                 "to be done with it by hand. See docs/formats/media-protocol.md.\n",
                 program.name);
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  // Each arena of the allocator takes 64 MiB of the address space that is limited.
  mallopt(M_ARENA_MAX, 2);
  close_range(3, ~0u, 0);
  const std::uint32_t namespaces = enter_namespaces();
  tzset();
  program.load();
  Hello hello;
  hello.layers = confine_service(namespaces);
  hello.succeeded_attempts = attempt_escape();
  serve_jobs(hello, program.run);
  return 0;
}

}  // namespace

int run_worker(const WorkerProgram& program) {
  try {
    return serve_confined(program);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", program.name, error.what());
    return 1;
  }
}

}  // namespace coffer::media
