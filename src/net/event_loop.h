// One serving core: a thread, its event loop, and the connections that live on it.
#pragma once

#include <atomic>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/intrusive/list.hpp>
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "net/address.h"

namespace coffer::net {

using SteadyTime = std::chrono::steady_clock::time_point;
inline constexpr SteadyTime kNever = SteadyTime::max();

using Timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                boost::asio::wait_traits<std::chrono::steady_clock>,
                                                boost::asio::io_context::executor_type>;

// Something that lives on a core and must not wait longer than until its deadline. Kept in a
// list that one timer a core looks through, so that setting a deadline costs a store and no
// system call. Threads: the core's. None of the calls changes the list at once.
class ConnectionBase {
 public:
  virtual ~ConnectionBase() = default;
  // The deadline has passed, at most EventLoop::kTick ago; it is kNever again.
  virtual void expire() noexcept = 0;
  // End when nothing is under way.
  virtual void drain() noexcept = 0;
  // End now, whatever is under way.
  virtual void cut() noexcept = 0;
  // Where it comes from.
  virtual const AddressKey& address() const noexcept = 0;

 protected:
  void set_deadline(SteadyTime at) noexcept { deadline_ = at; }

 private:
  friend class EventLoop;
  using IdleHook = boost::intrusive::list_member_hook<>;

  SteadyTime deadline_ = kNever;
  std::size_t place_ = 0;  // in its core's list
  IdleHook idle_hook_;
  SteadyTime idle_since_{};
};

// Counts something for as long as it lives: a connection, a request, a transfer.
class ScopedCount {
 public:
  explicit ScopedCount(std::atomic<std::size_t>& count) noexcept : count_(&count) { ++count; }
  ScopedCount(ScopedCount&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
  ScopedCount& operator=(ScopedCount&&) = delete;
  ~ScopedCount() {
    if (count_) --*count_;
  }

 private:
  std::atomic<std::size_t>* count_;
};

// Bytes that a connection borrows from its loop.
using Buffer = std::unique_ptr<std::byte[]>;

class EventLoop final : public Executor {
 public:
  static constexpr std::chrono::milliseconds kTick{100};
  static constexpr std::size_t kBufferBytes = 16 * 1024;

  EventLoop();
  ~EventLoop() override;

  void start(std::string name);
  // Ends the loop and joins the thread.
  void stop();

  void post(Work work) override;
  bool has_one_thread() const noexcept override { return true; }
  boost::asio::io_context& context() noexcept { return context_; }

  // `co_await loop.give_way()`, on the core's own thread: goes on behind all that is ready, and of
  // all that have given way one at a time. For a client who has had its turn: whoever has not is
  // held up by one of those at most, however many there are.
  auto give_way() noexcept {
    struct Awaiter {
      EventLoop& loop;
      bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<> handle) const { loop.put_behind(handle); }
      void await_resume() const noexcept {}
    };
    return Awaiter{*this};
  }

  // How much is going on here, to give new connections to the core with the least.
  // A long transfer weighs as much as many idle connections.
  std::size_t weight() const noexcept { return connections + kTransferWeight * transfers; }
  std::atomic<std::size_t> connections = 0;
  std::atomic<std::size_t> requests = 0;   // being served
  std::atomic<std::size_t> transfers = 0;  // long ones, in either direction
  std::atomic<std::size_t> idle = 0;       // connections that wait for a request

  // On the core's own thread:
  void add(ConnectionBase& connection);
  void remove(ConnectionBase& connection) noexcept;
  const std::vector<ConnectionBase*>& connection_list() const noexcept { return connections_; }
  // It waits for a request from now on, until remove_idle() or remove().
  void add_idle(ConnectionBase& connection, SteadyTime now) noexcept;
  void remove_idle(ConnectionBase& connection) noexcept;
  static bool is_idle(const ConnectionBase& connection) noexcept {
    return connection.idle_hook_.is_linked();
  }
  // Cuts what has been idle longest and since before `since`: of `address`, or of any where null.
  // False when there is none, or none among the first that were looked at.
  bool cut_idlest(SteadyTime since, const AddressKey* address) noexcept;
  Buffer take_buffer();
  void give_back(Buffer buffer);
  // The time of day, at most kTick ago.
  Time now() const noexcept { return now_; }

 private:
  static constexpr std::size_t kTransferWeight = 64;
  static constexpr std::size_t kSpareBuffers = 256;
  static constexpr std::size_t kIdleLooks = 256;  // of one cut_idlest()
  using Idle =
      boost::intrusive::list<ConnectionBase,
                             boost::intrusive::member_hook<ConnectionBase, ConnectionBase::IdleHook,
                                                           &ConnectionBase::idle_hook_>,
                             boost::intrusive::constant_time_size<false>>;

  void tick();
  void put_behind(std::coroutine_handle<> handle);
  void resume_one();

  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
  Timer timer_;
  std::thread thread_;
  std::vector<ConnectionBase*> connections_;
  Idle idle_;                                   // the longest first
  std::deque<std::coroutine_handle<>> behind_;  // while there are any, resume_one() is posted
  std::vector<Buffer> spare_buffers_;
  Time now_;
};

}  // namespace coffer::net
