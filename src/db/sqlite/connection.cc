#include "db/sqlite/connection.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

#include "base/log.h"

namespace coffer::db::sqlite {
namespace {

// A log that grew while something read for long is cut back to this when it is reused.
constexpr int kLogKeptBytes = 32 << 20;
// Differs from what it last gave on this connection when anybody has committed since.
constexpr Statement kVersion{"PRAGMA data_version"};
// Of SQLite's virtual machine, between two looks at the clock: tens of microseconds.
constexpr int kStepsBetweenLooks = 10'000;
constexpr auto kBusyPause = std::chrono::milliseconds(5);

// What a unit of work may change before its undo log moves from memory to a file. Nearly every
// unit stays below: a file would cost it two writes for each page that it touches. SQLite moves
// all of it at once, and cannot write 128 KiB or more at once: that ends as a full disk.
constexpr int kUndoInMemoryBytes = 124 << 10;

void configure_library() {
  static const bool configured = [] {
    // The statistics take one lock of the whole process at every allocation.
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, kUndoInMemoryBytes);
    return true;
  }();
  static_cast<void>(configured);
}

const char* name_of(int type) {
  switch (type) {
    case SQLITE_INTEGER: return "an integer";
    case SQLITE_FLOAT: return "a real number";
    case SQLITE_TEXT: return "text";
    case SQLITE_BLOB: return "bytes";
    default: return "NULL";
  }
}

class StatementRow final : public Row {
 public:
  StatementRow(sqlite3_stmt* statement, const char* sql)
      : statement_(statement), columns_(sqlite3_column_count(statement)), sql_(sql) {}

  bool is_null(int column) const override {
    return sqlite3_value_type(value(column)) == SQLITE_NULL;
  }
  std::int64_t integer(int column) const override {
    sqlite3_value* const found = value(column);
    return holds(column, found, SQLITE_INTEGER) ? sqlite3_value_int64(found) : 0;
  }
  double real(int column) const override {
    sqlite3_value* const found = value(column);
    if (sqlite3_value_type(found) == SQLITE_INTEGER) return sqlite3_value_double(found);
    return holds(column, found, SQLITE_FLOAT) ? sqlite3_value_double(found) : 0;
  }
  std::string_view text(int column) const override {
    sqlite3_value* const found = value(column);
    if (!holds(column, found, SQLITE_TEXT)) return {};
    const auto* begin = reinterpret_cast<const char*>(sqlite3_value_text(found));
    if (!begin) throw Error("out of memory reading text");
    return {begin, static_cast<std::size_t>(sqlite3_value_bytes(found))};
  }
  ByteView bytes(int column) const override {
    sqlite3_value* const found = value(column);
    if (!holds(column, found, SQLITE_BLOB)) return {};
    const auto* begin = static_cast<const std::byte*>(sqlite3_value_blob(found));
    if (!begin) return {};
    return {begin, static_cast<std::size_t>(sqlite3_value_bytes(found))};
  }

 private:
  // Asked for once, where each sqlite3_column_…() would look it up again. It may be read because
  // the connection has no mutex of SQLite's: then every value is as good as a protected one
  // (sqlite.org/c3ref/value.html).
  sqlite3_value* value(int column) const {
    if (column < 0 || column >= columns_) {
      throw Error(fmt::format("there is no column {} in: {}", column, sql_));
    }
    return sqlite3_column_value(statement_, column);
  }
  // False for NULL. SQLite would convert one type to another and make 0 of what it cannot.
  bool holds(int column, sqlite3_value* value, int wanted) const {
    const int found = sqlite3_value_type(value);
    if (found == wanted) return true;
    if (found == SQLITE_NULL) return false;
    throw Error(fmt::format("column {} holds {} where {} is asked for, in: {}", column,
                            name_of(found), name_of(wanted), sql_));
  }

  sqlite3_stmt* statement_;
  int columns_;
  const char* sql_;
};

struct Bind {
  sqlite3_stmt* statement;
  int position;

