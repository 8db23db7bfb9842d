// A worker's service: jobs come over the socket, and each runs in a process of its own.
#pragma once

#include "media/protocol/request.h"
#include "media/worker/answer.h"
#include "media/worker/source.h"

namespace coffer::media {

// What a worker is for. Throws std::bad_alloc, and what the sink throws.
using RunJob = void (*)(const Request& request, Source& file, FrameSink& sink);

// Says hello, then serves until the other end of the socket is closed. Throws std::system_error
// where the socket fails. REQUIRES: one thread; no descriptor but those of standard input (the
// socket), output and error is open.
void serve_jobs(const Hello& hello, RunJob run);

}  // namespace coffer::media
