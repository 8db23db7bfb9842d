#include "cli/application.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "apis/fileuploader/fileuploader.h"
#include "apis/mediavault/mediavault.h"
#include "apis/operations/operations.h"
#include "apis/pages/pages.h"
#include "apis/quantum/quantum.h"
#include "apis/streamvault/streamvault.h"
#include "base/clock.h"
#include "base/entropy.h"
#include "base/log.h"
#include "blobs/local/disk.h"
#include "blobs/local/local_store.h"
#include "blobs/local/store_lock.h"
#include "media/sniff/type.h"

namespace coffer::cli {
namespace {

namespace fs = std::filesystem;

constexpr char kLockFile[] = "lock";

// Stands where commands about accounts need no bytes: opening the real store belongs to the
// one server of the folder.
class NoBlobs final : public blobs::BlobStore {
 public:
  Task<std::unique_ptr<blobs::BlobWriter>> create(std::optional<std::uint64_t>,
                                                  std::string) override {
    throw std::logic_error(kWhy);
    co_return nullptr;
  }
  Task<std::shared_ptr<const Content>> open(const Sha256Digest&) override {
    throw std::logic_error(kWhy);
    co_return nullptr;
  }
  Task<bool> remove_unused(const Sha256Digest&, Time) override {
    throw std::logic_error(kWhy);
    co_return false;
  }
  std::unique_ptr<blobs::Removal> begin_removal() override { throw std::logic_error(kWhy); }
  Task<std::vector<Listed>> list(std::optional<Sha256Digest>, std::size_t) override {
    throw std::logic_error(kWhy);
    co_return std::vector<Listed>();
  }
  Task<std::uint64_t> free_bytes() override {
    throw std::logic_error(kWhy);
    co_return 0;
  }

 private:
  static constexpr char kWhy[] = "this command has no blob store";
};

void make_folder(const fs::path& folder) {
  std::error_code error;
  if (fs::create_directories(folder, error)) ::chmod(folder.c_str(), S_IRWXU);
  if (error) {
    throw UserError(
        fmt::format("cannot make the data folder {}: {}", folder.string(), error.message()));
  }
}

// The folder has to be the server's; whoever else may read it may read every file and the keys of
// the tokens.
void check_access(const fs::path& folder) {
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) {
    throw UserError(fmt::format("cannot look at the data folder {}: {}", folder.string(),
                                std::strerror(errno)));
  }
  require_access(folder, R_OK | W_OK | X_OK);
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    log::warning("others on this machine can look into the data folder",
                 {{"folder", folder.string()}, {"do", "chmod 700 " + folder.string()}});
  }
  if (status.st_uid != ::geteuid()) {
    log::warning("the data folder belongs to another user of this machine",
                 {{"folder", folder.string()}, {"owner", status.st_uid}, {"user", ::geteuid()}});
  }
}

// Before a database is made beside the files of another server: it would know none of them, and
// the next start would take it for theirs. The store locks its folders when it is opened.
void require_unused_store(const fs::path& folder) {
  try {
    const auto disk = blobs::posix_disk(folder);
    const blobs::StoreLock lock(*disk);
  } catch (const blobs::StoreInUseError& error) {
    throw UserError(error.what());
  } catch (const blobs::Error&) {
    // Opening the store reports it.
  }
}

std::unique_ptr<blobs::BlobStore> open_blobs(const Settings& settings, db::Database& database,
                                             std::size_t max_open) {
  try {
    require_stored_files(settings, database);
    return blobs::open_local_store({.root = settings.data,
                                    .clock = system_clock(),
                                    .memory_budget = settings.uploads.memory_budget,
                                    .memory_wait = settings.uploads.memory_timeout,
                                    .max_uploads = settings.uploads.max_concurrent,
                                    .reserve_bytes = settings.storage.reserve,
                                    .max_open_files = max_open});
  } catch (const blobs::StoreInUseError& error) {
    throw UserError(error.what());
  } catch (const blobs::Error& error) {
    throw UserError(
        fmt::format("the data folder {} cannot be used: {}", settings.data, error.what()));
  }
}

