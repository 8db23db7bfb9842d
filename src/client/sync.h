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
  kConflict,     // it was changed here and there: this one gets another name
  kRenameThere,  // it has another name here
};

std::string_view name_of(SyncKind kind) noexcept;

struct SyncAction {
  SyncKind kind;
  std::string name;       // in the folder
  std::string id = {};    // at the vault; empty for what is new here
  std::string from = {};  // of a rename: the name before
};

// What a run tells.
struct SyncListener {
  // Of each step before it is made; gives the progress of its transfer.
  std::function<Progress(const SyncAction&)> act;
  // Of each file that is hashed, before it is; gives the progress of that.
  std::function<Progress(const std::string& name)> hash;
  // Of what is no file and stays as it is on both sides.
  std::function<void(const std::string& name, const std::string& why)> skip;
  // Of a file with which something failed; the others are gone on with.
  std::function<void(const std::string& name, const std::string& why)> fail;
};

struct SyncResult {
  std::uint64_t left_out = 0;  // media that the vault has no checksum of yet
  std::uint64_t failures = 0;
};

// Compares the files of the folder and of those in it (not hidden ones), the media, and what both
// were at the end of the last run, which is kept in `.coffer-sync.json`, by SHA-256. A file in a
// folder has its path as its name at the vault. What is removed there goes to the trash, or only
// out of the collection; what is removed or replaced here goes to `.coffer-trash`. What is changed
// during the run is taken for changed on that side. Without a state nothing is removed. Throws
// Error where no file could be gone on with; another run goes on.
SyncResult sync(Session& session, const SyncOptions& options, const SyncListener& listener);

}  // namespace coffer::client
