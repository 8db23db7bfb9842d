// Read-only connections: each thread that reads keeps its own.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "db/database.h"
#include "db/sqlite/connection.h"
#include "db/sqlite/sqlite_database.h"

namespace coffer::db::sqlite {

// Threads: any. REQUIRES: `options` and a writing connection outlive it; no read runs any
// more when it is destroyed, though threads that have read may live on.
class Readers {
 public:
  explicit Readers(const SqliteOptions& options);
  ~Readers();
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;

  // Runs `work` on this thread, in one consistent state that holds all that was committed
  // before. A read inside another one's callback has a connection and a state of its own.
  void run(Work& work);

  std::uint64_t statements() const;

 private:
  struct Seat;
  struct Table;

  Seat& seat_of_this_thread();
  std::shared_ptr<Seat> take_seat();
  Connection* take(Seat& seat);
  void discard(Connection* connection);

  static thread_local Table table_;

  const SqliteOptions& options_;
  const std::uint64_t serial_;

  mutable std::mutex mutex_;
  // Guarded by mutex_: the lists, not what they hold.
  std::vector<std::shared_ptr<Seat>> seats_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::uint64_t statements_of_discarded_ = 0;
};

}  // namespace coffer::db::sqlite
