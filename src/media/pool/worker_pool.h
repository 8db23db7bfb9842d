// The workers of a server.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "media/pool/worker_process.h"
#include "media/protocol/reply.h"
#include "media/protocol/request.h"

namespace coffer::media {

struct WorkerPoolOptions {
  std::size_t workers = 2;            // at most, at the same time
  std::uint64_t jobs_a_worker = 200;  // then it is replaced
  std::chrono::milliseconds job_timeout = std::chrono::seconds(20);
  std::chrono::milliseconds start_timeout = std::chrono::seconds(20);
};

// Threads: any.
class WorkerPool {
 public:
  WorkerPool(Launcher launcher, WorkerPoolOptions options);
  // REQUIRES: no call of run() is under way.
  ~WorkerPool();

  // Looks into `length` bytes of `file` from `offset` on, which the request is told of here.
  // Blocks while all workers are busy, then until the job has ended: not for a serving core. Throws
  // std::runtime_error, with what an operator can do, where no worker can be started, and
  // std::invalid_argument where something could be written through `file`.
  Reply run(Request request, int file, std::uint64_t offset, std::uint64_t length);

  struct Stats {
    std::uint64_t jobs = 0;
    std::uint64_t started = 0;  // workers, since the pool was made
    std::uint64_t failed = 0;   // workers that were replaced for a failure
    std::size_t busy = 0;
    std::size_t idle = 0;
    std::uint32_t layers = 0;  // of the worker that was started last
  };
  Stats stats() const;

 private:
  class Borrowed;
  std::unique_ptr<WorkerProcess> take();
  void give_back(std::unique_ptr<WorkerProcess> worker);

  const Launcher launcher_;
  const WorkerPoolOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable free_;
  std::vector<std::unique_ptr<WorkerProcess>> idle_;
  Stats stats_;
};

}  // namespace coffer::media
