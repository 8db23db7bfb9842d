// One-time downloads: a token gives a file's bytes once. Stored as SHA-256, shown once.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/task.h"
#include "db/database.h"
#include "vault/model/context.h"
#include "vault/model/failure.h"
#include "vault/model/types.h"

namespace coffer::vault {

// The one use of a token, with all that dies of it.
struct Taken {
  struct Token {
    Sha256Digest hash;
    Time created_at;
  };
  Entry file;
  std::vector<Token> tokens;
};

inline constexpr std::size_t kDownloadTokensMax = 100;  // of one file

// Threads: any executor's.
class Downloads {
 public:
  explicit Downloads(Context& context) : context_(context) {}

  // A new token for the file. It lives until it or another of the file is used, until the file gets
  // other bytes or is deleted, until its space is removed, or until there are kDownloadTokensMax
  // newer ones. kNotFound without that file in that space.
  Task<Result<std::string>> issue(Actor actor, SpaceId space, EntryId file);

  // What the token would give, without using it. kNotFound when it is none any more, and while the
  // file's owner is disabled.
  Task<Result<Entry>> find(std::string token);

  // Uses it: of however many calls, with this or other tokens of the file, one succeeds; durable
  // when it returns. kNotFound as in find().
  Task<Result<Taken>> take(std::string token);

  // Makes it as if `taken` had never been taken, unless the file has changed since.
  Task<void> give_back(Taken taken);

 private:
  Context& context_;
};

// For the other parts of the core, inside their transactions: no token leads to the file any more.
Task<void> drop_downloads(db::Transaction& transaction, EntryId file);

}  // namespace coffer::vault
