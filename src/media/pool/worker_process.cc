#include "media/pool/worker_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include <fmt/format.h>

namespace coffer::media {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

[[noreturn]] void fail(int error, const char* what) {
  throw std::system_error(error, std::generic_category(), what);
}

std::pair<Descriptor, Descriptor> make_sockets() {
  std::array<int, 2> ends = {-1, -1};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    fail(errno, "socketpair");
  }
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

std::pair<Descriptor, Descriptor> make_pipe() {
  std::array<int, 2> ends = {-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) fail(errno, "pipe");
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

// Whether there is something to read, or an end, before `deadline`.
bool wait_readable(int descriptor, Clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd wanted = {descriptor, POLLIN, 0};
    const int ready =
        poll(&wanted, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000)));
    if (ready > 0) return true;
    if (ready == 0) return false;
    if (errno != EINTR) return false;
  }
}

enum class Silence { kTooSlow, kGone };

// A message of at most `Size` bytes from the worker.
template <std::size_t Size>
std::expected<Bytes, Silence> receive_message(int control, Clock::time_point deadline) {
  if (!wait_readable(control, deadline)) return std::unexpected(Silence::kTooSlow);
  Bytes bytes(Size + 1);
  // Without a place for them, descriptors that come along are closed by the kernel.
  const ssize_t count = recv(control, bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (count <= 0) return std::unexpected(Silence::kGone);
  bytes.resize(static_cast<std::size_t>(count));
  return bytes;
}

class SpawnActions {
 public:
  SpawnActions() {
    check(posix_spawn_file_actions_init(&actions_));
    check(posix_spawnattr_init(&attributes_));
  }
  ~SpawnActions() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;

  void set(int control, std::optional<int> errors) {
    check(posix_spawn_file_actions_adddup2(&actions_, control, 0));
    check(posix_spawn_file_actions_addopen(&actions_, 1, "/dev/null", O_WRONLY, 0));
    if (errors) {
      check(posix_spawn_file_actions_adddup2(&actions_, *errors, 2));
    } else {
      check(posix_spawn_file_actions_addopen(&actions_, 2, "/dev/null", O_WRONLY, 0));
    }
    check(posix_spawn_file_actions_addclosefrom_np(&actions_, 3));
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    check(posix_spawnattr_setsigmask(&attributes_, &none));
    check(posix_spawnattr_setsigdefault(&attributes_, &all));
    // A group of its own: the terminal's Ctrl-C is the server's to handle.
    check(posix_spawnattr_setpgroup(&attributes_, 0));
    check(posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP));
  }

  pid_t spawn(const std::string& program) {
    std::string name = program;
    std::array<char*, 2> arguments = {name.data(), nullptr};
    // Settings, and so secrets, may come by the environment: it gets none of it.
    std::string language = "LC_ALL=C";
    std::string zone = "TZ=UTC0";
    std::array<char*, 3> environment = {language.data(), zone.data(), nullptr};
    pid_t process = -1;
    check(posix_spawn(&process, program.c_str(), &actions_, &attributes_, arguments.data(),
                      environment.data()));
    return process;
  }

 private:
  static void check(int error) {
    if (error != 0) fail(error, "cannot start coffer-media");
  }
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

std::string missing_layers(std::uint32_t layers) {
  std::string names;
  for (std::uint32_t bit = 1; bit <= kRequiredLayers; bit <<= 1) {
    if ((kRequiredLayers & bit) == 0 || (layers & bit) != 0) continue;
    if (!names.empty()) names += ", ";
    names += name_of(static_cast<Layer>(bit));
  }
  return names;
}

Failure failure_of(const JobEnd& end) noexcept {
  if (end.signal == SIGXCPU) return Failure::kTime;
  // The harder limit, of a decoder that takes no notice of the signal before.
  if (end.signal == SIGKILL && end.cpu_millis >= kMaxJobCpuSeconds * 1000) return Failure::kTime;
  // Of those who kill, the kernel does so where memory is short.
  if (end.signal == SIGKILL) return Failure::kMemory;
  return Failure::kCrashed;
}

// Whether somebody else ended the job: no decoder dies of these by itself, and no limit of a job
// but that of processor time sends one.
bool was_killed(const JobEnd& end) noexcept {
  switch (end.signal) {
    case SIGHUP:
    case SIGINT:
    case SIGTERM: return true;
    case SIGKILL: return failure_of(end) != Failure::kTime;
    default: return false;
  }
}

// Whether another try may start a program that could not be started.
bool may_pass(const std::error_code& error) {
  for (const int lack : {EAGAIN, ENOMEM, EMFILE, ENFILE}) {
    if (error == std::error_code(lack, std::generic_category())) return true;
  }
  return false;
}

}  // namespace

