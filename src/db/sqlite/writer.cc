#include "db/sqlite/writer.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <functional>
#include <limits>
#include <ranges>
#include <utility>

#include "base/log.h"
#include "base/thread.h"

namespace coffer::db::sqlite {
namespace {

// Bounds of a group: how much may be asked to wait for, or lost with, one commit. More units would
// not make it cheaper, and all of them would then wait for the last one's barriers.
constexpr std::size_t kGroupUnits = 32;
constexpr auto kEveryUnit = std::numeric_limits<std::size_t>::max();
constexpr auto kGroupTime = std::chrono::milliseconds(5);
// After a group that had to run twice, as many keep their units apart from the start: where some
// fail, others follow.
constexpr int kGroupsWithSavepoints = 64;
// While the disk is full, the log is moved into the database at this part of the reserve.
constexpr std::uint64_t kLogShareOfReserve = 32;
constexpr int kShortestLog = 16;  // pages

constexpr Statement kSavepoint{"SAVEPOINT unit"};
constexpr Statement kRelease{"RELEASE unit"};
constexpr Statement kRollbackTo{"ROLLBACK TO unit"};

bool is_no_space(const std::exception_ptr& error) {
  if (!error) return false;
  try {
    std::rethrow_exception(error);
  } catch (const OnlyReserveError&) {
    return false;
  } catch (const NoSpaceError&) {
    return true;
  } catch (...) {
    return false;
  }
}

// On a full disk the log's shared index may find no room but the reserve.
Connection open_even_if_full(const SqliteOptions& options, ReserveFile& reserve) {
  try {
    return Connection(options, Connection::Access::kWrite);
  } catch (const NoSpaceError&) {
    if (!reserve.release()) throw;
  }
  return Connection(options, Connection::Access::kWrite);
}

// Moving the log makes the database longer, by no more than the log is long. On a full disk half of
// the reserve is there for that.
int log_pages(const SqliteOptions& options, const ReserveFile& reserve) {
  if (reserve.bytes() == 0) return options.log_pages;
  const auto most = static_cast<int>(reserve.bytes() / 2 / kPageBytes);
  return std::clamp(most, kShortestLog, std::max(options.log_pages, kShortestLog));
}

}  // namespace

Writer::Writer(const SqliteOptions& options)
    : reserve_(std::filesystem::path(options.path) += "-reserve", options.reserve_bytes),
      connection_(open_even_if_full(options, reserve_)),
      files_(options.path),
      checkpointer_(options, log_pages(options, reserve_)),
      thread_(start_thread("db-writer", [this] { serve(); })) {}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Writer::enqueue(Unit& unit) {
  const std::lock_guard lock(mutex_);
  units_.push_back(&unit);
  // Under the lock: once the unit can be answered, its owner may destroy the database.
  wake_.notify_one();
}

void Writer::post(Executor::Work function) {
  const std::lock_guard lock(mutex_);
  posted_.push_back(std::move(function));
  wake_.notify_one();
}

void Writer::set_commit_listener(std::function<void()> function) {
  const std::lock_guard lock(listener_mutex_);
  commit_listener_ = std::move(function);
}

Stats Writer::stats() const {
  Stats stats;
  stats.writes = writes_.load(std::memory_order_relaxed);
  stats.commits = commits_.load(std::memory_order_relaxed);
  stats.statements = connection_.statements();
  stats.is_locked = is_locked_.load(std::memory_order_relaxed);
  return stats;
}

void Writer::serve() noexcept {
  try {
    serve_until_stopped();
  } catch (const std::exception& error) {
    log::error("the server ends: the thread that writes the database cannot go on",
               {{"reason", error.what()}});
    log::flush();
    std::_Exit(1);
  }
}

void Writer::serve_until_stopped() {
  const Scope scope(*this);
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !units_.empty() || !posted_.empty(); });
    if (units_.empty() && posted_.empty()) return;
    auto posted = std::exchange(posted_, {});
    lock.unlock();
    for (auto& function : posted) function();
    Units group;
    take_waiting(group, kGroupUnits);
    commit(std::move(group), {.open_to_more = true, .may_make_space = true});
    lock.lock();
  }
}

void Writer::take_waiting(Units& group, std::size_t most) {
  const std::lock_guard lock(mutex_);
  while (!units_.empty() && group.size() < most) {
    group.push_back(units_.front());
    units_.pop_front();
  }
}

