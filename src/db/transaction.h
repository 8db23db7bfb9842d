// One unit of work as its body sees it: statements, their rows, what goes wrong.
#pragma once

#include <array>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/durability_barrier.h"
#include "base/exhausted.h"
#include "db/value.h"

namespace coffer::db {

// The database failed or is not what it should be: disk, corruption, connection, a wrong
// statement. Nothing that a user's input can cause.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The disk has no room for the change. Nothing of it was kept; reading goes on, and so do changes
// once there is room again.
class NoSpaceError : public Error, public Exhausted {
 public:
  explicit NoSpaceError(const std::string& what)
      : Error(what), Exhausted(ExhaustedResource::kStorage) {}
};

// The process, or the machine, has no file descriptor left for a connection to the database.
class NoDescriptorsError : public Error, public Exhausted {
 public:
  explicit NoDescriptorsError(const std::string& what)
      : Error(what), Exhausted(ExhaustedResource::kDescriptors) {}
};

// Another process has held the database's lock for longer than anybody waits for it. Nothing was
// kept.
class LockedError : public Error, public Exhausted {
 public:
  explicit LockedError(const std::string& what)
      : Error(what), Exhausted(ExhaustedResource::kLock) {}
};

// The schema is that of another program, or of another version of this one. Nothing is damaged.
class OtherSchemaError : public Error {
 public:
  using Error::Error;
};

// A scan was not run, or not to its end: too many others wait, or it took too long. To be tried
// again in a moment.
class Busy : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A UNIQUE, CHECK, NOT NULL or FOREIGN KEY rule would have been broken. The transaction is
// lost. Where users can cause it, ask first or use ON CONFLICT.
class ConstraintError : public Error {
 public:
  using Error::Error;
};

// SQL text, a constant with static lifetime: drivers keep the prepared form by its address.
// Parameters are `$1`, `$2` …, each may occur several times. The text must be understood by
// every driver.
struct Statement {
  const char* sql;
};

// One run of a statement, in the frame of the coroutine that awaits it.
struct Operation {
  const Statement* statement = nullptr;
  std::span<const Value> arguments;
  const std::function<void(const Row&)>* on_row = nullptr;  // null: rows are not wanted
  bool wants_one = false;     // the first row is enough; changes are made all the same
  bool enough = false;        // set by on_row: no further row is wanted; where the statement reads
  bool wants_id = false;      // of the row that it inserts
  std::uint64_t changed = 0;  // out: rows inserted, updated, deleted
  std::int64_t id = 0;        // out, where it is wanted and a row was inserted
  std::exception_ptr error;   // out, when it went on elsewhere
  std::coroutine_handle<> waiter;
};

// One atomic unit of work, valid inside the body it was handed to. Threads: one at a time.
// The body awaits nothing but its transaction. Once a statement has failed, every later one
// does, and nothing is kept even where the body carries on.
class Transaction {
 public:
  virtual ~Transaction() = default;

  // `co_await`: runs the statement; how many rows it changed.
  template <class... Args>
  auto execute(const Statement& statement, const Args&... args) {
    return Execute<sizeof...(Args)>(*this, statement, args...);
  }

  // `co_await`: runs an INSERT of at most one row, into a table whose key is its INTEGER column
  // `id`; the row's number, or nothing when there was a conflict and it did nothing. Costs a
  // fraction of RETURNING, for which SQLite makes a table.
  template <class IdType = std::int64_t, class... Args>
  auto insert(const Statement& statement, const Args&... args) {
    return Insert<IdType, sizeof...(Args)>(*this, statement, args...);
  }

  // `co_await`: calls `each(const Row&)` for every row in order.
  template <class Each, class... Args>
  auto for_each(const Statement& statement, Each each, const Args&... args) {
    return ForEach<sizeof...(Args)>(*this, statement, std::move(each), args...);
  }

  // `co_await`: calls `bool each(const Row&)` for rows in order until it returns false; further
  // ones are not read. The statement must be one that reads.
  template <class Each, class... Args>
  auto while_each(const Statement& statement, Each each, const Args&... args) {
    return WhileEach<sizeof...(Args)>(*this, statement, std::move(each), args...);
  }

  // The first row as `T map(const Row&)` makes it, or nothing. Further rows are not read.
  template <class Map, class... Args>
  auto find(const Statement& statement, Map map, const Args&... args) {
    return Find<Map, sizeof...(Args)>(*this, statement, std::move(map), args...);
  }

  // The commit waits until `barrier` is reached, which holds up whoever commits at the same time:
  // for what is as near as a sync of the disk. When it never is, nothing is kept, and write()
  // throws what it throws. Without meaning where nothing is written.
  virtual void wait_before_commit(std::shared_ptr<DurabilityBarrier> barrier) = 0;

