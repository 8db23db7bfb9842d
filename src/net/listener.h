// A listening socket, and the acceptance of its connections.
#pragma once

#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <functional>
#include <future>
#include <string>
#include <string_view>

#include "base/task.h"
#include "net/event_loop.h"
#include "net/socket.h"

namespace coffer::net {

// Threads: accepts on its loop's thread; start(), close() and join() are called on one other.
class Listener {
 public:
  // What becomes of the connections. Called on the loop's thread.
  struct Handler {
    // A connection, non-blocking, without Nagle's delay. May throw where the machine lacks
    // something: the connection is then lost, and the failure reported to `failed`.
    std::function<void(UniqueSocket socket, const sockaddr_storage& peer)> accepted;
    // A connection could not be taken; the next attempt follows after a pause. `error`: of errno, 0
    // if unknown. Must not throw.
    std::function<void(std::string_view why, int error)> failed;
  };

  // Opens the socket. `port` 0: one that is free. Throws std::runtime_error with the address and
  // the reason. REQUIRES: `loop` outlives it.
  Listener(EventLoop& loop, const std::string& host, std::uint16_t port);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  std::uint16_t port() const noexcept { return port_; }

  // Accepts from now on. REQUIRES: called once, while the loop runs.
  void start(Handler handler);
  // Accepts no more; returns at once.
  void close();
  // After close(): waits until the loop no longer uses it. REQUIRES: the loop runs, or start() was
  // not called.
  void join();

 private:
  Task<void> accept_until_closed();
  // Both: false when it is of no use to try again at once, since the machine lacks something.
  Task<bool> accept_when_ready();
  bool accept_waiting();

  EventLoop& loop_;
  boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, boost::asio::io_context::executor_type>
      acceptor_;
  Timer pause_;
  std::uint16_t port_ = 0;
  Handler handler_;
  bool is_closed_ = false;  // the loop's
  std::future<void> ended_;
};

}  // namespace coffer::net
