// The document's error shape and codes.
#pragma once

#include "apis/gateway/dialect.h"

namespace coffer::apis::mediavault {

http::Response render_problem(const Problem& problem, const http::Request& request,
                              const Clock& clock);

// A failure about a media object, in the document's names for what the core calls otherwise.
Problem about_media(const vault::Failure& failure);

}  // namespace coffer::apis::mediavault
