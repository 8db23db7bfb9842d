#include "db/sqlite/readers.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <utility>

#include "base/executor.h"
#include "base/log.h"

namespace coffer::db::sqlite {
namespace {

// Unlike an address, a number is never that of an earlier database.
std::uint64_t next_serial() {
  static std::atomic<std::uint64_t> last = 0;
  return ++last;
}

}  // namespace

// What one thread has of one database. The lists belong to that thread alone; when it has
// ended, the next new thread takes its seat.
struct Readers::Seat {
  std::vector<Connection*> idle;  // some with the turn's transaction
  std::uint64_t commits = 0;      // that the turn's transactions hold
  bool turn_ends = false;         // end_turn() was posted
  std::size_t connections = 0;
  std::atomic<bool> vacant = false;  // its thread has ended
  std::atomic<bool> closed = false;  // its database is gone
};

void Readers::end_transactions(Seat& seat) {
  for (Connection* connection : seat.idle) {
    if (connection->in_transaction()) connection->run(kCommit);
  }
}

// The seats of one thread.
struct Readers::Table {
  struct Entry {
    std::uint64_t serial;
    std::shared_ptr<Seat> seat;
  };
  std::vector<Entry> entries;

  ~Table() {
    for (const Entry& entry : entries) entry.seat->vacant.store(true, std::memory_order_release);
  }
};

thread_local Readers::Table Readers::table_;

Readers::Readers(const SqliteOptions& options, const std::atomic<std::uint64_t>& commits)
    : options_(options), commits_(commits), serial_(next_serial()) {}

Readers::~Readers() {
  for (const auto& seat : seats_) seat->closed.store(true, std::memory_order_release);
}

std::shared_ptr<Readers::Seat> Readers::seat_of_this_thread() {
  for (const auto& entry : table_.entries) {
    if (entry.serial == serial_) return entry.seat;
  }
  std::erase_if(table_.entries, [](const Table::Entry& entry) {
    return entry.seat->closed.load(std::memory_order_acquire);
  });
  return table_.entries.emplace_back(Table::Entry{serial_, take_seat()}).seat;
}

std::shared_ptr<Readers::Seat> Readers::take_seat() {
  const std::lock_guard lock(mutex_);
  for (const auto& seat : seats_) {
    if (seat->vacant.exchange(false, std::memory_order_acquire)) return seat;
  }
  return seats_.emplace_back(std::make_shared<Seat>());
}

Connection* Readers::take(Seat& seat) {
  if (!seat.idle.empty()) {
    Connection* connection = seat.idle.back();
    seat.idle.pop_back();
    return connection;
  }
  auto fresh = std::make_unique<Connection>(options_, Connection::Access::kRead);
  seat.idle.reserve(seat.connections + 1);  // giving back must not fail
  const std::lock_guard lock(mutex_);
  Connection* connection = connections_.emplace_back(std::move(fresh)).get();
  ++seat.connections;
  return connection;
}

void Readers::discard(Connection* connection) {
  const std::lock_guard lock(mutex_);
  statements_of_discarded_ += connection->statements();
  std::erase_if(connections_, [&](const auto& owned) { return owned.get() == connection; });
}

void Readers::run(Work& work, std::optional<std::chrono::steady_clock::time_point> end) {
  const std::shared_ptr<Seat> seat = seat_of_this_thread();
  Connection* connection = take(*seat);
  Executor* executor = Executor::current_or_null();
  const bool has_turns = executor && executor->has_one_thread();
  std::exception_ptr error;
  // Read before the state is taken: the state may hold more, never less.
  const std::uint64_t commits = commits_.load(std::memory_order_acquire);
  connection->set_deadline(end);
  try {
    if (seat->commits != commits) {
      if (connection->in_transaction()) connection->run(kCommit);
      end_transactions(*seat);
      seat->commits = commits;
    }
    // Only who may read again in the same state has a use for its number.
    if (!connection->in_transaction() && has_turns) {
      connection->begin_reading();
    } else if (!connection->in_transaction()) {
      connection->run(kBegin);
    }
    ConnectionTransaction transaction(*connection, has_turns ? connection->state() : 0);
    transaction.run_to_end(work);
  } catch (...) {
    error = std::current_exception();
  }
  connection->set_deadline(std::nullopt);
  // A read inside this one's callback may have renewed the others meanwhile.
  const bool keep = !error && has_turns && seat->commits == commits;
  if (!keep) {
    try {
      if (connection->in_transaction()) connection->run(kCommit);
    } catch (...) {
      if (!error) error = std::current_exception();
    }
    if (connection->in_transaction()) {
      discard(connection);
      --seat->connections;
      std::rethrow_exception(error);
    }
  }
  seat->idle.push_back(connection);
  if (error) std::rethrow_exception(error);
  if (!keep || seat->turn_ends) return;
  seat->turn_ends = true;
  executor->post([seat] { end_turn(*seat); });
}

void Readers::end_turn(Seat& seat) noexcept {
  if (seat.closed.load(std::memory_order_acquire)) return;
  seat.turn_ends = false;
  try {
    end_transactions(seat);
  } catch (const std::exception& failure) {
    // The next read of this thread meets the same connection, and its caller is told.
    log::error("a read transaction did not end", {{"reason", failure.what()}});
  }
}

std::uint64_t Readers::statements() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t sum = statements_of_discarded_;
  for (const auto& connection : connections_) sum += connection->statements();
  return sum;
}

}  // namespace coffer::db::sqlite
