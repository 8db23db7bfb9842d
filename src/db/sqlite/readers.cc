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
// ended, the next new thread takes over what it had.
struct Readers::ThreadConnections {
  std::vector<Connection*> idle;  // some with the turn's transaction
  std::uint64_t commits = 0;      // that the turn's transactions hold
  bool turn_ends = false;         // end_iteration() was posted
  std::size_t connections = 0;
  std::atomic<bool> vacant = false;  // its thread has ended
  std::atomic<bool> closed = false;  // its database is gone
};

void Readers::end_transactions(ThreadConnections& connections) {
  for (Connection* connection : connections.idle) {
    if (connection->in_transaction()) connection->run(kCommit);
  }
}

// What one thread has of each database that it reads.
struct Readers::Table {
  struct Entry {
    std::uint64_t serial;
    std::shared_ptr<ThreadConnections> connections;
  };
  std::vector<Entry> entries;

  ~Table() {
    for (const Entry& entry : entries)
      entry.connections->vacant.store(true, std::memory_order_release);
  }
};

thread_local Readers::Table Readers::table_;

Readers::Readers(const SqliteOptions& options, const std::atomic<std::uint64_t>& commits)
    : options_(options), commits_(commits), serial_(next_serial()) {}

Readers::~Readers() {
  for (const auto& connections : thread_connections_)
    connections->closed.store(true, std::memory_order_release);
}

std::shared_ptr<Readers::ThreadConnections> Readers::connections_of_this_thread() {
  for (const auto& entry : table_.entries) {
    if (entry.serial == serial_) return entry.connections;
  }
  std::erase_if(table_.entries, [](const Table::Entry& entry) {
    return entry.connections->closed.load(std::memory_order_acquire);
  });
  return table_.entries.emplace_back(Table::Entry{serial_, take_connections()}).connections;
}

std::shared_ptr<Readers::ThreadConnections> Readers::take_connections() {
  const std::lock_guard lock(mutex_);
  for (const auto& connections : thread_connections_) {
    if (connections->vacant.exchange(false, std::memory_order_acquire)) return connections;
  }
  return thread_connections_.emplace_back(std::make_shared<ThreadConnections>());
}

Connection* Readers::take(ThreadConnections& connections) {
  if (!connections.idle.empty()) {
    Connection* connection = connections.idle.back();
    connections.idle.pop_back();
    return connection;
  }
  auto fresh = std::make_unique<Connection>(options_, Connection::Access::kRead);
  connections.idle.reserve(connections.connections + 1);  // giving back must not fail
  const std::lock_guard lock(mutex_);
  Connection* connection = connections_.emplace_back(std::move(fresh)).get();
  ++connections.connections;
  return connection;
}

void Readers::discard(Connection* connection) {
  const std::lock_guard lock(mutex_);
  statements_of_discarded_ += connection->statements();
  std::erase_if(connections_, [&](const auto& owned) { return owned.get() == connection; });
}

void Readers::run(Work& work, std::optional<std::chrono::steady_clock::time_point> end) {
  const std::shared_ptr<ThreadConnections> connections = connections_of_this_thread();
  Connection* connection = take(*connections);
  Executor* executor = Executor::current_or_null();
  const bool has_turns = executor && executor->has_one_thread();
  std::exception_ptr error;
  // Read before the state is taken: the state may hold more, never less.
  const std::uint64_t commits = commits_.load(std::memory_order_acquire);
  connection->set_deadline(end);
  try {
    if (connections->commits != commits) {
      if (connection->in_transaction()) connection->run(kCommit);
      end_transactions(*connections);
      connections->commits = commits;
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
  const bool keep = !error && has_turns && connections->commits == commits;
  if (!keep) {
    try {
      if (connection->in_transaction()) connection->run(kCommit);
    } catch (...) {
      if (!error) error = std::current_exception();
    }
    if (connection->in_transaction()) {
      discard(connection);
      --connections->connections;
      std::rethrow_exception(error);
    }
  }
  connections->idle.push_back(connection);
  if (error) std::rethrow_exception(error);
  if (!keep || connections->turn_ends) return;
  connections->turn_ends = true;
  executor->post([connections] { end_iteration(*connections); });
}

void Readers::end_iteration(ThreadConnections& connections) noexcept {
  if (connections.closed.load(std::memory_order_acquire)) return;
  connections.turn_ends = false;
  try {
    end_transactions(connections);
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
