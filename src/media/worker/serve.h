// A worker's service: jobs come over the socket, and each runs in a process of its own.
#pragma once

#include "media/protocol/request.h"

namespace coffer::media {

// Says hello, then serves until the other end of the socket is closed. Throws std::system_error
// where the socket fails. REQUIRES: one thread; no descriptor but those of standard input (the
// socket), output and error is open.
void serve_jobs(const Hello& hello);

}  // namespace coffer::media
