#include "http/web_socket_connection.h"

#include <algorithm>
#include <array>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <chrono>
#include <exception>
#include <list>
#include <optional>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/one_shot_event.h"
#include "base/text.h"
#include "base/thread.h"
#include "net/transport_stream.h"
#include "net/use_task.h"

namespace coffer::http {
namespace {

namespace beast = boost::beast;
using Clock = std::chrono::steady_clock;

// What a connection is looked after by.
constexpr std::chrono::seconds kTick{1};
constexpr std::chrono::seconds kCloseLingerTime{2};
// A server that stops waits for no client longer than this.
constexpr std::chrono::seconds kDrainTime{3};
// What a queued message takes besides its text.
constexpr std::size_t kMessageCost = 64;
// A part of a message is read at a time.
constexpr std::size_t kPieceBytes = 256;
constexpr std::size_t kDiscardBytes = 4 * 1024;
// The machine counts its own records of what it keeps too: twice the bytes, at most.
constexpr std::size_t kKeptCost = 2;
constexpr std::size_t kCloseFrameBytes = 4 * 1024;  // with whatever goes out beside it

std::size_t cost_of(const std::string& message) { return message.size() + kMessageCost; }

// Frames by Beast; a bounded queue, pings and the end by us.
class BeastWebSocket final : public net::ConnectionBase,
                             public WebSocket,
                             public WebSocketConnection {
 public:
  BeastWebSocket(net::EventLoop& loop, const Shared& shared, WebSocketParts parts,
                 std::shared_ptr<WebSocketHandler> handler);
  ~BeastWebSocket() override;

  // WebSocketConnection
  Task<bool> accept(const Request& request, const Response& response) override;
  Task<void> serve() override;

  // net::ConnectionBase
  void expire() noexcept override;
  void drain() noexcept override;
  void cut() noexcept override;
  const net::AddressKey& address() const noexcept override { return slot_.address(); }

  // WebSocket
  Task<std::optional<std::string>> receive() override;
  void send(SharedText message) override;
  Task<bool> wait_until_sent() override;
  void close(std::uint16_t code, std::string_view reason) override;
  using WebSocket::close;
  bool is_closing() const noexcept override { return is_closing_; }
  std::uint16_t close_code() const noexcept override { return close_code_; }
  void run(Task<void> task) override;

 private:
  using Stream = boost::beast::websocket::stream<net::TransportStream, false>;

  net::TransportStream& lower() noexcept { return stream_.next_layer(); }
  // Sends what waits, one after the other, and the close frame behind it.
  Task<void> write_all();
  void start_writing();
  Task<void> ping();
  // Nothing more comes in or goes out.
  void end() noexcept;
  // Ends slow readers, and asks quiet ones whether they are there still.
  void look_after(net::SteadyTime now);
  // Lets the other end read the last frame before the connection is torn down.
  Task<void> linger();

  net::EventLoop& loop_;
  const Shared& shared_;
  net::ScopedCount counted_;
  net::ConnectionLimit::Slot slot_;
  std::shared_ptr<WebSocketHandler> handler_;
  const WebSocketOptions options_;
  Stream stream_;

  std::list<SharedText> queue_;
  std::size_t queued_ = 0;   // bytes of the queue, and of what is being written
  std::size_t writing_ = 0;  // bytes of the message that is being written
  bool is_writing_ = false;
  std::shared_ptr<OneShotEvent> sent_;  // null: nobody waits until little is queued

  std::size_t running_ = 0;             // tasks beside serve()
  std::shared_ptr<OneShotEvent> done_;  // null: nobody waits for them

  bool is_open_ = false;     // the handshake is over; Beast takes no frame before
  bool is_serving_ = false;  // the handler
  bool is_closing_ = false;
  bool has_ended_ = false;
  bool was_pinged_ = false;  // since something was heard
  std::uint16_t close_code_ = 0;
  std::string close_reason_;
  net::SteadyTime heard_at_;                // of the other end, the last time
  net::SteadyTime moved_at_;                // a write began or ended, the last time
  net::SteadyTime close_by_ = net::kNever;  // it is cut then
};

BeastWebSocket::BeastWebSocket(net::EventLoop& loop, const Shared& shared, WebSocketParts parts,
                               std::shared_ptr<WebSocketHandler> handler)
    : loop_(loop),
      shared_(shared),
      counted_(std::move(parts.counted)),
      slot_(std::move(parts.slot)),
      handler_(std::move(handler)),
      options_(handler_->options()),
      stream_(std::move(parts.socket), std::move(parts.transport), std::move(parts.unread)),
      heard_at_(Clock::now()),
      moved_at_(heard_at_) {
  lower().transport().limit_unsent(options_.send_buffer);
  stream_.read_message_max(options_.max_message);
  stream_.auto_fragment(false);
  stream_.text(true);
  stream_.control_callback([this](beast::websocket::frame_type, beast::string_view) {
    heard_at_ = Clock::now();
    was_pinged_ = false;
  });
  loop_.add(*this);
}

BeastWebSocket::~BeastWebSocket() { loop_.remove(*this); }

Task<bool> BeastWebSocket::accept(const Request& request, const Response& response) {
  beast::http::request<beast::http::empty_body> upgrade;
  upgrade.method(beast::http::verb::get);
  upgrade.target("/");
  upgrade.version(11);
  upgrade.set(beast::http::field::host, "localhost");
  upgrade.set(beast::http::field::connection, "upgrade");
  upgrade.set(beast::http::field::upgrade, "websocket");
  upgrade.set(beast::http::field::sec_websocket_version, "13");
  const auto key = trim(request.header("Sec-WebSocket-Key").value_or(""));
  upgrade.set(beast::http::field::sec_websocket_key, beast::string_view(key.data(), key.size()));
  const auto decorate = [&](beast::websocket::response_type& reply) {
    const auto set = [&](std::string_view name, std::string_view value) {
      reply.set(beast::string_view(name.data(), name.size()),
                beast::string_view(value.data(), value.size()));
    };
    for (const auto& field : response.headers) set(field.name, field.value);
    set("Date", to_http_date(loop_.now()));
    set("X-Request-Id", request.id);
    // Beast would name itself.
    set("Server", "coffer");
  };
  stream_.set_option(beast::websocket::stream_base::decorator(decorate));
  close_by_ = Clock::now() + options_.close_within;
  set_deadline(Clock::now() + kTick);
  const auto accepted = co_await stream_.async_accept(upgrade, net::use_task);
  if (!is_closing_) close_by_ = net::kNever;
  stream_.set_option(beast::websocket::stream_base::decorator([](auto&) {}));
  co_return accepted.has_value();
}

Task<void> BeastWebSocket::serve() {
  set_deadline(Clock::now() + kTick);
  is_open_ = true;
  // It was to be closed while the handshake was under way.
  if (is_closing_) start_writing();
  if (shared_.draining) close(CloseCode::kGoingAway, "the server is stopping");
  is_serving_ = true;
  try {
    co_await handler_->serve(*this);
  } catch (...) {
    report_escaped_exception("WebSocket");
    close(CloseCode::kInternalError, "something went wrong here");
  }
  is_serving_ = false;
  close(CloseCode::kNormal, "");
  // Until the other end has answered; what it says besides is for nobody.
  for (bool more = true; more;) more = (co_await receive()).has_value();
  while (running_ > 0) {
    done_ = std::make_shared<OneShotEvent>(loop_);
    co_await done_->wait();
  }
  if (!lower().is_cut()) co_await linger();
}

Task<std::optional<std::string>> BeastWebSocket::receive() {
  std::string message;
  std::array<std::byte, kPieceBytes> piece;
  while (!has_ended_) {
    const boost::asio::mutable_buffer into(piece.data(), piece.size());
    const auto count = co_await stream_.async_read_some(into, net::use_task);
    heard_at_ = Clock::now();
    was_pinged_ = false;
    if (!count) break;
    if (is_closing_) continue;
    if (!stream_.got_text()) {
      close(CloseCode::kUnsupportedData, "send text");
      continue;
    }
    message.append(reinterpret_cast<const char*>(piece.data()), *count);
    if (stream_.is_message_done()) co_return message;
  }
  end();
  co_return std::nullopt;
}

void BeastWebSocket::send(SharedText message) {
  if (is_closing_ || has_ended_) return;
  const std::size_t cost = cost_of(*message);
  if (queued_ + cost > options_.max_queued) {
    queue_.clear();
    return close(options_.too_slow_code, "too slow: what was to be sent did not fit");
  }
  queue_.push_back(std::move(message));
  queued_ += cost;
  start_writing();
}

Task<bool> BeastWebSocket::wait_until_sent() {
  while (!is_closing_ && !has_ended_ && queued_ > options_.max_queued / 4) {
    sent_ = std::make_shared<OneShotEvent>(loop_);
    co_await sent_->wait();
    sent_.reset();
  }
  co_return !is_closing_ && !has_ended_;
}

void BeastWebSocket::close(std::uint16_t code, std::string_view reason) {
  if (is_closing_ || has_ended_) return;
  is_closing_ = true;
  close_code_ = code;
  close_reason_ = reason;
  close_by_ = Clock::now() + options_.close_within;
  // All that is left to be sent fits into the machine now: it delivers the close frame to a client
  // that begins to read again after this connection is gone.
  const std::size_t left = queue_.empty() ? writing_ : queued_;
  lower().transport().limit_unsent(kKeptCost * (options_.send_buffer + left + kCloseFrameBytes));
  if (sent_) sent_->set();
  start_writing();
}

void BeastWebSocket::run(Task<void> task) {
  ++running_;
  coffer::start(std::move(task), [this](const std::exception_ptr& error) {
    if (error) {
      contain_exceptions("WebSocket", [&] { std::rethrow_exception(error); });
      contain_exceptions("WebSocket",
                         [this] { close(CloseCode::kInternalError, "something went wrong here"); });
    }
    if (--running_ == 0 && done_) done_->set();
  });
}

void BeastWebSocket::start_writing() {
  if (!is_open_ || std::exchange(is_writing_, true)) return;
  moved_at_ = Clock::now();
  run(write_all());
}

Task<void> BeastWebSocket::write_all() {
  while (!queue_.empty() && !has_ended_) {
    const SharedText message = std::move(queue_.front());
    queue_.pop_front();
    const boost::asio::const_buffer from(message->data(), message->size());
    writing_ = message->size();
    const auto written = co_await stream_.async_write(from, net::use_task);
    writing_ = 0;
    moved_at_ = Clock::now();
    queued_ = queue_.empty() ? 0 : queued_ - std::min(queued_, cost_of(*message));
    if (!written) break;
    if (sent_ && queued_ <= options_.max_queued / 4) sent_->set();
  }
  if (is_closing_ && !has_ended_) {
    const beast::websocket::close_reason reason(
        static_cast<beast::websocket::close_code>(close_code_), close_reason_);
    co_await stream_.async_close(reason, net::use_task);
  }
  is_writing_ = false;
}

Task<void> BeastWebSocket::ping() { co_await stream_.async_ping({}, net::use_task); }

void BeastWebSocket::end() noexcept {
  if (std::exchange(has_ended_, true)) return;
  if (sent_) sent_->set();
  // What is being written is not waited for without end.
  if (close_by_ == net::kNever) close_by_ = Clock::now() + options_.close_within;
}

void BeastWebSocket::expire() noexcept {
  const auto now = Clock::now();
  set_deadline(now + std::min<std::chrono::milliseconds>(kTick, handler_->tick_every()));
  if (now >= close_by_) return cut();
  contain_exceptions("WebSocket", [&] { look_after(now); });
  if (is_serving_) handler_->tick();
}

void BeastWebSocket::look_after(net::SteadyTime now) {
  if (is_closing_ || has_ended_ || !is_serving_) return;
  if (is_writing_ && now - moved_at_ > options_.send_timeout) {
    queue_.clear();
    return close(options_.too_slow_code, "too slow: nothing was taken");
  }
  const auto quiet = now - heard_at_;
  if (quiet > options_.ping_every + options_.pong_within) {
    // What it would have to answer lies behind what it does not take.
    if (is_writing_) return close(options_.too_slow_code, "too slow: a ping was not answered");
    return cut();
  }
  if (quiet > options_.ping_every && !std::exchange(was_pinged_, true)) run(ping());
}

void BeastWebSocket::drain() noexcept {
  contain_exceptions("WebSocket", [this] {
    close(CloseCode::kGoingAway, "the server is stopping");
    close_by_ = std::min(close_by_, Clock::now() + kDrainTime);
  });
}

void BeastWebSocket::cut() noexcept { lower().cut(); }

Task<void> BeastWebSocket::linger() {
  net::Transport& transport = lower().transport();
  transport.finish_writing();
  close_by_ = Clock::now() + kCloseLingerTime;
  std::array<std::byte, kDiscardBytes> discarded;
  while (!lower().is_cut()) {
    const auto step = transport.read(discarded);
    if (step.state == net::Transport::State::kClosed) break;
    if (step.state == net::Transport::State::kDone) {
      co_await yield(loop_);
      continue;
    }
    const auto wait = step.state == net::Transport::State::kWrite ? net::Socket::wait_write
                                                                  : net::Socket::wait_read;
    co_await lower().socket().async_wait(wait, net::use_task);
  }
}

}  // namespace

std::unique_ptr<WebSocketConnection> make_web_socket(net::EventLoop& loop, const Shared& shared,
                                                     WebSocketParts parts,
                                                     std::shared_ptr<WebSocketHandler> handler) {
  return std::make_unique<BeastWebSocket>(loop, shared, std::move(parts), std::move(handler));
}

}  // namespace coffer::http
