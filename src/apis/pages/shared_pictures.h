// Pictures made of what is shared: thumbnails, and sizes on request.
#pragma once

#include <cstdint>

#include "apis/gateway/dialect.h"

namespace coffer::apis::pages {

// What of a file is sent.
enum class Rendition : std::uint8_t { kContent, kThumbnail, kImage };

// The picture of the file that the request asks for, in one of the sizes for everybody
// (vault::PictureSpec::on_ladder). kNotFound where there is none, with when to ask again where
// there will be. REQUIRES: `rendition` is not kContent; the caller may see the file.
Task<Reply> picture_reply(RequestContext& context, const vault::Entry& file, Rendition rendition);

}  // namespace coffer::apis::pages
