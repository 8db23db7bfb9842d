// The workers of a server.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
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
  // After a start that failed and may not fail again; twice as long after each further one.
  std::chrono::milliseconds start_again_after{20};
};

// A larger file than this has to be a file of its own, when a worker is to look into it.
inline constexpr std::uint64_t kMaxSharedFileBytes = 1u << 20;

// What a server needs to look into files:
//
//   const auto program = find_worker_program();  // program.h; nothing: it is not installed
//   WorkerPool pool(program_launcher(*program), {.workers = …});
//   const Reply reply = pool.run(request, descriptor, offset, length);  // on a thread that may
//   wait
//
// Memory: a worker maps at most 1 GiB above its code, and rarely is a tenth of that resident; a
// bound on all of them together is a bound on `workers`. Workers are started by the first jobs
// and stay; no process is there before.
//
// Threads: any.
class WorkerPool {
 public:
  // What run() throws once stop() was called; nothing is said of the file.
  struct Stopped : std::runtime_error {
    Stopped() : std::runtime_error("media workers are stopped") {}
  };

  // What run() and check() throw where no worker can be started, with what an operator can do.
  struct Unavailable : std::runtime_error {
    using std::runtime_error::runtime_error;
  };

  // Starts nothing.
  WorkerPool(Launcher launcher, WorkerPoolOptions options);
  // REQUIRES: no call of run() is under way.
  ~WorkerPool();

  // Looks into `length` bytes of `file` from `offset` on, which the request is told of here. Blocks
  // while all workers are busy, then until the job has ended: not for a serving core. Pictures
  // alone (all but Job::kProbe), which somebody waits for, are before the others. `file` is
  // borrowed until then, and its position is left alone.
  //
  // A decoder that was taken over must see nothing but the file that took it over. A range that is
  // not all of `file`, as that of a packed blob, is therefore copied to memory first, which is for
  // at most kMaxSharedFileBytes. What is in no single file (several extents, another machine) the
  // caller gathers: in a SealedFile, or in a file without a name that is opened again for reading.
  //
  // What is wrong with the bytes is told by the reply: `facts` where they were found, `picture` or
  // `failure`; describe() has words for people, may_be_transient() whether to try once more.
  // `was_killed` says that it may not be the bytes at all. A worker that was killed before it had
  // the job is replaced and says nothing.
  //
  // A start that fails is tried again, kMaxStarts times in a row and for about twice the time that
  // one may take, unless the worker said why it must not be used: then, Unavailable. Throws
  // Stopped, std::runtime_error where the range cannot be read, and std::invalid_argument where
  // something could be written through `file`, or it holds more than a range that is too large to
  // copy.
  Reply run(Request request, int file, std::uint64_t offset, std::uint64_t length);

  static constexpr int kMaxStarts = 10;

  // Starts a worker, unless one is idle: throws as run() does where none can be started.
  void check();

  // Ends the jobs that are under way, within milliseconds, and lets none begin.
  void stop();

  struct Stats {
    std::uint64_t jobs = 0;
    std::uint64_t started = 0;  // workers, since the pool was made
    std::uint64_t failed = 0;   // workers that were replaced for a failure, or did not start
    std::size_t busy = 0;
    std::size_t idle = 0;
    std::uint32_t layers = 0;  // of the worker that was started last
  };
  Stats stats() const;

 private:
  class Borrowed;
  // A worker that is idle, or a new one. Throws as run() does.
  std::unique_ptr<WorkerProcess> take(Job job);
  // One that is new. Throws as run() does.
  std::unique_ptr<WorkerProcess> start();
  void give_back(std::unique_ptr<WorkerProcess> worker);
  // Waits for its turn, and counts as busy from then on.
  void enter(std::unique_lock<std::mutex>& lock, Job job);

  const Launcher launcher_;
  const WorkerPoolOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable free_;
  std::condition_variable stop_;
  std::vector<std::unique_ptr<WorkerProcess>> idle_;
  std::set<pid_t> working_;  // processes that have a job
  std::size_t waiting_renders_ = 0;
  bool stopped_ = false;
  Stats stats_;
};

}  // namespace coffer::media
