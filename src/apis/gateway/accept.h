// What a client would rather have, by its Accept field (RFC 9110 section 12.5.1).
#pragma once

#include <string_view>

#include "http/message.h"

namespace coffer::apis {

// How well the request accepts `media_type`, in thousandths: 0 is not at all, 1000 without an
// Accept field. The most specific range that covers the type decides, of equal ones the best.
// Elements that are malformed count as absent.
unsigned accept_quality(const http::Request& request, std::string_view media_type);

// The same of a content coding and the Accept-Encoding field (section 12.5.3). An empty field
// accepts none.
unsigned accept_coding_quality(const http::Request& request, std::string_view coding);

// Whether a page is accepted better than a document for programs: true for what a browser opens,
// false for what programs send (`*/*`, `application/json`, nothing).
bool prefers_page(const http::Request& request);

}  // namespace coffer::apis
