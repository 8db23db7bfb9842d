// Share tokens: whoever has one may read the file, or the folder with all that is in it.
#pragma once

#include <memory>
#include <optional>

#include "base/task.h"
#include "vault/model/context.h"
#include "vault/model/failure.h"
#include "vault/model/types.h"
#include "vault/sharing/link_cipher.h"

namespace coffer::vault {

// The share by which somebody reads: of the entry itself, or of a folder above it.
struct ShareRef {
  EntryId entry;
  Uuid token;
};

struct SharedEntry {
  Entry entry;
  ShareRef share;
};

// What is read through a folder's share has tokens derived from it, of which nothing is stored:
// they end when the folder's token does, expires, or the entry is no longer below the folder.
// Entries' own tokens and UUIDs are not told to such readers. Threads: any executor's.
class Shares {
 public:
  Shares(Context& context, std::shared_ptr<const LinkCipher> cipher)
      : context_(context), cipher_(std::move(cipher)) {}

  // What the token, an entry's own or a derived one, stands for; the entry as for_reader() gives
  // it. kNotFound when it stands for nothing, when the share has expired, and while its owner is
  // disabled.
  Task<Result<SharedEntry>> find(Uuid token);

  // The entry `ref`, where it is what the token stands for or lies below it, at any depth. `ref` is
  // its UUID, or its token derived from the same share. The entry as for_reader() gives it.
  // kNotFound.
  Task<Result<SharedEntry>> find_under(Uuid token, Uuid ref);

  // `entry`, which is what `share` is of or lies below it, as its readers may know it: below it,
  // the derived token stands in for its UUID and for its share token.
  Entry for_reader(const ShareRef& share, Entry entry) const;

  // The file that Entry::media_uuid() names: for addresses in which it is the permission. kNotFound
  // also where its token would not be found.
  Task<Result<Entry>> find_media(Uuid uuid);

  // For the owner, of a file or a folder. Events `entry.updated`; kNotFound.

  // Makes all its links new: share token, short link, media path, and the key that deletes it. The
  // old ones, and what was derived from them, stand for nothing any more. After
  // LinkCipher::kGenerationMax times the file has no short link any more.
  Task<Result<Entry>> rotate(Actor actor, EntryId id);
  // Nothing: never.
  Task<Result<Entry>> set_expiry(Actor actor, EntryId id, std::optional<Time> expires_at);

 private:
  Task<std::optional<SharedEntry>> look_up(db::Transaction& transaction, Uuid token, Time now);

  Context& context_;
  std::shared_ptr<const LinkCipher> cipher_;
};

// For the other parts of the core, inside their transactions: what Shares::rotate() does, with its
// event. Nothing where `owner` has no such entry.
Task<Result<Entry>> renew_links(db::Transaction& transaction, AccountId owner, EntryId id, Time now,
                                Entropy& entropy);

}  // namespace coffer::vault
