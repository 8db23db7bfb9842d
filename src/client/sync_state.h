// What a folder and a vault were at the end of the last run, kept in the folder.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "client/descriptor.h"

namespace coffer::client {

// One file as it was here and there at the end of the last step about it.
struct SyncPair {
  std::string name;  // in the folder
  std::string id;
  std::string uuid;  // a vault that was restored may give another file the id
  std::string checksum;
};

// `.coffer-sync.json`. Names and ids are unique in it. One run at a time has it.
class SyncState {
 public:
  struct Sides {
    std::string root;        // of the API
    std::string account;     // its UUID
    std::string collection;  // empty: all media
  };

  // Throws Error where another run has it, or it is of other sides.
  SyncState(const std::filesystem::path& folder, Sides sides, bool is_dry_run);
  // Saves what it can.
  ~SyncState();
  SyncState(const SyncState&) = delete;
  SyncState& operator=(const SyncState&) = delete;

  // By names.
  std::vector<SyncPair> pairs() const;
  bool knows(const std::string& name) const { return pairs_.contains(name); }

  // In place of those with its name or id. Saved after a second at the latest, and by `save()`: a
  // run that ends before does the step once more, which finds both sides equal. Throws Error.
  void put(SyncPair pair);
  void forget(const SyncPair& pair);

  // Throws Error.
  void save();

 private:
  using Clock = std::chrono::steady_clock;

  void load();
  void drop(const SyncPair& pair);
  void save_if_due();

  std::filesystem::path path_;
  Descriptor lock_;
  Sides sides_;
  bool is_dry_run_;
  std::map<std::string, SyncPair> pairs_;     // by names
  std::map<std::string, std::string> names_;  // by ids
  bool is_saved_ = true;
  Clock::time_point saved_at_ = Clock::now();
};

}  // namespace coffer::client