vault::FileKind kind_of(media::Kind kind) {
  switch (kind) {
    case media::Kind::kImage: return vault::FileKind::kImage;
    case media::Kind::kVideo: return vault::FileKind::kVideo;
    case media::Kind::kAudio: return vault::FileKind::kAudio;
    case media::Kind::kDocument: return vault::FileKind::kDocument;
    case media::Kind::kOther: break;
  }
  return vault::FileKind::kOther;
}

vault::FileType classify(std::string_view name, ByteView head) {
  const media::Type type = media::type_of(name, head);
  return {std::string(type.media_type), kind_of(type.kind)};
}

vault::Policy policy_of(const Settings& settings) {
  using std::chrono::duration_cast;
  using std::chrono::seconds;
  vault::Policy policy;
  policy.password_min = settings.accounts.password_min;
  policy.registration_open = settings.accounts.registration == config::Registration::kOpen;
  if (settings.accounts.quota > 0) policy.quota = settings.accounts.quota;
  policy.guests = serves_guests(settings);
  policy.guest_quota.reset();
  if (settings.accounts.guest_quota > 0) policy.guest_quota = settings.accounts.guest_quota;
  policy.upload_session_lifetime = duration_cast<seconds>(settings.uploads.session_lifetime);
  policy.max_upload_sessions = settings.uploads.max_sessions;
  if (settings.uploads.max_bytes > 0) policy.max_file_bytes = settings.uploads.max_bytes;
  policy.access_lifetime = duration_cast<seconds>(settings.sessions.access_lifetime);
  policy.refresh_lifetime = duration_cast<seconds>(settings.sessions.refresh_lifetime);
  policy.blob_grace = settings.blobs.grace;
  return policy;
}

}  // namespace

DataFolderLock::DataFolderLock(const fs::path& folder) {
  make_folder(folder);
  check_access(folder);
  fd_ = ::open((folder / kLockFile).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (fd_ < 0) {
    throw UserError(fmt::format("cannot write to the data folder {}: {}", folder.string(),
                                std::strerror(errno)));
  }
  if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    const int error_number = errno;
    ::close(fd_);
    if (error_number != EWOULDBLOCK) {
      throw UserError(fmt::format("cannot lock the data folder {}: {}", folder.string(),
                                  std::strerror(error_number)));
    }
    throw FolderInUse(fmt::format(
        "another server is running on the data folder {}; stop it first, or use another folder",
        folder.string()));
  }
}

DataFolderLock::~DataFolderLock() { ::close(fd_); }

Application::Application(const Settings& settings, Scope scope, LostDatabase if_lost,
                         std::size_t max_open_blobs) {
  const fs::path folder(settings.data);
  if (scope == Scope::kExisting) {
    database_ = open_existing_database(settings);
  } else {
    make_folder(folder);
    if (scope == Scope::kWhole) require_unused_store(folder);
    database_ = open_or_make_database(settings, if_lost);
  }
  database_->migrate(vault::migrations());
  if (scope == Scope::kWhole) {
    blobs_ = open_blobs(settings, *database_, max_open_blobs);
  } else {
    blobs_ = std::make_unique<NoBlobs>();
  }
  passwords_ = std::make_unique<vault::Passwords>(vault::Passwords::Cost{
      .memory_bytes = settings.passwords.memory, .parallel = settings.passwords.parallel});
  InlineExecutor here;
  vault_ = here.run(vault::Vault::open({.database = *database_,
                                        .blobs = *blobs_,
                                        .clock = system_clock(),
                                        .entropy = system_entropy(),
                                        .passwords = *passwords_,
                                        .classify = classify,
                                        .policy = policy_of(settings)}));
}

Application::~Application() = default;

std::string generate_password() { return random_secret(system_entropy()).substr(0, 20); }

std::vector<std::unique_ptr<apis::Dialect>> make_dialects(apis::Metrics& metrics,
                                                          jobs::Packages* packages) {
  std::vector<std::unique_ptr<apis::Dialect>> dialects;
  dialects.push_back(apis::make_operations(metrics));
  dialects.push_back(apis::mediavault::make(system_clock()));
  for (auto& part : apis::streamvault::make()) dialects.push_back(std::move(part));
  dialects.push_back(apis::fileuploader::make());
  dialects.push_back(apis::quantum::make([packages] {
    return packages ? packages->report().upgradable : std::vector<std::string>();
  }));
  dialects.push_back(apis::pages::make());
  return dialects;
}

}  // namespace coffer::cli
