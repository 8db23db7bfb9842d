#include "media/worker/serve.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <new>
#include <optional>
#include <system_error>

#include "media/worker/confine.h"

namespace coffer::media {
namespace {

[[noreturn]] void fail_message(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

void send_message(ByteView message) {
  const ssize_t sent = send(kControlDescriptor, message.data(), message.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(message.size())) fail_message("send");
}

// Receives a request, with its two descriptors under their numbers. Nothing: the server is gone.
std::optional<Request> receive_request() {
  std::array<std::byte, kRequestBytes + 1> bytes;
  iovec data = {bytes.data(), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(2 * sizeof(int))> control = {};
  msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t count = 0;
  do {
    count = recvmsg(kControlDescriptor, &message, 0);
  } while (count < 0 && errno == EINTR);
  if (count < 0) fail_message("recvmsg");
  if (count == 0) return std::nullopt;
  const cmsghdr* const head = CMSG_FIRSTHDR(&message);
  std::array<int, 2> descriptors = {-1, -1};
  if (head != nullptr && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
      head->cmsg_len == CMSG_LEN(sizeof(descriptors))) {
    std::memcpy(descriptors.data(), CMSG_DATA(head), sizeof(descriptors));
  }
  const auto request = decode_request(ByteView(bytes).first(static_cast<std::size_t>(count)));
  // The lowest that are free, and so always these.
  if (!request || descriptors != std::array{kFileDescriptor, kReplyDescriptor} ||
      (message.msg_flags & (MSG_CTRUNC | MSG_TRUNC)) != 0) {
    errno = EBADMSG;
    fail_message("request");
  }
  return request;
}

// Whether nothing can be written through it.
bool is_read_only(int descriptor) {
  const int flags = fcntl(descriptor, F_GETFL);
  if (flags >= 0 && (flags & O_ACCMODE) == O_RDONLY) return true;
  const int seals = fcntl(descriptor, F_GET_SEALS);
  return seals >= 0 && (seals & F_SEAL_WRITE) != 0;
}

class PipeSink final : public FrameSink {
 public:
  void send(ByteView frame) override {
    while (!frame.empty()) {
      const ssize_t count = write(kReplyDescriptor, frame.data(), frame.size());
      if (count < 0 && errno == EINTR) continue;
      // Nobody waits for the answer.
      if (count <= 0) _exit(1);
      frame = frame.subspan(static_cast<std::size_t>(count));
    }
  }
};

[[noreturn]] void run_in_child(const Request& request, RunJob run) {
  PipeSink sink;
  try {
    if (!is_read_only(kFileDescriptor)) _exit(2);
    close(kControlDescriptor);
    confine_job();
    FileSource file(kFileDescriptor, request.offset, request.length);
    run(request, file, sink);
  } catch (const std::bad_alloc&) {
    sink.send(failure_frame(Failure::kMemory));
    sink.send(end_frame());
  } catch (const std::exception&) {
    _exit(3);
  }
  // Libraries have nothing to tidy up that the kernel does not.
  _exit(0);
}

std::int64_t millis(const timeval& time) noexcept {
  return std::int64_t{time.tv_sec} * 1000 + time.tv_usec / 1000;
}

JobEnd end_of(pid_t child) {
  int status = 0;
  rusage usage = {};
  while (wait4(child, &status, 0, &usage) < 0) {
    if (errno != EINTR) fail_message("wait4");
  }
  JobEnd end;
  if (WIFSIGNALED(status)) {
    end.signal = static_cast<std::uint8_t>(WTERMSIG(status));
  } else {
    end.status = static_cast<std::uint8_t>(WEXITSTATUS(status));
  }
  end.memory_kib = static_cast<std::uint32_t>(usage.ru_maxrss);
  end.cpu_millis = static_cast<std::uint32_t>(millis(usage.ru_utime) + millis(usage.ru_stime));
  return end;
}

}  // namespace

void serve_jobs(const Hello& hello, RunJob run) {
  send_message(encode(hello));
  while (const auto request = receive_request()) {
    const pid_t child = fork();
    if (child < 0) fail_message("fork");
    if (child == 0) run_in_child(*request, run);
    close(kFileDescriptor);
    close(kReplyDescriptor);
    send_message(encode(end_of(child)));
  }
}

}  // namespace coffer::media
