#include "net/listener.h"

#include <netinet/tcp.h>

#include <boost/asio/error.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "base/thread.h"
#include "net/use_task.h"

namespace coffer::net {
namespace {

using boost::asio::ip::tcp;

constexpr int kBacklog = 4096;
constexpr int kAcceptsAnIteration = 64;
// After an accept that failed for another reason than the connection itself.
constexpr std::chrono::milliseconds kPause{100};

// Whether accept4() reports an error of the connection that it would have taken, accept(2).
bool is_of_the_connection(int error) noexcept {
  switch (error) {
    case EINTR:
    case EPERM:
    case ECONNABORTED:
    case EPROTO:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET: return true;
    default: return false;
  }
}

// What to do about an address that cannot be had, where the system's own words do not say it.
std::string_view advice_for(const boost::system::error_code& error) noexcept {
  switch (error.value()) {
    case EADDRINUSE: return ": another program listens there; end it, or choose another port";
    case EACCES:
      return ": ports below 1024 need a right of their own (CAP_NET_BIND_SERVICE); choose another";
    case EADDRNOTAVAIL: return ": this machine has no such address";
    default: return "";
  }
}

}  // namespace

Listener::Listener(EventLoop& loop, const std::string& host, std::uint16_t port)
    : loop_(loop), acceptor_(loop.context()), pause_(loop.context()) {
  try {
    tcp::resolver resolver(loop.context());
    const auto found = resolver.resolve(host, std::to_string(port), tcp::resolver::numeric_service);
    const tcp::endpoint endpoint = found.begin()->endpoint();
    acceptor_.open(endpoint.protocol());
    acceptor_.set_option(tcp::acceptor::reuse_address(true));
    acceptor_.bind(endpoint);
    acceptor_.listen(kBacklog);
    acceptor_.native_non_blocking(true);
    port_ = acceptor_.local_endpoint().port();
  } catch (const boost::system::system_error& error) {
    throw std::runtime_error("cannot listen on " + host + " port " + std::to_string(port) + ": " +
                             error.code().message() + std::string(advice_for(error.code())));
  }
}

void Listener::start(Handler handler) {
  handler_ = std::move(handler);
  std::promise<void> ended;
  ended_ = ended.get_future();
  loop_.post([this, ended = std::move(ended)]() mutable {
    coffer::start(accept_until_closed(),
                  [ended = std::move(ended)](const std::exception_ptr& error) mutable {
                    if (error)
                      contain_exceptions("listener", [&] { std::rethrow_exception(error); });
                    ended.set_value();
                  });
  });
}

void Listener::close() {
  loop_.post([this] {
    is_closed_ = true;
    boost::system::error_code ignored;  // it is closed either way
    acceptor_.close(ignored);
    pause_.cancel();
  });
}

void Listener::join() {
  if (ended_.valid()) ended_.wait();
}

Task<void> Listener::accept_until_closed() {
  bool is_pausing = false;
  while (!is_closed_) {
    try {
      if (std::exchange(is_pausing, false)) {
        pause_.expires_after(kPause);
        co_await pause_.async_wait(use_task);
      }
      const bool go_on = is_closed_ || co_await accept_when_ready();
      is_pausing = !go_on;
    } catch (const std::exception& error) {
      handler_.failed(error.what(), 0);
      is_pausing = true;
    }
  }
}

Task<bool> Listener::accept_when_ready() {
  const auto ready = co_await acceptor_.async_wait(tcp::acceptor::wait_read, use_task);
  if (is_closed_) co_return true;
  if (ready) co_return accept_waiting();
  handler_.failed(ready.error().message(), ready.error().value());
  co_return false;
}

bool Listener::accept_waiting() {
  for (int i = 0; i < kAcceptsAnIteration; ++i) {
    sockaddr_storage peer{};
    socklen_t length = sizeof peer;
    UniqueSocket socket(::accept4(acceptor_.native_handle(), reinterpret_cast<sockaddr*>(&peer),
                                  &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.get() < 0) {
      const int error = errno;
      if (error == EAGAIN) return true;
      if (is_of_the_connection(error)) continue;
      handler_.failed(std::strerror(error), error);
      return false;
    }
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    handler_.accepted(std::move(socket), peer);
  }
  return true;
}

}  // namespace coffer::net
