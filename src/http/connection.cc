#include "http/connection.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "base/thread.h"
#include "http/body_stream.h"
#include "http/response_head.h"
#include "http/syntax.h"
#include "http/web_socket_connection.h"
#include "net/use_task.h"

namespace coffer::http {
namespace {

using Clock = std::chrono::steady_clock;

// A body that never has to wait gives way to the other connections of its core after so many steps.
constexpr std::size_t kIterationSteps = 32;
constexpr std::chrono::seconds kLingerTime{2};
// Before a request line.
constexpr std::size_t kEmptyLines = 16;
// Goes by without being counted against the memory budget: of each connection.
constexpr std::size_t kUncountedBytes = 2 * 1024;
// A head is held as it came, and taken apart.
constexpr std::size_t kHeadCopies = 2;
// What OpenSSL takes for one, about.
constexpr std::size_t kHandshakeBytes = 24 * 1024;

void append_hex(std::string& out, std::uint64_t number) {
  std::array<char, 16> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16).ptr;
  out.append(digits.data(), end);
}

}  // namespace

void MinDataRate::moved(std::size_t bytes) noexcept {
  bytes_ += bytes;
  if (bytes_ < limits_.floor_bytes) return;
  bytes_ = 0;
  left_ = limits_.floor_window;
}

// `co_await`: sleeps until the socket is ready; false when the deadline came first or the
// connection was cut. The loop looks through the deadlines of its connections, which costs less
// than a timer for each wait.
class Connection::Ready {
 public:
  Ready(Connection& connection, State state, net::SteadyTime deadline)
      : connection_(connection),
        wait_(connection.socket_.async_wait(
            state == State::kWrite ? net::Socket::wait_write : net::Socket::wait_read,
            net::use_task)) {
    connection.set_deadline(deadline);
    connection.steps_ = 0;
  }
  bool await_ready() const noexcept { return connection_.cut_; }
  void await_suspend(std::coroutine_handle<> waiter) { wait_.await_suspend(waiter); }
  bool await_resume() noexcept {
    connection_.set_deadline(net::kNever);
    return !connection_.cut_ && wait_.await_resume().has_value();
  }

 private:
  using Wait =
      decltype(std::declval<net::Socket&>().async_wait(net::Socket::wait_read, net::use_task));

  Connection& connection_;
  Wait wait_;
};

Connection::Connection(net::EventLoop& loop, Shared& shared, net::ScopedCount counted,
                       net::ConnectionLimit::Slot slot, net::Socket socket, net::SslHandle ssl,
                       std::string peer)
    : loop_(loop),
      shared_(shared),
      counted_(std::move(counted)),
      slot_(std::move(slot)),
      socket_(std::move(socket)),
      transport_(socket_.native_handle(), std::move(ssl)),
      input_(loop),
      peer_(std::move(peer)) {
  loop_.add(*this);
}

Connection::~Connection() { loop_.remove(*this); }

std::unique_ptr<WebSocketConnection> Connection::take_web_socket() noexcept {
  return std::move(web_socket_);
}

void Connection::expire() noexcept {
  if (awaited_) {
    // A client that has closed its sending side alone counts as well: as little can be told of it
    // as nginx can tell, and it would have to be let in before others for an answer it may not
    // read.
    hung_up_ = transport_.has_hung_up();
    const auto now = Clock::now();
    if (hung_up_ || now >= awaited_until_) return awaited_->set();
    return set_deadline(now + net::EventLoop::kTick);
  }
  expired_ = true;
  boost::system::error_code ignored;  // cancelling an open socket does not fail
  socket_.cancel(ignored);
}

void Connection::drain() noexcept {
  if (net::EventLoop::is_idle(*this)) cut();
}

void Connection::cut() noexcept {
  cut_ = true;
  if (awaited_) awaited_->set();
  boost::system::error_code ignored;  // cancelling an open socket does not fail
  socket_.cancel(ignored);
}

Connection::Ready Connection::ready(State state, net::SteadyTime deadline) {
  return {*this, state, deadline};
}

Task<bool> Connection::ready(State state, MinDataRate& rate) {
  for (;;) {
    const auto before = Clock::now();
    const std::size_t unsent = transport_.unsent();
    const bool is_ready = co_await ready(state, rate.deadline(before));
    rate.waited(Clock::now() - before);
    if (is_ready) co_return true;
    // A full socket becomes writable only when much of it has drained: a slow reader may have
    // taken enough all the same.
    const std::size_t left = transport_.unsent();
    if (expired_ && state == State::kWrite && left < unsent) rate.moved(unsent - left);
    if (!expired_ || rate.is_over()) co_return false;
    expired_ = false;
  }
}

Task<bool> Connection::ready_to_send(State state, MinDataRate& rate) {
  input_.settle();
  if (!hold(input_.unread().size())) co_return false;
  const bool is_ready = co_await ready(state, rate);
  co_return is_ready;
}

