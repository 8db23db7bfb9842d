// The models that assets may say they were made with: a list of the server, kept by its admins.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/task.h"
#include "vault/boxes/types.h"
#include "vault/model/context.h"
#include "vault/model/failure.h"
#include "vault/model/page.h"

namespace coffer::vault {

// Who may change the list is the caller's question. Threads: any executor's.
class AiModels {
 public:
  explicit AiModels(Context& context) : context_(context) {}

  // kInvalid with a fault of `name`, as check_display_name() has it; kConflict with one where there
  // is a model of that name; kQuotaExceeded where there are kAiModelsMax.
  Task<Result<AiModel>> create(Actor actor, std::string name);
  // kNotFound.
  Task<Result<AiModel>> find(AiModelId id);
  // Those with ids above `after`, in order of ids, without the first `skip`.
  Task<Page<AiModel>> list(AiModelId after, std::uint64_t skip = 0, PageLimit limit = {});
  Task<std::uint64_t> count();
  // kNotFound; kInvalid, kConflict as in create().
  Task<Result<AiModel>> rename(Actor actor, AiModelId id, std::string name);
  // Assets that name it name none from now on. kNotFound.
  Task<Result<void>> remove(Actor actor, AiModelId id);

 private:
  Context& context_;
};

}  // namespace coffer::vault
