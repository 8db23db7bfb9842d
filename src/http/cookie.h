// What cookies a request carries. RFC 6265 section 4.2.
#pragma once

#include <string_view>

#include "http/message.h"

namespace coffer::http {

// The value of the first cookie of that name, as the client sent it; empty when there is none.
// Names compare with case, and what stands in no pair is passed over. Good until `headers` are
// changed.
std::string_view cookie(const Headers& headers, std::string_view name);

}  // namespace coffer::http
