// Read-only connections: each thread that reads keeps its own.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "db/database.h"
#include "db/sqlite/connection.h"
#include "db/sqlite/sqlite_database.h"

namespace coffer::db::sqlite {

// Threads: any. REQUIRES: `options`, `commits` and a writing connection outlive it; no read runs
// any more when it is destroyed, though threads that have read may live on.
class Readers {
 public:
  // `commits` counts the writes of this process that readers must see.
  Readers(const SqliteOptions& options, const std::atomic<std::uint64_t>& commits);
  ~Readers();
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;

  // Runs `work` on this thread, in one consistent state that holds all that was committed
  // before. A read inside another one's callback has a connection and a state of its own.
  //
  // On an executor of one thread the reads of one turn share a transaction: opening one costs
  // more than most reads. It is renewed when this process has committed, and ends with the
  // turn, so that it keeps no checkpoint waiting; what another process commits is seen from
  // the next turn on.
  //
  // A statement that still runs at `end` is interrupted: then it throws Busy.
  void run(Work& work, std::optional<std::chrono::steady_clock::time_point> end = std::nullopt);

  std::uint64_t statements() const;

 private:
  struct ThreadConnections;
  struct Table;

  std::shared_ptr<ThreadConnections> connections_of_this_thread();
  std::shared_ptr<ThreadConnections> take_connections();
  Connection* take(ThreadConnections& connections);
  static void end_transactions(ThreadConnections& connections);
  static void end_iteration(ThreadConnections& connections) noexcept;
  void discard(Connection* connection);

  static thread_local Table table_;

  const SqliteOptions& options_;
  const std::atomic<std::uint64_t>& commits_;
  const std::uint64_t serial_;

  mutable std::mutex mutex_;
  // Guarded by mutex_: the lists, not what they hold.
  std::vector<std::shared_ptr<ThreadConnections>> thread_connections_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::uint64_t statements_of_discarded_ = 0;
};

}  // namespace coffer::db::sqlite
