// Replies that carry pictures made of files: thumbnails, and sizes on request. They hold no
// metadata, and nothing but what can be seen.
#pragma once

#include <expected>
#include <string>

#include "apis/gateway/problem.h"
#include "http/uri.h"
#include "vault/media/pictures.h"
#include "vault/model/types.h"

namespace coffer::apis {

// For the query of addresses of its pictures: `v=…`, another one when the thumbnail is another.
// REQUIRES: it has a thumbnail.
std::string picture_version(const vault::Entry& file);
std::string picture_version(const vault::Thumbnail& thumbnail);

// What the query asks for (`w`, `h`, `fit`, `format`, `q`). kInvalid, with every fault.
std::expected<vault::PictureSpec, Problem> parse_picture(const http::Target& uri);

// Sends `picture`, which was made of `file`, or the part that the request asks for. A browser keeps
// it for itself: for good where the address has the picture's version, else it asks again.
http::Response picture_response(const http::Request& request, const vault::Entry& file,
                                vault::DerivedPicture picture);

}  // namespace coffer::apis
