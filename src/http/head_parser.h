// Request heads: request line and fields. RFC 9112 sections 2 to 6.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "http/message.h"
#include "http/server.h"

namespace coffer::http {

// How the body after a head is framed.
struct Framing {
  bool chunked = false;
  std::optional<std::uint64_t> length;  // from Content-Length
  bool expects_continue = false;
  bool keep_alive = true;  // as the client wants it
  bool http_1_0 = false;
};

struct ParsedHead {
  std::size_t size = 0;  // bytes that the head took
  Framing framing;
};

// Reads one head, however it arrives. A message whose framing could be read in two ways is
// refused (RFC 9112 section 11.2). Three faults are found before the head is complete: a first byte
// that begins no request line, a line feed without its carriage return, and a request line that is
// none once it has ended. The fields are looked at when the head is complete.
class HeadParser {
 public:
  enum class Status { kIncomplete, kComplete, kBad };
  struct Result {
    Status status;
    ParsedHead head = {};
    BadMessage why = BadMessage::kMalformed;
  };

  // `max`: bytes that a head may have.
  explicit HeadParser(std::size_t max) noexcept : max_(max) {}

  // `data` starts with the head; it has all bytes of the call before and more. With kComplete
  // `request` has method, target, uri and headers; with kBad what was understood of them, which
  // tells who wants to hear of it.
  Result read(ByteView data, Request& request);

 private:
  BadMessage too_large(std::string_view text) const noexcept;

  std::size_t max_;
  std::size_t searched_ = 0;  // bytes that were looked at
  std::size_t line_ = 0;      // where the line at hand starts; 0: the request line
};

}  // namespace coffer::http
