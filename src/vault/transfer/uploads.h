// How bytes become files: received first, committed then.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/stream.h"
#include "base/task.h"
#include "vault/model/checks.h"
#include "vault/model/context.h"
#include "vault/model/failure.h"
#include "vault/model/quota.h"
#include "vault/model/reservations.h"
#include "vault/model/types.h"
#include "vault/transfer/staged_blob.h"

namespace coffer::vault {

struct NewFile {
  StagedBlob staged;
  // As the client gave it, at most name_max characters; may be empty: `file`.
  std::string name;
  std::optional<EntryId> parent = {};  // a folder of the space; nothing: the space itself
  std::optional<std::string> title = {};
  std::optional<std::string> description = {};
  std::vector<std::string> tags = {};
  std::size_t name_max = kNameMax;                    // up to kLongNameMax
  std::optional<std::string> address_extension = {};  // with which its address ends, see ShortLinks
};

// What belongs to files that are made, and is committed with them or not at all: runs in their
// transaction, behind them, perhaps more than once. A failure makes none of them.
using AlongWithFiles = std::function<Task<Result<void>>(db::Transaction&, std::span<const Entry>)>;

// Threads: any executor's.
class Uploads {
 public:
  explicit Uploads(Context& context) : context_(context) {}

  // Reads `source` to its end into the blob store. kBadStream, too large above
  // policy.max_file_bytes; kQuotaExceeded as soon as it is certain that `owner` cannot hold it
  // beside what it keeps and what others are uploading for it (the commit decides); kNotFound
  // without that account; kBusy when memory for the bytes, of which each account has its share and
  // each address of guests, is not there in time or the account has too many uploads under way.
  // `replaced`: what its commit will give back, Entry::charged of the file that it replaces.
  // `message_size`: what the request with these bytes among others was announced to have, for those
  // who show how far it is. REQUIRES: `source` lives until the task ended.
  Task<Result<StagedBlob>> receive(AccountId owner, InputStream& source,
                                   std::optional<std::uint64_t> expected_size,
                                   std::uint64_t replaced = 0,
                                   std::optional<std::uint64_t> message_size = {});

  // Makes the files entries of `space` that the actor owns, all or none, and charges it; events
  // `entry.created`. Keys come from the names, made unique (`song (2).mp3`). kInvalid for
  // names, titles, descriptions and tags as in Entries::update; kQuotaExceeded; kNotFound without
  // that space, or with a fault of `parent` without that folder; kForbidden for a group that the
  // actor is not in; what `along` fails with. REQUIRES: the actor may write to `space`.
  Task<Result<std::vector<Entry>>> commit(Actor actor, SpaceId space, std::vector<NewFile> files,
                                          AlongWithFiles along = {});

 private:
  Context& context_;
};

// For the other parts of the core.

// The bytes that one stream may bring.
struct UploadLimits {
  AccountId owner;
  std::uint64_t max;                               // of one file
  std::uint64_t fixed = 0;                         // what their commit will charge besides
  std::uint64_t replaced = 0;                      // what it will give back
  std::optional<std::uint64_t> left = {};          // of the quota
  std::unique_ptr<Reservation> reservation = {};   // of it; set where `left` is
  bool is_guests = false;                          // see Allowance
  std::optional<std::uint64_t> message_size = {};  // see Uploads::receive()
};

// Of what `owner` has left in `allowance`, which was read right before.
UploadLimits limits_for(const Context& context, AccountId owner, const Allowance& allowance);

// Reads `source` to its end into the blob store. kBadStream; kQuotaExceeded above limits.left, of
// which others may have reserved a part, unless more is left by then.
Task<Result<StagedBlob>> receive_stream(Context& context, InputStream& source,
                                        std::optional<std::uint64_t> expected_size,
                                        UploadLimits limits);

}  // namespace coffer::vault
