// One connection: reads requests, has them answered, sends the answers, in order.
#pragma once

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

#include "base/stream.h"
#include "base/task.h"
#include "http/core.h"
#include "http/head_parser.h"
#include "http/message.h"
#include "http/server.h"
#include "http/transport.h"

namespace coffer::http {

// What all connections of a server have in common. Outlives them.
struct Shared {
  Service& service;
  Limits limits;
  std::string request_prefix;  // differs from start to start
  std::atomic<std::uint64_t> requests = 0;
  std::atomic<bool> draining = false;
};

// Bytes that came in and were not used yet.
class InputBuffer {
 public:
  explicit InputBuffer(Core& core) noexcept : core_(core) {}
  ~InputBuffer() { release(); }
  InputBuffer(const InputBuffer&) = delete;
  InputBuffer& operator=(const InputBuffer&) = delete;

  ByteView unread() const noexcept { return {data_.get() + begin_, end_ - begin_}; }
  bool empty() const noexcept { return begin_ == end_; }
  void consume(std::size_t count) noexcept { begin_ += count; }
  // Free space behind the unread bytes; at least one byte unless `most` are unread already.
  ByteSpan space(std::size_t most);
  void filled(std::size_t count) noexcept { end_ += count; }
  // Gives the memory back. REQUIRES: empty().
  void release();

 private:
  Core& core_;
  Buffer data_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

// The floor rate of a body: so many bytes in each window of waiting for the other end.
class Pace {
 public:
  explicit Pace(const Limits& limits) noexcept : limits_(limits), left_(limits.floor_window) {}
  SteadyTime deadline(SteadyTime now) const noexcept { return now + left_; }
  void waited(std::chrono::steady_clock::duration time) noexcept { left_ -= time; }
  void moved(std::size_t bytes) noexcept;
  // Whether the window is over and too little has moved in it.
  bool is_over() const noexcept { return left_ <= left_.zero(); }

 private:
  const Limits& limits_;
  std::chrono::steady_clock::duration left_;
  std::uint64_t bytes_ = 0;
};

// Threads: its core's.
class Connection final : public Resident {
 public:
  using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp,
                                                  boost::asio::io_context::executor_type>;

  // `counted` counts it among its core's connections. `ssl` null: plain.
  Connection(Core& core, Shared& shared, Counted counted, Socket socket, SslHandle ssl,
             std::string peer);
  ~Connection() override;

  // Serves until the connection ends. REQUIRES: on the core's thread.
  Task<void> serve();

  void expire() noexcept override;
  void drain() noexcept override;
  void cut() noexcept override;

  // For the body of the request that is being served.
  // At least one byte more into `into`, from the socket alone.
  Task<std::expected<std::size_t, StreamFault>> receive(ByteSpan into, Pace& pace);
  Task<std::expected<void, StreamFault>> send_continue(Pace& pace);
  InputBuffer& input() noexcept { return input_; }
  Core& core() noexcept { return core_; }
  const Limits& limits() const noexcept { return shared_.limits; }

 private:
  enum class Head { kComplete, kBad, kClosed };
  class Ready;

  Ready ready(Transport::State state, SteadyTime deadline);
  Task<bool> ready(Transport::State state, Pace& pace);
  // Counts steps that did not have to wait; true when others on the core must get their turn:
  // the caller then gives way.
  bool turn_is_over(std::size_t steps = 1) noexcept;

  // Whether TLS is spoken now. Who speaks plain HTTP instead is told.
  Task<bool> handshake();
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
                           bool chunked, Pace& pace, std::uint64_t& sent);
  Task<bool> send_bytes(std::span<iovec> parts, bool more, Pace& pace,
                        std::uint64_t* sent = nullptr);
  // The section's bytes if the store hands them out rather than a slice of a file.
  static Task<std::optional<Bytes>> copy_of(const ContentSection& section);
  Task<bool> send_content(const ContentSection& section, Pace& pace, std::uint64_t& sent);
  Task<bool> send_file(FileSlice slice, Pace& pace, std::uint64_t& sent);
  // Lets the other end read the last answer before the connection is torn down.
  Task<void> linger();

  Core& core_;
  Shared& shared_;
  Counted counted_;
  Socket socket_;
  Transport transport_;
  InputBuffer input_;
  std::string peer_;
  std::size_t steps_ = 0;  // of this turn
  bool idle_ = false;
  bool expired_ = false;
  bool cut_ = false;
};

}  // namespace coffer::http
