// How some content begins.
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "base/stream.h"
#include "base/task.h"

namespace coffer {

// The first `max` bytes of `content`, or all when there are fewer. Throws when the machine cannot
// read them. For small amounts: all of it is in memory. REQUIRES: `content` outlives the task.
Task<Bytes> read_prefix(const Content& content, std::size_t max);

}  // namespace coffer
