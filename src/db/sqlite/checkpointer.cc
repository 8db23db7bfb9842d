#include "db/sqlite/checkpointer.h"

#include <exception>

#include "base/log.h"
#include "base/thread.h"

namespace coffer::db::sqlite {
namespace {

// The second moves what came while the first did.
constexpr int kPasses = 2;

// Nothing is lost when it fails: the log holds it all and is tried again.
template <class Move>
void move_log(Move move) {
  try {
    move();
  } catch (const std::exception& error) {
    log::warning("log_not_moved", {{"reason", error.what()}});
  }
}

}  // namespace

Checkpointer::Checkpointer(const SqliteOptions& options, int log_pages)
    : log_pages_(log_pages),
      next_at_(log_pages),
      connection_(options, Connection::Access::kWrite),
      thread_(start_thread("db-checkpoint", [this] { serve(); })) {}

Checkpointer::~Checkpointer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Checkpointer::maybe_checkpoint(Connection& writer) {
  const int length = writer.log_length();
  if (length < log_pages_) {
    next_at_ = log_pages_;
    // It started over by itself: what was moved says nothing of this one.
    if (state_.load(std::memory_order_acquire) == State::kMoved) {
      state_.store(State::kIdle, std::memory_order_relaxed);
    }
  }
  if (length < next_at_) return;
  switch (state_.load(std::memory_order_acquire)) {
    case State::kIdle: {
      {
        const std::lock_guard lock(mutex_);
        state_.store(State::kMoving, std::memory_order_relaxed);
      }
      wake_.notify_one();
      break;
    }
    case State::kMoving: break;
    case State::kMoved:
      move_log([&] { writer.checkpoint(); });
      // Where somebody reads from the log for long, it grows on: not each commit tries again.
      next_at_ = length + log_pages_ / 4;
      state_.store(State::kIdle, std::memory_order_relaxed);
      break;
  }
}

// Synced here, so that the writer waits for the sync of its own few pages alone.
void Checkpointer::move_bulk() {
  for (int pass = 0; pass < kPasses; ++pass) {
    connection_.checkpoint();
    connection_.sync_moved();
  }
}

void Checkpointer::serve() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] {
      return stopping_ || state_.load(std::memory_order_relaxed) == State::kMoving;
    });
    if (stopping_) return;
    lock.unlock();
    move_log([this] { move_bulk(); });
    state_.store(State::kMoved, std::memory_order_release);
    lock.lock();
  }
}

}  // namespace coffer::db::sqlite
