#include "base/stream.h"

namespace coffer {

std::string describe(StreamFault fault) {
  switch (fault) {
    case StreamFault::kTruncated: return "the body ended before its announced end";
    case StreamFault::kTooLarge: return "the body is larger than this request may be";
    case StreamFault::kTooSlow: return "the body came too slowly";
    case StreamFault::kStalled: return "the body stalls";
    case StreamFault::kCorrupt: return "what came is not what its digest says";
    case StreamFault::kMalformed: break;
  }
  return "the body is malformed";
}

Task<std::expected<std::size_t, StreamFault>> InputStream::read_within(ByteSpan into,
                                                                       std::chrono::milliseconds) {
  co_return co_await read(into);
}

Task<void> InputStream::ready() { co_return; }

Task<bool> InputStream::wait(OneShotEvent& event, std::chrono::milliseconds) {
  co_await event.wait();
  co_return true;
}

}  // namespace coffer
