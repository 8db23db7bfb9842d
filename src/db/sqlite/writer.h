// The one thread that writes. Units of work that wait at the same time share a commit, and
// with it one sync of the disk; each stays atomic on its own.
#pragma once

#include <atomic>
#include <condition_variable>
#include <coroutine>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/executor.h"
#include "db/database.h"
#include "db/sqlite/checkpointer.h"
#include "db/sqlite/connection.h"
#include "db/sqlite/held_files.h"
#include "db/sqlite/reserve_file.h"
#include "db/sqlite/sqlite_database.h"

namespace coffer::db::sqlite {

class Writer final : public Executor {
 public:
  // Opens the file. Throws Error.
  explicit Writer(const SqliteOptions& options);
  // Finishes and answers what waits.
  ~Writer() override;

  // Work to be committed and who waits for that, in the waiter's frame.
  struct Unit {
    db::Work& work;
    Executor& home;
    std::coroutine_handle<> waiter;
    std::exception_ptr error;
    std::vector<std::shared_ptr<DurabilityBarrier>> barriers;  // that its commit waits for
    bool dependency_failed;  // one of them will never be reached: the error is that one's
  };

  // `co_await`: `work` has been committed, or chose not to be; goes on on the asking executor.
  // Throws what the work threw, or an Error: then nothing was kept.
  auto perform(db::Work& work) {
    struct Awaiter {
      Writer& writer;
      Unit unit;
      bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<> waiter) {
        unit.waiter = waiter;
        writer.enqueue(unit);
      }
      void await_resume() const {
        if (unit.error) std::rethrow_exception(unit.error);
      }
    };
    return Awaiter{*this, Unit{work, Executor::current(), {}, {}, {}, false}};
  }

  // Runs `function` on the writing thread between two commits.
  void post(Executor::Work function) override;

  // See CommitNotifier.
  void set_commit_listener(std::function<void()> function);

  // Threads: any.
  Stats stats() const;
  // How many commits there were; counted before anyone is answered.
  const std::atomic<std::uint64_t>& commits() const noexcept { return commits_; }

 private:
  using Units = std::vector<Unit*>;
  enum class UnitResult {
    kSettled,
    kTransactionLost,  // with all that the group did
    kNeedsSavepoints,  // its changes are to go, and cannot without those of the others
  };

  void enqueue(Unit& unit);
  // Ends the program where its own bookkeeping finds no memory: what was committed could be told
  // to nobody, and every later write would wait for ever. A start reads what was committed.
  void serve() noexcept;
  void serve_until_stopped();
  void take_waiting(Units& group, std::size_t most);
  struct Manner {
    bool open_to_more;    // units that come in meanwhile join the group
    bool may_make_space;  // where the disk is full: once for each group
  };
  void commit(Units group, Manner manner);
  UnitResult run_inside(Unit& unit, bool with_savepoints);
  UnitResult run_with_savepoint(Unit& unit);
  UnitResult run_without_savepoint(Unit& unit);
  bool run_body(Unit& unit);
  static void wait_for_barriers(Unit& unit);
  bool await_barriers(Units& group);
  bool make_space();
  void keep_log_short();
  void commit_without(Units group, std::size_t failed);
  void roll_back_all();
  static void answer(const Unit& unit);
  static void answer_all(Units group);
  static void fail_all(Units group, const std::exception_ptr& error);

  ReserveFile reserve_;  // the thread's alone, as the connection
  // The last connection that is closed must be this: it empties the log.
  Connection connection_;
  HeldFiles files_;
  Checkpointer checkpointer_;
  int groups_with_savepoints_ = 0;  // so many to come keep their units apart
  std::atomic<std::uint64_t> writes_ = 0;
  std::atomic<std::uint64_t> commits_ = 0;
  std::atomic<bool> is_locked_ = false;

  std::mutex listener_mutex_;
  std::function<void()> commit_listener_;  // guarded by listener_mutex_

  std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_.
  std::deque<Unit*> units_;
  std::deque<Executor::Work> posted_;
  bool stopping_ = false;

  std::thread thread_;
};

}  // namespace coffer::db::sqlite
