// Replies that carry stored bytes: ranges, validators, disposition.
// RFC 9110 sections 8.8, 13, 14; RFC 6266; RFC 8187.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/stream.h"
#include "http/message.h"

namespace coffer::http {

// Half open: [first, end).
struct ByteRange {
  std::uint64_t first;
  std::uint64_t end;
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// What a Range field asks of `size` bytes. Nothing: no byte ranges, malformed, or more of them
// (over 16, or more than two pairs of them overlapping) than a client with good intentions
// sends: answer the whole. Empty: none can be satisfied, answer 416.
std::optional<std::vector<ByteRange>> parse_range(std::string_view field, std::uint64_t size);

// Which bytes a reply carries, and how they are described.
struct Representation {
  std::shared_ptr<const Content> content;
  std::string content_type;
  std::string etag;  // strong, with its quotes
  Time last_modified;
  std::string disposition;  // a whole Content-Disposition value; empty: none
};

// The reply to a GET or HEAD of `representation`: 200, 206 (one range, or
// multipart/byteranges), 304, 412 or 416, after If-Match, If-None-Match, If-Unmodified-Since,
// If-Modified-Since, If-Range and Range; Range is GET's alone. A HEAD's body is for the server to
// drop. 304, 412 and 416 have no body; a 304 has type and disposition, for a cache to renew.
// REQUIRES: `representation.content` is set.
Response content_response(const Request& request, Representation representation);

// Whether an If-Match field allows a change of what has the strong tag `etag` (with its quotes): it
// names it, or is `*`. Weak tags, and elements that are no tags, name nothing.
bool if_match(std::string_view field, std::string_view etag);
// The same where `allows` says which tags it may name; it is given them without their quotes.
bool if_match(std::string_view field, const std::function<bool(std::string_view tag)>& allows);

// What If-Match and If-None-Match make of a GET or HEAD of what has the strong tag `etag`: 412,
// 304, or nothing. For what has no Last-Modified; content_response() asks this itself.
std::optional<unsigned> failed_precondition(const Request& request, std::string_view etag);

// `inline` or `attachment` with the name in both forms: `filename="…"` in ASCII and, where that
// loses something, `filename*=UTF-8''…`; `kind` alone where the name is empty. Nothing in the
// name can end the field. It is a name to save under: slashes and backslashes become `_`, and a
// name that would be too long for a head is shortened before its extension. REQUIRES:
// is_utf8(filename).
std::string content_disposition(std::string_view kind, std::string_view filename);

}  // namespace coffer::http
