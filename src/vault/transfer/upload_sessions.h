// Files that come in parts: any order, in parallel, again. Committed as a manifest of their blobs,
// never put together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/stream.h"
#include "base/task.h"
#include "vault/model/context.h"
#include "vault/model/failure.h"
#include "vault/model/types.h"
#include "vault/transfer/uploads.h"

namespace coffer::vault {

inline constexpr std::uint32_t kPartsMax = 10'000;

struct NewUploadSession {
  SpaceId space;
  std::optional<EntryId> parent = {};       // a folder of the space; nothing: the space itself
  std::string name;                         // as in NewFile
  std::optional<std::uint32_t> parts = {};  // how many there will be; nothing: not known yet
};

// An upload under way, or complete and not yet forgotten.
struct UploadSession {
  Uuid uuid;
  SpaceId space;
  std::optional<EntryId> parent;
  std::string name;
  std::optional<std::uint32_t> parts;
  std::uint64_t bytes = 0;            // of the parts that are there
  Time expires_at;                    // unless another part comes
  std::optional<EntryId> entry = {};  // set: complete
};

struct Part {
  std::uint32_t number = 0;  // from 1
  std::uint64_t size = 0;
};

struct UploadSessionStatus {
  UploadSession upload;
  std::vector<Part> parts;  // those that are there, by number; none once it is complete
};

// Only what is set is other than begin() was told.
struct Completion {
  std::optional<std::string> name = {};
  std::optional<std::optional<EntryId>> parent = {};
};

// Threads: any executor's. Uploads of other owners do not exist, nor do expired ones: kNotFound.
class UploadSessions {
 public:
  explicit UploadSessions(Context& context) : context_(context) {}

  // kInvalid: the name as in Uploads::commit, `parts` not from 1 to kPartsMax. kNotFound without
  // that space, or with a fault of `parent` without that folder. kBusy while the actor's account
  // has policy.max_upload_sessions unfinished ones. REQUIRES: the actor may write to the space.
  Task<Result<UploadSession>> begin(Actor actor, NewUploadSession wanted);

  // Reads `source` to its end as that part; durable and counted in the quota when it returns. One
  // that was there is replaced: the last to end stands. kInvalid with a fault of `number`;
  // kConflict when the upload is complete; kBadStream, kQuotaExceeded as in Uploads::receive. After
  // a failure all is as before. REQUIRES: `source` lives until the task ended.
  Task<Result<Part>> put_part(Actor actor, Uuid upload, std::uint32_t number, InputStream& source,
                              std::optional<std::uint64_t> expected_size);

  // The two steps of put_part(), for who learns between them whether the part is to stand.
  // commit_part() also takes what Uploads::receive gave.
  Task<Result<StagedBlob>> receive_part(AccountId owner, Uuid upload, std::uint32_t number,
                                        InputStream& source,
                                        std::optional<std::uint64_t> expected_size);
  Task<Result<Part>> commit_part(Actor actor, Uuid upload, std::uint32_t number, StagedBlob staged);

  Task<Result<UploadSessionStatus>> status(AccountId owner, Uuid upload);

  // Makes a file of the parts, whose checksum may follow later; event `entry.created`. kInvalid
  // with `missing` when not all parts from 1 to the last (or to as many as were announced) are
  // there: the upload goes on. kInvalid for the name, kNotFound without space or folder (fault of
  // `parent`). Again: the same file, or kNotFound when it is deleted.
  Task<Result<Entry>> complete(Actor actor, Uuid upload, Completion completion);

  // Ends the upload; its bytes count no more. kConflict when it is complete.
  Task<Result<void>> abandon(Actor actor, Uuid upload);

  // For the collector, one short step: forgets up to `limit` expired uploads, with their parts
  // unless they became a file. Whether there may be more to do now.
  Task<bool> expire(std::size_t limit);

  // The same for manifests whose file is gone for so long that nobody should be reading it.
  Task<bool> prune_retired(std::size_t limit);

 private:
  Context& context_;
};

}  // namespace coffer::vault
