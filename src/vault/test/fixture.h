// For tests: a whole vault in a folder of its own, with a clock that the test moves.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/executor.h"
#include "base/text.h"
#include "vault/identity/passwords.h"
#include "vault/test/streams.h"
#include "vault/test/support.h"
#include "vault/upkeep/consistency.h"
#include "vault/vault.h"

namespace coffer::vault::test {

struct Stores {
  std::unique_ptr<db::Database> database;  // not migrated
  std::unique_ptr<blobs::BlobStore> blobs;
};

// The drivers that the test program is linked with; each test program defines it once.
// One thread does the blob store's work in the order in which it was asked for, unless there are
// more.
Stores open_stores(const std::filesystem::path& folder, const Clock& clock, std::size_t io_threads);

// Nothing is asked of it: what becomes of those who lose their right, actor_test.cc tells.
inline Actor as(AccountId account) { return Actor::system(account); }
inline Actor as(const Account& account) { return as(account.id); }

class VaultTest : public ::testing::Test {
 protected:
  explicit VaultTest(Policy policy = {}) { open(policy); }

  // Opens the vault again, over the same data.
  void open(const Policy& policy, std::size_t io_threads = 1) {
    vault_.reset();
    stores_ = {};
    stores_ = open_stores(folder_.path(), clock_, io_threads);
    stores_.database->migrate(migrations());
    vault_ = run(Vault::open({.database = *stores_.database,
                              .blobs = *stores_.blobs,
                              .clock = clock_,
                              .entropy = system_entropy(),
                              .passwords = passwords_,
                              .classify = classify_by_extension,
                              .policy = policy}));
  }

  Account make_account(const std::string& name) {
    auto made = run(vault_->accounts().create(
        {.username = name, .email = std::nullopt, .password = "correct horse", .is_admin = false}));
    if (!made) throw std::runtime_error(made.error().message);
    return *made;
  }

  Tokens begin_session(const Account& account,
                       std::optional<std::chrono::seconds> lifetime = std::nullopt) {
    auto begun = run(vault_->sessions().log_in({account.username, "correct horse"}, lifetime));
    if (!begun) throw std::runtime_error(begun.error().message);
    return begun->tokens;
  }

  Account account(AccountId id) { return run(vault_->accounts().find(id)).value(); }

  Result<StagedBlob> receive(const Account& owner, const std::string& content) {
    TextStream stream(content);
    auto staged = run(vault_->uploads().receive(owner.id, stream, std::nullopt));
    // Before a test moves the time.
    if (staged) staged->durable_blob()->wait();
    return staged;
  }

  // For Paths::put().
  static std::vector<PathFile> one_file(StagedBlob staged, std::string name) {
    std::vector<PathFile> files;
    files.push_back({.staged = std::move(staged), .name = std::move(name)});
    return files;
  }

  // Bytes that nothing refers to, as a crash between storing and committing leaves them.
  void leave_bytes(const std::string& content) {
    auto write = [&]() -> Task<void> {
      const auto writer = co_await stores_.blobs->create(content.size(), "crashed");
      co_await writer->write(as_bytes(content));
      co_await writer->finish();
    };
    run(write());
  }
  // The store no longer has them.
  void lose_bytes(const std::string& content) {
    const auto removal = stores_.blobs->begin_removal();
    EXPECT_TRUE(run(removal->remove(Sha256::of(as_bytes(content)))));
  }

  Result<std::vector<Entry>> commit(const Account& owner, NewFile file) {
    std::vector<NewFile> files;
    files.push_back(std::move(file));
    return run(vault_->uploads().commit(as(owner), owner.home, std::move(files)));
  }

  Result<Entry> try_upload(const Account& owner, const std::string& name,
                           const std::string& content, std::vector<std::string> tags = {}) {
    auto staged = receive(owner, content);
    if (!staged) return std::unexpected(staged.error());
    auto made =
        commit(owner, {.staged = std::move(*staged), .name = name, .tags = std::move(tags)});
    if (!made) return std::unexpected(made.error());
    return made->at(0);
  }

  Entry upload(const Account& owner, const std::string& name, const std::string& content,
               std::vector<std::string> tags = {}) {
    auto made = try_upload(owner, name, content, std::move(tags));
    if (!made) throw std::runtime_error(made.error().message);
    return *made;
  }

  Result<Entry> try_folder(const Account& owner, const std::string& name,
                           std::optional<EntryId> parent = std::nullopt) {
    return run(vault_->folders().create(
        as(owner), owner.home, {.parent = parent, .name = name, .description = std::nullopt}));
  }

  Entry make_folder(const Account& owner, const std::string& name,
                    std::optional<EntryId> parent = std::nullopt) {
    auto made = try_folder(owner, name, parent);
    if (!made) throw std::runtime_error(made.error().message);
    return *made;
  }

  Entry upload_into(const Account& owner, std::optional<EntryId> parent, const std::string& name,
                    const std::string& content) {
    auto staged = receive(owner, content);
    if (!staged) throw std::runtime_error(staged.error().message);
    const auto made = commit(owner, {.staged = std::move(*staged), .name = name, .parent = parent});
    if (!made) throw std::runtime_error(made.error().message);
    return made->at(0);
  }

