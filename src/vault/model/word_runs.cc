#include "vault/model/word_runs.h"

#include <algorithm>

namespace coffer::vault {

std::shared_ptr<const WordRun> WordRuns::find(const WordRun::Question& question, std::int64_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find_if(
      runs_, [&](const auto& run) { return run->covers(id) && run->question == question; });
  if (found == runs_.end()) return nullptr;
  runs_.splice(runs_.begin(), runs_, found);
  return runs_.front();
}

void WordRuns::add(std::shared_ptr<const WordRun> run) {
  const std::lock_guard lock(mutex_);
  runs_.push_front(std::move(run));
  if (runs_.size() > kRunsMax) runs_.pop_back();
}

}  // namespace coffer::vault
