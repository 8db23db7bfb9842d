// Request heads: request line and fields. RFC 9112 sections 2 to 6.
#pragma once

#include <cstdint>
#include <memory>
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

// Parses the head at the start of `data` into `request` (method, target, uri, headers).
// A message whose framing could be read in two ways
// is kMalformed (RFC 9112 section 11.2).
class HeadParser {
 public:
  enum class Verdict { kIncomplete, kComplete, kBad };
  struct Result {
    Verdict verdict;
    ParsedHead head = {};
    BadMessage why = BadMessage::kMalformed;
  };

  // What is wrong with a request line, without its line end, as far as its form shows; nothing
  // for a good one. Tells rubbish before a whole head of it has come.
  static std::optional<BadMessage> check_request_line(std::string_view line);

  // `most`: as many bytes as a head may have. REQUIRES: the request line was checked.
  static Result parse(ByteView data, std::size_t most, Request& request);
};

}  // namespace coffer::http
