// The data folder: access to it, and the lock that keeps it to one server.
#pragma once

#include <filesystem>
#include <stdexcept>

namespace coffer::server {

// Something that the operator can fix: reported on one line, without a trace.
class UserError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Another server has the data folder.
class FolderInUse : public UserError {
 public:
  using UserError::UserError;
};

// Makes the folder, for its owner only, where there is none. Throws UserError.
void make_data_folder(const std::filesystem::path& folder);

// Throws UserError, with the path and what to do, unless the program may do what `mode` says (as
// for access(2)) with `path`.
void require_access(const std::filesystem::path& path, int mode);

// The one server of a data folder, while the object lives.
class DataFolderLock {
 public:
  // Makes the folder when there is none. Throws UserError; FolderInUse when another server has it.
  explicit DataFolderLock(const std::filesystem::path& folder);
  ~DataFolderLock();
  DataFolderLock(const DataFolderLock&) = delete;
  DataFolderLock& operator=(const DataFolderLock&) = delete;

 private:
  int fd_ = -1;
};

}  // namespace coffer::server
