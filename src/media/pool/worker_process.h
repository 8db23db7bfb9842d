// One coffer-media process, as the server holds it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
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
// Runs `program`, with nothing of the server's environment and descriptors. What it says of errors
// is thrown away, or goes to `errors`, which is borrowed: for tools that look for faults of its
// own.
Launcher program_launcher(std::string program, std::optional<int> errors = std::nullopt);

// Why a worker did not start.
struct StartFailure {
  std::string reason;     // for the log
  bool may_pass = false;  // as where it was killed meanwhile: another start may succeed
};

// Threads: one at a time.
class WorkerProcess {
 public:
  // Starts it and waits for its hello. A failure, where it does not start, says what no worker
  // says, lacks one of kRequiredLayers, or could do what it must not.
  static std::expected<std::unique_ptr<WorkerProcess>, StartFailure> start(
      const Launcher& launcher, std::chrono::milliseconds timeout);
  // Kills it and all that it started.
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  // Blocks until the job has ended, or for `timeout`. What fails is told in the reply; facts that
  // had come by then are kept. Nothing: the worker was gone before it had the job. REQUIRES:
  // is_usable(); nothing can be written through `file`.
  std::optional<Reply> run(const Request& request, int file, std::chrono::milliseconds timeout);

  // False once it failed in any way: another has to take its place.
  bool is_usable() const noexcept { return usable_; }
  std::uint32_t layers() const noexcept { return layers_; }
  std::uint64_t jobs() const noexcept { return jobs_; }
  pid_t process() const noexcept { return worker_.process; }

 private:
  explicit WorkerProcess(LaunchedWorker worker) noexcept : worker_(std::move(worker)) {}

  bool send(const Request& request, int file, int reply);
  // How it ended, for the log. REQUIRES: its end of the socket is closed.
  std::string how_it_ended() const;
  // True at the end of the stream; false after `deadline`, or where it breaks the rules.
  bool receive(int reply, ReplyReader& reader, std::chrono::steady_clock::time_point deadline,
               Failure& failure);

  LaunchedWorker worker_;
  std::uint32_t layers_ = 0;
  std::uint64_t jobs_ = 0;
  bool usable_ = true;
};

}  // namespace coffer::media