  int operator()(std::monostate) const { return sqlite3_bind_null(statement, position); }
  int operator()(std::int64_t value) const {
    return sqlite3_bind_int64(statement, position, value);
  }
  int operator()(double value) const { return sqlite3_bind_double(statement, position, value); }
  // A null pointer would bind NULL, and views of nothing may hold one.
  int operator()(std::string_view value) const {
    return sqlite3_bind_text64(statement, position, value.empty() ? "" : value.data(), value.size(),
                               SQLITE_STATIC, SQLITE_UTF8);
  }
  int operator()(ByteView value) const {
    if (value.empty()) return sqlite3_bind_zeroblob(statement, position, 0);
    return sqlite3_bind_blob64(statement, position, value.data(), value.size(), SQLITE_STATIC);
  }
};

[[noreturn]] void die_of_waiting() {
  log::error("the body of a transaction waits for something else than its transaction");
  log::flush();
  std::abort();
}

// The system's error of the last call that failed on the database's file, or on its log.
int last_error_of(sqlite3* handle, bool of_log) {
  int error = 0;
  if (!of_log) {
    sqlite3_file_control(handle, "main", SQLITE_FCNTL_LAST_ERRNO, &error);
    return error;
  }
  sqlite3_file* log = nullptr;
  sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
  if (log && log->pMethods) log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &error);
  return error;
}

// SQLite has a code of its own for a full disk, but not for a quota of the file system or the limit
// of a file's size.
bool is_out_of_space(sqlite3* handle, int code) {
  // The latter: the log's shared index could not be made longer.
  if ((code & 0xff) == SQLITE_FULL || code == SQLITE_IOERR_SHMSIZE) return true;
  if ((code & 0xff) != SQLITE_IOERR) return false;
  for (const bool of_log : {false, true}) {
    const int error = last_error_of(handle, of_log);
    if (error == ENOSPC || error == EDQUOT || error == EFBIG) return true;
  }
  return false;
}

bool is_out_of_descriptors(sqlite3* handle, int code) {
  if ((code & 0xff) != SQLITE_CANTOPEN || !handle) return false;
  const int error = sqlite3_system_errno(handle);
  return error == EMFILE || error == ENFILE;
}

bool is_blank(std::string_view sql) { return sql.find_first_not_of(" \t\r\n;") == sql.npos; }

}  // namespace

struct Connection::Prepared {
  sqlite3_stmt* handle = nullptr;
  std::vector<int> positions;  // SQLite's index of `$1`, `$2` …
  bool in_use = false;

  Prepared() = default;
  ~Prepared() { sqlite3_finalize(handle); }
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;
};

// A prepared statement while it runs.
class Connection::Use {
 public:
  explicit Use(Prepared& prepared) : prepared_(prepared) { prepared_.in_use = true; }
  ~Use() {
    // The code repeats that of the last step, which has been dealt with.
    sqlite3_reset(prepared_.handle);
    if (!prepared_.positions.empty()) sqlite3_clear_bindings(prepared_.handle);
    prepared_.in_use = false;
  }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

 private:
  Prepared& prepared_;
};

Connection::Connection(const SqliteOptions& options, Access access) {
  configure_library();
  try {
    open(options, access);
  } catch (...) {
    sqlite3_close(handle_);
    throw;
  }
}

Connection::~Connection() {
  prepared_.clear();
  sqlite3_close(handle_);
}

void Connection::open(const SqliteOptions& options, Access access) {
  const bool writes = access == Access::kWrite;
  const std::string path = options.path.string();
  const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (writes ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
  const char* vfs = options.vfs.empty() ? nullptr : options.vfs.c_str();
  const int code = sqlite3_open_v2(path.c_str(), &handle_, flags, vfs);
  if (code != SQLITE_OK) {
    const std::string message =
        fmt::format("cannot open the database {}: {}", path,
                    handle_ ? sqlite3_errmsg(handle_) : sqlite3_errstr(code));
    if (is_out_of_descriptors(handle_, code)) throw NoDescriptorsError(message);
    throw Error(message);
  }
  sqlite3_busy_timeout(handle_, static_cast<int>(options.lock_timeout.count()));
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  // "x" is a name and never a string, as in standard SQL.
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  const auto cache = writes ? options.writer_cache_bytes : options.reader_cache_bytes;
  const auto cache_pragma = fmt::format("PRAGMA cache_size = -{}", cache / 1024);
  run_script(cache_pragma.c_str());
  if (!writes) {
    const auto mapping = fmt::format("PRAGMA mmap_size = {}", options.mapped_bytes);
    run_script(mapping.c_str());
    return;
  }
  use_write_ahead_log(options);
}

void Connection::use_write_ahead_log(const SqliteOptions& options) {
  const auto page_size = fmt::format("PRAGMA page_size = {}", kPageBytes);
  run_script(page_size.c_str());
  // Where two processes make the database at once, SQLite does not wait for this lock.
  const auto deadline = std::chrono::steady_clock::now() + options.lock_timeout;
  static constexpr const char* kUseLog = "PRAGMA journal_mode = WAL";
  int code = sqlite3_exec(handle_, kUseLog, nullptr, nullptr, nullptr);
  while ((code & 0xff) == SQLITE_BUSY && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kBusyPause);
    code = sqlite3_exec(handle_, kUseLog, nullptr, nullptr, nullptr);
  }
  check(code, kUseLog);

  static constexpr Statement kMode{"PRAGMA journal_mode"};
  std::string mode;
  const std::function<void(const Row&)> keep = [&](const Row& row) { mode = row.text(0); };
  Operation operation;
  operation.statement = &kMode;
  operation.on_row = &keep;
  run(operation);
  if (mode != "wal") {
    throw Error(fmt::format("the database {} cannot have a write-ahead log: is it on a local disk?",
                            options.path.string()));
  }

  // FULL syncs the log at every commit. FAST overwrites what was deleted where that costs no
  // further page. The last line recovers what a crash left, which readers may not.
  const auto settings = fmt::format(
      "PRAGMA synchronous = FULL;"
      "PRAGMA foreign_keys = ON;"
      "PRAGMA secure_delete = FAST;"
      "PRAGMA journal_size_limit = {};"
      "PRAGMA max_page_count = {};"
      "SELECT count(*) FROM sqlite_schema;",
      kLogKeptBytes,
      options.max_bytes == 0 ? 0 : std::max<std::uint64_t>(options.max_bytes / kPageBytes, 1));
  run_script(settings.c_str());
  // In place of SQLite's own, which moves the log inside of a commit.
  sqlite3_wal_hook(handle_, note_log_length, this);
}

