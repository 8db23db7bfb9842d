// The files of a space: find, list, change, delete, read.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/stream.h"
#include "base/task.h"
#include "vault/context.h"
#include "vault/failure.h"
#include "vault/types.h"

namespace coffer::vault {

enum class EntrySort : std::uint8_t { kCreated, kName, kSize };

struct EntryQuery {
  SpaceId space = {};
  std::optional<FileKind> kind = {};
  std::optional<std::string> text = {};  // part of name, title, description or tags, any case
  std::optional<std::string> tag = {};   // the whole tag, any case
  EntrySort sort = EntrySort::kCreated;
  bool descending = true;
  std::uint64_t offset = 0;
  std::uint64_t limit = 20;
};

struct EntryPage {
  std::vector<Entry> entries;
  std::uint64_t total = 0;  // of all pages
};

// Only what is set changes; an empty optional inside clears.
struct EntryChanges {
  std::optional<std::string> name = {};                        // 1–255 characters
  std::optional<std::optional<std::string>> title = {};        // at most 255 characters
  std::optional<std::optional<std::string>> description = {};  // at most 10,000 characters
  std::optional<std::vector<std::string>> tags = {};  // at most 50 of 1–64 characters; doubles fold
};

// Threads: any executor's. `space` is one the caller may see: what is not in it does not exist.
class Entries {
 public:
  explicit Entries(Context& context) : context_(context) {}

  // kNotFound.
  Task<Result<Entry>> find(SpaceId space, EntryId id);
  Task<Result<Entry>> find(SpaceId space, Uuid uuid);

  // Costs the same however many entries there are, unless it filters by text or tag or starts
  // deep inside the list: those run off the serving core. Names sort bytewise; what sorts equal
  // comes in order of creation, so pages never overlap.
  Task<EntryPage> list(EntryQuery query);

  // Event `entry.updated`. kNotFound, kInvalid. A new name gives a new key.
  Task<Result<Entry>> update(AccountId caller, SpaceId space, EntryId id, EntryChanges changes);

  // Gives the bytes back to the owner's quota; the blob goes when nothing refers to it for the
  // grace time. Event `entry.deleted`. kNotFound. Reads under way go on.
  Task<Result<void>> remove(AccountId caller, SpaceId space, EntryId id);

  // The file's bytes. Throws when the store has lost them.
  Task<std::shared_ptr<const Content>> open(const Entry& entry);

 private:
  Context& context_;
};

// A name for people as a key of its space: control characters and slashes become `_`, never
// empty, `.` or `..`, at most 255 bytes, cut so that the extension stays.
std::string key_from_name(std::string_view name);

}  // namespace coffer::vault
