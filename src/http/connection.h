// One connection: reads requests, has them answered, sends the answers, in order.
#pragma once

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
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
#include "http/event_loop.h"
#include "http/head_parser.h"
#include "http/input_buffer.h"
#include "http/message.h"
#include "http/server.h"
#include "http/transport.h"

namespace coffer::http {

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
  SteadyTime deadline(SteadyTime now) const noexcept { return std::min(now + left_, end_); }
  // All has to have moved by then.
  void set_end(SteadyTime end) noexcept { end_ = end; }
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
  SteadyTime end_ = SteadyTime::max();
};

// Threads: its core's.
class Connection final : public ConnectionBase {
 public:
  using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp,
                                                  boost::asio::io_context::executor_type>;

  // `counted` counts it among its core's connections. `ssl` null: plain.
  Connection(EventLoop& loop, Shared& shared, ScopedCount counted, ConnectionLimit::Slot slot,
             Socket socket, SslHandle ssl, std::string peer);
  ~Connection() override;

  // Serves until the connection ends. REQUIRES: on the core's thread.
  Task<void> serve();

  void expire() noexcept override;
  void drain() noexcept override;
  void cut() noexcept override;
  const AddressKey& address() const noexcept override { return slot_.address(); }

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
  EventLoop& loop() noexcept { return loop_; }
  const Limits& limits() const noexcept { return shared_.limits; }

 private:
  enum class Head { kComplete, kBad, kClosed };
  class Ready;
  class Awaiting;

  Ready ready(Transport::State state, SteadyTime deadline);
  Task<bool> ready(Transport::State state, MinDataRate& rate);
  // The same, where requests that follow this one may be at hand and are not looked at.
  Task<bool> ready_to_send(Transport::State state, MinDataRate& rate);
  // For a body: whether the socket is readable, else why not.
  Task<std::expected<void, StreamFault>> readable(Transport::State state, MinDataRate& rate,
                                                  std::chrono::milliseconds patience);
  // Whether the other end has closed its side, as far as the machine knows.
  bool has_hung_up() const noexcept;
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
  Task<bool> serve_one();
  Task<bool> answer(Request& request, const Framing& framing);
  Task<void> refuse(Request& request, BadMessage why);
  // False when the other end left or was too slow. `sent` counts the bytes of the body.
  Task<bool> send(const Request& request, Response& response, bool keep_alive, bool http_1_0,
                  std::uint64_t& sent);
  // The head and a body with a source: in chunks, or plain up to the end of the connection.
  // streamed_body.cc.
  Task<bool> send_streamed(const Request& request, std::string head, Response& response,
                           bool chunked, MinDataRate& rate, std::uint64_t& sent);
  Task<bool> send_bytes(std::span<iovec> parts, bool more, MinDataRate& rate,
                        std::uint64_t* sent = nullptr);
  // The section's bytes if the store hands them out rather than a slice of a file.
  static Task<std::optional<Bytes>> copy_of(const ContentSection& section);
  Task<bool> send_content(const ContentSection& section, MinDataRate& rate, std::uint64_t& sent);
  Task<bool> send_file(FileSlice slice, MinDataRate& rate, std::uint64_t& sent);
  // Lets the other end read the last answer before the connection is torn down.
  Task<void> linger();

  EventLoop& loop_;
  Shared& shared_;
  ScopedCount counted_;
  ConnectionLimit::Slot slot_;
  Socket socket_;
  Transport transport_;
  InputBuffer input_;
  std::string peer_;
  std::unique_ptr<MemoryBudget::Lease> held_;  // null: nothing
  std::size_t steps_ = 0;                      // of this turn
  bool expired_ = false;
  bool cut_ = false;
  // What wait() waits for, until when, and whether the other end has left since.
  OneShotEvent* awaited_ = nullptr;
  SteadyTime awaited_until_ = kNever;
  bool hung_up_ = false;
};

}  // namespace coffer::http