int Connection::note_log_length(void* self, sqlite3*, const char*, int pages) {
  static_cast<Connection*>(self)->log_length_ = pages;
  return SQLITE_OK;
}

void Connection::checkpoint() {
  const int code =
      sqlite3_wal_checkpoint_v2(handle_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  // Busy: another does the same.
  if ((code & 0xff) != SQLITE_BUSY) check(code, "checkpoint");
}

void Connection::sync_moved() {
  sqlite3_file* file = nullptr;
  check(sqlite3_file_control(handle_, "main", SQLITE_FCNTL_FILE_POINTER, &file), "sync");
  check(file->pMethods->xSync(file, SQLITE_SYNC_NORMAL), "sync");
}

bool Connection::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

std::int64_t Connection::rows_changed() const { return sqlite3_total_changes64(handle_); }

bool Connection::owes_foreign_keys() const {
  int current = 0;
  int highest = 0;
  sqlite3_db_status(handle_, SQLITE_DBSTATUS_DEFERRED_FKS, &current, &highest, 0);
  return current != 0;
}

void Connection::check(int code, std::string_view sql) const {
  if (code != SQLITE_OK) fail(code, sql);
}

void Connection::fail(int code, std::string_view sql) const {
  const char* path = sqlite3_db_filename(handle_, "main");
  if ((code & 0xff) == SQLITE_BUSY) {
    throw LockedError(
        fmt::format("another program holds the lock of the database {}: end it, or try again when"
                    " it is done",
                    path));
  }
  const std::string message = fmt::format("the database {}: {} (SQLite code {}) in: {}", path,
                                          sqlite3_errmsg(handle_), code, sql);
  if (is_out_of_space(handle_, code)) throw NoSpaceError(message);
  if (is_out_of_descriptors(handle_, code)) throw NoDescriptorsError(message);
  if ((code & 0xff) == SQLITE_INTERRUPT) throw Busy("the search takes too long; ask for less");
  // A value of the wrong type breaks a rule of the program, not one of the data.
  if ((code & 0xff) == SQLITE_CONSTRAINT && code != SQLITE_CONSTRAINT_DATATYPE) {
    throw ConstraintError(message);
  }
  throw Error(message);
}

Connection::Prepared& Connection::idle(const Statement& statement) {
  auto& known = prepared_[statement.sql];
  for (const auto& prepared : known) {
    if (!prepared->in_use) return *prepared;
  }
  auto fresh = std::make_unique<Prepared>();
  const char* rest = nullptr;
  check(sqlite3_prepare_v3(handle_, statement.sql, -1, SQLITE_PREPARE_PERSISTENT, &fresh->handle,
                           &rest),
        statement.sql);
  if (!fresh->handle || !is_blank(rest)) {
    throw Error(fmt::format("not one single statement: {}", statement.sql));
  }
  const int count = sqlite3_bind_parameter_count(fresh->handle);
  fresh->positions.resize(static_cast<std::size_t>(count));
  for (int position = 1; position <= count; ++position) {
    const char* spelled = sqlite3_bind_parameter_name(fresh->handle, position);
    const std::string_view name = spelled ? spelled : "?";
    int number = 0;
    const auto end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data() + 1, end, number);
    if (name[0] != '$' || parsed.ptr != end || number < 1 || number > count) {
      throw Error(
          fmt::format("parameter {} is none of $1 … ${} in: {}", name, count, statement.sql));
    }
    fresh->positions[static_cast<std::size_t>(number - 1)] = position;
  }
  return *known.emplace_back(std::move(fresh));
}