bool Connection::hold(std::size_t bytes) {
  if (!shared_.memory || bytes <= kUncountedBytes) return true;
  if (!held_) held_ = std::make_unique<MemoryBudget::Lease>(*shared_.memory, address_name());
  return bytes <= held_->bytes() || held_->grow(bytes - held_->bytes());
}

std::string Connection::address_name() const {
  return {reinterpret_cast<const char*>(address().data()), address().size()};
}

bool Connection::iteration_is_over(std::size_t steps) noexcept {
  steps_ += steps;
  if (steps_ < kIterationSteps) return false;
  steps_ = 0;
  return true;
}

Task<std::expected<void, StreamFault>> Connection::readable(State state, MinDataRate& rate,
                                                            std::chrono::milliseconds patience) {
  if (patience.count() <= 0) co_return std::unexpected(StreamFault::kStalled);
  const auto begin = Clock::now();
  net::SteadyTime deadline = rate.deadline(begin);
  const bool is_patience_shorter = patience < deadline - begin;
  if (is_patience_shorter) deadline = begin + patience;
  const bool is_ready = co_await ready(state, deadline);
  rate.waited(Clock::now() - begin);
  if (is_ready) co_return std::expected<void, StreamFault>();
  if (!expired_) co_return std::unexpected(StreamFault::kTruncated);
  if (!is_patience_shorter || rate.is_over()) co_return std::unexpected(StreamFault::kTooSlow);
  expired_ = false;
  co_return std::unexpected(StreamFault::kStalled);
}

Task<void> Connection::serve() {
  bool go_on = !transport_.secure() || co_await handshake();
  while (go_on) go_on = co_await serve_one();
}

Task<bool> Connection::handshake() {
  if (!hold(kHandshakeBytes)) co_return false;
  const bool is_done = co_await shake_hands();
  held_.reset();
  co_return is_done;
}

Task<bool> Connection::shake_hands() {
  const auto deadline = Clock::now() + shared_.limits.head_timeout;
  std::optional<std::byte> first;
  for (;;) {
    State state = State::kDone;
    if (!first) {
      std::byte byte{};
      state = transport_.peek(byte);
      if (state == State::kDone) first = byte;
    }
    if (first) {
      // A method begins with a letter, TLS with 0x16.
      if (is_token(as_text({&*first, 1}))) {
        co_await refuse_plain();
        co_return false;
      }
      state = transport_.handshake().state;
      if (state == State::kDone) co_return true;
    }
    if (state == State::kClosed) co_return false;
    const bool is_ready = co_await ready(state, deadline);
    if (!is_ready) co_return false;
  }
}

Task<void> Connection::refuse_plain() {
  transport_.go_plain();
  Request request;
  begin(request);
  ParsedHead head;
  BadMessage why{};
  const Head status = co_await read_head(request, head, why);
  if (status == Head::kClosed) co_return;
  const net::ScopedCount counted(loop_.requests);
  co_await refuse(request, BadMessage::kPlainOnTls);
}

Task<bool> Connection::wait_for_request() {
  std::optional<net::SteadyTime> deadline;
  // More than once: a socket may be called readable and have nothing.
  while (!shared_.draining) {
    // What TLS has decrypted already would not make the socket readable.
    const auto step = transport_.read(input_.space(net::EventLoop::kBufferBytes));
    if (step.state == State::kDone) {
      input_.filled(step.count);
      co_return true;
    }
    if (step.state == State::kClosed) break;
    input_.release();
    const auto now = Clock::now();
    if (!deadline) deadline = now + shared_.limits.idle_timeout;
    loop_.add_idle(*this, now);
    const bool is_ready = co_await ready(step.state, *deadline);
    loop_.remove_idle(*this);
    if (!is_ready) break;
  }
  co_return false;
}

Task<Connection::Head> Connection::read_head(Request& request, ParsedHead& head, BadMessage& why) {
  std::optional<net::SteadyTime> deadline;
  const std::size_t max = shared_.limits.head_bytes;
  HeadParser parser(max);
  std::size_t empty_lines = 0;
  for (;;) {
    // RFC 9112 section 2.2: empty lines before the request line are ignored.
    for (; as_text(input_.unread()).starts_with("\r\n"); input_.consume(2)) {
      if (++empty_lines <= kEmptyLines) continue;
      why = BadMessage::kMalformed;
      co_return Head::kBad;
    }
    const auto parsed = parser.read(input_.unread(), request);
    if (parsed.status == HeadParser::Status::kComplete) {
      head = parsed.head;
      input_.consume(head.size);
      co_return Head::kComplete;
    }
    if (parsed.status == HeadParser::Status::kBad) {
      why = parsed.why;
      co_await find_origin(request, why);
      co_return Head::kBad;
    }
    const auto step = transport_.read(input_.space(max));
    if (step.state == State::kDone) {
      input_.filled(step.count);
      continue;
    }
    if (step.state == State::kClosed) co_return Head::kClosed;
    input_.settle();
    if (!hold(input_.unread().size())) {
      why = BadMessage::kNoMemory;
      co_await find_origin(request, why);
      co_return Head::kBad;
    }
    // Most heads come whole, and nobody asks what time it is.
    if (!deadline) deadline = Clock::now() + shared_.limits.head_timeout;
    const bool is_ready = co_await ready(step.state, *deadline);
    if (is_ready) continue;
    if (!expired_ || input_.empty()) co_return Head::kClosed;
    expired_ = false;
    why = BadMessage::kHeadTimeout;
    co_await find_origin(request, why);
    co_return Head::kBad;
  }
}

