// The nouns of the core (contract section 2).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "base/ids.h"

namespace coffer::vault {

using AccountId = Id<struct AccountTag>;
using SessionId = Id<struct SessionTag>;
using ApiKeyId = Id<struct ApiKeyTag>;
using SpaceId = Id<struct SpaceTag>;
using EntryId = Id<struct EntryTag>;
using EventId = Id<struct EventTag>;

// Who uses the vault, the same through every dialect.
struct Account {
  AccountId id;
  Uuid uuid;
  std::string username;
  std::optional<std::string> email;
  bool is_admin = false;
  std::optional<Time> disabled_at;
  SpaceId home;                        // the space of its own
  std::optional<std::uint64_t> quota;  // bytes its spaces may hold; nothing: no limit
  std::uint64_t used = 0;              // bytes they hold
  Time created_at;
  Time updated_at;
};

// What a caller showed to prove who it is.
enum class Credential { kSession, kApiKey, kMasterKey };

struct Caller {
  Account account;
  Credential credential = Credential::kSession;
  std::optional<SessionId> session = {};  // for kSession
  std::optional<ApiKeyId> key = {};       // for the keys
};

// An ordered map from key to entry.
enum class SpaceKind : std::uint8_t { kHome = 0 };

enum class FileKind : std::uint8_t {
  kImage = 0,
  kVideo = 1,
  kAudio = 2,
  kDocument = 3,
  kOther = 4
};
// `image`, `video`, `audio`, `document`, `other`.
std::string_view name_of(FileKind kind) noexcept;
std::optional<FileKind> file_kind_from(std::string_view name) noexcept;

struct FileType {
  std::string media_type;  // `image/jpeg`
  FileKind kind = FileKind::kOther;
};
// How the vault learns what a file is, from its name and its first bytes (kHeadBytes of them,
// or all when there are fewer). Handed in; must not block.
using Classify = std::function<FileType(std::string_view name, ByteView head)>;
inline constexpr std::size_t kHeadBytes = 512;

// A file in a space.
struct Entry {
  EntryId id;
  Uuid uuid;
  SpaceId space;
  AccountId creator;
  std::string key;   // unique in the space, ordered bytewise
  std::string name;  // as the client gave it; names are data, not paths
  FileType type;
  std::uint64_t size = 0;
  Sha256Digest checksum;
  std::optional<std::int64_t> width;   // pixels
  std::optional<std::int64_t> height;  // pixels
  std::optional<double> duration;      // seconds
  std::optional<std::string> title;
  std::optional<std::string> description;
  std::vector<std::string> tags;  // in order of the alphabet
  Time created_at;
  Time updated_at;
};

}  // namespace coffer::vault