void Descriptor::reset() noexcept {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

Launcher program_launcher(std::string program, std::optional<int> errors) {
  return [program = std::move(program), errors] {
    auto [ours, theirs] = make_sockets();
    SpawnActions actions;
    actions.set(theirs.get(), errors);
    LaunchedWorker worker;
    worker.process = actions.spawn(program);
    worker.control = std::move(ours);
    return worker;
  };
}

std::expected<std::unique_ptr<WorkerProcess>, StartFailure> WorkerProcess::start(
    const Launcher& launcher, std::chrono::milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  std::unique_ptr<WorkerProcess> worker;
  try {
    worker.reset(new WorkerProcess(launcher()));
  } catch (const std::system_error& error) {
    return std::unexpected(StartFailure{error.what(), may_pass(error.code())});
  }
  const auto message = receive_message<kHelloBytes>(worker->worker_.control.get(), deadline);
  if (!message) {
    const bool is_gone = message.error() == Silence::kGone;
    return std::unexpected(
        StartFailure{is_gone ? worker->how_it_ended() : "it was too slow to start", true});
  }
  const auto hello = decode_hello(*message);
  if (!hello) return std::unexpected(StartFailure{"it is of another version"});
  if (const std::string missing = missing_layers(hello->layers); !missing.empty()) {
    return std::unexpected(
        StartFailure{fmt::format("this kernel does not confine it: {} missing", missing)});
  }
  if (hello->succeeded_attempts != 0) {
    return std::unexpected(StartFailure{fmt::format(
        "it is not confined: it could {}",
        (hello->succeeded_attempts & kOpenedFile) != 0 ? "open a file" : "use the network")});
  }
  worker->layers_ = hello->layers;
  return worker;
}

std::string WorkerProcess::how_it_ended() const {
  constexpr std::chrono::milliseconds kStep{5};
  for (auto waited = 0ms; waited < 1s; waited += kStep) {
    siginfo_t end = {};
    // It stays a child, so that its number is not another's.
    const int result =
        waitid(P_PID, static_cast<id_t>(worker_.process), &end, WEXITED | WNOWAIT | WNOHANG);
    if (result != 0) break;
    if (end.si_pid != 0) {
      // The process that waits for the one in the namespace ends as a shell would.
      constexpr int kSignals = 128;
      const bool by_signal = end.si_code != CLD_EXITED || end.si_status > kSignals;
      if (!by_signal) return fmt::format("it ended with status {} at its start", end.si_status);
      return fmt::format("signal {} ended it at its start",
                         end.si_code == CLD_EXITED ? end.si_status - kSignals : end.si_status);
    }
    std::this_thread::sleep_for(kStep);
  }
  return "it did not start";
}

WorkerProcess::~WorkerProcess() {
  worker_.control.reset();
  if (worker_.process <= 0) return;
  kill(worker_.process, SIGKILL);
  while (waitpid(worker_.process, nullptr, 0) < 0 && errno == EINTR) {
  }
}

bool WorkerProcess::send(const Request& request, int file, int reply) {
  auto bytes = encode(request);
  iovec data = {bytes.data(), bytes.size()};
  const std::array<int, 2> descriptors = {file, reply};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(descriptors))> control = {};
  msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* const head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof(descriptors));
  std::memcpy(CMSG_DATA(head), descriptors.data(), sizeof(descriptors));
  const ssize_t sent = sendmsg(worker_.control.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent == static_cast<ssize_t>(bytes.size());
}

bool WorkerProcess::receive(int reply, ReplyReader& reader, Clock::time_point deadline,
                            Failure& failure) {
  Bytes buffer(64 * 1024);
  for (;;) {
    if (!wait_readable(reply, deadline)) {
      failure = Failure::kTime;
      return false;
    }
    const ssize_t count = read(reply, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return true;
    if (!reader.push(ByteView(buffer).first(static_cast<std::size_t>(count)))) {
      failure = Failure::kProtocol;
      return false;
    }
  }
}

std::optional<Reply> WorkerProcess::run(const Request& request, int file,
                                        std::chrono::milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  ++jobs_;
  ReplyReader reader(request);
  auto [ours, theirs] = make_pipe();
  if (!send(request, file, theirs.get())) {
    usable_ = false;
    return std::nullopt;
  }
  theirs.reset();
  Failure failure = Failure::kCrashed;
  std::optional<JobEnd> end;
  bool killed = false;
  if (receive(ours.get(), reader, deadline, failure)) {
    // The process of the job has closed its answer; how it ended is told apart from that.
    const auto message = receive_message<kJobEndBytes>(worker_.control.get(), deadline);
    if (message) {
      end = decode_job_end(*message);
      if (end) failure = failure_of(*end);
      killed = end && was_killed(*end);
    } else if (message.error() == Silence::kTooSlow) {
      failure = Failure::kTime;
    } else {
      // The service is gone, which reads no byte of a file.
      failure = Failure::kMemory;
      killed = true;
    }
  }
  const bool ended = reader.ended() && end && end->is_good();
  if (!ended) usable_ = false;
  Reply reply = reader.take();
  if (end) {
    reply.memory_kib = end->memory_kib;
    reply.cpu_millis = end->cpu_millis;
  }
  if (!ended) {
    // Facts that were told before it failed were told in good order.
    reply.picture.reset();
    reply.failure = failure;
    reply.was_killed = killed;
    if (failure == Failure::kProtocol) reply.facts.reset();
  }
  return reply;
}

}  // namespace coffer::media