void Writer::commit(Units group, Manner manner) {
  if (group.empty()) return;
  const auto deadline = std::chrono::steady_clock::now() + kGroupTime;
  try {
    if (connection_.in_transaction()) connection_.run(kRollback);
    connection_.run(kBeginWrite);
    files_.check();
    is_locked_.store(false, std::memory_order_relaxed);
  } catch (const LockedError& error) {
    // Those behind have waited as well: they do not wait as long once more. They are taken before
    // anyone is answered, since whoever comes after an answer has not waited yet.
    if (!is_locked_.exchange(true, std::memory_order_relaxed)) {
      log::error("changes are refused: the database is locked", {{"reason", error.what()}});
    }
    take_waiting(group, kEveryUnit);
    fail_all(std::move(group), std::current_exception());
    return;
  } catch (...) {
    fail_all(std::move(group), std::current_exception());
    return;
  }
  const Manner again{.open_to_more = false, .may_make_space = manner.may_make_space};
  const Manner last{.open_to_more = false, .may_make_space = false};
  const bool with_savepoints = groups_with_savepoints_ > 0;
  if (with_savepoints) --groups_with_savepoints_;
  for (std::size_t i = 0; i < group.size(); ++i) {
    const UnitResult outcome = run_inside(*group[i], with_savepoints);
    if (manner.may_make_space && is_no_space(group[i]->error) && make_space()) {
      return commit(std::move(group), last);
    }
    if (outcome == UnitResult::kTransactionLost) return commit_without(std::move(group), i);
    if (outcome == UnitResult::kNeedsSavepoints) {
      roll_back_all();
      groups_with_savepoints_ = kGroupsWithSavepoints;
      return commit(std::move(group), again);
    }
    if (manner.open_to_more && i + 1 == group.size() &&
        std::chrono::steady_clock::now() < deadline) {
      take_waiting(group, kGroupUnits);
    }
  }
  // Not before all have run: most barriers are reached by then.
  if (!await_barriers(group)) return commit(std::move(group), again);
  try {
    connection_.run(kCommit);
  } catch (...) {
    const auto error = std::current_exception();
    roll_back_all();
    if (manner.may_make_space && is_no_space(error) && make_space()) {
      return commit(std::move(group), last);
    }
    // Also for those that did not want to be kept: they may have seen what is now undone.
    fail_all(std::move(group), error);
    return;
  }
  writes_.fetch_add(group.size(), std::memory_order_relaxed);
  commits_.fetch_add(1, std::memory_order_release);
  {
    const std::lock_guard lock(listener_mutex_);
    if (commit_listener_) commit_listener_();
  }
  answer_all(std::move(group));
  if (reserve_.is_released()) {
    keep_log_short();
  } else {
    checkpointer_.maybe_checkpoint(connection_);
  }
  reserve_.restore();
}

// A log that grows on a full disk takes the space that moving it into the database needs.
void Writer::keep_log_short() {
  const auto most = static_cast<int>(reserve_.bytes() / kLogShareOfReserve / kPageBytes);
  if (connection_.log_length() < std::max(most, kShortestLog)) return;
  try {
    connection_.checkpoint();
  } catch (const NoSpaceError&) {
    make_space();
  } catch (const std::exception& error) {
    log::warning("log_not_moved", {{"reason", error.what()}});
  }
}

// Whether a group that found the disk full may find room when it runs again: gives up the reserve
// and moves the log into the database, so that the log starts over in the room that it has.
bool Writer::make_space() {
  roll_back_all();
  const bool released = reserve_.release();
  const bool had_log = connection_.log_length() > 0;
  try {
    connection_.checkpoint();
  } catch (const std::exception& error) {
    log::warning("log_not_moved", {{"reason", error.what()}});
  }
  return released || had_log;
}

// After a failure of one that took all of the group with it. The others are without fault and
// nothing of theirs was kept: each gets a transaction of its own, so that this cannot happen to
// them again.
void Writer::commit_without(Units group, std::size_t failed) {
  answer(*group[failed]);
  group.erase(group.begin() + static_cast<std::ptrdiff_t>(failed));
  for (Unit* unit : group) commit({unit}, {.open_to_more = false, .may_make_space = true});
}

