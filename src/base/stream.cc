#include "base/stream.h"

namespace coffer {

std::string describe(StreamFault fault) {
  switch (fault) {
    case StreamFault::kTruncated: return "the body ended before its announced end";
    case StreamFault::kTooLarge: return "the body is larger than this request may be";
    case StreamFault::kTooSlow: return "the body came too slowly";
    case StreamFault::kMalformed: break;
  }
  return "the body is malformed";
}

}  // namespace coffer
