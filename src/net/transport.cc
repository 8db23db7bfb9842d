#include "net/transport.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace coffer::net {
namespace {

Transport::Step socket_step(ssize_t result, Transport::State wait) noexcept {
  if (result > 0) return {Transport::State::kDone, static_cast<std::size_t>(result)};
  if (result < 0 && (errno == EAGAIN || errno == EINTR)) return {wait};
  return {Transport::State::kClosed};
}

void cork(int fd, bool on) noexcept {
  const int value = on ? 1 : 0;
  ::setsockopt(fd, IPPROTO_TCP, TCP_CORK, &value, sizeof value);
}

// The most one call is asked to send, so that a fast reader does not hold its core.
constexpr std::size_t kStepBytes = 1U << 20U;

}  // namespace

std::size_t Transport::unsent() const noexcept {
  int bytes = 0;
  return ::ioctl(fd_, SIOCOUTQ, &bytes) == 0 && bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
}

// What went wrong is told by the thread's error queue, so each step starts with an empty one:
// whatever else used OpenSSL on this thread may have left something there.
Transport::Step Transport::tls_step(int result) noexcept {
  if (result > 0) return {State::kDone, static_cast<std::size_t>(result)};
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ: return {State::kRead};
    case SSL_ERROR_WANT_WRITE: return {State::kWrite};
    default: return {State::kClosed};
  }
}

Transport::State Transport::peek(std::byte& byte) const noexcept {
  return socket_step(::recv(fd_, &byte, 1, MSG_DONTWAIT | MSG_PEEK), State::kRead).state;
}

Transport::Step Transport::handshake() noexcept {
  if (!ssl_) return {State::kDone};
  ERR_clear_error();
  Step step = tls_step(SSL_do_handshake(ssl_.get()));
  step.count = 0;
  return step;
}

Transport::Step Transport::read(ByteSpan into) noexcept {
  if (ssl_) {
    ERR_clear_error();
    return tls_step(SSL_read(ssl_.get(), into.data(),
                             static_cast<int>(std::min<std::size_t>(into.size(), INT_MAX))));
  }
  return socket_step(::recv(fd_, into.data(), into.size(), MSG_DONTWAIT), State::kRead);
}

Transport::Step Transport::write(std::span<const iovec> parts, bool more) noexcept {
  if (ssl_) {
    ERR_clear_error();
    const iovec& first = parts.front();
    return tls_step(SSL_write(ssl_.get(), first.iov_base,
                              static_cast<int>(std::min<std::size_t>(first.iov_len, INT_MAX))));
  }
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts.data());
  message.msg_iovlen = parts.size();
  const int flags = MSG_DONTWAIT | MSG_NOSIGNAL | (more ? MSG_MORE : 0);
  return socket_step(::sendmsg(fd_, &message, flags), State::kWrite);
}

Transport::Step Transport::send_file(int file, std::uint64_t offset,
                                     std::uint64_t length) noexcept {
  auto position = static_cast<off_t>(offset);
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(length, kStepBytes));
  return socket_step(::sendfile(fd_, file, &position, count), State::kWrite);
}

void Transport::limit_unsent(std::size_t bytes) noexcept {
  // The machine doubles it, for its own records.
  const int value = static_cast<int>(std::min<std::size_t>(bytes / 2, INT_MAX));
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &value, sizeof value);
}

void Transport::finish_writing() noexcept {
  if (ssl_) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
  }
  ::shutdown(fd_, SHUT_WR);
}

bool Transport::has_hung_up() const noexcept {
  pollfd socket{.fd = fd_, .events = POLLRDHUP, .revents = 0};
  return ::poll(&socket, 1, 0) > 0;
}

// Asio's own option would be taken back when the socket is destroyed.
void Transport::reset_when_closed() noexcept {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

Corked::Corked(int fd) noexcept : fd_(fd) { cork(fd_, true); }

Corked::~Corked() { cork(fd_, false); }

}  // namespace coffer::net