  UploadSession begin_parts(const Account& owner, const std::string& name,
                            std::optional<std::uint32_t> parts = std::nullopt,
                            std::optional<EntryId> parent = std::nullopt) {
    auto begun = run(vault_->upload_sessions().begin(
        as(owner), {.space = owner.home, .parent = parent, .name = name, .parts = parts}));
    if (!begun) throw std::runtime_error(begun.error().message);
    return *begun;
  }

  Result<Part> put_part(const Account& owner, const Uuid& upload, std::uint32_t number,
                        const std::string& content) {
    TextStream stream(content);
    return run(
        vault_->upload_sessions().put_part(as(owner), upload, number, stream, content.size()));
  }

  Result<Entry> complete(const Account& owner, const Uuid& upload, Completion completion = {}) {
    return run(vault_->upload_sessions().complete(as(owner), upload, std::move(completion)));
  }

  // A file of those parts.
  Entry upload_parts(const Account& owner, const std::string& name,
                     const std::vector<std::string>& parts,
                     std::optional<EntryId> parent = std::nullopt) {
    const UploadSession upload = begin_parts(owner, name, std::nullopt, parent);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const auto put = put_part(owner, upload.uuid, static_cast<std::uint32_t>(i + 1), parts[i]);
      if (!put) throw std::runtime_error(put.error().message);
    }
    auto made = complete(owner, upload.uuid);
    if (!made) throw std::runtime_error(made.error().message);
    return *made;
  }

  // The names of what lies directly there, folders before files.
  std::vector<std::string> children(SpaceId space, std::optional<EntryId> folder = std::nullopt) {
    std::vector<std::string> names;
    for (const bool folders : {true, false}) {
      const auto found = run(vault_->folders().children(
          {.space = space, .folder = folder, .folders = folders, .limit = 1000}));
      for (const Entry& entry : found.items) names.push_back(entry.name + (folders ? "/" : ""));
    }
    return names;
  }

  // What the tables say of each other that cannot be.
  std::vector<std::string> contradictions() {
    std::vector<std::string> found;
    for (const auto& [what, count] : run(find_inconsistencies(*stores_.database))) {
      found.push_back(fmt::format("{}: {}", what, count));
    }
    return found;
  }

  void TearDown() override { EXPECT_EQ(contradictions(), std::vector<std::string>()); }

  std::int64_t count(const db::Statement& statement) {
    auto body = [&](db::Transaction& tx) -> Task<std::optional<std::int64_t>> {
      co_return co_await tx.find(statement, [](const db::Row& row) { return row.integer(0); });
    };
    return run(stores_.database->scan(body)).value();
  }

  // Rows of files and folders, with those that are being cleared away.
  std::int64_t stored_entries() {
    static constexpr db::Statement kCount{"SELECT count(*) FROM entry"};
    return count(kCount);
  }

  Result<void> remove(const Account& owner, EntryId id) {
    return run(vault_->files().remove(as(owner), id));
  }

  EntryPage list(EntryQuery query) { return run(vault_->entries().list(std::move(query))).value(); }

  std::vector<Event> events() { return run(vault_->events().read(EventId{0}, 100'000)).events; }

  // When the store has done what was asked of it before.
  std::size_t stored_blobs() { return run(stores_.blobs->list(std::nullopt, 100'000)).size(); }

  // Clears what was removed, to its end.
  void clear_all() {
    while (run(vault_->groups().return_files(16))) {
    }
    while (run(vault_->clearing().clear(16))) {
    }
    while (run(vault_->trash().purge(16))) {
    }
  }

  void index_all() {
    while (run(vault_->search_index().step())) {
    }
  }

  // All that the collector would do now.
  void collect_all() {
    clear_all();
    index_all();
    while (run(vault_->upload_sessions().expire(16))) {
    }
    while (run(vault_->upload_sessions().prune_retired(16))) {
    }
    while (run(vault_->media_queue().collect(16))) {
    }
    while (run(vault_->references().collect(16))) {
    }
    std::optional<Sha256Digest> after;
    do {
      after = run(vault_->references().sweep(after, 16));
    } while (after);
  }

  std::string content_of(const Entry& entry) {
    const auto content = run(vault_->files().open(entry));
    std::string text;
    while (text.size() < content->size()) {
      text += text_of(run(content->piece(text.size(), content->size())));
    }
    return text;
  }

  Folder folder_;
  ManualClock clock_{from_micros(1'700'000'000'000'000)};
  Passwords passwords_{{.memory_bytes = 8192, .passes = 1, .parallel = 2, .waiting = 1000}};
  Stores stores_;
  std::unique_ptr<Vault> vault_;
};

inline std::set<std::string> fields_of(const Failure& failure) {
  std::set<std::string> fields;
  for (const FieldFault& fault : failure.fields) fields.insert(fault.field);
  return fields;
}

}  // namespace coffer::vault::test

// `expression` is a Result that failed with FailureCode::code.
#define EXPECT_FAILS(expression, failure_code)                       \
  do {                                                               \
    const auto coffer_result = (expression);                         \
    ASSERT_FALSE(coffer_result.has_value());                         \
    EXPECT_EQ(coffer_result.error().code, FailureCode::failure_code) \
        << coffer_result.error().message;                            \
  } while (false)
