// The nouns of the core.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "base/ids.h"
#include "vault/model/media.h"

namespace coffer::vault {

using AccountId = Id<struct AccountTag>;
using SessionId = Id<struct SessionTag>;
using ApiKeyId = Id<struct ApiKeyTag>;
using SpaceId = Id<struct SpaceTag>;
using EntryId = Id<struct EntryTag>;
using CollectionId = Id<struct CollectionTag>;
using EventId = Id<struct EventTag>;
using ManifestId = Id<struct ManifestTag>;

// Who uses the vault, the same through every dialect.
struct Account {
  AccountId id;
  Uuid uuid;
  std::string username;
  std::optional<std::string> email;
  bool is_admin = false;
  bool is_guest = false;  // of all who come without one; nobody logs in to it
  std::optional<Time> disabled_at;
  SpaceId home;                        // the space of its own
  std::optional<std::uint64_t> quota;  // bytes it may own; nothing: no limit
  std::uint64_t used = 0;              // bytes of its files, with those of unfinished uploads
  std::uint64_t charged = 0;           // bytes of the quota that are taken (vault/model/quota.h)
  Time created_at;
  Time updated_at;
};

// What a caller showed to prove who it is.
enum class Credential { kSession, kApiKey, kMasterKey, kApplicationKey, kUploadKey };

// What a key is good for. Sessions are good for everything.
struct KeyScopes {
  bool read = true;
  bool write = true;

  friend bool operator==(const KeyScopes&, const KeyScopes&) = default;
};

struct Caller {
  Account account;
  Credential credential = Credential::kSession;
  std::optional<SessionId> session = {};  // for kSession
  std::optional<ApiKeyId> key = {};       // for the keys
  std::optional<SpaceId> space = {};      // for kApplicationKey: the bucket it is good for
  KeyScopes scopes = {};
};

// An ordered map from key to entry: an account's own, the guests', a group's with its members, a
// bucket, a project.
enum class SpaceKind : std::uint8_t {
  kHome = 0,
  kGuest = 1,
  kGroup = 2,
  kBucket = 3,
  kProject = 4,
};

enum class FileKind : std::uint8_t {
  kImage = 0,
  kVideo = 1,
  kAudio = 2,
  kDocument = 3,
  kOther = 4,
  kFolder = 5,  // not a file; no list of files holds one
};
// `image`, `video`, `audio`, `document`, `other`, `folder`.
std::string_view name_of(FileKind kind) noexcept;
// Of files alone: `folder` gives nothing.
std::optional<FileKind> file_kind_from(std::string_view name) noexcept;

struct FileType {
  std::string media_type;  // `image/jpeg`
  FileKind kind = FileKind::kOther;

  friend bool operator==(const FileType&, const FileType&) = default;
};
// How the vault learns what a file is, from its name and its first bytes (kHeadBytes of them,
// or all when there are fewer). Handed in; must not block.
using Classify = std::function<FileType(std::string_view name, ByteView head)>;
inline constexpr std::size_t kHeadBytes = 512;

// A file or a folder in a space.
struct Entry {
  EntryId id;
  Uuid uuid;
  Uuid share;                            // the token by which anybody may read it
  std::optional<Time> share_expires_at;  // nothing: never
  std::uint32_t share_generation = 0;    // how often its links were made new
  SpaceId space;
  AccountId owner;                // in whose lists it stands and whose quota it counts in
  std::optional<EntryId> parent;  // the folder it lies in; nothing: the space itself
  // Its part of the path, unique where it lies and ordered bytewise: `song.mp3`. A folder's ends in
  // `/`: so the order of paths is that of their parts, one after another.
  std::string key;
  std::string name;  // as the client gave it; names are data, not paths
  FileType type;
  std::uint64_t size = 0;
  std::uint64_t charged = 0;  // bytes that it counts in its owner's quota, see charge_of()
  // Nothing for folders; for a file that came in parts, nothing until it is worked out.
  std::optional<Sha256Digest> checksum;
  std::optional<ManifestId> manifest;  // set: the file consists of parts
  // What its bytes say; null where they are not looked into: folders, files of FileKind::kOther,
  // and those whose checksum is not known or that were stored before anything was looked into.
  std::shared_ptr<const Media> media;
  std::optional<std::string> title;
  std::optional<std::string> description;
  std::vector<std::string> tags;  // in order of the alphabet
  Time created_at;
  Time updated_at;
  Time written_at;  // when its bytes came

  bool is_folder() const noexcept { return type.kind == FileKind::kFolder; }

  // Bytes of text that people wrote: what a page of a list is bounded by (page.h).
  std::size_t text_bytes() const noexcept;

  // By which a media path (StreamVault) opens the file: its own UUID, and from when its links were
  // made new its share token.
  Uuid media_uuid() const noexcept { return share_generation == 0 ? uuid : share; }

  // Names the bytes: the same as long as they do not change, another when they do. Printable
  // ASCII without quotes. REQUIRES: a file.
  std::string content_tag() const;
};

// A folder, or a space itself, as the place of what lies directly in it.
struct ParentRef {
  SpaceId space;
  std::optional<EntryId> folder = {};
};

}  // namespace coffer::vault
