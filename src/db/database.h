// The metadata database: atomic units of work over SQL. Drivers: db/sqlite.
//
//   auto account = co_await database.read([&](db::Transaction& tx) -> Task<std::optional<Account>>
//   {
//     co_return co_await tx.find(kFindAccount, account_from, id);
//   });
#pragma once

#include <array>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/task.h"
#include "db/value.h"

namespace coffer::db {

// The database failed or is not what it should be: disk, corruption, connection, a wrong
// statement. Nothing that a user's input can cause.
class Error : public std::runtime_error {
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
  std::uint64_t changed = 0;  // out: rows inserted, updated, deleted
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

  // `co_await`: calls `each(const Row&)` for every row in order.
  template <class Each, class... Args>
  auto for_each(const Statement& statement, Each each, const Args&... args) {
    return ForEach<sizeof...(Args)>(*this, statement, std::move(each), args...);
  }

  // The first row as `T map(const Row&)` makes it, or nothing. Further rows are not read.
  template <class Map, class... Args>
  auto find(const Statement& statement, Map map, const Args&... args) {
    return Find<Map, sizeof...(Args)>(*this, statement, std::move(map), args...);
  }

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

// A numbered change of the schema. `sql` may hold several statements.
struct Migration {
  int number;  // 1, 2, 3 … without gaps
  const char* name;
  const char* sql;
};

namespace detail {
template <class T>
inline constexpr bool kIsExpected = false;
template <class T, class E>
inline constexpr bool kIsExpected<std::expected<T, E>> = true;
template <class T>
struct TaskValue;
template <class T>
struct TaskValue<Task<T>> {
  using Type = T;
};
}  // namespace detail

// A body without its type, as drivers see it. run() gives whether to keep the changes.
class Work {
 public:
  virtual ~Work() = default;
  virtual Task<bool> run(Transaction& transaction) = 0;
};

// Counted since the database was opened.
struct Stats {
  std::uint64_t writes = 0;   // bodies of write() that were committed or chose not to be
  std::uint64_t commits = 0;  // fewer than writes where a driver commits several together
  std::uint64_t statements = 0;
};

// Threads: any executor's. Results and exceptions come back on the executor that asked.
class Database {
 public:
  virtual ~Database() = default;

  // Brings the schema up to the last of `migrations`, each in a transaction of its own.
  // Blocks. Throws Error when the database has one that this program does not know.
  virtual void migrate(std::span<const Migration> migrations) = 0;

  // Reads from one consistent state, which holds every write that this process answered before,
  // and those of other processes but for the last moments (a turn of the calling executor).
  // For what costs the same however much is stored: it may run on the serving core itself.
  // `body` is `Task<T>(Transaction&)`.
  template <class Body>
  auto read(Body body) {
    return perform<Body>(Mode::kRead, std::move(body));
  }

  // The same for reads whose cost grows with what is stored (counts, searches): never on a
  // serving core.
  template <class Body>
  auto scan(Body body) {
    return perform<Body>(Mode::kScan, std::move(body));
  }

  // Changes: all or nothing, one after another (serializable), durable when it returns.
  // Nothing is kept when `body` throws or returns a std::expected that holds an error.
  // `body` may run more than once: it acts through the transaction alone and sets, not adds
  // to, what it captured.
  template <class Body>
  auto write(Body body) {
    return perform<Body>(Mode::kWrite, std::move(body));
  }

  virtual Stats stats() const { return {}; }  // threads: any

 protected:
  enum class Mode { kRead, kScan, kWrite };

  // Runs `work` in a transaction, commits it when it says so, and comes back to the executor
  // that asked. Throws what the work threw, or an Error.
  virtual Task<void> perform(Mode mode, Work& work) = 0;

 private:
  template <class Body>
  auto perform(Mode mode, Body body)
      -> Task<typename detail::TaskValue<std::invoke_result_t<Body&, Transaction&>>::Type> {
    using T = typename detail::TaskValue<std::invoke_result_t<Body&, Transaction&>>::Type;
    if constexpr (std::is_void_v<T>) {
      struct BodyWork final : Work {
        explicit BodyWork(Body& b) : body(b) {}
        Task<bool> run(Transaction& transaction) override {
          co_await body(transaction);
          co_return true;
        }
        Body& body;
      };
      BodyWork work(body);
      co_await perform(mode, static_cast<Work&>(work));
    } else {
      struct BodyWork final : Work {
        explicit BodyWork(Body& b) : body(b) {}
        Task<bool> run(Transaction& transaction) override {
          result.emplace(co_await body(transaction));
          if constexpr (detail::kIsExpected<T>) co_return result->has_value();
          co_return true;
        }
        Body& body;
        std::optional<T> result;
      };
      BodyWork work(body);
      co_await perform(mode, static_cast<Work&>(work));
      co_return std::move(*work.result);
    }
  }
};

}  // namespace coffer::db
