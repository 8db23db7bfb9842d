// One connection that has become a WebSocket.
#pragma once

#include <memory>
#include <string>

#include "base/task.h"
#include "http/connection.h"
#include "http/web_socket.h"
#include "net/connection_limit.h"
#include "net/event_loop.h"
#include "net/socket.h"
#include "net/transport.h"

namespace coffer::http {

// Threads: its core's.
class WebSocketConnection {
 public:
  virtual ~WebSocketConnection() = default;

  // Sends the reply to the request that asked for it, with the fields of `response`. False: the
  // other end is gone. REQUIRES: !find_upgrade_fault(request).
  virtual Task<bool> accept(const Request& request, const Response& response) = 0;
  // Serves until it has ended. REQUIRES: accept() gave true.
  virtual Task<void> serve() = 0;
};

// What a connection of requests hands over.
struct WebSocketParts {
  net::ScopedCount counted;
  net::ConnectionLimit::Slot slot;
  net::Socket socket;
  net::Transport transport;
  std::string unread;  // what came behind the request
};

// REQUIRES: `loop` and `shared` outlive it.
std::unique_ptr<WebSocketConnection> make_web_socket(net::EventLoop& loop, const Shared& shared,
                                                     WebSocketParts parts,
                                                     std::shared_ptr<WebSocketHandler> handler);

}  // namespace coffer::http
