#include "base/executor.h"

#include <stdexcept>

#include "base/thread.h"

namespace coffer {
namespace {
thread_local Executor* current_executor = nullptr;
}  // namespace

Executor& Executor::current() {
  if (!current_executor) throw std::logic_error("this thread belongs to no executor");
  return *current_executor;
}

Executor* Executor::current_or_null() noexcept { return current_executor; }

Executor::Scope::Scope(Executor& executor) noexcept
    : outer_(std::exchange(current_executor, &executor)) {}

Executor::Scope::~Scope() { current_executor = outer_; }

ThreadPool::ThreadPool(std::string name, std::size_t threads) : name_(std::move(name)) {
  threads_.reserve(threads);
  try {
    for (std::size_t i = 0; i < threads; ++i) {
      threads_.push_back(start_thread(name_, [this] { work_until_stopped(); }));
    }
  } catch (...) {
    stop();
    throw;
  }
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void ThreadPool::post(Work work) {
  // Notified inside the lock: what was posted may be what lets the pool be destroyed.
  std::lock_guard lock(mutex_);
  queue_.push_back(std::move(work));
  wake_.notify_one();
}

void ThreadPool::work_until_stopped() {
  Scope scope(*this);
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    Work work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    contain_exceptions(name_, work);
    work = nullptr;
    lock.lock();
  }
}

void InlineExecutor::post(Work work) {
  // Notified inside the lock: what was posted may be what ends run() and the executor.
  std::lock_guard lock(mutex_);
  queue_.push_back(std::move(work));
  wake_.notify_one();
}

void InlineExecutor::serve(const bool& ended) {
  std::unique_lock lock(mutex_);
  while (!ended) {
    wake_.wait(lock, [this] { return !queue_.empty(); });
    Work work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
    work = nullptr;
    lock.lock();
  }
}

}  // namespace coffer
