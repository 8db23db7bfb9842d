// Programs that fetch a link to show what it leads to, before anybody has followed it.
#pragma once

#include "http/message.h"

namespace coffer::apis::pages {

// Whether a chat program or a social network asks, by the names that these go by. They may be
// anybody's: whoever is taken for one gets a page, never bytes. With Range or without: some of them
// ask for the first bytes only.
bool is_link_preview(const http::Request& request);

}  // namespace coffer::apis::pages
