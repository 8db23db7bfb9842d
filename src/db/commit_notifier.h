// What some databases report besides: that something was committed.
#pragma once

#include <functional>

namespace coffer::db {

// A driver's database may be one of these too.
class CommitNotifier {
 public:
  virtual ~CommitNotifier() = default;

  // From now on calls `function` behind each commit of this process, or behind several at once,
  // before they are answered, on a thread of the driver's; and nothing that was set before: that is
  // not even under way when this returns. An empty one: nothing. REQUIRES: `function` is quick,
  // does not throw and does not use the database. Threads: any.
  virtual void set_commit_listener(std::function<void()> function) = 0;
};

}  // namespace coffer::db
