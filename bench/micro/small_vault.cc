#include "micro/small_vault.h"

#include <stdlib.h>

#include <stdexcept>

#include "blobs/local/local_store.h"
#include "db/sqlite/sqlite_database.h"
#include "micro/memory_stream.h"

namespace coffer::bench {
namespace {

vault::FileType unknown_type(std::string_view, ByteView) {
  return {"application/octet-stream", vault::FileKind::kOther};
}

}  // namespace

Folder::Folder() {
  std::string name = (std::filesystem::temp_directory_path() / "coffer-bench-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::runtime_error("cannot make a temporary folder");
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

SmallVault::SmallVault()
    : passwords_({.memory_bytes = 8192, .passes = 1, .parallel = 1, .waiting = 1}) {
  db::SqliteOptions options;
  options.path = folder_.path() / "coffer.db";
  database_ = db::open_sqlite(options);
  database_->migrate(vault::migrations());
  blobs_ = blobs::open_local_store({.root = folder_.path() / "blobs", .clock = system_clock()});
  vault_ = run(vault::Vault::open({.database = *database_,
                                   .blobs = *blobs_,
                                   .clock = system_clock(),
                                   .entropy = system_entropy(),
                                   .passwords = passwords_,
                                   .classify = unknown_type,
                                   .policy = {}}));
}

vault::Account SmallVault::make_account(const std::string& name) {
  auto made = run(vault_->accounts().create(
      {.username = name, .email = std::nullopt, .password = "correct horse", .is_admin = false}));
  if (!made) throw std::runtime_error(made.error().message);
  return *made;
}

}  // namespace coffer::bench
