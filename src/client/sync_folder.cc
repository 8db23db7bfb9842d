#include "client/sync_folder.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "client/error.h"
#include "client/session.h"
#include "client/transfers.h"

namespace coffer::client {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTrashName = ".coffer-trash";
constexpr ::mode_t kPrivateFolder = 0700;
constexpr ::mode_t kFolder = 0777;  // less the umask

[[noreturn]] void fail(const fs::path& path) {
  throw Error(fmt::format("{}: {}", path.string(), std::strerror(errno)));
}

const char* kind_of(::mode_t mode) {
  if (S_ISLNK(mode)) return "a symbolic link";
  if (S_ISFIFO(mode)) return "a named pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

// Calls `each` with "a", then "a/b", of "a/b/c", until it gives false.
template <class Each>
bool all_folders_of(std::string_view name, Each each) {
  for (std::size_t at = name.find('/'); at != std::string_view::npos; at = name.find('/', at + 1)) {
    if (!each(name.substr(0, at))) return false;
  }
  return true;
}

bool is_plain(std::string_view name) {
  return std::ranges::none_of(
      name, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
}

// Whether a scan of the folder would give it this name.
bool is_local_name(std::string_view name) {
  if (name.empty() || name.back() == '/' || !is_plain(name)) return false;
  for (std::size_t at = 0; at < name.size();) {
    if (name[at] == '/' || name[at] == '.') return false;
    at = std::min(name.find('/', at), name.size() - 1) + 1;
  }
  return true;
}

void make_folder(const fs::path& path, ::mode_t mode) {
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) fail(path);
}

}  // namespace

SyncFolder::SyncFolder(fs::path root) : root_(std::move(root)) {
  struct ::stat about {};
  const bool is_there = ::stat(root_.c_str(), &about) == 0;
  if (!is_there && errno != ENOENT && errno != ENOTDIR) fail(root_);
  if (!is_there || !S_ISDIR(about.st_mode)) throw Error(root_.string() + " is no folder");
}

void SyncFolder::scan() {
  names_.clear();
  parts_.clear();
  left_.clear();
  folders_ = {""};
  while (!folders_.empty()) {
    const std::string prefix = std::move(folders_.back());
    folders_.pop_back();
    scan_one(prefix);
  }
  std::ranges::sort(names_);
}

void SyncFolder::scan_one(const std::string& prefix) {
  std::error_code error;
  fs::directory_iterator entries(root_ / prefix, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    const std::string last = entries->path().filename().string();
    if (is_part(last)) parts_.push_back(entries->path());
    if (last.starts_with('.')) continue;
    std::string name = prefix + last;
    struct ::stat about {};
    if (!is_utf8(last)) {
      left_[name] = {"its name is not UTF-8; give it another one", true};
    } else if (::lstat(entries->path().c_str(), &about) != 0) {
      // Gone meanwhile, or not to be seen.
      if (errno != ENOENT) left_[name] = {std::strerror(errno), true};
    } else if (S_ISDIR(about.st_mode)) {
      folders_.push_back(name + "/");
    } else if (S_ISREG(about.st_mode)) {
      names_.push_back(std::move(name));
    } else {
      left_[name] = {fmt::format("it is {}", kind_of(about.st_mode)), false};
    }
  }
  if (!error) return;
  if (prefix.empty()) throw Error(root_.string() + ": " + error.message());
  left_[prefix.substr(0, prefix.size() - 1)] = {error.message(), true};
}

bool SyncFolder::is_left(std::string_view name) const {
  if (left_.empty()) return false;
  if (left_.contains(std::string(name))) return true;
  return !all_folders_of(
      name, [this](std::string_view folder) { return !left_.contains(std::string(folder)); });
}

std::optional<FileLook> SyncFolder::look_at(const std::string& name) const {
  struct ::stat about {};
  if (::lstat(path_of(name).c_str(), &about) != 0 || !S_ISREG(about.st_mode)) return std::nullopt;
  return FileLook{about.st_ino, about.st_size, about.st_mtim.tv_sec, about.st_mtim.tv_nsec};
}

bool SyncFolder::exists(const std::string& name) const {
  struct ::stat about {};
  return ::lstat(path_of(name).c_str(), &about) == 0;
}

bool SyncFolder::is_reachable(const std::string& name) const {
  return all_folders_of(name, [this](std::string_view folder) {
    struct ::stat about {};
    return ::lstat((root_ / folder).c_str(), &about) != 0 || S_ISDIR(about.st_mode);
  });
}

std::string SyncFolder::name_for(const boost::json::object& media) const {
  std::string name = text_member(media, "filename");
  if (is_local_name(name) && is_reachable(name)) return name;
  name = place_of(media, root_).filename().string();
  while (name.starts_with('.')) name.erase(0, 1);
  return name.empty() ? text_member(media, "id") : name;
}

void SyncFolder::make_folders_of(const std::string& name) const {
  (void)all_folders_of(name, [this](std::string_view folder) {
    make_folder(root_ / folder, kFolder);
    return true;
  });
}

void SyncFolder::move_to_trash(const std::string& name) const {
  const fs::path trash = root_ / kTrashName;
  make_folder(trash, kPrivateFolder);
  const bool has_folders = all_folders_of(name, [&trash](std::string_view folder) {
    make_folder(trash / folder, kPrivateFolder);
    return fs::is_directory(fs::symlink_status(trash / folder));
  });
  std::string there = name;
  // A file that was removed earlier may have the name of a folder.
  if (!has_folders) std::ranges::replace(there, '/', '_');
  fs::path place = trash / there;
  for (int i = 2; !move_to_free(path_of(name), place); ++i) {
    place = trash / with_mark(there, std::to_string(i));
  }
}

std::string with_mark(const std::string& name, const std::string& mark) {
  fs::path path(name);
  std::string last = path.stem().string() + " (" + mark + ")" + path.extension().string();
  return path.replace_filename(last).string();
}

}  // namespace coffer::client
