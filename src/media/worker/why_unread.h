// What is said of a file that no reader takes.
#pragma once

#include "media/protocol/reply.h"
#include "media/worker/source.h"

namespace coffer::media {

// kDamaged where its first bytes are those of a format that is looked into, else kUnsupported.
// REQUIRES: nothing could open it.
Failure why_unread(Source& source);

}  // namespace coffer::media