void Connection::run(Operation& operation) {
  const char* sql = operation.statement->sql;
  Prepared& prepared = idle(*operation.statement);
  const Use use(prepared);
  if (prepared.positions.size() != operation.arguments.size()) {
    throw Error(fmt::format("{} arguments for {} parameters in: {}", operation.arguments.size(),
                            prepared.positions.size(), sql));
  }
  for (std::size_t i = 0; i < operation.arguments.size(); ++i) {
    check(std::visit(Bind{prepared.handle, prepared.positions[i]}, operation.arguments[i].get()),
          sql);
  }
  statements_.store(statements() + 1, std::memory_order_relaxed);

  const auto changes_before = sqlite3_total_changes64(handle_);
  const bool reads = sqlite3_stmt_readonly(prepared.handle) != 0;
  const StatementRow row(prepared.handle, sql);
  int code = sqlite3_step(prepared.handle);
  while (code == SQLITE_ROW) {
    if (operation.on_row) (*operation.on_row)(row);
    if ((operation.wants_one || operation.enough) && reads) return;
    code = sqlite3_step(prepared.handle);
  }
  if (code != SQLITE_DONE) fail(code, sql);
  // sqlite3_changes64() alone is that of an older statement if this one changes no rows.
  const bool changed = !reads && sqlite3_total_changes64(handle_) != changes_before;
  operation.changed = changed ? static_cast<std::uint64_t>(sqlite3_changes64(handle_)) : 0;
  if (operation.wants_id && changed) operation.id = sqlite3_last_insert_rowid(handle_);
}

void Connection::run(const Statement& statement) {
  Operation operation;
  operation.statement = &statement;
  run(operation);
}

void Connection::for_each(const Statement& statement, const std::function<void(const Row&)>& each) {
  Operation operation;
  operation.statement = &statement;
  operation.on_row = &each;
  run(operation);
}

void Connection::set_deadline(std::optional<std::chrono::steady_clock::time_point> deadline) {
  if (deadline == deadline_) return;
  deadline_ = deadline;
  sqlite3_progress_handler(handle_, deadline ? kStepsBetweenLooks : 0, is_too_late, this);
}

int Connection::is_too_late(void* self) {
  return std::chrono::steady_clock::now() > *static_cast<Connection*>(self)->deadline_ ? 1 : 0;
}

void Connection::begin_reading() {
  run(kBegin);
  std::int64_t version = 0;
  const std::function<void(const Row&)> keep = [&](const Row& row) { version = row.integer(0); };
  Operation operation;
  operation.statement = &kVersion;
  operation.on_row = &keep;
  run(operation);
  if (state_ != 0 && version == version_) return;
  static std::atomic<std::uint64_t> last = 0;
  version_ = version;
  state_ = ++last;
}

void Connection::run_script(const char* sql) {
  while (*sql != '\0') {
    Prepared once;
    const char* rest = nullptr;
    check(sqlite3_prepare_v2(handle_, sql, -1, &once.handle, &rest), sql);
    const std::string_view text(sql, static_cast<std::size_t>(rest - sql));
    if (once.handle) {
      int code = sqlite3_step(once.handle);
      while (code == SQLITE_ROW) code = sqlite3_step(once.handle);
      if (code != SQLITE_DONE) fail(code, text);
    }
    sql = rest;
  }
}

bool ConnectionTransaction::run(Operation& operation) {
  if (failure_) {
    throw Error(fmt::format("the transaction was lost before: {}", operation.statement->sql));
  }
  try {
    connection_.run(operation);
  } catch (...) {
    failure_ = std::current_exception();
    throw;
  }
  return true;
}

bool ConnectionTransaction::run_to_end(Work& work) {
  Task<bool> task = work.run(*this);
  if (!task.run_at_once()) die_of_waiting();
  const bool keep = task.take();
  if (failure_) std::rethrow_exception(failure_);
  return keep;
}

}  // namespace coffer::db::sqlite
