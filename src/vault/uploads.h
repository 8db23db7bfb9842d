// How bytes become files: received first, committed then.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/stream.h"
#include "base/task.h"
#include "vault/context.h"
#include "vault/failure.h"
#include "vault/types.h"

namespace coffer::vault {

// Bytes that are durable in the blob store and belong to nobody yet. Left alone, they are
// collected after the grace time.
struct Received {
  Sha256Digest digest;
  std::uint64_t size = 0;
  Bytes head;                       // the first kHeadBytes, or all
  Time at;                          // not after the moment the store made them durable
  std::optional<Time> new_at = {};  // set: nobody had stored these bytes before
};

struct NewFile {
  Received received;
  std::string name;  // as the client gave it, at most 255 characters; may be empty: `file`
  std::optional<std::string> title = {};
  std::optional<std::string> description = {};
  std::vector<std::string> tags = {};
};

// Threads: any executor's.
class Uploads {
 public:
  explicit Uploads(Context& context) : context_(context) {}

  // Reads `source` to its end into the blob store. kBadStream, too large above
  // policy.max_file_bytes; kQuotaExceeded as soon as it is certain that the owner of `space` cannot
  // hold it (the commit decides); kNotFound without that space. `pending`: bytes that the same
  // command received before, which count too. REQUIRES: `source` lives until the task ended.
  Task<Result<Received>> receive(SpaceId space, InputStream& source,
                                 std::optional<std::uint64_t> expected_size,
                                 std::uint64_t pending = 0);

  // Takes back what will not be committed. Bytes that nobody else has stored go at once.
  Task<void> discard(Received received);

  // Makes the files entries of `space`, all or none, and charges the space's owner; events
  // `entry.created`. Keys come from the names, made unique (`song (2).mp3`). kInvalid for
  // names, titles, descriptions and tags as in Entries::update; kQuotaExceeded; kBadStream (too
  // slow) when a file was received longer ago than half the grace time; kNotFound without that
  // space. After a failure the files are discarded. REQUIRES: `caller` may write to `space`.
  Task<Result<std::vector<Entry>>> commit(AccountId caller, SpaceId space,
                                          std::vector<NewFile> files);

 private:
  Task<Result<std::vector<Entry>>> try_commit(AccountId caller, SpaceId space,
                                              std::vector<NewFile> files);

  Context& context_;
};

}  // namespace coffer::vault
