// The document's error shape and codes.
#pragma once

#include <string_view>
#include <vector>

#include "apis/gateway/dialect.h"

namespace coffer::apis::mediavault {

http::Response render_problem(const Problem& problem, const http::Request& request,
                              const Clock& clock);

// 426, with the code `upgrade_required`; without its fields.
http::Response render_upgrade_required(std::string_view message, const http::Request& request,
                                       const Clock& clock);

// Faults of a media object's fields, and a failure about one, in the document's names for what the
// core calls otherwise.
std::vector<vault::FieldFault> about_media(std::vector<vault::FieldFault> faults);
Problem about_media(const vault::Failure& failure);

}  // namespace coffer::apis::mediavault
