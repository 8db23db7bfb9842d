// Tags of documents that can be changed (RFC 9110 section 8.8.3), and If-Match of their changes.
// What a GET makes of them: apis/gateway/conditional.h; tags of bytes: http/content.h.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <string>
#include <string_view>

#include "http/message.h"
#include "vault/model/precondition.h"

namespace coffer::apis {

// The entity tag of what shows its state, which has the tag `state`, and nothing else.
std::string entity_tag(std::string_view state);

// The same of what is `shown` as that object, with more than its state: counts, which go on without
// anybody changing it. Another count is another tag; to if_match() they are one.
std::string entity_tag(std::string_view state, const boost::json::object& shown);

// The request's If-Match, for the command that makes the change; none without it. Allows the state
// of each strong tag of the field; of tags of another kind the first `length` characters are
// compared: where such a tag goes on, that is of what nobody sets.
vault::Precondition if_match(const http::Request& request,
                             std::size_t length = std::string_view::npos);

}  // namespace coffer::apis