void Connection::begin(Request& request) {
  request.peer_address = peer_;
  request.secure = transport_.secure();
  request.id = shared_.request_prefix;
  append_hex(request.id, ++shared_.requests);
}

Task<bool> Connection::serve_one() {
  if (input_.empty()) {
    const bool came = co_await wait_for_request();
    if (!came) co_return false;
  }
  // A turn has one request, however many have come: each may be a long list.
  if (std::exchange(steps_, 0) > 0) co_await loop_.give_way();
  Request request;
  begin(request);
  ParsedHead head;
  BadMessage why{};
  Head status = co_await read_head(request, head, why);
  if (status == Head::kClosed) co_return false;
  const net::ScopedCount counted(loop_.requests);
  if (status == Head::kComplete && !hold(kHeadCopies * head.size)) {
    status = Head::kBad;
    why = BadMessage::kNoMemory;
  }
  if (status == Head::kBad) {
    co_await refuse(request, why);
    co_return false;
  }
  const bool go_on = co_await answer(request, head.framing);
  held_.reset();
  co_return go_on;
}

Task<bool> Connection::answer(Request& request, const Framing& framing) {
  const auto started = Clock::now();
  BodyStream body(*this, framing);
  request.body = &body;
  request.is_http_1_0 = framing.http_1_0;
  Response response;
  try {
    response = co_await shared_.service.handle(request);
  } catch (...) {  // though it must not: this costs one request only
    report_escaped_exception("handler");
    response = went_wrong();
  }
  const bool can_go_on = body.can_be_drained();
  bool keep_alive = framing.keep_alive && can_go_on && !response.close && !shared_.draining;
  // Only the end of the connection tells an HTTP/1.0 client where such a body ends.
  if (response.rest && framing.http_1_0) keep_alive = false;

  RequestOutcome outcome;
  expired_ = false;
  if (response.web_socket) {
    outcome.status = response.status;
    outcome.complete = co_await upgrade(request, response);
    outcome.duration =
        std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - started);
    shared_.service.finished(request, outcome);
    co_return false;
  }
  outcome.complete =
      co_await send(request, response, keep_alive, framing.http_1_0, outcome.bytes_sent);
  outcome.status = response.status;
  if (response.after_sending) {
    const Delivery delivery{.bytes_sent = outcome.bytes_sent, .complete = outcome.complete};
    co_await response.after_sending(delivery);
  }
  if (keep_alive && outcome.complete && !body.has_ended()) keep_alive = co_await body.drain();
  outcome.bytes_received = body.received();
  outcome.duration = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - started);
  shared_.service.finished(request, outcome);
  if (!outcome.complete) co_return false;
  if (!keep_alive) {
    // Closing with bytes unread would reset the connection, and the answer with it.
    const bool unread = !can_go_on || !input_.empty();
    if (unread) co_await linger();
    if (!unread) transport_.finish_writing();
  }
  co_return keep_alive;
}

Task<bool> Connection::upgrade(const Request& request, const Response& response) {
  WebSocketParts parts{.counted = std::move(counted_),
                       .slot = std::move(slot_),
                       .socket = std::move(socket_),
                       .transport = std::move(transport_),
                       .unread = std::string(as_text(input_.unread()))};
  input_.consume(input_.unread().size());
  auto web_socket = make_web_socket(loop_, shared_, std::move(parts), response.web_socket);
  const bool accepted = co_await web_socket->accept(request, response);
  if (accepted) web_socket_ = std::move(web_socket);
  co_return accepted;
}

Task<void> Connection::refuse(Request& request, BadMessage why) {
  Response response = shared_.service.refuse(request, why);
  RequestOutcome outcome;
  outcome.status = response.status;
  outcome.complete = co_await send(request, response, false, false, outcome.bytes_sent);
  shared_.service.finished(request, outcome);
  co_await linger();
}

Task<void> Connection::linger() {
  transport_.finish_writing();
  const auto deadline = Clock::now() + kLingerTime;
  input_.consume(input_.unread().size());
  while (Clock::now() < deadline) {
    const auto step = transport_.read(input_.space(net::EventLoop::kBufferBytes));
    if (step.state == State::kClosed) break;
    if (step.state == State::kDone) {
      if (iteration_is_over()) co_await yield(loop_);
      continue;
    }
    input_.release();
    const bool is_ready = co_await ready(step.state, deadline);
    if (!is_ready) break;
  }
}

}  // namespace coffer::http
