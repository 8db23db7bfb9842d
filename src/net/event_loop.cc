#include "net/event_loop.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "base/thread.h"

namespace coffer::net {

EventLoop::EventLoop() : guard_(context_.get_executor()), timer_(context_) {}

EventLoop::~EventLoop() { stop(); }

void EventLoop::start(std::string name) {
  tick();
  thread_ = start_thread(std::move(name), [this] {
    const Scope scope(*this);
    // What a handler lets through ends that handler alone.
    while (!contain_exceptions("serving thread", [this] { context_.run(); })) {
    }
  });
}

void EventLoop::stop() {
  guard_.reset();
  context_.stop();
  if (thread_.joinable()) thread_.join();
}

void EventLoop::post(Work work) {
  boost::asio::post(context_, [moved = std::move(work)]() mutable { moved(); });
}

void EventLoop::put_behind(std::coroutine_handle<> handle) {
  behind_.push_back(handle);
  if (behind_.size() == 1) post([this] { resume_one(); });
}

void EventLoop::resume_one() {
  const std::coroutine_handle<> next = behind_.front();
  behind_.pop_front();
  if (!behind_.empty()) post([this] { resume_one(); });
  next.resume();
}

void EventLoop::add(ConnectionBase& connection) {
  connection.place_ = connections_.size();
  connections_.push_back(&connection);
}

void EventLoop::remove(ConnectionBase& connection) noexcept {
  remove_idle(connection);
  ConnectionBase* last = connections_.back();
  connections_[connection.place_] = last;
  last->place_ = connection.place_;
  connections_.pop_back();
}

void EventLoop::add_idle(ConnectionBase& connection, SteadyTime now) noexcept {
  connection.idle_since_ = now;
  idle_.push_back(connection);
  idle.fetch_add(1, std::memory_order_relaxed);
}

void EventLoop::remove_idle(ConnectionBase& connection) noexcept {
  if (!is_idle(connection)) return;
  idle_.erase(idle_.iterator_to(connection));
  idle.fetch_sub(1, std::memory_order_relaxed);
}

bool EventLoop::cut_idlest(SteadyTime since, const AddressKey* address) noexcept {
  std::size_t looks = 0;
  for (ConnectionBase& connection : idle_) {
    if (connection.idle_since_ >= since || ++looks > kIdleLooks) return false;
    if (address && connection.address() != *address) continue;
    remove_idle(connection);
    connection.cut();
    return true;
  }
  return false;
}

Buffer EventLoop::take_buffer() {
  if (spare_buffers_.empty()) return Buffer(new std::byte[kBufferBytes]);
  Buffer buffer = std::move(spare_buffers_.back());
  spare_buffers_.pop_back();
  return buffer;
}

void EventLoop::give_back(Buffer buffer) {
  if (buffer && spare_buffers_.size() < kSpareBuffers) spare_buffers_.push_back(std::move(buffer));
}

void EventLoop::tick() {
  // First, so that nothing that fails below ends the ticking.
  timer_.expires_after(kTick);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    tick();
    const auto now = std::chrono::steady_clock::now();
    // An expired connection only asks its wait to end, so the list does not change here.
    for (ConnectionBase* connection : connections_) {
      if (connection->deadline_ > now) continue;
      connection->deadline_ = kNever;
      connection->expire();
    }
  });
  now_ = system_clock().now();
}

}  // namespace coffer::net