// False when some units have to go, and the others of the group to run again.
bool Writer::await_barriers(Units& group) {
  // Barriers are mostly reached in the order of their units, several at a time: waiting for the
  // last first sleeps once instead of once for each.
  for (Unit* unit : group | std::views::reverse) wait_for_barriers(*unit);
  const auto failed = std::stable_partition(
      group.begin(), group.end(), [](const Unit* unit) { return !unit->dependency_failed; });
  if (failed == group.end()) return true;
  roll_back_all();
  std::for_each(failed, group.end(), [](const Unit* unit) { answer(*unit); });
  group.erase(failed, group.end());
  return false;
}

void Writer::wait_for_barriers(Unit& unit) {
  try {
    for (const auto& barrier : unit.barriers) barrier->wait();
  } catch (...) {
    unit.error = std::current_exception();
    unit.dependency_failed = true;
  }
}

// Runs `unit` inside the open transaction, out of which its own failure does not reach. `apart`:
// so that its changes can be taken back without those of others.
Writer::UnitResult Writer::run_inside(Unit& unit, bool with_savepoints) {
  unit.error = nullptr;
  unit.dependency_failed = false;
  unit.barriers.clear();
  return with_savepoints ? run_with_savepoint(unit) : run_without_savepoint(unit);
}

Writer::UnitResult Writer::run_with_savepoint(Unit& unit) {
  try {
    connection_.run(kSavepoint);
    if (!run_body(unit)) connection_.run(kRollbackTo);
    connection_.run(kRelease);
    return UnitResult::kSettled;
  } catch (...) {
    unit.error = std::current_exception();
  }
  // A full disk or a failed read make SQLite roll back everything by itself.
  if (!connection_.in_transaction()) return UnitResult::kTransactionLost;
  try {
    connection_.run(kRollbackTo);
    connection_.run(kRelease);
    return UnitResult::kSettled;
  } catch (const std::exception& error) {
    log::error("rolling back one unit of work failed", {{"reason", error.what()}});
  }
  roll_back_all();
  return UnitResult::kTransactionLost;
}

// A savepoint costs a copy of every page that is written after it. Nearly all units are kept, and
// of the others most have changed nothing when they fail.
Writer::UnitResult Writer::run_without_savepoint(Unit& unit) {
  const std::int64_t before = connection_.rows_changed();
  bool keep = false;
  try {
    keep = run_body(unit);
  } catch (...) {
    unit.error = std::current_exception();
  }
  if (!connection_.in_transaction()) return UnitResult::kTransactionLost;
  const bool clean = keep || connection_.rows_changed() == before;
  return clean ? UnitResult::kSettled : UnitResult::kNeedsSavepoints;
}

// Whether to keep what it did. Throws what it threw.
bool Writer::run_body(Unit& unit) {
  ConnectionTransaction transaction(connection_, 0, &reserve_);
  const bool keep = transaction.run_to_end(unit.work);
  // SQLite itself would only look when the whole group commits.
  if (keep && connection_.owes_foreign_keys()) {
    throw ConstraintError("a deferred FOREIGN KEY is broken at the end of the transaction");
  }
  if (keep) unit.barriers = std::move(transaction.barriers());
  return keep;
}

void Writer::roll_back_all() {
  try {
    if (connection_.in_transaction()) connection_.run(kRollback);
  } catch (const std::exception& error) {
    // The next group tries again before it begins, and fails if it still cannot.
    log::error("rolling back failed", {{"reason", error.what()}});
  }
}

// After this the unit may be gone.
void Writer::answer(const Unit& unit) {
  unit.home.post([waiter = unit.waiter] { waiter.resume(); });
}

// The same for several: each executor is woken once.
void Writer::answer_all(Units group) {
  std::ranges::stable_sort(group, std::less(), [](const Unit* unit) { return &unit->home; });
  for (auto next = group.begin(); next != group.end();) {
    Executor& home = (*next)->home;
    std::vector<std::coroutine_handle<>> waiters;
    for (; next != group.end() && &(*next)->home == &home; ++next) {
      waiters.push_back((*next)->waiter);
    }
    home.post([waiters = std::move(waiters)] {
      for (const std::coroutine_handle<> waiter : waiters) waiter.resume();
    });
  }
}

void Writer::fail_all(Units group, const std::exception_ptr& error) {
  for (Unit* unit : group) unit->error = error;
  answer_all(std::move(group));
}

}  // namespace coffer::db::sqlite
