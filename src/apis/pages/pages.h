// What a browser shows of a vault: share pages, the first page, and what is not there.
#pragma once

#include <memory>

#include "apis/gateway/dialect.h"

namespace coffer::apis::pages {

// What share tokens show to people: pages without script.
std::unique_ptr<Dialect> make();

// `/`, `/favicon.ico`, and the answer for paths that belong to no API: a page for browsers, a
// document for programs.
std::unique_ptr<Dialect> make_front();

}  // namespace coffer::apis::pages
