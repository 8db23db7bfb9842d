// The document's error shape and codes.
#pragma once

#include "apis/common/dialect.h"

namespace coffer::apis::mediavault {

http::Response render_problem(const Problem& problem, const http::Request& request,
                              const Clock& clock);

}  // namespace coffer::apis::mediavault
