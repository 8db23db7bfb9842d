// One connection: reads requests, has them answered, sends the answers, in order.
#pragma once

#include <algorithm>
#include <atomic>
#include <coroutine>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/memory_budget.h"
#include "base/one_shot_event.h"
#include "base/stream.h"
#include "base/task.h"
#include "http/head_parser.h"
#include "http/input_buffer.h"
#include "http/message.h"
#include "http/server.h"
#include "net/connection_limit.h"
#include "net/event_loop.h"
#include "net/socket.h"
#include "net/transport.h"

namespace coffer::http {

// From this size on a body counts as a transfer when connections are spread, and is sent Corked.
inline constexpr std::uint64_t kTransferBytes = 1U << 20U;

class WebSocketConnection;

// What all connections of a server have in common. Outlives them.
struct Shared {
  Service& service;
  Limits limits;
  MemoryBudget* memory;        // null: without a bound
  std::string request_prefix;  // differs from start to start
  std::atomic<std::uint64_t> requests = 0;
  std::atomic<bool> draining = false;
};

// The floor rate of a body: so many bytes in each window of waiting for the other end.
class MinDataRate {
 public:
  explicit MinDataRate(const Limits& limits) noexcept
      : limits_(limits), left_(limits.floor_window) {}
  net::SteadyTime deadline(net::SteadyTime now) const noexcept {
    return std::min(now + left_, end_);
  }
  // All has to have moved by then.
  void set_end(net::SteadyTime end) noexcept { end_ = end; }
  void waited(std::chrono::steady_clock::duration time) noexcept { left_ -= time; }
  void moved(std::size_t bytes) noexcept;
  // Whether the window is over and too little has moved in it, or the end has come.
  bool is_over() const noexcept {
    return left_ <= left_.zero() || std::chrono::steady_clock::now() >= end_;
  }

 private:
  const Limits& limits_;
  std::chrono::steady_clock::duration left_;
  std::uint64_t bytes_ = 0;
  net::SteadyTime end_ = net::kNever;
};

// Threads: its core's.
class Connection final : public net::ConnectionBase {
 public:
  // `counted` counts it among its core's connections. `ssl` null: plain.
  Connection(net::EventLoop& loop, Shared& shared, net::ScopedCount counted,
             net::ConnectionLimit::Slot slot, net::Socket socket, net::SslHandle ssl,
             std::string peer);
  ~Connection() override;

  // Serves until the connection ends, or has become a WebSocket. REQUIRES: on the core's thread.
  Task<void> serve();
  // The WebSocket that it has become; null: it has not. This is of no more use after that.
  std::unique_ptr<WebSocketConnection> take_web_socket() noexcept;

  void expire() noexcept override;
  void drain() noexcept override;
  void cut() noexcept override;
  const net::AddressKey& address() const noexcept override { return slot_.address(); }

  // For the body of the request that is being served. kStalled when nothing came for `patience`.
  // At least one byte more into `into`, from the socket alone. REQUIRES: input() is empty.
  Task<std::expected<std::size_t, StreamFault>> receive(ByteSpan into, MinDataRate& rate,
                                                        std::chrono::milliseconds patience);
  // At least one byte more into input(), which keeps no memory while it is empty and nothing comes.
  Task<std::expected<void, StreamFault>> receive_more(MinDataRate& rate,
                                                      std::chrono::milliseconds patience);
  // See InputStream::wait().
  Task<bool> wait(OneShotEvent& event, std::chrono::milliseconds max_wait);
  Task<std::expected<void, StreamFault>> send_continue(MinDataRate& rate);
  InputBuffer& input() noexcept { return input_; }
  net::EventLoop& loop() noexcept { return loop_; }
  const Limits& limits() const noexcept { return shared_.limits; }

 private:
  using State = net::Transport::State;
  enum class Head { kComplete, kBad, kClosed };
  class Ready;
  class Awaiting;

  Ready ready(State state, net::SteadyTime deadline);
  Task<bool> ready(State state, MinDataRate& rate);
  // The same, where requests that follow this one may be at hand and are not looked at.
  Task<bool> ready_to_send(State state, MinDataRate& rate);
  // For a body: whether the socket is readable, else why not.
  Task<std::expected<void, StreamFault>> readable(State state, MinDataRate& rate,
                                                  std::chrono::milliseconds patience);
  // Counts steps that did not have to wait; true when others on the core must get their turn:
  // the caller then gives way.
  bool iteration_is_over(std::size_t steps = 1) noexcept;
  // Sees to it that the request's share of the memory budget covers `bytes` of what the client has
  // sent and is not used yet. False when there is none left.
  bool hold(std::size_t bytes);
  // What the budget calls the client by.
  std::string address_name() const;

  // Whether TLS is spoken now. Who speaks plain HTTP instead is told.
  Task<bool> handshake();
  Task<bool> shake_hands();
  Task<void> refuse_plain();
  Task<bool> wait_for_request();
  // What is known of a request before it is read.
  void begin(Request& request);
  Task<Head> read_head(Request& request, ParsedHead& head, BadMessage& why);
  // Looks for the Origin of a head that is bad, in what there is of it; of one that is too large,
  // for a moment also in what follows. oversized_head.cc.
  Task<void> find_origin(Request& request, BadMessage why);
  Task<bool> serve_one();
  Task<bool> answer(Request& request, const Framing& framing);
  // Hands all that this connection has to a WebSocket. False: its other end is gone.
  Task<bool> upgrade(const Request& request, const Response& response);
  Task<void> refuse(Request& request, BadMessage why);
  // Of a fault that is the server's own.
  static Response went_wrong();
  // False when the other end left or was too slow, or what is to be sent cannot be read: then
  // `response` is went_wrong(), if that could still be sent. `sent` counts the bytes of the body.
  // connection_sending.cc, and what follows.
  Task<bool> send(const Request& request, Response& response, bool keep_alive, bool http_1_0,
                  std::uint64_t& sent);
  // The head and a body with a source: in chunks, or plain up to the end of the connection.
  // streamed_body.cc.
  Task<bool> send_streamed(const Request& request, std::string head, Response& response,
                           bool chunked, MinDataRate& rate, std::uint64_t& sent);
  Task<bool> send_bytes(std::span<iovec> parts, bool more, MinDataRate& rate,
                        std::uint64_t* sent = nullptr);
  Task<bool> send_content(const ContentSection& section, MinDataRate& rate, std::uint64_t& sent);
  Task<bool> send_file(FileSlice slice, MinDataRate& rate, std::uint64_t& sent);
  // Lets the other end read the last answer before the connection is torn down.
  Task<void> linger();

  net::EventLoop& loop_;
  Shared& shared_;
  net::ScopedCount counted_;
  net::ConnectionLimit::Slot slot_;
  net::Socket socket_;
  net::Transport transport_;
  InputBuffer input_;
  std::string peer_;
  std::unique_ptr<MemoryBudget::Lease> held_;  // null: nothing
  std::unique_ptr<WebSocketConnection> web_socket_;
  std::size_t steps_ = 0;  // of this turn
  bool expired_ = false;
  bool cut_ = false;
  // What wait() waits for, until when, and whether the other end has left since.
  OneShotEvent* awaited_ = nullptr;
  net::SteadyTime awaited_until_ = net::kNever;
  bool hung_up_ = false;
};

}  // namespace coffer::http
