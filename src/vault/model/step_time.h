// How long one step of background work may take.
#pragma once

#include <chrono>

namespace coffer::vault {

// Begins when it is made, inside the transaction: whoever writes waits for it. What one step leaves
// is the next one's, and between them others get their turn.
class StepTime {
 public:
  bool is_over() const { return std::chrono::steady_clock::now() - begin_ >= kMax; }

 private:
  // With the commit of what was done in it, some megabytes of pages, a step stays below 20 ms.
  static constexpr std::chrono::milliseconds kMax{5};

  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace coffer::vault
