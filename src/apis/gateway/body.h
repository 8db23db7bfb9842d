// What of a request's body is read whole, because it is small: JSON, and fields of forms. It counts
// against the memory budget of the server (http::Request::memory) as it comes, until the request
// ends, and has to arrive in a time that fits its size.
#pragma once

#include <cstddef>
#include <expected>
#include <string>

#include "apis/gateway/problem.h"
#include "base/stream.h"
#include "base/task.h"
#include "http/message.h"
#include "http/multipart.h"

namespace coffer::apis {

// To its end, up to the route's limit. kBadStream, kTimeout, kPayloadTooLarge, which names the
// limit, as the stream ends; kBusy where the budget, or the client's share of it, is spent.
Task<std::expected<std::string, Problem>> read_whole_body(http::Request& request);

// To the end of `part`, which is a part of the request's form; kPayloadTooLarge above `max_bytes`,
// which are what others have left of `max_of_all`.
Task<std::expected<std::string, Problem>> read_whole_part(http::Request& request, InputStream& part,
                                                          std::size_t max_bytes,
                                                          std::size_t max_of_all);

// Why the request's body cannot be read on; kPayloadTooLarge names its limit.
Problem body_problem(const http::Request& request, StreamFault fault);

// Reads the parts of the request's form. REQUIRES: `boundary` is one of http::multipart_boundary();
// the request outlives it.
http::MultipartReader form_parts(const http::Request& request, std::string boundary);

// Counts what will be made of a JSON document, or a form, of `bytes` bytes. False where there is no
// memory for it.
[[nodiscard]] bool hold_parsed(http::Request& request, std::size_t bytes);

Problem no_memory();

}  // namespace coffer::apis
