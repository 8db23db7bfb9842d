// The metadata database: atomic units of work over SQL. Drivers: db/sqlite.
//
//   auto account = co_await database.read([&](db::Transaction& tx) -> Task<std::optional<Account>>
//   {
//     co_return co_await tx.find(kFindAccount, account_from, id);
//   });
#pragma once

#include <coroutine>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/task.h"
#include "db/transaction.h"

namespace coffer::db {

// A numbered change of the schema. `sql` may hold several statements. The driver puts the words of
// its engine (dialect.h) in place of
//   {integer} {real} {text} {bytes}   the types of Value; text is compared bytewise
//   {key}                             behind the name `id`: the table's key, of which a row gets
//                                     the next number by itself, and none is given twice
//   {options} {clustered}             behind the columns of a table; the latter: in key order
//   {index_table} {words_index}       before and behind the name of an index of words (dialect.h)
// A brace that stands for itself is doubled.
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

// ScopedCount since the database was opened.
struct Stats {
  std::uint64_t writes = 0;   // bodies of write() that were committed or chose not to be
  std::uint64_t commits = 0;  // fewer than writes where a driver commits several together
  std::uint64_t statements = 0;
  std::uint64_t scans_refused = 0;  // with Busy
  std::size_t scans_waiting = 0;    // now
  bool is_locked = false;           // the last write ended with LockedError
};

// Threads: any executor's. Results and exceptions come back on the executor that asked.
class Database {
 public:
  virtual ~Database() = default;

  // Brings the schema up to the last of `migrations`, each in a transaction of its own.
  // Blocks. Throws OtherSchemaError when the database has one that this program does not know.
  virtual void migrate(std::span<const Migration> migrations) = 0;

  // How many of `migrations` were applied; 0: the database is new. Blocks. Throws Error as
  // migrate() does.
  virtual std::size_t applied(std::span<const Migration> migrations) = 0;

  // Looks for damage: of how rows are stored, of the rules that the schema has for them, and of
  // the schema itself, which has to be what those of `migrations` make that were applied. One
  // sentence a fault, 100 at the most. Reads all of it and changes nothing. Blocks. Damage does not
  // throw.
  virtual std::vector<std::string> check(std::span<const Migration> migrations) = 0;

  // Reads from one consistent state, which holds every write that this process answered before,
  // and those of other processes but for the last moments (a turn of the calling executor).
  // For what costs the same however much is stored: it may run on the serving core itself.
  // `body` is `Task<T>(Transaction&)`. `co_await` gives its T; so do scan() and write().
  template <class Body>
  auto read(Body body) {
    return Performed<Body>(*this, Mode::kRead, std::move(body), 0);
  }

  // The same for reads whose cost grows with what is stored (counts, searches): never on a
  // serving core. `on_behalf` is the account that asks: each has a fair share of what runs and of
  // what waits, and both have a bound; beyond it throws Busy.
  template <class Body>
  auto scan(std::int64_t on_behalf, Body body) {
    return Performed<Body>(*this, Mode::kScan, std::move(body), on_behalf);
  }
  // On behalf of the vault itself, which is never refused.
  template <class Body>
  auto scan(Body body) {
    return Performed<Body>(*this, Mode::kScan, std::move(body), 0);
  }

  // Changes: all or nothing, one after another (serializable), durable when it returns.
  // Nothing is kept when `body` throws or returns a std::expected that holds an error.
  // `body` may run more than once: it acts through the transaction alone and sets, not adds
  // to, what it captured.
  template <class Body>
  auto write(Body body) {
    return Performed<Body>(*this, Mode::kWrite, std::move(body), 0);
  }

  virtual Stats stats() const { return {}; }  // threads: any

 protected:
  enum class Mode { kRead, kScan, kWrite };

  // Runs `work` in a transaction, commits it when it says so, and comes back to the executor
  // that asked. Throws what the work threw, or an Error, at once or when it is awaited.
  // `on_behalf`: as in scan(). An empty task: it is done already.
  virtual Task<void> perform(Mode mode, Work& work, std::int64_t on_behalf) = 0;

 private:
  template <class Body>
  class [[nodiscard]] Performed;
};

// What read(), scan() and write() return, to be awaited once. It lives in the frame of who awaits
// it: most reads finish without waiting, so that a frame of their own is not worth its cost.
template <class Body>
class [[nodiscard]] Database::Performed {
  using T = typename detail::TaskValue<std::invoke_result_t<Body&, Transaction&>>::Type;
  static constexpr bool kHasValue = !std::is_void_v<T>;

 public:
  Performed(Database& database, Mode mode, Body body, std::int64_t on_behalf)
      : database_(database), mode_(mode), on_behalf_(on_behalf), work_(std::move(body)) {}
  Performed(const Performed&) = delete;
  Performed& operator=(const Performed&) = delete;

  bool await_ready() {
    task_ = database_.perform(mode_, work_, on_behalf_);
    return task_.is_empty();
  }
  bool await_suspend(std::coroutine_handle<> waiter) { return awaiter().await_suspend(waiter); }
  T await_resume() {
    if (!task_.is_empty()) awaiter().await_resume();
    if constexpr (kHasValue) return std::move(*work_.result);
  }

 private:
  struct Nothing {};

  struct BodyWork final : Work {
    explicit BodyWork(Body b) : body(std::move(b)) {}
    Task<bool> run(Transaction& transaction) override {
      if constexpr (kHasValue) {
        result.emplace(co_await body(transaction));
        if constexpr (detail::kIsExpected<T>) co_return result->has_value();
      } else {
        co_await body(transaction);
      }
      co_return true;
    }
    Body body;
    std::conditional_t<kHasValue, std::optional<T>, Nothing> result;
  };

  auto awaiter() noexcept { return std::move(task_).operator co_await(); }

  Database& database_;
  const Mode mode_;
  const std::int64_t on_behalf_;
  BodyWork work_;
  Task<void> task_;
};

}  // namespace coffer::db
