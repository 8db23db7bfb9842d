// A connected socket, plain or under TLS, as steps that never wait.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "net/tls.h"

namespace coffer::net {

// Threads: one at a time. Does not own the socket.
class Transport {
 public:
  // `ssl` null: plain.
  Transport(int fd, SslHandle ssl) noexcept : fd_(fd), ssl_(std::move(ssl)) {}

  // What a step achieved. kDone: `count` bytes, at least one. kRead, kWrite: nothing yet, try
  // again when the socket is readable, writable. kClosed: the other end is gone.
  enum class State { kDone, kRead, kWrite, kClosed };
  struct Step {
    State state;
    std::size_t count = 0;
  };

  bool secure() const noexcept { return ssl_ != nullptr; }
  int fd() const noexcept { return fd_; }

  // The next byte that comes over the socket, which stays to be read. kDone: it is in `byte`.
  State peek(std::byte& byte) const noexcept;
  // Goes on without TLS. REQUIRES: the handshake has not begun.
  void go_plain() noexcept { ssl_.reset(); }

  // kDone with a count of 0 when the connection is ready for use.
  Step handshake() noexcept;
  Step read(ByteSpan into) noexcept;
  // `more`: further bytes follow at once, so that both can share a packet.
  Step write(std::span<const iovec> parts, bool more) noexcept;
  // From a file, without passing through the program. REQUIRES: not secure().
  Step send_file(int file, std::uint64_t offset, std::uint64_t length) noexcept;
  // Bytes that were written and that the other end has not acknowledged yet.
  std::size_t unsent() const noexcept;
  // Has the machine keep about so much of what was written until the other end takes it.
  void limit_unsent(std::size_t bytes) noexcept;
  // Tells the other end that nothing more follows.
  void finish_writing() noexcept;
  // Whether the other end has closed the connection or its sending side, as far as the machine
  // knows. Bytes that were not read do not hide it.
  bool has_hung_up() const noexcept;
  // Has the other end get a reset, not an orderly end, when the socket is closed.
  void reset_when_closed() noexcept;

 private:
  Step tls_step(int result) noexcept;

  int fd_;
  SslHandle ssl_;
};

// Has a TCP socket send full segments alone for as long as this lives, then what is left
// (TCP_CORK). For long bodies, which go out in many steps: each would end with a small segment.
class Corked {
 public:
  // `fd` stays open meanwhile.
  explicit Corked(int fd) noexcept;
  ~Corked();
  Corked(const Corked&) = delete;
  Corked& operator=(const Corked&) = delete;

 private:
  int fd_;
};

}  // namespace coffer::net
