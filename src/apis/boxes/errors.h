// The document's errors: the core's failures in the words of Django REST framework.
#pragma once

#include <string_view>

#include "apis/gateway/dialect.h"

namespace coffer::apis::boxes {

// 404 `{"detail": "Not found."}`: also for what is another account's.
Problem not_found();

// `failure` as this dialect tells it: fields of the core by the names of the document.
Problem translate(const vault::Failure& failure);

// The same for registration, where a name that is taken is a fault of its field.
Problem translate_account(const vault::Failure& failure);

// 204, after a deletion.
http::Response no_content();

// `{"error": message}`.
http::Response error_response(unsigned status, std::string_view message);

// 400 for a list of ids that are not all the caller's.
http::Response foreign_items();

// An upload that was refused, or failed: `{"error"}`, but for faults of fields other than the file.
Reply refuse_upload(Problem problem);

http::Response render_problem(const Problem& problem, const http::Request& request);

}  // namespace coffer::apis::boxes
