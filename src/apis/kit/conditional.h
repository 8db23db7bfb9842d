// Conditional requests about documents and changes (RFC 9110 section 13); about bytes:
// http/content.h. A tag is what an entity tag has between its quotes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "apis/gateway/problem.h"
#include "http/message.h"
#include "vault/model/precondition.h"

namespace coffer::apis {

std::string entity_tag(std::string_view tag);

// The request's If-Match, for the command that makes the change; none without it. Only the first
// `length` characters of tags are compared: where a tag goes on, that is of what nobody sets.
vault::Precondition if_match(const http::Request& request,
                             std::size_t length = std::string_view::npos);

// The reply to a GET of a document whose state has the strong tag: `response` with its ETag, or
// 304. kPreconditionFailed.
Reply conditional_reply(const http::Request& request, std::string_view tag,
                        http::Response response);

}  // namespace coffer::apis
