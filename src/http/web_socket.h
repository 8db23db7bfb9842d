// WebSockets (RFC 6455), as the application sees them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/executor.h"
#include "base/task.h"
#include "http/message.h"

namespace coffer::http {

// Codes of RFC 6455 section 7.4.1 and of IANA's registry.
enum class CloseCode : std::uint16_t {
  kNormal = 1000,
  kGoingAway = 1001,
  kUnsupportedData = 1003,
  kPolicyViolation = 1008,
  kInternalError = 1011,
  kTryAgainLater = 1013,
};

struct WebSocketOptions {
  std::size_t max_message = 16 * 1024;  // that comes in, bytes; a longer one closes it with 1009
  std::size_t max_queued = 256 * 1024;  // of messages that wait to be sent
  std::size_t send_buffer = 64 * 1024;  // of the machine, for what was sent and not taken yet
  // Whose queue is full, or takes nothing for `send_timeout`, is closed with this code.
  std::uint16_t too_slow_code = static_cast<std::uint16_t>(CloseCode::kPolicyViolation);
  std::chrono::milliseconds send_timeout{30'000};
  // A ping follows when nothing was heard for so long, and the end when nothing came of it.
  std::chrono::milliseconds ping_every{30'000};
  std::chrono::milliseconds pong_within{30'000};
  // The other end has so long to answer the close frame, and to read what comes before it. Then the
  // connection is closed here; what was sent, the close frame with it, is left to the machine.
  std::chrono::milliseconds close_within{10'000};
};

// A message that goes out; many sockets may send the same.
using SharedText = std::shared_ptr<const std::string>;

// The open connection. Threads: its core's.
class WebSocket {
 public:
  virtual ~WebSocket() = default;

  // The next text message, valid UTF-8. Nothing: none follows, because the connection has ended.
  // A binary message closes it with 1003. One call at a time.
  virtual Task<std::optional<std::string>> receive() = 0;

  // Sends `message` behind the others, without waiting for it. Does nothing once it is closing.
  // Where options.max_queued would be exceeded, what waits is dropped and the socket closed with
  // options.too_slow_code.
  virtual void send(SharedText message) = 0;

  // Waits until little of what was sent is left in the queue. False: it is closing. One call at a
  // time.
  virtual Task<bool> wait_until_sent() = 0;

  // Sends what waits, then a close frame, and ends when the other end has answered it. Only the
  // first call counts. REQUIRES: `reason` has at most 123 bytes.
  virtual void close(std::uint16_t code, std::string_view reason) = 0;
  void close(CloseCode code, std::string_view reason) {
    close(static_cast<std::uint16_t>(code), reason);
  }
  // Whether close() was called, by whomever.
  virtual bool is_closing() const noexcept = 0;
  // The code that it was closed with from here; 0: it was not.
  virtual std::uint16_t close_code() const noexcept = 0;

  // Runs `task` beside WebSocketHandler::serve(); the connection outlives it. What it throws closes
  // the connection with 1011.
  virtual void run(Task<void> task) = 0;
};

// What the application does with a WebSocket. Threads: the connection's core.
class WebSocketHandler {
 public:
  virtual ~WebSocketHandler() = default;

  virtual WebSocketOptions options() const { return {}; }
  // From when it is open. The connection ends when this has: with 1000, unless it was closed. What
  // it throws closes it with 1011. `socket` lives until then, and until what it runs has ended.
  virtual Task<void> serve(WebSocket& socket) = 0;
  // Called while serve() runs, about every second, or as often as tick_every() says, give or take
  // a tenth of a second. Must not throw.
  virtual void tick() noexcept {}
  // At most a second.
  virtual std::chrono::milliseconds tick_every() const noexcept { return std::chrono::seconds(1); }
};

// What is wrong with a request that is to become a WebSocket.
enum class UpgradeFault : std::uint8_t {
  kNotAsked,   // it asks for something else
  kVersion,    // of a version that is not 13
  kMalformed,  // RFC 6455 section 4.2.1 has it otherwise
};
std::optional<UpgradeFault> find_upgrade_fault(const Request& request);

// The reply to a request without fault: the connection becomes a WebSocket.
Response upgrade_to(std::shared_ptr<WebSocketHandler> handler);

}  // namespace coffer::http
