// One coffer-media process, as the server holds it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "media/pool/descriptor.h"
#include "media/protocol/reply.h"
#include "media/protocol/request.h"

namespace coffer::media {

struct LaunchedWorker {
  pid_t process = -1;
  Descriptor control;  // a SOCK_SEQPACKET socket to the worker's standard input
};
// Starts a worker. Throws std::system_error where the machine cannot.
using Launcher = std::function<LaunchedWorker()>;
// Runs `program`, with nothing of the server's environment and descriptors.
Launcher program_launcher(std::string program);

// Threads: one at a time.
class WorkerProcess {
 public:
  // Starts it and waits for its hello. An error, for the log, where it does not start, says what
  // no worker says, lacks one of kRequiredLayers, or could do what it must not.
  static std::expected<std::unique_ptr<WorkerProcess>, std::string> start(
      const Launcher& launcher, std::chrono::milliseconds timeout);
  // Kills it and all that it started.
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  // Blocks until the job has ended, or for `timeout`. What fails is told in the reply; facts that
  // had come by then are kept. REQUIRES: is_usable(); nothing can be written through `file`.
  Reply run(const Request& request, int file, std::chrono::milliseconds timeout);

  // False once it failed in any way: another has to take its place.
  bool is_usable() const noexcept { return usable_; }
  std::uint32_t layers() const noexcept { return layers_; }
  std::uint64_t jobs() const noexcept { return jobs_; }
  pid_t process() const noexcept { return worker_.process; }

 private:
  explicit WorkerProcess(LaunchedWorker worker) noexcept : worker_(std::move(worker)) {}

  bool send(const Request& request, int file, int reply);
  // True at the end of the stream; false after `deadline`, or where it breaks the rules.
  bool receive(int reply, ReplyReader& reader, std::chrono::steady_clock::time_point deadline,
               Failure& failure);

  LaunchedWorker worker_;
  std::uint32_t layers_ = 0;
  std::uint64_t jobs_ = 0;
  bool usable_ = true;
};

}  // namespace coffer::media
