// The files of a folder and of the folders in it, by their names from there: `sea/one.jpg`.
#pragma once

#include <sys/types.h>

#include <boost/json/object.hpp>
#include <ctime>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coffer::client {

// What tells whether a file was changed since it was looked at.
struct FileLook {
  ::ino_t inode = 0;
  ::off_t size = 0;
  std::time_t seconds = 0;  // of its last change
  long nanoseconds = 0;

  bool operator==(const FileLook&) const = default;
};

class SyncFolder {
 public:
  // What is no file that can be sent, by its name. All that is below it is left alone too.
  struct Left {
    std::string why;
    bool is_failure = false;  // else it is of a kind that is never sent
  };

  // Throws Error where it is no folder.
  explicit SyncFolder(std::filesystem::path root);

  // Looks for its files; those that are hidden, or in hidden folders, are none of it. Throws Error
  // where the folder itself cannot be read.
  void scan();
  const std::vector<std::string>& names() const noexcept { return names_; }
  // Downloads that a run has not ended, as paths.
  const std::vector<std::filesystem::path>& parts() const noexcept { return parts_; }
  const std::map<std::string, Left>& left() const noexcept { return left_; }
  // From now on that file is left alone: it cannot be read.
  void leave(const std::string& name, std::string why) { left_[name] = {std::move(why), true}; }
  bool is_left(std::string_view name) const;

  std::filesystem::path path_of(const std::string& name) const { return root_ / name; }
  // Nothing where no file is.
  std::optional<FileLook> look_at(const std::string& name) const;
  bool exists(const std::string& name) const;

  // The name for a media object: that which it has at the vault, where that leads to a file that a
  // scan would find, else one that is made of it.
  std::string name_for(const boost::json::object& media) const;

  // Makes the folders that the name has. Throws Error.
  void make_folders_of(const std::string& name) const;
  // To `.coffer-trash`. Throws Error.
  void move_to_trash(const std::string& name) const;

 private:
  void scan_one(const std::string& prefix);
  // Whether folders, and nothing else, lead to the name, as far as there is something.
  bool is_reachable(const std::string& name) const;

  std::filesystem::path root_;
  std::vector<std::string> names_;
  std::vector<std::filesystem::path> parts_;
  std::vector<std::string> folders_;  // that are still to be looked into
  std::map<std::string, Left> left_;
};

// "sea/one.txt" and "2": "sea/one (2).txt".
std::string with_mark(const std::string& name, const std::string& mark);

}  // namespace coffer::client
