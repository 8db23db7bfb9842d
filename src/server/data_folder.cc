#include "server/data_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/log.h"

namespace coffer::server {
namespace {

namespace fs = std::filesystem;

constexpr char kLockFile[] = "lock";

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

}  // namespace

void make_data_folder(const fs::path& folder) {
  std::error_code error;
  if (fs::create_directories(folder, error)) ::chmod(folder.c_str(), S_IRWXU);
  if (error) {
    throw UserError(fmt::format(
        "cannot make the data folder {}: {}. Make it for the user that runs the server, or choose"
        " another folder with --data",
        folder.string(), error.message()));
  }
}

void require_access(const fs::path& path, int mode) {
  if (::faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0) return;
  if (errno == EROFS) {
    throw UserError(fmt::format(
        "cannot write to {}: its file system is mounted read-only. Mount it for writing (after a"
        " fault of the disk, check it first), or choose another folder with --data",
        path.string()));
  }
  throw UserError(fmt::format(
      "cannot read and write {}: {}. Give it to the user that runs the server (chown {} {}), or"
      " choose another folder with --data",
      path.string(), std::strerror(errno), ::geteuid(), path.string()));
}

DataFolderLock::DataFolderLock(const fs::path& folder) {
  make_data_folder(folder);
  check_access(folder);
  fd_ = ::open((folder / kLockFile).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (fd_ < 0) {
    throw UserError(
        fmt::format("cannot write {}: {}", (folder / kLockFile).string(), std::strerror(errno)));
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

}  // namespace coffer::server
