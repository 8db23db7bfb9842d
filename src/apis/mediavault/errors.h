// The document's error shape and codes.
#pragma once

#include <string_view>

#include "apis/gateway/dialect.h"

namespace coffer::apis::mediavault {

http::Response render_problem(const Problem& problem, const http::Request& request,
                              const Clock& clock);

// 426, with the code `upgrade_required`; without its fields.
http::Response render_upgrade_required(std::string_view message, const http::Request& request,
                                       const Clock& clock);

// A failure about a media object, in the document's names for what the core calls otherwise.
Problem about_media(const vault::Failure& failure);

}  // namespace coffer::apis::mediavault
