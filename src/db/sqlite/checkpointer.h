// Moves the log's pages into the database on a thread of its own, while the writer goes on.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "db/sqlite/connection.h"
#include "db/sqlite/sqlite_database.h"

namespace coffer::db::sqlite {

// The log starts over once all of it is in the database and nobody reads from it. While there are
// commits that moment never comes by itself: so the thread moves the bulk, and the writer, which
// alone can keep commits away, the few pages that came meanwhile.
class Checkpointer {
 public:
  // Opens the file. `log_pages` takes the place of that of `options`. Throws Error.
  Checkpointer(const SqliteOptions& options, int log_pages);
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  // Between two commits of `writer`, on its thread. Blocks for the last pages alone.
  void maybe_checkpoint(Connection& writer);

 private:
  enum class State { kIdle, kMoving, kMoved };

  void serve();
  void move_bulk();

  const int log_pages_;
  int next_at_;            // the log's length at which it begins: the writer's alone
  Connection connection_;  // the thread's alone
  std::atomic<State> state_ = State::kIdle;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;  // guarded by mutex_

  std::thread thread_;
};

}  // namespace coffer::db::sqlite
