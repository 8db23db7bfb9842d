// A connection as a stream of Asio's, for what is written for those: Beast's WebSocket.
#pragma once

#include <sys/uio.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include "net/event_loop.h"
#include "net/socket.h"
#include "net/transport.h"

namespace coffer::net {

// Owns the socket. Threads: its loop's. One read and one write may be under way at a time.
class TransportStream {
 public:
  using executor_type = Socket::executor_type;

  // `unread`: bytes that came before those of the transport. REQUIRES: `transport` is of `socket`.
  TransportStream(Socket socket, Transport transport, std::string unread) noexcept
      : socket_(std::move(socket)), transport_(std::move(transport)), unread_(std::move(unread)) {}
  TransportStream(const TransportStream&) = delete;
  TransportStream& operator=(const TransportStream&) = delete;

  executor_type get_executor() noexcept { return socket_.get_executor(); }
  Socket& socket() noexcept { return socket_; }
  Transport& transport() noexcept { return transport_; }

  // What is under way, and what is begun from now on, ends with operation_aborted.
  void cut() noexcept;
  bool is_cut() const noexcept { return is_cut_; }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return start<Token>(Step<1>(*this, &TransportStream::read, buffers), token);
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return start<Token>(Step<kMaxParts>(*this, &TransportStream::write, buffers), token);
  }

 private:
  using Attempt = Transport::Step (TransportStream::*)(std::span<const iovec>) noexcept;
  static constexpr std::size_t kMaxParts = 4;  // a frame has two

  // One read or write: tried, and tried again when the socket is ready.
  template <std::size_t N>
  class Step {
   public:
    template <class Buffers>
    Step(TransportStream& stream, Attempt attempt, const Buffers& buffers)
        : stream_(stream), attempt_(attempt) {
      const auto end = boost::asio::buffer_sequence_end(buffers);
      for (auto at = boost::asio::buffer_sequence_begin(buffers); at != end && count_ < N; ++at) {
        const boost::asio::const_buffer part(*at);
        if (part.size() == 0) continue;
        parts_[count_++] = {const_cast<void*>(part.data()), part.size()};
      }
    }

    // First when it is begun, then when it is ready, then when it has ended.
    template <class Self>
    void operator()(Self& self, boost::system::error_code error = {}) {
      if (has_ended_) return self.complete(error_, moved_);
      if (stream_.is_cut_) error = boost::asio::error::operation_aborted;
      if (error || count_ == 0) return end(self, error, 0);
      const auto step = (stream_.*attempt_)({parts_.data(), count_});
      if (step.state == Transport::State::kDone) return end(self, {}, step.count);
      if (step.state == Transport::State::kClosed) return end(self, boost::asio::error::eof, 0);
      stream_.socket_.async_wait(
          step.state == Transport::State::kWrite ? Socket::wait_write : Socket::wait_read,
          std::move(self));
    }

   private:
    // Never inside the call that has begun it.
    template <class Self>
    void end(Self& self, boost::system::error_code error, std::size_t moved) {
      has_ended_ = true;
      error_ = error;
      moved_ = moved;
      boost::asio::post(stream_.get_executor(), std::move(self));
    }

    TransportStream& stream_;
    Attempt attempt_;
    std::array<iovec, N> parts_{};
    std::size_t count_ = 0;
    bool has_ended_ = false;
    boost::system::error_code error_;
    std::size_t moved_ = 0;
  };

  template <class Token, class Operation>
  auto start(Operation operation, Token& token) {
    return boost::asio::async_compose<Token, void(boost::system::error_code, std::size_t)>(
        std::move(operation), token, socket_);
  }

  Transport::Step read(std::span<const iovec> parts) noexcept;
  Transport::Step write(std::span<const iovec> parts) noexcept;

  Socket socket_;
  Transport transport_;
  std::string unread_;
  bool is_cut_ = false;
};

// What Beast asks of the streams that it is used with. The connection is ended by its owner, who
// knows what the other end is still to read.
template <class Handler>
void async_teardown(boost::beast::role_type /*role*/, TransportStream& stream, Handler&& handler) {
  boost::asio::post(stream.get_executor(),
                    boost::beast::bind_front_handler(std::forward<Handler>(handler),
                                                     boost::system::error_code()));
}
inline void beast_close_socket(TransportStream& stream) noexcept { stream.cut(); }

}  // namespace coffer::net
