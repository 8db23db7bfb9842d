// The client's side of a WebSocket (RFC 6455), over libcurl's connections.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace coffer::client {

// Threads: one at a time.
class WebSocket {
 public:
  // What came, if anything did in time.
  struct Received {
    enum class Kind : std::uint8_t { kNothing, kMessage, kClosed };
    Kind kind = Kind::kNothing;
    std::string text = {};    // of a message; the reason of a close
    unsigned close_code = 0;  // 1005 where the server gave none
  };

  // Connects to an http or https URL. Throws ConnectionLost, ApiError where the server is none of
  // WebSockets, or refuses.
  explicit WebSocket(const std::string& url);
  ~WebSocket();
  WebSocket(const WebSocket&) = delete;
  WebSocket& operator=(const WebSocket&) = delete;

  // Throws ConnectionLost.
  void send(std::string_view text);
  void ping();
  // The next message; nothing where none came for so long. Pings are answered meanwhile;
  // `is_quiet()` says whether anything at all came. Throws ConnectionLost, for what breaks the
  // protocol too.
  Received receive(std::chrono::milliseconds timeout);
  // Whether nothing has come since the last ping().
  bool is_quiet() const noexcept { return is_quiet_; }

 private:
  struct Connection;

  void shake_hands(const std::string& url);
  void send_frame(std::uint8_t opcode, std::string_view payload);
  void write(std::string_view data);
  // Reads what is there into `input_`, after waiting for it; false where nothing came.
  bool read_more(std::chrono::milliseconds timeout);
  // Takes one whole frame out of `input_`; false where there is none yet.
  bool take_frame(Received& into);

  std::unique_ptr<Connection> connection_;
  std::string input_;
  std::string message_;  // the parts of it that came
  bool is_quiet_ = false;
};

}  // namespace coffer::client
