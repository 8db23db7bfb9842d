// The log of events as those read it to whom things belong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/task.h"
#include "vault/events/events.h"
#include "vault/model/context.h"
#include "vault/model/types.h"

namespace coffer::vault {

// Threads: any executor's.
class OwnerEvents {
 public:
  explicit OwnerEvents(Context& context) : context_(context) {}

  // What events are about: files (a folder is none) or collections, all of them or one.
  struct Subject {
    enum class Kind : std::uint8_t { kFile, kCollection };
    Kind kind = Kind::kFile;
    std::optional<std::int64_t> id = {};
  };
  // Up to `limit` events after `after` about `subject`, of what `owner` has, as Events::read()
  // gives them. Reads no others: it costs the same however many there are.
  Task<Events::Page> read(AccountId owner, Subject subject, EventId after, std::size_t limit);

  // Of accounts that have more than `keep` events about files, folders or collections, the oldest
  // go: one step of a round over all accounts, which begins with an empty Pruned. Up to `limit`
  // events of one account; nothing: the round has ended. Whoever reads the log behind what was
  // pruned is told of a gap.
  struct Pruned {
    std::size_t subject = 0;  // 0 files, 1 folders, 2 collections
    AccountId owner = {};     // the last that was looked at
  };
  Task<std::optional<Pruned>> prune(Pruned last, std::uint64_t keep, std::size_t limit);

  // The last event of the whole log, whether it is kept still; 0: there was none.
  Task<EventId> last();

 private:
  Context& context_;
};

}  // namespace coffer::vault
