// Chunked framing, apart from any connection. RFC 9112 section 7.1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace coffer::http {

// Reads the framing around the data of a chunked body: the line before each chunk, the line end
// behind it, and the trailer section, whose fields are dropped. What is outside the grammar is
// malformed: another reader might see the end of the line, or of the body, somewhere else.
// Whether a body is taken depends on its bytes alone, never on how they arrive.
class ChunkedFraming {
 public:
  // Bytes of a line with its CRLF.
  static constexpr std::size_t kMaxLine = 4096;
  // Bytes of all chunk extensions and all trailers of a body together.
  static constexpr std::size_t kMaxExtra = 16 * 1024;

  enum class State {
    kMore,  // a line is not complete: call again with what is left and more
    kData,  // `size` bytes of data follow; call again with what is behind them
    kEnd,   // of the body
    kMalformed,
  };
  struct Step {
    State state;
    std::size_t used = 0;    // bytes of framing at the start that are done with
    std::uint64_t size = 0;  // of the chunk, kData alone; at least 1
  };

  // Reads framing from the start of `bytes`. With kMore, fewer than kMaxLine bytes are left unused.
  // REQUIRES: the body has neither ended nor been malformed.
  Step advance(std::string_view bytes);

 private:
  enum class Expected { kSize, kDataEnd, kTrailer };

  Step read_line(std::string_view line);

  Expected expected_ = Expected::kSize;
  std::size_t extra_ = 0;
};

}  // namespace coffer::http
