// One serving core: a thread, its event loop, and the connections that live on it.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/executor.h"

namespace coffer::http {

using SteadyTime = std::chrono::steady_clock::time_point;

// Something that lives on a core and must not wait longer than until its deadline. Kept in a
// list that one timer a core looks through, so that setting a deadline costs a store and no
// system call. Threads: the core's. None of the calls changes the list at once.
class Resident {
 public:
  static constexpr SteadyTime kNever = SteadyTime::max();

  virtual ~Resident() = default;
  // The deadline has passed, at most Core::kTick ago; it is kNever again.
  virtual void expire() noexcept = 0;
  // End when nothing is under way.
  virtual void drain() noexcept = 0;
  // End now, whatever is under way.
  virtual void cut() noexcept = 0;

 protected:
  void set_deadline(SteadyTime at) noexcept { deadline_ = at; }

 private:
  friend class Core;
  SteadyTime deadline_ = kNever;
  std::size_t place_ = 0;  // in its core's list
};

// Counts something for as long as it lives: a connection, a request, a transfer.
class Counted {
 public:
  explicit Counted(std::atomic<std::size_t>& count) noexcept : count_(&count) { ++count; }
  Counted(Counted&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
  Counted& operator=(Counted&&) = delete;
  ~Counted() {
    if (count_) --*count_;
  }

 private:
  std::atomic<std::size_t>* count_;
};

// From this size on a body counts as a transfer when connections are spread, and goes Corked and
// WithoutBbr: less gains nothing, and 64 KiB lose by the latter, since the client is woken twice.
inline constexpr std::uint64_t kTransferBytes = 1U << 20U;

// Bytes that one request at a time borrows from its core.
using Buffer = std::unique_ptr<std::byte[]>;

class Core final : public Executor {
 public:
  static constexpr std::chrono::milliseconds kTick{100};
  static constexpr std::size_t kBufferBytes = 16 * 1024;

  Core();
  ~Core() override;

  void start(std::string name);
  // Ends the loop and joins the thread.
  void stop();

  void post(Work work) override;
  bool has_one_thread() const noexcept override { return true; }
  boost::asio::io_context& context() noexcept { return context_; }

  // How much is going on here, to give new connections to the core with the least.
  // A long transfer weighs as much as many idle connections.
  std::size_t weight() const noexcept { return connections + kTransferWeight * transfers; }
  std::atomic<std::size_t> connections = 0;
  std::atomic<std::size_t> requests = 0;
  std::atomic<std::size_t> transfers = 0;

  // On the core's own thread:
  void add(Resident& resident);
  void remove(Resident& resident) noexcept;
  const std::vector<Resident*>& residents() const noexcept { return residents_; }
  Buffer take_buffer();
  void give_back(Buffer buffer);
  // The Date field's value, at most kTick old.
  const std::string& http_date() const noexcept { return date_; }

 private:
  static constexpr std::size_t kTransferWeight = 64;
  static constexpr std::size_t kSpareBuffers = 256;

  void tick();

  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
  boost::asio::steady_timer timer_;
  std::thread thread_;
  std::vector<Resident*> residents_;
  std::vector<Buffer> spare_buffers_;
  std::string date_;
};

}  // namespace coffer::http
