// One connection to the file, with its prepared statements.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "db/database.h"
#include "db/sqlite/reserve_file.h"
#include "db/sqlite/sqlite_database.h"

struct sqlite3;
struct sqlite3_stmt;

namespace coffer::db::sqlite {

inline constexpr Statement kBegin{"BEGIN"};
inline constexpr Statement kBeginWrite{"BEGIN IMMEDIATE"};
inline constexpr Statement kCommit{"COMMIT"};
inline constexpr Statement kRollback{"ROLLBACK"};

// Of new databases.
inline constexpr std::uint64_t kPageBytes = 4096;

// Threads: one at a time; statements() any.
class Connection {
 public:
  enum class Access { kRead, kWrite };

  // Throws Error. REQUIRES: the file exists; for kRead a connection for kWrite is open.
  Connection(const SqliteOptions& options, Access access);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Runs `operation` to its end. May be called again from its callback, with the same
  // statement too. Throws Error, or what the callback threw.
  void run(Operation& operation);
  // Runs a statement without arguments whose rows nobody wants.
  void run(const Statement& statement);
  // Calls `each` with the rows of a statement without arguments.
  void for_each(const Statement& statement, const std::function<void(const Row&)>& each);
  // Runs the statements of `sql` one after the other without keeping them prepared.
  void run_script(const char* sql);

  // Until further notice a statement that still runs then ends with Busy.
  void set_deadline(std::optional<std::chrono::steady_clock::time_point> deadline);

  // Begins a transaction that reads what is committed now, and works out its state().
  void begin_reading();
  // Transaction::state() of the last begin_reading().
  std::uint64_t state() const noexcept { return state_; }

  // False also after SQLite has rolled back by itself, as it may when a statement fails.
  bool in_transaction() const;
  // Rows that statements have changed since the connection was opened.
  std::int64_t rows_changed() const;
  // Whether a deferred foreign key is broken at this moment.
  bool owes_foreign_keys() const;

  // How many pages the log had after the last commit here. REQUIRES: a connection for kWrite.
  int log_length() const noexcept { return log_length_; }
  // Moves the log's pages into the database, as far as nobody reads from it or writes. Throws
  // Error.
  void checkpoint();
  // Waits until what was moved is on the disk. SQLite itself waits for it, inside of checkpoint(),
  // only when that has moved the whole log. Throws Error.
  void sync_moved();

  std::uint64_t statements() const { return statements_.load(std::memory_order_relaxed); }

 private:
  struct Prepared;
  class Use;

  void open(const SqliteOptions& options, Access access);
  void use_write_ahead_log(const SqliteOptions& options);
  Prepared& idle(const Statement& statement);
  [[noreturn]] void fail(int code, std::string_view sql) const;
  void check(int code, std::string_view sql) const;

  static int is_too_late(void* self);
  static int note_log_length(void* self, sqlite3* handle, const char* schema, int pages);

  sqlite3* handle_ = nullptr;
  int log_length_ = 0;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
  std::unordered_map<const char*, std::vector<std::unique_ptr<Prepared>>> prepared_;
  std::atomic<std::uint64_t> statements_ = 0;
  std::int64_t version_ = 0;  // SQLite's name for the state
  std::uint64_t state_ = 0;   // ours, which no other connection has
};

// The disk has no space but the reserve, which is not there for this change.
class OnlyReserveError final : public NoSpaceError {
 public:
  OnlyReserveError() : NoSpaceError("the disk is full; the database has only its reserve") {}
};

// A transaction that is open on `connection`; who made it begins and ends it.
class ConnectionTransaction final : public Transaction {
 public:
  // `state`: what state() gives.
  // `reserve`: what require_space() asks, if it is to ask.
  explicit ConnectionTransaction(Connection& connection, std::uint64_t state = 0,
                                 const ReserveFile* reserve = nullptr)
      : connection_(connection), state_(state), reserve_(reserve) {}

  std::uint64_t state() const noexcept override { return state_; }

  void require_space() override {
    if (reserve_ && reserve_->is_needed()) throw OnlyReserveError();
  }

  void wait_before_commit(std::shared_ptr<DurabilityBarrier> barrier) override {
    barriers_.push_back(std::move(barrier));
  }
  // What the commit has to wait for.
  std::vector<std::shared_ptr<DurabilityBarrier>>& barriers() noexcept { return barriers_; }

  // Runs `work` to its end on this thread; whether to keep its changes. Throws what it threw,
  // and the failure of a statement even if the work carried on after it. Ends the program if
  // the work waits for anything but its transaction: what it would wait for could only come
  // while the database stands still.
  bool run_to_end(Work& work);

 protected:
  bool run(Operation& operation) override;

 private:
  Connection& connection_;
  const std::uint64_t state_;
  const ReserveFile* const reserve_;
  std::vector<std::shared_ptr<DurabilityBarrier>> barriers_;
  std::exception_ptr failure_;
};

}  // namespace coffer::db::sqlite
