// How the program of a worker begins.
#pragma once

#include "media/worker/serve.h"

namespace coffer::media {

struct WorkerProgram {
  const char* name = nullptr;
  // Loads what libraries load from files, and starts what they start once. Throws where it cannot.
  void (*load)() = nullptr;
  RunJob run = nullptr;
};

// All that main() does: loads, confines the process, and serves until the server ends. Returns the
// exit status.
int run_worker(const WorkerProgram& program);

}  // namespace coffer::media