  // Before a change that only adds. Throws NoSpaceError while the disk is full and the database
  // lives on the space that it keeps for log-ins and deletes, where there is such a space.
  virtual void require_space() {}

  // Names what is read: a later transaction of the same thread with the same number reads the
  // same, in whatever database of the process. 0: the driver cannot tell, the executor has several
  // threads, or the transaction writes.
  virtual std::uint64_t state() const noexcept { return 0; }

  // All rows as `T map(const Row&)` makes them.
  template <class Map, class... Args>
  auto all(const Statement& statement, Map map, const Args&... args) {
    return All<Map, sizeof...(Args)>(*this, statement, std::move(map), args...);
  }

 protected:
  // Runs `operation`. True: done, or thrown. False: its waiter will be resumed on the same
  // executor when it is done. The operation stays where it is until then.
  virtual bool run(Operation& operation) = 0;

 private:
  template <std::size_t N>
  class Execute {
   public:
    template <class... Args>
    Execute(Transaction& transaction, const Statement& statement, const Args&... args)
        : transaction_(transaction), arguments_{Value(args)...} {
      operation_.statement = &statement;
    }
    Execute(const Execute&) = delete;
    Execute& operator=(const Execute&) = delete;

    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> waiter) {
      operation_.arguments = arguments_;
      operation_.waiter = waiter;
      return !transaction_.run(operation_);
    }
    std::uint64_t await_resume() const {
      if (operation_.error) std::rethrow_exception(operation_.error);
      return operation_.changed;
    }

   protected:
    Operation operation_;

   private:
    Transaction& transaction_;
    std::array<Value, N> arguments_;
  };

  template <class IdType, std::size_t N>
  class Insert : public Execute<N> {
   public:
    template <class... Args>
    Insert(Transaction& transaction, const Statement& statement, const Args&... args)
        : Execute<N>(transaction, statement, args...) {
      this->operation_.wants_id = true;
    }
    std::optional<IdType> await_resume() const {
      if (Execute<N>::await_resume() == 0) return std::nullopt;
      return IdType{this->operation_.id};
    }
  };

  template <std::size_t N>
  class ForEach : public Execute<N> {
   public:
    template <class... Args>
    ForEach(Transaction& transaction, const Statement& statement,
            std::function<void(const Row&)> each, const Args&... args)
        : Execute<N>(transaction, statement, args...), each_(std::move(each)) {
      this->operation_.on_row = &each_;
    }

   private:
    std::function<void(const Row&)> each_;
  };

  template <std::size_t N>
  class WhileEach : public Execute<N> {
   public:
    template <class... Args>
    WhileEach(Transaction& transaction, const Statement& statement,
              std::function<bool(const Row&)> each, const Args&... args)
        : Execute<N>(transaction, statement, args...),
          each_([this, each = std::move(each)](const Row& row) {
            // A driver may have read more rows than it hands out one by one.
            if (!this->operation_.enough) this->operation_.enough = !each(row);
          }) {
      this->operation_.on_row = &each_;
    }

   private:
    std::function<void(const Row&)> each_;
  };

  template <class Map, std::size_t N>
  class Find : public Execute<N> {
    using T = std::invoke_result_t<Map&, const Row&>;

   public:
    template <class... Args>
    Find(Transaction& transaction, const Statement& statement, Map map, const Args&... args)
        : Execute<N>(transaction, statement, args...),
          map_(std::move(map)),
          each_([this](const Row& row) {
            if (!found_) found_.emplace(map_(row));
          }) {
      this->operation_.on_row = &each_;
      this->operation_.wants_one = true;
    }
    std::optional<T> await_resume() {
      Execute<N>::await_resume();
      return std::move(found_);
    }

   private:
    Map map_;
    std::optional<T> found_;
    std::function<void(const Row&)> each_;
  };

  template <class Map, std::size_t N>
  class All : public Execute<N> {
    using T = std::invoke_result_t<Map&, const Row&>;

   public:
    template <class... Args>
    All(Transaction& transaction, const Statement& statement, Map map, const Args&... args)
        : Execute<N>(transaction, statement, args...),
          map_(std::move(map)),
          each_([this](const Row& row) { found_.push_back(map_(row)); }) {
      this->operation_.on_row = &each_;
    }
    std::vector<T> await_resume() {
      Execute<N>::await_resume();
      return std::move(found_);
    }

   private:
    Map map_;
    std::vector<T> found_;
    std::function<void(const Row&)> each_;
  };
};

}  // namespace coffer::db
