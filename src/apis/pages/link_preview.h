// Programs that fetch a link to show what it leads to, before anybody has followed it.
#pragma once

#include "http/message.h"

namespace coffer::apis::pages {

// Whether a chat program or a social network asks, by the names that these go by. They may be
// anybody's: whoever is taken for one gets a page, never bytes. False for what asks for a part of
// a file, as players do.
bool is_link_preview(const http::Request& request);

}  // namespace coffer::apis::pages
