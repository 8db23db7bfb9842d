// Stored bytes that are few, as text.
#pragma once

#include <string>

#include "base/stream.h"
#include "base/task.h"

namespace coffer::http {

// All of `content`, read on the calling core: for some kilobytes. Throws when the machine cannot
// read it. REQUIRES: `content` lives until the task has ended.
Task<std::string> read_small(const Content& content);

}  // namespace coffer::http
