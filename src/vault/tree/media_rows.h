// The rows about what bytes show and play, for the statements that make and drop files.
#pragma once

#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/hash.h"
#include "base/task.h"
#include "db/transaction.h"
#include "vault/model/types.h"

namespace coffer::vault {

// Of rows of `entry` and `trash`: those that are looked into, and shown with the facts of their
// bytes: images, videos, audio and PDF.
inline constexpr char kHasFacts[] = "(kind <= 2 OR media_type = 'application/pdf')";
bool has_facts(const FileType& type) noexcept;

// Whether files of that type are sorted by when they were taken: images, videos and audio.
bool is_dated(const FileType& type) noexcept;

// What a file is to be shown with, and sorted by.
struct KnownMedia {
  std::shared_ptr<const Media> media;  // null: nothing looks into it
  std::optional<Time> taken_at;
};

// In the transaction that gives a file of `owner` these bytes or this type: they are looked into,
// unless they were before. One statement, two where they were, none for other types.
Task<KnownMedia> want_media(db::Transaction& transaction, const Sha256Digest& digest,
                            const FileType& type, AccountId owner, Time now);

// Behind want_media(), where the file's row is there already, with its type: the moment that it is
// sorted by.
Task<void> date_file(db::Transaction& transaction, EntryId file, std::optional<Time> taken_at);

// In the transaction in which a file of that type, or the trash, gives up these bytes, or a file
// the type: the collector looks whether that was the last one. No statement where it has no facts.
Task<void> give_up_media(db::Transaction& transaction, const Sha256Digest& digest,
                         const FileType& type, Time now);

}  // namespace coffer::vault
