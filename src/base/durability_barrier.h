// A moment that comes on another thread, or never.
#pragma once

namespace coffer {

class DurabilityBarrier {
 public:
  virtual ~DurabilityBarrier() = default;

  // Blocks until it is reached. Throws when it never will be. Threads: any, several at once.
  virtual void wait() = 0;
};

}  // namespace coffer
