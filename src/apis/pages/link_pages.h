// What share links (vault/sharing/share_links.h) show: a file, a collection as a gallery, or the
// question for the password.
#pragma once

#include "apis/gateway/dialect.h"
#include "apis/pages/shared_pictures.h"

namespace coffer::apis::pages {

// The path has `token`, and `entry` where `is_below`. kNotFound where the token is no share link's.

// The page.
Task<Reply> show_link(RequestContext& context, bool is_below);
// The bytes of a file, or a picture of it. kForbidden without the password, and for what is not to
// be downloaded. A download counts before its first byte is sent (ShareLinks::count), and so does a
// picture of a size on request; a thumbnail is none.
Task<Reply> send_link(RequestContext& context, bool is_below, Rendition rendition);
// Takes the password from the page's form, or from JSON, and gives a cookie for the share alone.
Task<Reply> unlock_link(RequestContext& context);

// The reply for a token, or a path below one, that leads nowhere.
Problem nothing_here();

}  // namespace coffer::apis::pages
