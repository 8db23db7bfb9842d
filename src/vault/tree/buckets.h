// Buckets: spaces with a name that is theirs alone on the server.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/task.h"
#include "vault/model/context.h"
#include "vault/model/failure.h"
#include "vault/model/page.h"
#include "vault/model/types.h"

namespace coffer::vault {

struct Bucket {
  SpaceId id;
  AccountId owner;
  std::string name;
  Time created_at;
};

// 3 to 63 of `a`–`z`, `0`–`9`, `.` and `-`, that begin and end with a letter or a digit, without
// two dots together, and are no IPv4 address: what S3 takes for a bucket's name.
bool is_bucket_name(std::string_view name) noexcept;

// Threads: any executor's.
class Buckets {
 public:
  explicit Buckets(Context& context) : context_(context) {}

  // kInvalid for what is no bucket's name; kConflict when there is one of that name, whoever owns
  // it; kQuotaExceeded, for buckets count too (vault/model/quota.h).
  Task<Result<Bucket>> create(Actor actor, std::string name);

  // kNotFound, also when it is another's.
  Task<Result<Bucket>> find(AccountId owner, std::string name);
  Task<Result<Bucket>> find(SpaceId id);

  // Those with names above `after`, in order of names.
  Task<Page<Bucket>> list(AccountId owner, std::string after, PageLimit limit = {});

  // Its name is free, its keys are invalid and what it holds is gone at once, from lists, totals
  // and quota; it is cleared away in the background (Clearing::clear). kNotFound.
  Task<Result<void>> remove(Actor actor, std::string name);

 private:
  Context& context_;
};

}  // namespace coffer::vault
