// A folder and a vault, made equal in both directions.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "client/session.h"

namespace coffer::client {

struct SyncOptions {
  std::filesystem::path folder;
  std::string collection;  // its media; empty: all of the account's
  bool is_dry_run = false;
};

enum class SyncKind : std::uint8_t {
  kUpload,
  kDownload,
  kReplaceThere,  // the file was changed here
  kReplaceHere,   // it was changed there
  kRemoveThere,
  kRemoveHere,
  kConflict,  // it was changed here and there: this one gets another name
};

std::string_view name_of(SyncKind kind) noexcept;

struct SyncAction {
  SyncKind kind;
  std::string name;  // in the folder
  std::string id;    // at the vault; empty for what is new here
};

// Compares the files of the folder (not those in folders of it, nor hidden ones), the media, and
// what both were at the end of the last run, which is kept in `.coffer-sync.json`, by SHA-256.
// `act` is told of each step before it is made, and gives the progress of its transfer. What is
// removed there goes to the trash, or only out of the collection; what is removed or replaced here
// goes to `.coffer-trash`. What is changed during the run is taken for changed on that side.
// Without a state nothing is removed. Gives how many media were left out, because the vault has no
// checksum of them yet. Throws Error; another run goes on.
std::uint64_t sync(Session& session, const SyncOptions& options,
                   const std::function<Progress(const SyncAction&)>& act);

}  // namespace coffer::client
