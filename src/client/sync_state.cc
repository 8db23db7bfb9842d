#include "client/sync_state.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "client/error.h"
#include "client/private_file.h"
#include "client/session.h"

namespace coffer::client {
namespace {

constexpr std::string_view kStateName = ".coffer-sync.json";
constexpr std::string_view kLockName = ".coffer-sync.lock";
constexpr ::mode_t kPrivate = 0600;
constexpr std::chrono::seconds kSaveEvery{1};

[[noreturn]] void fail(const std::filesystem::path& path) {
  throw Error(fmt::format("{}: {}", path.string(), std::strerror(errno)));
}

}  // namespace

SyncState::SyncState(const std::filesystem::path& folder, Sides sides, bool is_dry_run)
    : path_(folder / kStateName),
      lock_(::open((folder / kLockName).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kPrivate)),
      sides_(std::move(sides)),
      is_dry_run_(is_dry_run) {
  if (lock_.get() < 0) fail(folder / kLockName);
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    throw Error(folder.string() + " is being synchronized by another run");
  }
  load();
}

SyncState::~SyncState() {
  try {
    save();
  } catch (const std::exception&) {
    // The run has failed by another error already, or save() was called.
  }
}

std::vector<SyncPair> SyncState::pairs() const {
  std::vector<SyncPair> all;
  all.reserve(pairs_.size());
  for (const auto& [name, pair] : pairs_) all.push_back(pair);
  return all;
}

void SyncState::put(SyncPair pair) {
  drop(pair);
  if (!pair.id.empty()) names_[pair.id] = pair.name;
  std::string name = pair.name;
  pairs_[std::move(name)] = std::move(pair);
  save_if_due();
}

void SyncState::forget(const SyncPair& pair) {
  drop(pair);
  save_if_due();
}

void SyncState::drop(const SyncPair& pair) {
  is_saved_ = false;
  if (const auto found = pairs_.find(pair.name); found != pairs_.end()) {
    names_.erase(found->second.id);
    pairs_.erase(found);
  }
  if (const auto found = names_.find(pair.id); found != names_.end()) {
    pairs_.erase(found->second);
    names_.erase(found);
  }
}

void SyncState::save_if_due() {
  if (Clock::now() - saved_at_ >= kSaveEvery) save();
}

void SyncState::save() {
  if (is_saved_ || is_dry_run_) return;
  boost::json::array files;
  for (const auto& [name, pair] : pairs_) {
    files.push_back(
        {{"name", name}, {"id", pair.id}, {"uuid", pair.uuid}, {"sha256", pair.checksum}});
  }
  const boost::json::object state{{"root", sides_.root},
                                  {"account", sides_.account},
                                  {"collection", sides_.collection},
                                  {"files", std::move(files)}};
  replace_file(path_, boost::json::serialize(state) + "\n");
  is_saved_ = true;
  saved_at_ = Clock::now();
}

void SyncState::load() {
  const auto text = read_file(path_);
  if (!text) return;
  boost::system::error_code failed;
  const boost::json::value value = boost::json::parse(*text, failed);
  const auto* object = failed ? nullptr : value.if_object();
  const auto* files = object ? object->if_contains("files") : nullptr;
  const auto damaged = [this] {
    return Error(path_.string() + " is damaged; remove it, and the next run removes nothing");
  };
  if (!files || !files->is_array()) throw damaged();
  if (text_member(*object, "root") != sides_.root ||
      text_member(*object, "collection") != sides_.collection) {
    throw Error(path_.string() + " is of another vault or collection; use another folder");
  }
  if (text_member(*object, "account") != sides_.account) {
    throw Error(path_.string() + " is of another account; use another folder");
  }
  for (const auto& one : files->get_array()) {
    if (!one.is_object()) throw damaged();
    const auto& about = one.get_object();
    SyncPair pair{.name = text_member(about, "name"),
                  .id = text_member(about, "id"),
                  .uuid = text_member(about, "uuid"),
                  .checksum = text_member(about, "sha256")};
    if (pair.name.empty()) throw damaged();
    drop(pair);
    names_[pair.id] = pair.name;
    std::string name = pair.name;
    pairs_[std::move(name)] = std::move(pair);
  }
  is_saved_ = true;
}

}  // namespace coffer::client
